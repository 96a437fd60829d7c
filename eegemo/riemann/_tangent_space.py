"""From SPD matrices to vectors, in the tangent space at their mean."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, check_sample_weight, names_out
from ._blocks import matrices_of
from ._mean import (
    OF_TRAINING,
    from_tangent,
    mean_and_vectors,
    resolve_metric,
    spd_mean,
    spd_mean_and_convergence,
    tangent_vectors,
)


class TangentSpace(MatrixInputMixin, TransformerMixin, BaseEstimator):
    r"""Vectors of SPD matrices in the tangent space at their mean [1]_.

    With the affine-invariant metric and the mean G, matrix C becomes the upper triangle
    of :math:`\log(G^{-1/2} C G^{-1/2})`, its off-diagonal part multiplied by
    :math:`\sqrt 2`, so that Euclidean lengths of vectors are the matrices' distances
    from G.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    Each then has a mean of its own, and their vectors lie side by side.

    Parameters
    ----------
    metric : str or dict, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.mean.gmean`; a dict with the keys ``"mean"`` and
        ``"map"`` to use two.
    tsupdate : bool, default=False
        Take the tangent point anew from the matrices given to ``transform``, against a
        shift between training and test. This is **transductive**: the vector of one
        matrix then depends on the others in its batch, and results must say so.

    Attributes
    ----------
    reference_ : float64 array of shape ([n_blocks,] n_channels, n_channels)
        The mean of the training matrices.
    n_iter_ : int, int array of shape (n_blocks,), or None
        Number of iterations that found an affine-invariant mean; None for others.
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
    >>> from eegemo.riemann import TangentSpace
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> TangentSpace().fit_transform(Covariances().fit_transform(X)).shape
    (8, 105)
    """

    def __init__(self, metric="riemann", tsupdate=False):
        self.metric = metric
        self.tsupdate = tsupdate

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None, sample_weight=None):
        """Compute the mean of the matrices.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights of the matrices in the mean.

        Returns
        -------
        self : TangentSpace
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite; its number is in the message.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            The affine-invariant mean is not reached: see
            :func:`eegemo.riemann.mean_spd`.
        """
        X = self._check_matrices(X, reset=True)
        mean_metric, _ = resolve_metric(self.metric, "map")
        weight = check_sample_weight(sample_weight, X)
        self.reference_, self.n_iter_, _ = spd_mean_and_convergence(
            X, mean_metric, weight, OF_TRAINING
        )
        return self

    def fit_transform(self, X, y=None, sample_weight=None):
        """Fit, and project the same matrices.

        The search for the affine-invariant mean ends with the vectors at it, so this
        takes less time than ``fit`` and ``transform``.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights of the matrices in the mean.

        Returns
        -------
        vectors : array of shape (n_matrices, n_channels * (n_channels + 1) / 2)
            With blocks, n_blocks times as many columns.

        Raises
        ------
        ValueError
            As ``fit``.
        """
        metrics = resolve_metric(self.metric, "map")
        if metrics != ("riemann", "riemann") or sample_weight is not None:
            return self.fit(X, y, sample_weight).transform(X)
        X = self._check_matrices(X, reset=True)
        self.reference_, vectors, self.n_iter_ = mean_and_vectors(X, *metrics)
        return vectors.astype(X.dtype, copy=False)

    def transform(self, X):
        """Project onto the tangent space.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        vectors : array of shape (n_matrices, n_channels * (n_channels + 1) / 2)
            The upper triangles, row by row; float32 if X is, computed in float64. With
            blocks, n_blocks times as many columns, block by block.
        """
        check_is_fitted(self)
        X = self._check_matrices(X, reset=False)
        mean_metric, map_metric = resolve_metric(self.metric, "map")
        reference = self.reference_
        if self.tsupdate:
            reference = spd_mean(X, mean_metric, name="The mean of X in transform")
        vectors = tangent_vectors(X, reference, map_metric)
        return vectors.astype(X.dtype, copy=False)

    def inverse_transform(self, X):
        """Return the matrices that have these vectors at ``reference_``.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_channels * (n_channels + 1) / 2)
            Vectors as ``transform`` gives them; with blocks, n_blocks times as many
            columns.

        Returns
        -------
        matrices : float64 array
            Of the shape of X in ``transform``.

        Raises
        ------
        ValueError
            The vectors have another length, NaN or infinity.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64, input_name="X")
        n_vector = self.n_features_in_ * (self.n_features_in_ + 1) // 2
        n_vector *= self._n_blocks or 1
        if X.shape[1] != n_vector:
            blocks = f"{self._n_blocks} blocks of " if self._n_blocks else ""
            raise ValueError(
                f"Vectors of {blocks}{self.n_features_in_} channels have {n_vector} "
                f"elements, got {X.shape[1]}."
            )
        _, map_metric = resolve_metric(self.metric, "map")
        logs = matrices_of(X, self.reference_.shape)
        return from_tangent(logs, self.reference_, map_metric)

    def get_feature_names_out(self, input_features=None):
        """Names of the features, such as ``Fz*Cz``, or ``block0:Fz*Cz``.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Names of the rows of the matrices.

        Returns
        -------
        names : array of str, shape (n_channels * (n_channels + 1) / 2,)
            In the order of the columns; with blocks, n_blocks times as many.
        """
        rows = names_out(self, input_features)
        upper = list(zip(*np.triu_indices(len(rows)), strict=True))
        blocks = range(self._n_blocks or 0)
        prefixes = [f"block{b}:" for b in blocks] or [""]
        names = [f"{p}{rows[i]}*{rows[j]}" for p in prefixes for i, j in upper]
        return np.asarray(names, object)
