"""Slow, obvious versions of what the estimators compute, to compare against."""

import numpy as np
from scipy import linalg, signal, special, stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis


def scm(X):
    """Mean over time of the outer products of the centred samples."""
    n_windows, n_channels, n_times = X.shape
    C = np.zeros((n_windows, n_channels, n_channels))
    for w in range(n_windows):
        mean = X[w].mean(axis=1)
        for t in range(n_times):
            sample = X[w, :, t] - mean
            C[w] += np.outer(sample, sample) / n_times
    return C


def oas(X):
    """Equation 23 of Chen et al. (2010) as in scikit-learn: without 2 / n_channels."""
    _, p, n = X.shape
    C = scm(X)
    for w, S in enumerate(C):
        trace, trace_of_square = np.trace(S), np.trace(S @ S)
        numerator = trace_of_square + trace**2
        denominator = (n + 1) * (trace_of_square - trace**2 / p)
        rho = min(1.0, numerator / denominator)
        C[w] = (1 - rho) * S + rho * trace / p * np.eye(p)
    return C


def lwf(X):
    """Ledoit and Wolf (2004): the section named "A consistent estimator"."""
    _, p, n = X.shape
    C = scm(X)
    for w, S in enumerate(C):
        m = np.trace(S) / p
        d2 = np.sum((S - m * np.eye(p)) ** 2) / p
        centred = X[w] - X[w].mean(axis=1, keepdims=True)
        b2 = sum(np.sum((np.outer(x, x) - S) ** 2) / p for x in centred.T) / n**2
        b2 = min(b2, d2)
        C[w] = b2 / d2 * m * np.eye(p) + (1 - b2 / d2) * S
    return C


def augmented_scm(X, order, lag):
    """Mean over time of the outer products of the centred delay vectors."""
    n_windows, n_channels, n_times = X.shape
    n_kept = n_times - (order - 1) * lag
    stacked = np.empty((n_windows, order * n_channels, n_kept))
    for p in range(order):
        for c in range(n_channels):
            for t in range(n_kept):
                stacked[:, p * n_channels + c, t] = X[:, c, t + p * lag]
    return scm(stacked)


def lagged_covariances(X, delays, centred):
    """Mean over time of the outer products of samples with later ones."""
    n_windows, n_channels, n_times = X.shape
    R = np.zeros((n_windows, len(delays), n_channels, n_channels))
    for w, x in enumerate(X):
        mean = 0 if centred else x.mean(axis=1)
        for k, d in enumerate(delays):
            for t in range(n_times - d):
                product = np.outer(x[:, t] - mean, x[:, t + d] - mean)
                R[w, k] += product / (n_times - d)
    return R


def differential_entropy_iir(X, sfreq, bands):
    """Entropy of a Gaussian with the variance that a zero-phase filter leaves."""
    out = []
    for window in X:
        for channel in window:
            for band in bands:
                sos = signal.butter(4, band, "bandpass", fs=sfreq, output="sos")
                filtered = signal.sosfiltfilt(sos, channel - channel.mean())
                out.append(0.5 * np.log(2 * np.pi * np.e * np.var(filtered)))
    return np.reshape(out, (len(X), -1))


def differential_entropy_fft(X, sfreq, bands):
    """Entropy of a Gaussian with the variance of the Fourier terms in low <= f < high.

    The sum is over both signs of frequency, as the transform is written in textbooks.
    """
    n = X.shape[2]
    t = np.arange(n)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * t / n)
    out = []
    for window in X:
        for channel in window:
            x = taper * (channel - channel.mean())
            for low, high in bands:
                variance = 0.0
                for k in range(-((n - 1) // 2), n // 2 + 1):
                    if low <= abs(k) * sfreq / n < high:
                        term = np.sum(x * np.exp(-2j * np.pi * k * t / n))
                        variance += abs(term) ** 2 / (n * np.sum(taper**2))
                out.append(0.5 * np.log(2 * np.pi * np.e * variance))
    return np.reshape(out, (len(X), -1))


def distance_riemann(A, B):
    """Affine-invariant distance: root sum of squared log generalised eigenvalues."""
    return np.sqrt(np.sum(np.log(linalg.eigh(A, B, eigvals_only=True)) ** 2))


def tangent_vector(C, G):
    """Upper triangle of logm(G^-1/2 C G^-1/2), off-diagonal elements times sqrt(2)."""
    whitener = linalg.inv(linalg.sqrtm(G))
    S = linalg.logm(whitener @ C @ whitener)
    n = len(C)
    return [
        S[i, j] * (1 if i == j else np.sqrt(2)) for i in range(n) for j in range(i, n)
    ]


def mean_riemann(X):
    """Fixed point of the Karcher equation: the mean log map is zero."""
    G = np.mean(X, axis=0)
    for _ in range(50):
        root = linalg.sqrtm(G)
        whitener = linalg.inv(root)
        step = np.mean([linalg.logm(whitener @ C @ whitener) for C in X], axis=0)
        G = root @ linalg.expm(step) @ root
    return G


def block_toeplitz(X, order, lag, shrinkage=0.0):
    """Covariance of all stacks of samples lag apart, the window between zeros."""
    out = []
    for window in X:
        n_channels, n_times = window.shape
        x = window - window.mean(axis=1, keepdims=True)
        pad = np.zeros((n_channels, (order - 1) * lag))
        x = np.hstack([pad, x, pad])
        C = 0.0
        for t in range(n_times + (order - 1) * lag):
            z = np.concatenate([x[:, t + k * lag] for k in range(order)])
            C = C + np.outer(z, z) / n_times
        n = len(C)
        target = np.trace(C) / n * np.eye(n)
        if shrinkage == "oas":
            alpha, mu = np.mean(C**2), np.trace(C) / n
            weight = (alpha + mu**2) / ((n_times + 1) * (alpha - mu**2 / n))
            out.append(C + min(weight, 1.0) * (target - C))
        else:
            out.append(C + shrinkage * (target - C))
    return np.array(out)


def siegel_coordinates(C, order):
    """Partial correlation of samples 0 and l, given those between, by conditioning."""
    n = len(C) // order
    Omega = []
    for k in range(1, order):
        ends = np.r_[k * n : (k + 1) * n, :n]
        between = np.r_[n : k * n]
        S = C[np.ix_(ends, ends)]
        if k > 1:
            B = C[np.ix_(ends, between)]
            S = S - B @ linalg.inv(C[np.ix_(between, between)]) @ B.T
        V, W = linalg.inv(linalg.sqrtm(S[:n, :n])), linalg.inv(linalg.sqrtm(S[n:, n:]))
        Omega.append(V @ S[:n, n:] @ W)
    return C[:n, :n], np.reshape(Omega, (order - 1, n, n))


def siegel_distance(A, B):
    """Root of tr arctanh(C^1/2)^2, as the papers write it."""
    eye = np.eye(len(A))
    C = (A - B) @ linalg.inv(eye - B.T @ A) @ (A.T - B.T) @ linalg.inv(eye - B @ A.T)
    root = linalg.sqrtm(C)
    arctanh = 0.5 * linalg.logm((eye + root) @ linalg.inv(eye - root))
    return np.sqrt(np.trace(arctanh @ arctanh).real)


def block_toeplitz_distance(C, D, order):
    """Distance of Jeuris and Vandebril between two matrices."""
    (P, Omega), (Q, Psi) = siegel_coordinates(C, order), siegel_coordinates(D, order)
    squared = order * distance_riemann(P, Q) ** 2
    for k in range(1, order):
        squared += (order - k) * siegel_distance(Omega[k - 1], Psi[k - 1]) ** 2
    return np.sqrt(squared)


def first_minimum(x, max_delay, n_bins):
    """First minimum of the mutual information, by counting pairs of bins."""
    n = len(x) - max_delay
    edges = [sorted(x)[k * len(x) // n_bins] for k in range(1, n_bins)]
    bins = [sum(edge <= value for edge in edges) for value in x]
    information = []
    for delay in range(1, max_delay + 1):
        pairs = [(bins[i], bins[i + delay]) for i in range(n)]
        now, later = [a for a, _ in pairs], [b for _, b in pairs]
        information.append(
            sum(
                pairs.count(p)
                / n
                * np.log(pairs.count(p) * n / (now.count(p[0]) * later.count(p[1])))
                for p in sorted(set(pairs))
            )
        )
    for delay in range(1, max_delay):
        if information[delay] >= information[delay - 1]:
            return delay
    return max_delay


def nearest_neighbours(Y, theiler):
    """Compare every point with every other that is not close in time."""
    n = Y.shape[1]
    index, distance = np.zeros(n, int), np.full(n, np.inf)
    for i in range(n):
        for j in range(n):
            if abs(i - j) > theiler:
                d = np.sqrt(sum((Y[k, i] - Y[k, j]) ** 2 for k in range(len(Y))))
                if d < distance[i]:
                    index[i], distance[i] = j, d
    return index, distance


def beta_statistic(S, index, distance, step, max_delay):
    """Mean of log10 of how far neighbours are at a delay over how far they are now."""
    beta = np.zeros((len(S), max_delay + 1))
    for s, series in enumerate(S):
        for delay in range(max_delay + 1):
            for i, j in enumerate(index):
                gap = max(abs(series[i + delay] - series[j + delay]), step[s])
                beta[s, delay] += np.log10(gap / distance[i]) / len(index)
    return beta


def false_fraction(distance, gap):
    """Share of the close neighbours that are more than twice as far with the gap."""
    close = false = 0
    for d, g in zip(distance, gap, strict=True):
        if d < 0.5:
            close += 1
            false += np.sqrt(d**2 + g**2) > 2 * d
    return false / close if close else 0.0


def select_delays(window, max_order, max_delay):
    """Embed with ever more of the (delay, channel) pairs of the greatest beta."""
    channels = [c for c in range(len(window)) if len(set(window[c])) > 1]
    if not channels:
        return [], []
    T = window.shape[1]
    max_delay = min(max_delay, T // 2)
    n = T - max_delay
    S = {}
    for c in channels:
        z = (window[c] - np.mean(window[c])) / np.std(window[c])
        S[c] = np.round(z * 2**20) / 2**20
    step = {c: min(np.diff(sorted(set(z)))) for c, z in S.items()}
    longest = min(100, T // 2)
    n_bins = max(2, int(np.sqrt((T - longest) / 5)))
    theiler = max(first_minimum(z, longest, n_bins) for z in S.values())
    theiler = min(theiler, n // 4)

    def best_addition(coordinates):
        Y = np.array([S[c][d : d + n] for d, c in coordinates])
        index, distance = nearest_neighbours(Y, theiler)
        distance = np.maximum(distance, min(step.values()))
        best = -np.inf, 0, 0
        for c in channels:
            beta = beta_statistic(S[c][None], index, distance, [step[c]], max_delay)[0]
            if max(beta) > best[0] + 1e-12:
                best = max(beta), int(np.argmax(beta)), c
        beta, d, c = best
        return beta, (d, c), distance, S[c][d : d + n] - S[c][index + d]

    coordinates = max(
        ([(0, c)] for c in channels), key=lambda start: best_addition(start)[0]
    )
    fractions = [np.inf]
    while len(coordinates) < max_order:
        _, addition, distance, gap = best_addition(coordinates)
        fractions.append(false_fraction(distance, gap))
        if fractions[-1] <= 0.05 or fractions[-1] > fractions[-2]:
            break
        coordinates.append(addition)
    return [d for d, _ in coordinates], [c for _, c in coordinates]


def kalman(x, m, V0, Q, R):
    """Textbook filter of one feature of one trial; also the Rauch-Tung-Striebel pass.

    Return the filtered and the smoothed means.
    """
    mean, variance, predicted = [], [], []
    for t, value in enumerate(x):
        P = V0 if t == 0 else variance[-1] + Q
        prior = m if t == 0 else mean[-1]
        K = P / (P + R)
        mean.append(prior + K * (value - prior))
        variance.append((1 - K) * P)
        predicted.append(P)
    smoothed = list(mean)
    for t in range(len(x) - 2, -1, -1):
        J = variance[t] / predicted[t + 1]
        smoothed[t] = mean[t] + J * (smoothed[t + 1] - mean[t])
    return np.array(mean), np.array(smoothed)


def joint_gaussian(n_steps, V0, Q, R):
    """Covariance of a random walk's states, and that of what is seen of them."""
    states = np.empty((n_steps, n_steps))
    for s in range(n_steps):
        for t in range(n_steps):
            states[s, t] = V0 + Q * min(s, t)
    return states, states + R * np.eye(n_steps)


def kalman_em(x, m, V0, Q, R):
    """One step of expectation maximisation, from the posterior as one big Gaussian."""
    states, seen = joint_gaussian(len(x), V0, Q, R)
    gain = states @ np.linalg.inv(seen)
    z = m + gain @ (x - m)
    V = states - gain @ states
    steps = [
        (z[t] - z[t - 1]) ** 2 + V[t, t] + V[t - 1, t - 1] - 2 * V[t, t - 1]
        for t in range(1, len(x))
    ]
    noise = [(x[t] - z[t]) ** 2 + V[t, t] for t in range(len(x))]
    return z[0], V[0, 0], np.mean(steps), np.mean(noise)


def log_likelihood(x, m, V0, Q, R):
    """Of one feature of one trial."""
    _, seen = joint_gaussian(len(x), V0, Q, R)
    return stats.multivariate_normal.logpdf(x, np.full(len(x), m), seen)


def kalman_of_a_toolbox(x):
    """What LibEER 0.1.4 computes, with the prior's variance where its mean belongs."""
    mean, V = np.mean(x), 0.01
    K = V / (V + 1)
    out = [mean + K * (x[0] - 0.01)]
    V = (1 - K) * V
    for value in x[1:]:
        P = V + 1e-4
        K = P / (P + 1)
        out.append(out[-1] + K * (value - out[-1]))
        V = (1 - K) * P
    return np.array(out)


def moving_average(x, n_before, n_after):
    """Mean of the neighbours that exist."""
    return [
        np.mean(x[max(0, t - n_before) : t + n_after + 1], axis=0)
        for t in range(len(x))
    ]


def hjorth(X):
    """Variances of the signal, its differences, and the differences of these."""
    out = []
    for x in X:
        v0, v1, v2 = np.var(x), np.var(np.diff(x)), np.var(np.diff(x, 2))
        out.append([v0, np.sqrt(v1 / v0), np.sqrt(v2 / v1) / np.sqrt(v1 / v0)])
    return np.array(out)


def band_variance(x, sfreq, band, order, *, causal, ddof=0):
    """Variance of one row after SciPy's filters, in second-order sections."""
    sos = signal.butter(order, band, "bandpass", fs=sfreq, output="sos")
    return np.var((signal.sosfilt if causal else signal.sosfiltfilt)(sos, x), ddof=ddof)


def de_torcheeg(X, sfreq, bands, *, sections=True):
    """Causal filters of order 5; by transfer function, as torcheeg, if not sections."""
    out = []
    for x in X.reshape(-1, X.shape[2]):
        for band in bands:
            if sections:
                variance = band_variance(x, sfreq, band, 5, causal=True)
            else:
                b, a = signal.butter(5, band, "bandpass", fs=sfreq)
                variance = np.var(signal.lfilter(b, a, x))
            out.append(0.5 * np.log2(2 * np.pi * np.e * variance))
    return np.reshape(out, (len(X), -1))


def de_rbtransformer(X, sfreq, bands):
    """The same of windows with mean 0 and standard deviation 1 over all channels."""
    return de_torcheeg(
        np.array([(x - np.mean(x)) / np.std(x) for x in X]), sfreq, bands
    )


def de_torcheeg_fft(X, sfreq, bands):
    """Mean power of bins 1 Hz apart, from one below the band; the taper ends in 0."""
    n = X.shape[2]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))
    out = []
    for x in X.reshape(-1, n):
        power = np.abs(np.fft.fft(x * taper, n=sfreq)) ** 2
        for low, high in bands:
            first, last = (int(np.floor(f / sfreq * sfreq)) for f in (low, high))
            out.append(np.log2(100 * np.mean(power[first - 1 : last])))
    return np.reshape(out, (len(X), -1))


def de_eegemolib(X, sfreq, edges):
    """Mean power of bins of a transform of 256 samples, numbered as if by hertz."""
    n = X.shape[2]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))
    ratio = 256 // sfreq
    out = []
    for x in X.reshape(-1, n):
        magnitude = np.abs(np.fft.fft(x * taper, 256))
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            inside = magnitude[low * ratio : high * ratio - 1]
            out.append(np.log2(100 * sum(m * m for m in inside) / len(inside)))
    return np.reshape(out, (len(X), -1))


def de_libeer(X, sfreq, bands, window, *, sections=True):
    """Whole trials filtered forward and backward, then segments of window samples."""
    n_segments = X.shape[2] // window
    out = np.empty((len(X), n_segments, X.shape[1], len(bands)))
    for i, trial in enumerate(X):
        for j, band in enumerate(bands):
            kind = "sos" if sections else "ba"
            coefficients = signal.butter(3, band, "bandpass", fs=sfreq, output=kind)
            if sections:
                filtered = signal.sosfiltfilt(coefficients, trial)
            else:
                filtered = signal.filtfilt(*coefficients, trial)
            for k in range(n_segments):
                segment = filtered[:, k * window : (k + 1) * window]
                variance = np.var(segment, axis=1, ddof=1)
                out[i, k, :, j] = 0.5 * np.log2(2 * np.pi * np.e * variance)
    return out.reshape(len(X), n_segments, -1)


def log_vector(C):
    """Upper triangle of the sum of log(value) v v', off-diagonal times sqrt(2)."""
    n = len(C)
    values, vectors = linalg.eigh(C)
    S = sum(
        np.log(values[k]) * np.outer(vectors[:, k], vectors[:, k]) for k in range(n)
    )
    return [
        S[i, j] * (1 if i == j else np.sqrt(2)) for i in range(n) for j in range(i, n)
    ]


def mean_double_commutator(logarithms, weight, u):
    """Weighted sum of [L, [L, u]]."""
    total = np.zeros_like(u)
    for L, w in zip(logarithms, weight, strict=True):
        Lu = L @ u - u @ L
        total += w * (L @ Lu - Lu @ L)
    return total


def moved_mean_log(logarithms, weight, u):
    """Mean logarithm as seen from exp(u), where it was at the identity; a vector."""
    half = linalg.expm(-u / 2)
    moved = [log_vector(half @ linalg.expm(L) @ half) for L in logarithms]
    return np.average(moved, axis=0, weights=weight)


def recentred_online(X, start, prior):
    """Whiten with the mean so far, then take a step along the geodesic."""
    out = []
    for k, C in enumerate(X, 1):
        root = linalg.sqrtm(start)
        whitener = linalg.inv(root)
        out.append(whitener @ C @ whitener)
        start = root @ linalg.fractional_matrix_power(out[-1], 1 / (prior + k)) @ root
    return np.array(out)


def rescaled_online(X, start, prior):
    """Power of each matrix, by the mean of the squared distances so far."""
    out = []
    for k, C in enumerate(X, 1):
        out.append(linalg.fractional_matrix_power(C, 1 / np.sqrt(start)))
        square = np.sum(np.log(linalg.eigvalsh(C)) ** 2)
        start = start + (square - start) / (prior + k)
    return np.array(out)


def aligned_online(X, start, prior):
    """Whiten with the weighted mean of the start and all second moments so far."""
    out = []
    for i, window in enumerate(X):
        moments = [x @ x.T / x.shape[1] for x in X[:i]]
        R = (prior * start + sum(moments)) / (prior + i)
        out.append(linalg.inv(linalg.sqrtm(R)) @ window)
    return np.array(out)


def cholesky(C):
    """Column by column."""
    L = np.zeros_like(C)
    for j in range(len(C)):
        rest = C[j:, j] - L[j:, :j] @ L[j, :j]
        L[j:, j] = rest / np.sqrt(rest[0])
    return L


def mean_online(X, weight):
    """Each matrix moves the mean so far along the geodesic towards itself."""
    mean, total = X[0], weight[0]
    for C, w in zip(X[1:], weight[1:], strict=True):
        total = total + w
        root = linalg.sqrtm(mean)
        whitener = linalg.inv(root)
        way = linalg.fractional_matrix_power(whitener @ C @ whitener, w / total)
        mean = root @ way @ root
    return mean


def filtered_distances(X, y):
    """Matrices in the span of scikit-learn's discriminant, and their nearest means."""
    G = mean_riemann(X)
    vectors = np.array([tangent_vector(C, G) for C in X])
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(vectors, y)
    n_directions = len(lda.classes_) - 1
    basis = np.linalg.svd(lda.coef_)[2][:n_directions]
    upper = np.triu_indices(len(G))
    root = linalg.sqrtm(G)
    filtered = []
    for vector in vectors @ basis.T @ basis:
        S = np.zeros(G.shape)
        S[upper] = vector / np.where(upper[0] == upper[1], 1, np.sqrt(2))
        S = S + np.triu(S, 1).T
        filtered.append(root @ linalg.expm(S) @ root)
    filtered = np.array(filtered)
    means = [mean_riemann(filtered[y == c]) for c in lda.classes_]
    return np.array([[distance_riemann(C, M) for M in means] for C in filtered])


def nearest_spd(X, train, k):
    """Numbers of the k nearest training matrices, the nearest first."""
    distances = [[distance_riemann(C, T) for T in train] for C in X]
    return np.array(
        [sorted(range(len(train)), key=d.__getitem__)[:k] for d in distances]
    )


def filter_bank(X, sfreq, edges, order=4, causal=False):
    """Filter each channel of each window alone; the bands come first in the result."""
    out = np.empty((len(edges), *X.shape))
    for b, band in enumerate(edges):
        sos = signal.butter(order, band, "bandpass", output="sos", fs=sfreq)
        for w, window in enumerate(X):
            for c, x in enumerate(window):
                x = x.astype(float) - x.mean(dtype=float)
                run = signal.sosfilt if causal else signal.sosfiltfilt
                out[b, w, c] = run(sos, x)
    return out


def convolution(x, weight, bias, stride):
    """Sum over all maps and taps, output by output."""
    n_filters, _, n_taps = weight.shape
    n_outputs = 1 + (x.shape[2] - n_taps) // stride
    out = np.empty((len(x), n_filters, n_outputs))
    for i, window in enumerate(x):
        for f in range(n_filters):
            for t in range(n_outputs):
                seen = window[:, t * stride : t * stride + n_taps]
                out[i, f, t] = np.sum(weight[f] * seen) + bias[f]
    return out


def interpretable_cnn(weights, x, mean, variance, multiplier):
    """Outputs of the filters, and after normalisation, for one window: the paper's."""
    spatial, depth = weights["spatial.weight"], weights["temporal.weight"]
    n_taps = depth.shape[1]
    n_out = x.shape[1] - n_taps + 1
    outputs = np.empty((len(depth), n_out))
    for i, taps in enumerate(depth):
        s = i // multiplier
        component = spatial[s] @ x + weights["spatial.bias"][s]
        for j in range(n_out):
            outputs[i, j] = component[j : j + n_taps] @ taps
        outputs[i] += weights["temporal.bias"][i]
    normalised = (np.maximum(outputs, 0) - mean[:, None]) / np.sqrt(
        variance[:, None] + 1e-5
    )
    normalised *= weights["mean.scale"][:, None]
    return outputs, normalised + weights["mean.shift"][:, None]


def activation_map(weights, x, number, mean, variance, multiplier):
    """Steps 1 to 6 of the sample-wise map of Cui et al."""
    outputs, normalised = interpretable_cnn(weights, x, mean, variance, multiplier)
    spatial, depth = weights["spatial.weight"], weights["temporal.weight"]
    evidence = normalised * weights["output.weight"][:, number, None]
    threshold = np.sort(evidence, axis=None)[-100]
    n_taps = depth.shape[1]
    half = n_taps // 2
    out = np.zeros(x.shape)
    for i, j in np.ndindex(evidence.shape):
        sign = np.sign(outputs[i, j])
        if evidence[i, j] > threshold and np.sign(normalised[i, j]) == sign:
            by_channel = [
                sign * spatial[i // multiplier, c] * (x[c, j : j + n_taps] @ depth[i])
                for c in range(len(x))
            ]
            p, q = int(np.argmax(by_channel)), j + half
            for t in range(max(0, q - half), min(x.shape[1], q + half + 1)):
                bump = np.exp(-((t - q) ** 2) / (2 * half**2))
                out[p, t] += bump / (half * np.sqrt(2 * np.pi))
    out -= out.mean()
    return out / np.sqrt(np.mean(out**2))


def attention(X, weight, output, bias, n_heads):
    """Weights and output of attention, one sample and one head at a time."""
    queries, keys, values = np.split(weight, 3, axis=1)
    n_dims = queries.shape[1] // n_heads
    weights = np.empty((len(X), n_heads, X.shape[1], X.shape[1]))
    out = np.empty_like(X)
    for i, x in enumerate(X):
        heads = []
        for h in range(n_heads):
            part = slice(h * n_dims, (h + 1) * n_dims)
            q, k, v = x @ queries[:, part], x @ keys[:, part], x @ values[:, part]
            weights[i, h] = special.softmax(q @ k.T / np.sqrt(n_dims), axis=1)
            heads.append(weights[i, h] @ v)
        out[i] = np.hstack(heads) @ output + bias
    return weights, out


def hashed_halves(n, start, flip):
    """16-bit numbers of places 0 to n - 1, in blocks of 1024, by lowbias32."""
    numbers = []
    for first in range(0, n, 1024):
        for j in range(512):
            h = ((first + j + start) % 2**32) ^ flip
            h ^= h >> 16
            h = h * 0x7FEB352D % 2**32
            h ^= h >> 15
            h = h * 0x846CA68B % 2**32
            h ^= h >> 16
            numbers += [h % 2**16, h >> 16]
    return np.array(numbers[:n])
