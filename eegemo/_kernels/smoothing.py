"""Smoothing of feature sequences, trial by trial.

The features of all trials are the rows of X; trial i has those from bounds[i, 0] to
bounds[i, 1], and what lies between two trials or after the last is padding. Innermost
loops run over the features, which are contiguous.

The linear dynamical system is a random walk seen through noise, for each feature::

    z[0] ~ N(m, V0),  z[t] ~ N(z[t - 1], Q),  x[t] ~ N(z[t], R)

With fixed noise the gains do not depend on the data, and serve all trials.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def smooth_lds(X, bounds, Q, R, V0, from_mean, backward):
    """Posterior mean of z, with the same noise for all features.

    Parameters
    ----------
    X : float64 array of shape (n_rows, n_features), C order
    bounds : int64 array of shape (n_trials, 2)
        First row of each trial, and the row after its last.
    Q, R, V0 : float
        With R > 0.
    from_mean : bool
        m is the mean of the trial; else its first row.
    backward : bool
        Given all of the trial (Rauch-Tung-Striebel); else only what came before.

    Returns
    -------
    out : float64 array of shape (n_rows, n_features)
        NaN where X is padded.
    """
    n_steps = 0
    for i in range(len(bounds)):
        n_steps = max(n_steps, bounds[i, 1] - bounds[i, 0])
    gain = np.empty(n_steps)
    pull = np.empty(n_steps)
    P = V0
    for t in range(n_steps):
        gain[t] = P / (P + R)
        V = gain[t] * R
        P = V + Q
        pull[t] = V / P if P > 0.0 else 0.0
    out = _padded(X, bounds)
    for i in range(len(bounds)):
        x = X[bounds[i, 0] : bounds[i, 1]]
        z = out[bounds[i, 0] : bounds[i, 1]]
        last = _start(x, from_mean)
        for t in range(len(x)):
            _step_towards(last, x[t], gain[t], z[t])
            last = z[t]
        if backward:
            for t in range(len(x) - 2, -1, -1):
                _step_towards(z[t], z[t + 1], pull[t], z[t])
    return out


@njit(cache=True, nogil=True)
def learn_lds(X, bounds, Q, R, V0, from_mean, n_iterations):
    """Estimate each trial's m, V0, Q and R by expectation maximisation.

    Parameters
    ----------
    X, bounds, Q, R, V0, from_mean :
        See :func:`smooth_lds`; where the iterations start.
    n_iterations : int

    Returns
    -------
    parameters : float64 array of shape (n_trials, 4, n_features)
        Rows m, V0, Q, R.
    """
    n_features = X.shape[1]
    out = np.empty((len(bounds), 4, n_features))
    for i in range(len(bounds)):
        x = X[bounds[i, 0] : bounds[i, 1]]
        theta = out[i]
        m = _start(x, from_mean)
        for f in range(n_features):
            theta[0, f] = m[f]
            theta[1, f] = V0
            theta[2, f] = Q
            theta[3, f] = R
        z = np.empty_like(x)
        V = np.empty_like(x)
        for _ in range(n_iterations):
            _filter(x, theta, z, V)
            _expect_and_maximise(x, theta, z, V)
    return out


@njit(cache=True, nogil=True)
def smooth_learned(X, bounds, parameters, backward):
    """Posterior mean of z, with what :func:`learn_lds` estimated.

    Parameters
    ----------
    X, bounds, backward :
        See :func:`smooth_lds`.
    parameters : float64 array of shape (n_trials, 4, n_features)

    Returns
    -------
    out : float64 array of shape (n_rows, n_features)
    """
    out = _padded(X, bounds)
    for i in range(len(bounds)):
        x = X[bounds[i, 0] : bounds[i, 1]]
        z = out[bounds[i, 0] : bounds[i, 1]]
        V = np.empty_like(x)
        _filter(x, parameters[i], z, V)
        if backward:
            Q = parameters[i, 2]
            for t in range(len(x) - 2, -1, -1):
                for f in range(x.shape[1]):
                    z[t, f] += _ratio(V[t, f], Q[f]) * (z[t + 1, f] - z[t, f])
    return out


@njit(cache=True, nogil=True)
def moving_average(X, bounds, n_before, n_after):
    """Mean of each row and its neighbours in the trial, as far as there are any.

    Every mean is summed anew: a running sum would remember an outlier's rounding.

    Parameters
    ----------
    X, bounds :
        See :func:`smooth_lds`.
    n_before, n_after : int

    Returns
    -------
    out : float64 array of shape (n_rows, n_features)
    """
    n_features = X.shape[1]
    out = _padded(X, bounds)
    for i in range(len(bounds)):
        for t in range(bounds[i, 0], bounds[i, 1]):
            start = max(bounds[i, 0], t - n_before)
            stop = min(bounds[i, 1], t + n_after + 1)
            mean = out[t]
            for f in range(n_features):
                mean[f] = 0.0
            for s in range(start, stop):
                x = X[s]
                for f in range(n_features):
                    mean[f] += x[f]
            for f in range(n_features):
                mean[f] /= stop - start
    return out


@njit(cache=True, nogil=True)
def _padded(X, bounds):
    """Allocate the output, with NaN in the rows that are of no trial."""
    out = np.empty_like(X)
    for i in range(len(bounds)):
        stop = bounds[i + 1, 0] if i + 1 < len(bounds) else len(X)
        for t in range(bounds[i, 1], stop):
            for f in range(X.shape[1]):
                out[t, f] = np.nan
    return out


@njit(cache=True, nogil=True)
def _start(x, from_mean):
    """Prior mean m: that of the trial, or its first row.

    The mean is that of the differences from the first row, so that the mean of a
    constant is the constant.
    """
    mean = x[0].copy()
    if from_mean:
        total = np.zeros(len(mean))
        for t in range(1, len(x)):
            row = x[t]
            for f in range(len(mean)):
                total[f] += row[f] - mean[f]
        for f in range(len(mean)):
            mean[f] += total[f] / len(x)
    return mean


@njit(cache=True, nogil=True)
def _step_towards(a, b, fraction, out):
    """Set out to the point that lies this fraction of the way from a to b."""
    for f in range(len(out)):
        out[f] = a[f] + fraction * (b[f] - a[f])


@njit(cache=True, nogil=True)
def _ratio(a, b):
    """Compute a / (a + b), and 0 when both are zero."""
    return a / (a + b) if a + b > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _filter(x, theta, z, V):
    """Set z and V to mean and variance of each state given the rows up to it."""
    m, V0, Q, R = theta[0], theta[1], theta[2], theta[3]
    for f in range(len(m)):
        K = _ratio(V0[f], R[f])
        z[0, f] = m[f] + K * (x[0, f] - m[f])
        V[0, f] = K * R[f]
    for t in range(1, len(x)):
        for f in range(len(m)):
            K = _ratio(V[t - 1, f] + Q[f], R[f])
            z[t, f] = z[t - 1, f] + K * (x[t, f] - z[t - 1, f])
            V[t, f] = K * R[f]


@njit(cache=True, nogil=True)
def _expect_and_maximise(x, theta, z, V):
    """Turn the filtered z and V into those given the whole trial, and update theta.

    All terms are sums of what cannot be negative, so that no variance ever is.
    """
    n_steps, n_features = x.shape
    walk = np.zeros(n_features)
    noise = np.empty(n_features)
    for f in range(n_features):
        residual = x[n_steps - 1, f] - z[n_steps - 1, f]
        noise[f] = residual * residual + V[n_steps - 1, f]
    for t in range(n_steps - 2, -1, -1):
        for f in range(n_features):
            J = _ratio(V[t, f], theta[2, f])
            after = V[t + 1, f]
            rest = (1.0 - J) * V[t, f]
            z[t, f] += J * (z[t + 1, f] - z[t, f])
            V[t, f] = rest + J * J * after
            # cov(z[t + 1], z[t]) is J * after, hence the square of 1 - J
            step = z[t + 1, f] - z[t, f]
            walk[f] += step * step + (1.0 - J) * (1.0 - J) * after + rest
            residual = x[t, f] - z[t, f]
            noise[f] += residual * residual + V[t, f]
    for f in range(n_features):
        theta[0, f] = z[0, f]
        theta[1, f] = V[0, f]
        if n_steps > 1:
            theta[2, f] = walk[f] / (n_steps - 1)
        theta[3, f] = noise[f] / n_steps
