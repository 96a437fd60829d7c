"""Support vectors among SPD matrices."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, check_classes, check_sample_weight
from ._blocks import matrices_of
from ._functions import expm
from ._logs import log_vectors
from ._mean import (
    mean_and_vectors,
    resolve_metric,
    spd_mean,
    tangent_vectors,
)


class RiemannianSVC(MatrixInputMixin, ClassifierMixin, BaseEstimator):
    r"""Support-vector machine with a Riemannian kernel between SPD matrices [1]_.

    The kernel is :math:`\langle \log_G(A), \log_G(B) \rangle`, the inner product in the
    tangent space at the mean G of the training matrices; with the log-Euclidean metric,
    :math:`\langle \log A - \log G, \log B - \log G \rangle`. It is linear: for others,
    put :class:`sklearn.svm.SVC` behind :class:`TangentSpace`.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    The kernel then is the sum of theirs.

    Parameters
    ----------
    C : float, default=1.0
        The less, the more regularisation.
    metric : str or dict, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.mean.gmean`; a dict with the keys ``"mean"`` and
        ``"map"`` to use two.
    class_weight : dict or "balanced", default=None
        Factors of C by class, as of :class:`sklearn.svm.SVC`.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        Of more than two classes: a column for each, or for each pair.
    break_ties : bool, default=False
        As of :class:`sklearn.svm.SVC`, for more than two classes.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    reference_ : float64 array of shape ([n_blocks,] n_channels, n_channels)
        The mean of the training matrices.
    support_ : array of int, shape (n_support,)
        Numbers of the training matrices that are support vectors.
    n_features_in_ : int
        Number of channels.

    References
    ----------
    .. [1] A. Barachant, S. Bonnet, M. Congedo and C. Jutten, "Classification of
       covariance matrices using a Riemannian-based kernel for BCI applications",
       Neurocomputing 112, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import RiemannianSVC
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> C = Covariances().fit_transform(X)
    >>> RiemannianSVC().fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')

    Probabilities come from scikit-learn. Give ``cv`` folds that keep the windows of a
    trial together.

    >>> from sklearn.calibration import CalibratedClassifierCV
    >>> calibrated = CalibratedClassifierCV(RiemannianSVC(), cv=2, ensemble=False)
    >>> calibrated.fit(C, y).predict_proba(C).shape
    (8, 2)
    """

    def __init__(
        self,
        C=1.0,
        metric="riemann",
        class_weight=None,
        decision_function_shape="ovr",
        break_ties=False,
    ):
        self.C = C
        self.metric = metric
        self.class_weight = class_weight
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties

    def fit(self, X, y, sample_weight=None):
        """Compute the mean and the kernel, and find the support vectors.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : array-like of shape (n_matrices,)
            Labels, of two classes or more.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights in the mean, and factors of C.

        Returns
        -------
        self : RiemannianSVC
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, its number is in the message;
            or y has a single class or is continuous.
        """
        X, y = self._check_matrices(X, y, reset=True)
        check_classification_targets(y)
        metrics = resolve_metric(self.metric, "map")
        weight = check_sample_weight(sample_weight, X)
        weight = np.ones(len(y)) if weight is None else weight
        kept = np.flatnonzero(weight)
        X, y, weight = X[kept], y[kept], weight[kept]
        self.classes_ = check_classes(self, y)
        self.reference_, vectors = _fit_vectors(X, *metrics, weight)
        self._svc = SVC(
            C=self.C,
            kernel="precomputed",
            class_weight=self.class_weight,
            decision_function_shape=self.decision_function_shape,
            break_ties=self.break_ties,
        ).fit(vectors @ vectors.T, y, weight)
        self.support_ = kept[self._svc.support_]
        self._support_vectors = vectors[self._svc.support_]
        return self

    def decision_function(self, X):
        """Signed distance from the boundary, or one for each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        decision : float64 array of shape (n_matrices,) or (n_matrices, n_classes)
            Of two classes, positive for the second. With ``"ovo"`` there is one for
            each pair of classes.
        """
        kernel = self._kernel(X)
        return self._svc.decision_function(kernel)

    def predict(self, X):
        """Class of each matrix.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        y_pred : array of shape (n_matrices,)
            The class of each matrix, one of ``classes_``.
        """
        kernel = self._kernel(X)
        return self._svc.predict(kernel)

    def _kernel(self, X):
        """Inner products with the training matrices; SVC reads those that support."""
        check_is_fitted(self)
        X = self._check_matrices(X, reset=False)
        _, metric = resolve_metric(self.metric, "map")
        vectors = _vectors(X, self.reference_, metric)
        kernel = np.zeros((len(X), self._svc.shape_fit_[0]))
        kernel[:, self._svc.support_] = vectors @ self._support_vectors.T
        return kernel


def _fit_vectors(X, mean_metric, map_metric, weight):
    """Mean, and vectors whose inner products are the kernel; each logarithm once."""
    if map_metric != "logeuclid":
        return mean_and_vectors(X, mean_metric, map_metric, weight)[:2]
    vectors = log_vectors(X)
    if mean_metric == "logeuclid":
        mean = expm(matrices_of(weight @ vectors / weight.sum(), X.shape[1:]))
    else:
        mean = spd_mean(X, mean_metric, weight)
    return mean, vectors - log_vectors(mean[None])


def _vectors(X, mean, metric):
    if metric == "logeuclid":  # pyRiemann's map has other lengths than its kernel
        return log_vectors(X) - log_vectors(mean[None])
    return tangent_vectors(X, mean, metric)
