"""Covariance matrices of batches of windows, by kernels or by pyRiemann."""

import numpy as np
from pyriemann.geometry.covariance import cov_est_functions, covariances

from .._chunks import in_cache
from .._kernels.covariance import CORR, LWF, OAS, SCM, augmented_covariance, new_window

KERNELS = {"scm": SCM, "lwf": LWF, "oas": OAS, "corr": CORR}

_CHUNK = 2**22  # numbers at a time, so that temporaries stay near 100 MiB
_NO_TABLE = np.empty((0, 0, 0, 0))


def estimate_covariances(X, estimator, estimator_params=None, order=1, lag=1):
    """Estimate one covariance matrix per window, in float64, in bounded memory.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
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
    params = estimator_params or {}
    out = np.empty((n_windows, n_rows, n_rows), X.dtype)
    if estimator == "corr":
        check_not_flat(X, order, lag)
    if has_kernel(estimator, params):
        centre = not params.get("assume_centered", False)
        for part, C in in_cache(X, out):
            fill_covariances(part, order, lag, estimator, centre, C)
        return out
    step = max(1, _CHUNK // (n_rows * n_times))
    for start in range(0, n_windows, step):
        part = X[start : start + step].astype(np.float64, copy=False)
        out[start : start + step] = covariances(
            augment(part, order, lag), estimator=estimator, **params
        )
    return out


def has_kernel(estimator, params):
    """Tell whether a kernel computes this estimator."""
    if not isinstance(estimator, str) or estimator not in KERNELS:
        return False
    return not params or (list(params) == ["assume_centered"] and estimator != "corr")


def tells_nan(estimator, params):
    """Tell whether NaN or infinity in a window shows in the variances."""
    return estimator != "corr" and has_kernel(estimator, params or {})


def fill_covariances(X, order, lag, estimator, centre, out, table=_NO_TABLE, places=()):
    """Call the kernel; see :func:`eegemo._kernels.covariance.augmented_covariance`."""
    places = np.asarray(places, np.intp)
    window = new_window(*X.shape[1:])
    kind = KERNELS[estimator]
    augmented_covariance(X, order, lag, kind, centre, table, places, window, out)


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


def check_not_flat(X, order, lag):
    """Raise if a row of a stacked window is constant."""
    n_kept = X.shape[2] - (order - 1) * lag
    step = max(1, _CHUNK // X[0].size)
    for p in range(order):
        for start in range(0, len(X), step):
            row = X[start : start + step, :, p * lag : p * lag + n_kept]
            flat = np.argwhere(np.ptp(row, axis=2) == 0)
            if len(flat):
                window, channel = flat[0]
                raise ValueError(
                    f"Channel {channel} of window {start + window} is flat: its "
                    "correlation is undefined. Drop the channel, or use "
                    "estimator='oas'."
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
