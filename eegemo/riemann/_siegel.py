"""Riemannian estimators of block-Toeplitz matrices, in their coordinates."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import (
    MatrixInputMixin,
    check_classes,
    check_sample_weight,
    names_out,
)
from ..covariance._siegel import (
    assemble,
    blocks_of,
    check_block_toeplitz,
    coordinates,
    find_order,
)
from ._mdm import MinimumDistanceMixin
from ._mean import OF_TRAINING, class_mean_name
from ._siegel_geometry import (
    mean_coordinates,
    squared_distance,
    tangent_vectors,
    untangent_vectors,
)


class _BlockToeplitzInputMixin(MatrixInputMixin):
    """Input contract: SPD matrices that are block-Toeplitz, taken to coordinates."""

    _takes_blocks = False

    def _check_coordinates(self, X, y="no_validation", *, reset):
        """Return (P0, Omega) and the dtype of X; and y, if y is given."""
        checked = self._check_matrices(X, y, reset=reset)
        X, y = checked if isinstance(checked, tuple) else (checked, None)
        if reset:
            if self.order is not None:
                check_scalar(self.order, "order", Integral, min_val=1)
                check_block_toeplitz(X, self.order)
            self.order_ = find_order(X) if self.order is None else self.order
        else:
            check_block_toeplitz(X, self.order_)
        return coordinates(X, self.order_), X.dtype, y

    def _as_matrix(self, mean):
        P0, Omega = mean
        return assemble(blocks_of(P0[None], Omega[None]))[0]

    def _as_coordinates(self, matrix):
        P0, Omega = coordinates(matrix[None], self.order_)
        return P0[0], Omega[0]


class SiegelMDM(_BlockToeplitzInputMixin, MinimumDistanceMixin, BaseEstimator):
    r"""Give each block-Toeplitz matrix the class whose mean is nearest [1]_.

    Matrices are compared in the coordinates of :func:`eegemo.covariance.to_siegel`, by
    the distance of Jeuris and Vandebril [2]_,

    .. math::
        d^2 = p \, d_{SPD}(P_0)^2 + \sum_{l=1}^{p-1} (p - l) \, d_{disk}(\Omega_l)^2,

    with p blocks a side, the affine-invariant distance of covariances and the Siegel
    distance of reflection coefficients. Nothing larger than n_channels x n_channels is
    decomposed. With one block, this is :class:`MDM`, without its ``partial_fit``.

    Mixing the channels by an orthogonal matrix, or a change of unit, leaves the
    distance as it is. Unlike the affine-invariant one, it changes under other mixtures,
    such as another reference or other gains of single channels.

    Parameters
    ----------
    order : int, default=None
        Number of blocks a side. None takes the largest with which all matrices seen in
        ``fit`` are block-Toeplitz, so that a search over the order of
        :class:`eegemo.covariance.BlockToeplitzCovariances` needs nothing here. Matrices
        without that structure then count as one block; name the order to have them
        refused.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    covmeans_ : float64 array of shape (n_classes, n_rows, n_rows)
        The mean of each class, a block-Toeplitz matrix.
    order_ : int
        Number of blocks a side.
    n_features_in_ : int
        Number of rows of the matrices.

    References
    ----------
    .. [1] I. Carrara and T. Papadopoulo, "Enhancing computational efficiency of motor
       imagery BCI classification with block-Toeplitz augmented covariance matrices and
       Siegel metric", arXiv:2406.16909, 2024.
    .. [2] B. Jeuris and R. Vandebril, "The Kähler mean of block-Toeplitz matrices with
       Toeplitz structured blocks", SIAM Journal on Matrix Analysis and Applications 37,
       2016.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import BlockToeplitzCovariances
    >>> from eegemo.riemann import SiegelMDM
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> C = BlockToeplitzCovariances(order=3).fit_transform(X)
    >>> SiegelMDM().fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(self, order=None):
        self.order = order

    def fit(self, X, y, sample_weight=None):
        """Compute the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_rows, n_rows)
            Symmetric positive definite, block-Toeplitz: ``order`` blocks a side.
        y : array-like of shape (n_matrices,)
            Labels, of two classes or more.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights within each class; a class of weight zero is left out.

        Returns
        -------
        self : SiegelMDM
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, or not block-Toeplitz with the
            given order, its number is in the message; or y has a single class or is
            continuous.
        """
        (P0, Omega), _, y = self._check_coordinates(X, y, reset=True)
        check_classification_targets(y)
        weight = check_sample_weight(sample_weight, P0)
        weight = np.ones(len(y)) if weight is None else weight
        self.classes_ = check_classes(self, y[weight > 0])
        means = [
            mean_coordinates(
                (P0[y == c], Omega[y == c]), weight[y == c], class_mean_name(c)
            )
            for c in self.classes_
        ]
        self.covmeans_ = np.stack([self._as_matrix(mean) for mean in means])
        self._n_features_out = len(self.classes_)
        return self

    def transform(self, X):
        """Distance of each matrix to the mean of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_rows, n_rows)
            Block-Toeplitz matrices, of the size of those in ``fit``.

        Returns
        -------
        distances : float64 array of shape (n_matrices, n_classes)
            Not squared; columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        given, _, _ = self._check_coordinates(X, reset=False)
        means = [self._as_coordinates(mean) for mean in self.covmeans_]
        return np.sqrt(np.column_stack([squared_distance(given, m) for m in means]))


class SiegelTangentSpace(_BlockToeplitzInputMixin, TransformerMixin, BaseEstimator):
    r"""Vectors of block-Toeplitz matrices in the tangent space at their mean.

    The mean and the vectors are those of the distance of :class:`SiegelMDM`, in the
    coordinates of :func:`eegemo.covariance.to_siegel` [1]_: Euclidean lengths of
    vectors are the matrices' distances from the mean. With p blocks a side there are
    n (n + 1) / 2 + (p - 1) n² features of n channels, of which
    :class:`TangentSpace` makes n p (n p + 1) / 2. With one block, they are the same.

    Parameters
    ----------
    order : int, default=None
        Number of blocks a side. None takes the largest with which all matrices seen in
        ``fit`` are block-Toeplitz, so that a search over the order of
        :class:`eegemo.covariance.BlockToeplitzCovariances` needs nothing here. Matrices
        without that structure then count as one block; name the order to have them
        refused.

    Attributes
    ----------
    reference_ : float64 array of shape (n_rows, n_rows)
        The mean of the training matrices, a block-Toeplitz matrix.
    order_ : int
        Number of blocks a side.
    n_features_in_ : int
        Number of rows of the matrices.

    References
    ----------
    .. [1] Y. Cabanes and F. Nielsen, "New theoretical tools in the Siegel space for
       vectorial autoregressive data classification", Geometric Science of Information,
       2021.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import BlockToeplitzCovariances
    >>> from eegemo.riemann import SiegelTangentSpace
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> C = BlockToeplitzCovariances(order=3).fit_transform(X)
    >>> SiegelTangentSpace().fit_transform(C).shape
    (8, 497)
    """

    def __init__(self, order=None):
        self.order = order

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None, sample_weight=None):
        """Compute the mean of the matrices.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_rows, n_rows)
            Symmetric positive definite, block-Toeplitz: ``order`` blocks a side.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        sample_weight : array-like of shape (n_matrices,), default=None
            Weights of the matrices in the mean.

        Returns
        -------
        self : SiegelTangentSpace
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, or not block-Toeplitz with the
            given order; its number is in the message.
        """
        given, _, _ = self._check_coordinates(X, reset=True)
        weight = check_sample_weight(sample_weight, given[0])
        mean = mean_coordinates(given, weight, OF_TRAINING)
        self.reference_ = self._as_matrix(mean)
        return self

    def transform(self, X):
        """Project onto the tangent space.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_rows, n_rows)
            Block-Toeplitz matrices, of the size of those in ``fit``.

        Returns
        -------
        vectors : array of shape (n_matrices, n_features)
            The upper triangle of P0, then every Omega_l, row by row; float32 if X is,
            computed in float64.
        """
        check_is_fitted(self)
        given, dtype, _ = self._check_coordinates(X, reset=False)
        vectors = tangent_vectors(given, self._as_coordinates(self.reference_))
        return vectors.astype(dtype, copy=False)

    def inverse_transform(self, X):
        """Return the matrices that have these vectors at ``reference_``.

        Parameters
        ----------
        X : array-like of shape (n_matrices, n_features)
            Vectors as ``transform`` gives them.

        Returns
        -------
        matrices : float64 array of shape (n_matrices, n_rows, n_rows)
            Symmetric positive definite, and block-Toeplitz.

        Raises
        ------
        ValueError
            The vectors have another length, NaN or infinity.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64, input_name="X")
        n = self.n_features_in_ // self.order_
        n_vector = n * (n + 1) // 2 + (self.order_ - 1) * n**2
        if X.shape[1] != n_vector:
            raise ValueError(
                f"Vectors of {n} channels and {self.order_} blocks have {n_vector} "
                f"elements, got {X.shape[1]}."
            )
        reference = self._as_coordinates(self.reference_)
        return assemble(blocks_of(*untangent_vectors(X, reference)))

    def get_feature_names_out(self, input_features=None):
        """Names of the features: ``Fz*Cz`` in P0, then ``Fz+lag*Cz`` in Omega_1, ...

        Parameters
        ----------
        input_features : sequence of str, default=None
            Names of the rows of the matrices.

        Returns
        -------
        names : array of str, shape (n_features,)
            In the order of the columns.
        """
        rows = names_out(self, input_features)
        n = len(rows) // self.order_
        upper = zip(*np.triu_indices(n), strict=True)
        names = [f"{rows[i]}*{rows[j]}" for i, j in upper]
        names += [f"{later}*{earlier}" for later in rows[n:] for earlier in rows[:n]]
        return np.asarray(names, object)
