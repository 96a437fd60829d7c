"""Minimum distance to mean."""

import numpy as np
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, check_classes
from ._distance import distances_from
from ._mean import check_sample_weight, class_means, resolve_metric


class MDM(
    MatrixInputMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Give each SPD matrix the class whose mean is nearest [1]_.

    Parameters
    ----------
    metric : str or dict, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.mean.gmean`; a dict with the keys ``"mean"`` and
        ``"distance"`` to use two.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    covmeans_ : float64 array of shape (n_classes, n_channels, n_channels)
        The mean of each class.
    n_iter_ : int array of shape (n_classes,), or None
        Number of iterations that found each affine-invariant mean; None for others.
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

    def __init__(self, metric="riemann"):
        self.metric = metric

    def fit(self, X, y, sample_weight=None):
        """Compute the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)
        y : array-like of shape (n_matrices,)
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights within each class; a class of weight zero is left out.

        Returns
        -------
        self : MDM

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
        mean_metric, _ = resolve_metric(self.metric, "distance")
        weight = check_sample_weight(sample_weight, X)
        kept = np.ones(len(y), bool) if weight is None else weight > 0
        self.classes_ = check_classes(self, y[kept])
        weight = np.ones(len(y)) if weight is None else weight
        self.covmeans_, self.n_iter_ = class_means(
            X, y, self.classes_, mean_metric, weight
        )
        self._n_features_out = len(self.classes_)
        return self

    def transform(self, X):
        """Distance of each matrix to the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)

        Returns
        -------
        distances : float64 array of shape (n_matrices, n_classes)
        """
        check_is_fitted(self)
        X = self._check_matrices(X, reset=False)
        _, metric = resolve_metric(self.metric, "distance")
        return distances_from(X, self.covmeans_, metric)

    def predict(self, X):
        """Class of the nearest mean.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)

        Returns
        -------
        y_pred : array of shape (n_matrices,)
        """
        distances = self.transform(X)
        return self.classes_[np.asarray(distances).argmin(axis=1)]

    def predict_proba(self, X):
        """Softmax of the negative squared distances.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels, n_channels)

        Returns
        -------
        probabilities : float64 array of shape (n_matrices, n_classes)
        """
        return softmax(-(np.asarray(self.transform(X)) ** 2), axis=1)
