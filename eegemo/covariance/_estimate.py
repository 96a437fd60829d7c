"""Covariance matrices of batches of windows, by pyRiemann's estimators."""

import numpy as np
from pyriemann.geometry.covariance import cov_est_functions, covariances

_CHUNK = 2**22  # numbers at a time, so that temporaries stay near 100 MiB


def estimate_covariances(X, estimator, estimator_params=None, order=1, lag=1):
    """Estimate one covariance matrix per window, in float64, in bounded memory.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times)
    estimator : str or callable
        See :class:`eegemo.covariance.Covariances`.
    estimator_params : dict, default=None
        Further arguments of the estimator.
    order, lag : int, default=1
        See :func:`augment`.

    Returns
    -------
    C : array of shape (n_windows, order * n_channels, order * n_channels)
        With the dtype of X.
    """
    n_windows, n_channels, n_times = X.shape
    n_rows = order * n_channels
    out = np.empty((n_windows, n_rows, n_rows), X.dtype)
    step = max(1, _CHUNK // (n_rows * n_times))
    for start in range(0, n_windows, step):
        part = X[start : start + step].astype(np.float64, copy=False)
        part = augment(part, order, lag)
        if estimator == "corr":
            _check_not_flat(part, start, n_channels)
        out[start : start + step] = covariances(
            part, estimator=estimator, **(estimator_params or {})
        )
    return out


def augment(X, order, lag):
    """Stack windows with their delayed copies.

    Parameters
    ----------
    X : array of shape (n_windows, n_channels, n_times)
    order, lag : int

    Returns
    -------
    stacked : array of shape (n_windows, order * n_channels, n_kept)
        Where n_kept is n_times - (order - 1) * lag.
    """
    if order == 1:
        return X
    n_kept = X.shape[2] - (order - 1) * lag
    return np.concatenate(
        [X[:, :, p * lag : p * lag + n_kept] for p in range(order)], axis=1
    )


def _check_not_flat(X, start, n_channels):
    flat = np.argwhere(np.ptp(X, axis=2) == 0)
    if len(flat):
        window, row = flat[0]
        raise ValueError(
            f"Channel {row % n_channels} of window {start + window} is flat: its "
            "correlation is undefined. Drop the channel, or use estimator='oas'."
        )


def check_estimator_params(estimator, estimator_params):
    """Raise unless a covariance transformer can use these parameters."""
    if not (isinstance(estimator, str) or callable(estimator)):
        raise TypeError(
            "estimator should be the name of a covariance estimator or a callable, got "
            f"{estimator!r}."
        )
    if isinstance(estimator, str) and estimator not in cov_est_functions:
        raise ValueError(
            f"Unknown covariance estimator {estimator!r}: expected a callable or one "
            f"of {sorted(cov_est_functions)}."
        )
    if not (estimator_params is None or isinstance(estimator_params, dict)):
        raise TypeError(
            f"estimator_params should be a dict or None, got {estimator_params!r}."
        )
