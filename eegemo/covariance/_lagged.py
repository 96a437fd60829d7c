"""The table of lagged covariances from which every augmented covariance is made."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_array

from .._chunks import in_cache
from .._kernels.covariance import lagged_products, new_window


def lagged_covariances(X, delays, assume_centered=False):
    r"""Covariance of the channels with themselves some samples later.

    .. math:: R_d = \frac{1}{T - d} \sum_{t=0}^{T-d-1} x(t) \, x(t+d)^\top

    with x less its mean over the window. These matrices are the blocks of every
    augmented covariance, apart from a few samples at the ends of the window.

    Parameters
    ----------
    X : array-like of shape (n_windows, n_channels, n_times)
        EEG windows, in any unit.
    delays : array-like of int, shape (n_delays,)
        In samples, from 0 to n_times - 1.
    assume_centered : bool, default=False
        If True, the mean of each channel is not removed.

    Returns
    -------
    R : float64 array of shape (n_windows, n_delays, n_channels, n_channels)
        In the squared unit of X. Row i and column j hold channel i at time t times
        channel j at time t + d, so the matrix of delay zero is symmetric and the
        others are not; that of delay -d is the transpose.

    Raises
    ------
    ValueError
        X is not three-dimensional, or has NaN or infinity; a delay is negative, or as
        long as the window.

    See Also
    --------
    AugmentedCovariances : The matrices made of these.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import lagged_covariances
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> lagged_covariances(X, [0, 4, 8]).shape
    (8, 3, 14, 14)
    """
    X = check_array(X, dtype=np.float64, order="C", allow_nd=True, ensure_2d=False)
    if X.ndim != 3:
        raise ValueError(
            "lagged_covariances expects X of shape (n_windows, n_channels, n_times), "
            f"got an array of shape {X.shape}. One window is X[None]."
        )
    delays = check_delays(delays, X.shape[2])
    table = lagged_table(X, delays, centre=not assume_centered)
    table /= (X.shape[2] - delays)[:, None, None]
    return table


def lagged_table(X, delays, centre):
    """Sum x(t) x(t + d)' over time; for any floating X, in parts.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
    delays : int array of shape (n_delays,)
    centre : bool

    Returns
    -------
    table : float64 array of shape (n_windows, n_delays, n_channels, n_channels)
    """
    table = np.empty((len(X), len(delays), X.shape[1], X.shape[1]))
    if table.size:
        window = new_window(*X.shape[1:])
        for part, products in in_cache(X, table):
            lagged_products(part, delays, centre, window, products)
    return table


def check_delays(delays, n_times):
    """Return the delays as an array of int; raise unless windows have them."""
    delays = np.atleast_1d(delays)
    if delays.ndim != 1 or not all(isinstance(d, Integral) for d in delays):
        raise ValueError(f"delays should be whole numbers of samples, got {delays}.")
    delays = delays.astype(np.intp)
    if len(delays) and not 0 <= delays.min() <= delays.max() < n_times:
        raise ValueError(
            f"delays should lie between 0 and {n_times - 1}, since windows have "
            f"{n_times} samples: got {delays.min()} to {delays.max()}."
        )
    return delays
