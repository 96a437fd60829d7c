"""Minimum distance to mean."""

import numpy as np
from pyriemann.geometry.geodesic import geodesic, geodesic_functions
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, check_classes, check_sample_weight
from ._blocks import check_by_block
from ._functions import symmetric
from ._jobs import distances_in_threads
from ._mean import class_means, resolve_metric


class MinimumDistanceMixin(
    ClassNamePrefixFeaturesOutMixin, ClassifierMixin, TransformerMixin
):
    """Labels and probabilities from ``transform``, the distances to each class."""

    def predict(self, X):
        """Class of the nearest mean; of the first in ``classes_`` if some are as near.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)
            With blocks if ``fit`` had them.

        Returns
        -------
        y_pred : array of shape (n_matrices,)
            The class of each matrix, one of ``classes_``.
        """
        distances = self.transform(X)
        return self.classes_[np.asarray(distances).argmin(axis=1)]

    def predict_proba(self, X):
        """Softmax of the negative squared distances.

        They are not calibrated. For that, see
        :class:`sklearn.calibration.CalibratedClassifierCV`, and give it folds that keep
        the windows of a trial together.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)
            With blocks if ``fit`` had them.

        Returns
        -------
        probabilities : float64 array of shape (n_matrices, n_classes)
            Columns in the order of ``classes_``; each row sums to one.
        """
        return softmax(-(np.asarray(self.transform(X)) ** 2), axis=1)


class MDM(MatrixInputMixin, MinimumDistanceMixin, BaseEstimator):
    """Give each SPD matrix the class whose mean is nearest [1]_.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    Each then has a mean of its own for each class, and squared distances add up.

    Parameters
    ----------
    metric : str or dict, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.mean.gmean`; a dict with the keys ``"mean"`` and
        ``"distance"`` to use two.
    n_jobs : int, default=None
        Number of threads, through joblib: of the means by class, of the distances by
        matrix. None is 1, unless :class:`joblib.parallel_config` says otherwise.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    class_count_ : float64 array of shape (n_classes,)
        Number of matrices of each class so far, or the sum of their weights.
    covmeans_ : float64 array of shape (n_classes, [n_blocks,] n_channels, n_channels)
        The mean of each class; NaN for one that ``partial_fit`` has not seen yet.
    n_iter_ : int array of shape (n_classes[, n_blocks]), or None
        Number of iterations in which ``fit`` found each affine-invariant mean; None for
        others. ``partial_fit`` neither makes nor changes it.
    n_features_in_ : int
        Number of channels.

    References
    ----------
    .. [1] A. Barachant, S. Bonnet, M. Congedo and C. Jutten, "Multiclass brain-computer
       interface classification by Riemannian geometry", IEEE Transactions on Biomedical
       Engineering 59, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import MDM
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> C = Covariances().fit_transform(X)
    >>> MDM().fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(self, metric="riemann", n_jobs=None):
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        """Compute the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : array-like of shape (n_matrices,)
            Labels, of two classes or more.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights within each class; a class of weight zero is left out.

        Returns
        -------
        self : MDM
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, its number is in the message;
            or y has a single class or is continuous.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            The affine-invariant mean of a class, which is named, is not reached: see
            :func:`eegemo.riemann.mean_spd`.
        """
        X, y = self._check_matrices(X, y, reset=True)
        check_classification_targets(y)
        metric, _ = resolve_metric(self.metric, "distance")
        weight = check_sample_weight(sample_weight, X)
        kept = np.ones(len(y), bool) if weight is None else weight > 0
        self.classes_ = check_classes(self, y[kept])
        weight = np.ones(len(y)) if weight is None else weight
        self.covmeans_, self.n_iter_ = class_means(
            X, y, self.classes_, metric, weight, self.n_jobs
        )
        self.class_count_ = np.array([weight[y == c].sum() for c in self.classes_])
        self._n_features_out = len(self.classes_)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        r"""Move the mean of each class towards new matrices, one after the other.

        The first matrix of a class is its mean. A further one of weight w moves the
        mean towards itself, by the part :math:`w / W` of the geodesic between the two,
        where W is the weight of the class so far and includes w. After ``fit``, this
        goes on from the means and weights of ``fit``. All depends on the order of the
        matrices, but not on how they are cut into batches.

        The result is the mean that ``fit`` computes if the metric is ``"logeuclid"`` or
        ``"euclid"``, or if the matrices commute; otherwise it is near it, and still
        tends to the mean of the distribution that matrices are drawn from [1]_.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, in the order in which they came.
        y : array-like of shape (n_matrices,)
            Not every class has to be there.
        classes : array-like of shape (n_classes,), default=None
            All classes that there will be. Needed in the first call, unless after
            ``fit``. One that has not been seen yet is infinitely far.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights w, which add up by class; a matrix of weight zero changes nothing.

        Returns
        -------
        self : MDM
            The estimator, its means moved.

        Raises
        ------
        ValueError
            As ``fit``; or the classes are missing, others than before, or lack one in
            y; or the metric of the mean has no geodesics here.

        References
        ----------
        .. [1] J. Ho, G. Cheng, H. Salehian and B. Vemuri, "Recursive Karcher
           expectation estimators and geometric law of large numbers", AISTATS, 2013.

        Examples
        --------
        >>> import numpy as np
        >>> from eegemo.riemann import MDM
        >>> mdm = MDM().partial_fit([np.eye(2), 9 * np.eye(2)], [0, 1], classes=[0, 1])
        >>> mdm.partial_fit([4 * np.eye(2)], [0]).covmeans_[0].round(6)
        array([[2., 0.],
               [0., 2.]])
        """
        first = not hasattr(self, "classes_")
        known = self._check_known(classes, first)
        X, y = self._check_matrices(X, y, reset=first)
        check_classification_targets(y)
        metric, _ = resolve_metric(self.metric, "distance")
        if metric not in geodesic_functions:
            raise ValueError(
                "partial_fit moves means along geodesics, which the metric "
                f"{metric!r} has not: expected one of {sorted(geodesic_functions)}."
            )
        check_by_block(X, metric)
        unknown = sorted(set(y.tolist()) - set(known.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"y has the labels {unknown}, which are not among the classes "
                f"{known.tolist()}. Name all classes in the first call of partial_fit."
            )
        weight = check_sample_weight(sample_weight, X)
        weight = np.ones(len(y)) if weight is None else weight
        if first:
            self.classes_ = known
            self.class_count_ = np.zeros(len(known))
            self.covmeans_ = np.full((len(known), *X.shape[1:]), np.nan)
            self._n_features_out = len(known)
        positions = np.searchsorted(known, y)
        for i in np.flatnonzero(weight):
            k, C = positions[i], X[i].astype(np.float64)
            self.class_count_[k] += weight[i]
            way = float(weight[i] / self.class_count_[k])
            if way < 1:
                C = symmetric(geodesic(self.covmeans_[k], C, way, metric=metric))
            self.covmeans_[k] = C
        return self

    def _check_known(self, classes, first):
        """Return all classes; raise if they are missing, or others than before."""
        if classes is None:
            if first:
                raise ValueError(
                    "The first call of partial_fit needs classes, all that there will "
                    "be: partial_fit(X, y, classes=np.unique(all_y))."
                )
            return self.classes_
        given = check_classes(self, classes)
        if not (first or np.array_equal(given, self.classes_)):
            raise ValueError(
                f"The classes {given.tolist()} are not those known already, "
                f"{self.classes_.tolist()}."
            )
        return given

    def transform(self, X):
        """Distance of each matrix to the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        distances : float64 array of shape (n_matrices, n_classes)
            Not squared; columns in the order of ``classes_``. Infinite for a class that
            ``partial_fit`` has not seen yet.
        """
        check_is_fitted(self)
        X = self._check_matrices(X, reset=False)
        _, metric = resolve_metric(self.metric, "distance")
        seen = self.class_count_ > 0
        distances = np.full((len(X), len(seen)), np.inf)
        means = self.covmeans_[seen]
        distances[:, seen] = distances_in_threads(X, means, metric, self.n_jobs)
        return distances
