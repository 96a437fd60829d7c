"""Nearest neighbours among SPD matrices."""

from numbers import Integral

import numpy as np
from joblib import effective_n_jobs
from pyriemann.geometry.distance import distance_functions
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import euclidean_distances
from sklearn.utils import gen_even_slices
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import MatrixInputMixin, check_classes
from ._distance import distances_from
from ._jobs import run_in_threads
from ._logs import log_vectors

_AT_ONCE = 2**22  # distances to keep at a time: 32 MiB


class RiemannianKNN(MatrixInputMixin, ClassifierMixin, BaseEstimator):
    """Give each SPD matrix the class of most of the nearest training matrices.

    Of training matrices at the same distance, the first in ``fit`` are the nearest. Of
    classes with as many votes, the first in ``classes_`` wins.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    Squared distances then add up.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of training matrices that vote.
    weights : {"uniform", "distance"} or callable, default="uniform"
        Votes of the neighbours: one each, or the inverse of the distance, where a
        distance of zero leaves no votes to others; or a function from distances to
        votes, arrays of shape (n_matrices, n_neighbors).
    metric : str, default="riemann"
        ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.distance.distance`, which then computes it. With
        ``"riemann"``, each pair of matrices takes a decomposition; with
        ``"logeuclid"``, each matrix takes one.
    n_jobs : int, default=None
        Number of threads, through joblib, each for some of the matrices. None is 1,
        unless :class:`joblib.parallel_config` says otherwise.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    n_samples_fit_ : int
        Number of training matrices.
    n_features_in_ : int
        Number of channels.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import RiemannianKNN
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> C = Covariances().fit_transform(X)
    >>> RiemannianKNN(n_neighbors=3).fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(self, n_neighbors=5, weights="uniform", metric="riemann", n_jobs=None):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X, y):
        """Keep the training matrices.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, such as covariances.
        y : array-like of shape (n_matrices,)
            Labels, of two classes or more.

        Returns
        -------
        self : RiemannianKNN
            The estimator, fitted.

        Raises
        ------
        ValueError
            A matrix is not symmetric positive definite, its number is in the message;
            y has a single class or is continuous; or there are fewer matrices than
            neighbours.
        """
        X, y = self._check_matrices(X, y, reset=True)
        check_classification_targets(y)
        self.classes_ = check_classes(self, y)
        self._check_parameters(len(X))
        self.n_samples_fit_ = len(X)
        self._y = np.searchsorted(self.classes_, y)
        self._train = self._prepared(X)
        return self

    def kneighbors(self, X):
        """Nearest training matrices of each matrix.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        distances : float64 array of shape (n_matrices, n_neighbors)
            In rising order.
        indices : array of int, shape (n_matrices, n_neighbors)
            Numbers of the training matrices.
        """
        check_is_fitted(self)
        X = self._prepared(self._check_matrices(X, reset=False))
        n_parts = -(-len(X) * self.n_samples_fit_ // _AT_ONCE)
        n_parts = min(len(X), max(n_parts, effective_n_jobs(self.n_jobs)))
        calls = [(X[part],) for part in gen_even_slices(len(X), n_parts)]
        parts = run_in_threads(self._nearest, calls, self.n_jobs)
        distances, indices = zip(*parts, strict=True)
        return np.concatenate(distances), np.concatenate(indices)

    def predict(self, X):
        """Class with most votes.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        y_pred : array of shape (n_matrices,)
            The class of each matrix, one of ``classes_``.
        """
        votes = self.predict_proba(X)
        return self.classes_[votes.argmax(axis=1)]

    def predict_proba(self, X):
        """Share of the votes of each class.

        Parameters
        ----------
        X : array-like of shape (n_matrices, [n_blocks,] n_channels, n_channels)
            Symmetric positive definite matrices, of the size of those in ``fit``.

        Returns
        -------
        probabilities : float64 array of shape (n_matrices, n_classes)
            Columns in the order of ``classes_``; each row sums to one.

        Raises
        ------
        ValueError
            The neighbours of a matrix have no votes, of a callable ``weights``.
        """
        distances, indices = self.kneighbors(X)
        weight = self._votes(distances)
        neighbours = self._y[indices]
        votes = np.empty((len(distances), len(self.classes_)))
        for k in range(len(self.classes_)):
            votes[:, k] = np.sum(weight * (neighbours == k), axis=1)
        total = votes.sum(axis=1, keepdims=True)
        if not (total > 0).all():
            i = int(np.argmin(total > 0))
            raise ValueError(
                f"The neighbours of matrix {i} have no votes. weights should return "
                "numbers that are not negative, nor all zero for a matrix."
            )
        return votes / total

    def _check_parameters(self, n_matrices):
        check_scalar(self.n_neighbors, "n_neighbors", Integral, min_val=1)
        if self.n_neighbors > n_matrices:
            raise ValueError(
                f"n_neighbors is {self.n_neighbors}, but there are only {n_matrices} "
                "training matrices: ask for fewer neighbours."
            )
        if not callable(self.weights) and self.weights not in ("uniform", "distance"):
            raise ValueError(
                f"weights should be 'uniform', 'distance' or a function, got "
                f"{self.weights!r}."
            )
        if not isinstance(self.metric, str) or self.metric not in distance_functions:
            raise ValueError(
                f"Unknown metric {self.metric!r}: expected one of "
                f"{sorted(distance_functions)}."
            )

    def _prepared(self, X):
        """Logarithms, where distances are those of them; else matrices in float64."""
        if self.metric == "logeuclid":
            return log_vectors(X)
        return X.astype(np.float64, copy=False)

    def _nearest(self, X):
        if self.metric == "logeuclid":
            distances = euclidean_distances(X, self._train)
        elif self.metric == "riemann" and len(X) < len(self._train):
            # symmetric, and to whiten by the fewer is less work
            distances = distances_from(self._train, X, "riemann").T
        else:
            distances = distances_from(X, self._train, self.metric)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, : self.n_neighbors]
        return np.take_along_axis(distances, nearest, axis=1), nearest

    def _votes(self, distances):
        if callable(self.weights):
            return np.asarray(self.weights(distances))
        if self.weights == "uniform":
            return np.ones_like(distances)
        zero = distances == 0
        with np.errstate(divide="ignore"):
            return np.where(zero.any(axis=1, keepdims=True), zero, 1 / distances)
