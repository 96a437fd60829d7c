"""Cross-validated scores of one order and lag of the augmented covariance."""

import time

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from .._chunks import in_cache
from .._input import check_spd
from ..riemann._fold_vectors import fold_vectors
from ._estimate import KERNELS, check_not_flat, estimate_covariances, fill_covariances

_PRODUCTS = 2**27  # products of vectors to hold at most: 1 GiB


def score_pair(
    X, y, table_and_delays, pair, estimator, metric, splits, final, grid, scorer
):
    """Fit and score each candidate of the grid on each split, at one order and lag.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
    y : array of shape (n_windows,)
    table_and_delays : (float64 array or None, int array)
        The lagged products, if there is a table, and the delays along its axis 1.
    pair : (int, int)
        Order and lag.
    estimator : str or callable
        Of the covariance.
    metric : str or dict
        Of the tangent space.
    splits : list of (int array, int array)
        Training and test windows.
    final : classifier
    grid : list of dict
        Its parameters.
    scorer : callable

    Returns
    -------
    scores, fit_times, score_times : arrays of shape (n_candidates, n_splits)
    """
    order, lag = pair
    scores, fit_times, score_times = np.empty((3, len(grid), len(splits)))
    # Threads of BLAS only wait for each other over matrices this small.
    with threadpool_limits(1, user_api="blas"):
        start = time.perf_counter()
        C = _covariances(X, table_and_delays, order, lag, estimator)
        try:
            check_spd(C)
        except ValueError as error:
            raise ValueError(f"At order {order} and lag {lag}: {error}") from error
        shared = (time.perf_counter() - start) / len(splits)
        folds = fold_vectors(C, [train for train, _ in splits], metric)
        for s, (train, test) in enumerate(splits):
            start = time.perf_counter()
            vectors = next(folds)
            finals = [clone(final).set_params(**clone(p, safe=False)) for p in grid]
            gram = _gram(vectors) if any(map(_is_linear_svc, finals)) else None
            shared_fit = (shared + time.perf_counter() - start) / len(grid)
            for g, fitted in enumerate(finals):
                start = time.perf_counter()
                seen, unseen = vectors[train], vectors[test]
                if gram is not None and _is_linear_svc(fitted):
                    fitted.set_params(kernel="precomputed")
                    seen, unseen = gram[np.ix_(train, train)], gram[np.ix_(test, train)]
                fitted.fit(seen, y[train])
                fit_times[g, s] = shared_fit + time.perf_counter() - start
                start = time.perf_counter()
                scores[g, s] = scorer(fitted, unseen, y[test])
                score_times[g, s] = time.perf_counter() - start
    return scores, fit_times, score_times


def _is_linear_svc(final):
    """Tell whether the classifier needs no more than the products of the vectors."""
    return type(final) is SVC and final.kernel == "linear"


def _gram(vectors):
    """Products of all vectors; None where libsvm finds those it needs faster.

    It computes them one by one, and not all, which takes less time if the vectors are
    short; and it keeps few, which takes less memory if they are many.
    """
    n, length = vectors.shape
    if length < n / 8 or n**2 > _PRODUCTS:
        return None
    vectors = vectors.astype(np.float64, copy=False)
    return vectors @ vectors.T


def _covariances(X, table_and_delays, order, lag, estimator):
    """Augmented covariances, from the table if there is one."""
    table, delays = table_and_delays
    if table is None or estimator not in KERNELS:
        return estimate_covariances(X, estimator, None, order, lag)
    if estimator == "corr":
        check_not_flat(X, order, lag)
    n_rows = order * X.shape[1]
    places = np.searchsorted(delays, lag * np.arange(order))
    C = np.empty((len(X), n_rows, n_rows), X.dtype)
    start = 0
    for part, out in in_cache(X, C):
        # joblib's workers get a read-only table, for which no kernel is compiled.
        products = np.require(table[start : start + len(part)], requirements="W")
        fill_covariances(part, order, lag, estimator, True, out, products, places)
        start += len(part)
    return C
