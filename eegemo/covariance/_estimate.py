"""Covariance matrices of batches of windows, by pyRiemann's estimators."""

import numpy as np
from pyriemann.geometry.covariance import cov_est_functions, covariances

_CHUNK = 2**22  # numbers in float64 at a time: 32 MiB, whatever the size of the batch


def estimate_covariances(X, estimator, estimator_params=None):
    """Estimate one covariance matrix per window, in float64, in bounded memory.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times)
    estimator : str or callable
        See :class:`eegemo.covariance.Covariances`.
    estimator_params : dict, default=None
        Further arguments of the estimator.

    Returns
    -------
    C : array of shape (n_windows, n_channels, n_channels), with the dtype of X
    """
    n_windows, n_channels, n_times = X.shape
    out = np.empty((n_windows, n_channels, n_channels), X.dtype)
    step = max(1, _CHUNK // (n_channels * n_times))
    for start in range(0, n_windows, step):
        part = X[start : start + step].astype(np.float64, copy=False)
        out[start : start + step] = _estimate(part, estimator, estimator_params or {})
    return out


def _estimate(X, estimator, params):
    if estimator == "corr":
        flat = np.argwhere(np.ptp(X, axis=2) == 0)
        if len(flat):
            window, channel = flat[0]
            raise ValueError(
                f"Channel {channel} of window {window} is flat: its correlation is "
                "undefined. Drop the channel, or use estimator='oas'."
            )
    return covariances(X, estimator=estimator, **params)


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
