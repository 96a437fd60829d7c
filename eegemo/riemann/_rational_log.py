"""Rational approximations of the logarithm, in partial fractions."""

from functools import cache

import numpy as np
from scipy.special import ellipj, ellipkm1

# Condition numbers, and the poles that leave an error of about 1e-13: multiples of the
# four that the kernel takes at a time.
_SIZES = {8: 8, 60: 12, 6e2: 16, 5e4: 24, 4e6: 32, 4e8: 40, 3e10: 48, 1e12: 56}
LIMIT = max(_SIZES)
_STEPS = 3


@cache
def rational_logs():
    """Approximations of the logarithm for growing condition numbers.

    Returns
    -------
    limits : array of shape (n_approximations,)
        log(x) = constant + sum residue / (x + pole) for x from 1 / sqrt(limit) to
        sqrt(limit).
    poles, residues : arrays of shape (n_approximations, n_poles)
        Padded with residues of zero.
    constants : array of shape (n_approximations,)
    """
    n_poles = max(_SIZES.values())
    poles = np.ones((len(_SIZES), n_poles))
    residues = np.zeros((len(_SIZES), n_poles))
    constants = np.empty(len(_SIZES))
    for i, (limit, size) in enumerate(_SIZES.items()):
        p, residue, constants[i] = rational_log(limit, size)
        poles[i, :size], residues[i, :size] = p, residue
    return np.array(list(_SIZES)), poles, residues, constants


def rational_log(limit, n_poles):
    """Fit the logarithm on [1 / sqrt(limit), sqrt(limit)] by partial fractions.

    The poles lie close to where Gauss's quadrature of the integral of 1 / (s + x) over
    s > 0 would put them, in the variable of the elliptic function that makes the two
    intervals a rectangle. A few steps of the method of Gauss and Newton adjust them.
    """
    period = ellipkm1(1 / limit)
    place = (np.arange(1, n_poles + 1) - 0.25) / (n_poles + 0.5)
    sn, cn, _, _ = ellipj(place * period, 1 - 1 / limit)
    poles = _reciprocal((sn / cn) ** 2)
    n_points = 6 * n_poles
    angle = np.pi * (np.arange(n_points) + 0.5) / n_points
    x = np.exp(0.5 * np.log(limit) * np.cos(angle))[:, None]
    target = np.log(x[:, 0])
    for _ in range(_STEPS):
        A = np.hstack([np.ones_like(x), poles / (x + poles)])
        fit = np.linalg.lstsq(A, target, rcond=None)[0]
        slopes = fit[1:] * poles * x / (x + poles) ** 2  # by the log of each pole
        J = np.hstack([A, slopes])
        size = np.linalg.norm(J, axis=0)
        step = np.linalg.lstsq(J / size, target - A @ fit, rcond=None)[0] / size
        poles = _reciprocal(poles * np.exp(step[n_poles + 1 :]))
    A = np.hstack([np.ones_like(x), poles / (x + poles)])
    constant, *weights = np.linalg.lstsq(A, target, rcond=None)[0]
    return poles, weights * poles, constant


def _reciprocal(poles):
    """Increasing poles whose inverses are poles too, as log(1 / x) = -log(x)."""
    return np.sqrt(poles / poles[::-1])
