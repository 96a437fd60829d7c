"""Minimum distance to mean, after geodesic filtering."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, check_classes, check_sample_weight
from ._blocks import matrices_of
from ._fisher import discriminant_directions
from ._mdm import MDM, MinimumDistanceMixin
from ._mean import (
    from_tangent,
    mean_and_vectors,
    resolve_metric,
    tangent_vectors,
)


class FgMDM(MatrixInputMixin, MinimumDistanceMixin, BaseEstimator):
    """Filter SPD matrices by Fisher's discriminant, then take the nearest mean [1]_.

    The vectors in the tangent space at the mean keep what lies in the directions that
    separate the classes best, one less than there are classes, and return to matrices,
    which are classified as by :class:`MDM`.

    The covariance within classes is shrunk as scikit-learn's
    :class:`~sklearn.discriminant_analysis.LinearDiscriminantAnalysis` does with
    ``shrinkage="auto"``, which standardises single features: unlike :class:`MDM`, this
    depends a little on how channels are mixed.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    The discriminant is that of the vectors of all blocks.

    Parameters
    ----------
    metric : str or dict, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.mean.gmean`; a dict with the keys ``"mean"``,
        ``"map"`` and ``"distance"`` to use several. With a map such as that of
        ``"euclid"``, filtered matrices may not be positive definite any more, which is
        an error.
    n_jobs : int, default=None
        Number of threads, as of :class:`MDM`.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    reference_ : float64 array of shape ([n_blocks,] n_channels, n_channels)
        The mean of the training matrices.
    components_ : float64 array of shape (n_components, n_features)
        Orthonormal directions that the filter keeps.
    n_features_in_ : int
        Number of channels.

    References
    ----------
    .. [1] A. Barachant, S. Bonnet, M. Congedo and C. Jutten, "Riemannian geometry
       applied to BCI classification", Latent Variable Analysis and Signal Separation,
       2010.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import FgMDM
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> C = Covariances().fit_transform(X)
    >>> FgMDM().fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(self, metric="riemann", n_jobs=None):
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        """Find the filter, and the mean of each class after it.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : array-like of shape (n_matrices,)
            Labels, of two classes or more.
        sample_weight : array-like of shape (n_matrices,), default=None
            A weight of two is a matrix that occurs twice. The sum counts as well, as
            the number of matrices does to shrinkage.

        Returns
        -------
        self : FgMDM
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, its number is in the message;
            or y has a single class or is continuous.
        """
        X, y = self._check_matrices(X, y, reset=True)
        check_classification_targets(y)
        metrics = resolve_metric(self.metric, "map", "distance")
        weight = check_sample_weight(sample_weight, X)
        weight = np.ones(len(y)) if weight is None else weight
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_ = check_classes(self, y)
        self.reference_, vectors, _ = mean_and_vectors(X, *metrics[:2], weight)
        self.components_ = discriminant_directions(vectors, y, weight)
        metric = {"mean": metrics[0], "distance": metrics[2]}
        self._mdm = MDM(metric, self.n_jobs).fit(self._filtered(vectors), y, weight)
        self._n_features_out = len(self.classes_)
        return self

    def transform(self, X):
        """Distance of each filtered matrix to the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        distances : float64 array of shape (n_matrices, n_classes)
            Not squared; columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        X = self._check_matrices(X, reset=False)
        _, metric, _ = resolve_metric(self.metric, "map", "distance")
        vectors = tangent_vectors(X, self.reference_, metric)
        return self._mdm.transform(self._filtered(vectors))

    def _filtered(self, vectors):
        """Return to matrices, of what lies in the directions kept.

        The affine-invariant metric, of two classes, leaves one geodesic. Matrices of
        one row, which are positive numbers, are as far from each other as those on it.
        """
        coordinates = vectors @ self.components_.T
        metrics = resolve_metric(self.metric, "map", "distance")
        if set(metrics) == {"riemann"} and len(self.components_) == 1:
            return np.exp(coordinates)[:, :, None]
        filtered = coordinates @ self.components_
        logs = matrices_of(filtered, self.reference_.shape)
        return from_tangent(logs, self.reference_, metrics[1])
