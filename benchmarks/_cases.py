"""What is timed: for every kernel, data, our call, those of peers, and its bound.

The flops are those of the least arithmetic we know of: a covariance is half a product,
an augmented one of order p has p lagged products, a second-order section takes 9 a
sample, a real Fourier transform of n samples 2.5 n log2(n), the smoother 3 a number.

Rows with recorded EEG are there where EEGEMO_TEST_DATA is a folder with ``eegmat``, of
the EDF files of EEGMAT (PhysioNet).
"""

import os
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import mne
import numpy as np
from _timing import Case, Peer
from joblib import Parallel, delayed
from pyriemann.classification import MDM as PyriemannMDM
from pyriemann.estimation import Covariances as PyriemannCovariances
from pyriemann.geometry.base import logm
from pyriemann.geometry.covariance import covariances
from pyriemann.geometry.distance import pairwise_distance
from pyriemann.geometry.kernel import kernel_riemann
from pyriemann.geometry.mean import mean_logeuclid
from pyriemann.geometry.tangentspace import upper
from pyriemann.tangentspace import TangentSpace as PyriemannTangentSpace
from scipy import fft, signal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.bands import BANDS
from eegemo.covariance import (
    AugmentedCovariances,
    BlockToeplitzCovariances,
    Covariances,
    lagged_covariances,
)
from eegemo.features import BandPower, DifferentialEntropy, HjorthFeatures
from eegemo.riemann import (
    MDM,
    SiegelTangentSpace,
    TangentSpace,
    mean_spd,
    pairwise_distance_spd,
)
from eegemo.riemann._logs import log_vectors
from eegemo.riemann._mean import tangent_vectors
from eegemo.temporal import LDSSmoother

DATA = {  # (windows, channels, samples), sampling rate
    "DREAMER": ((3000, 14, 128), 128),
    "MI": ((288, 22, 1000), 250),
    "DEAP": ((2400, 32, 128), 128),
    "SEED": ((3394, 62, 200), 200),
    "SEED part": ((400, 62, 200), 200),
    "SEED part, 4 s": ((60, 62, 800), 200),
    "SEED trial": ((1, 62, 240 * 200), 200),
    "MODMA part": ((120, 128, 500), 250),
    "short": ((400, 62, 80), 200),
}
MATRICES = "DREAMER; MI; DEAP; SEED part; MODMA part"  # 14 to 128 channels
RECORDED = "EEGMAT, recorded"
EDGES = list(BANDS["seed-vii"].values())
TRIALS = (235, 233, 206, 238, 185, 195, 237, 216, 265, 237, 235, 233, 235, 238, 206)
SAMPLE = 20  # windows given to peers that take seconds for these
N_THREADS = 2


def cases(tiny=False):
    """All cases: {(work, data): function without arguments that returns a Case}."""
    found = {}

    def add(work, names, make, *args):
        for name in names.split("; "):
            shape, sfreq = DATA[name]
            if tiny:
                shape = (min(8, shape[0]), 3, min(400, shape[2]))
            text = f"{name} {'x'.join(map(str, shape))}"
            found[work, text] = partial(make, shape, sfreq, *args)

    for estimator in ("scm", "lwf", "oas"):
        add(estimator, "DREAMER; MI; SEED", covariance, estimator)
    for estimator in ("scm", "oas"):
        for pair in ((2, 1), (4, 2), (8, 4), (10, 5)):
            add(f"augmented {pair}, {estimator}", "MI", augmented, *pair, estimator)
    add("lagged covariances, 10 delays", "MI", lagged, np.arange(10))
    add("order and lag by MDOP", "MI", mdop)
    add("DE, causal filters", "DEAP; SEED", filtered, True)
    add("DE, zero-phase filters", "DEAP; SEED", filtered, False)
    add("DE, causal, as torcheeg", "DEAP; SEED", torcheeg, "torcheeg")
    add("DE, Fourier", "DEAP; SEED", spectral)
    add("DE, Fourier, as torcheeg", "DEAP; SEED", torcheeg, "torcheeg-fft")
    add("DE of a whole trial, as LibEER", "SEED trial", whole_trial)
    add("band power, Fourier", "DEAP; SEED", band_power)
    add("Hjorth", "DEAP; SEED", hjorth)
    for work, make in {
        "affine-invariant mean": mean,
        "log-Euclidean mean": log_euclidean,
        "tangent space, fitted": tangent_fitted,
    }.items():
        add(work, MATRICES, make, "oas")
        add(f"{work}, scm", "short", make, "scm")
    add("logarithms", MATRICES, logarithms)
    add("tangent space, fit and transform", MATRICES, tangent)
    add("distances from 4 means, as MDM", MATRICES, distances, 4)
    add("distances of 100 from 50, as nearest neighbours", MATRICES, distances, 50, 100)
    add("kernel matrix", MATRICES, kernel)
    add("pairwise distances of 100", MATRICES, pairwise)
    add("tangent space of 5 folds, from windows", MATRICES, folds)
    add("MDM of 5 folds, from windows", MATRICES, mdm_folds)
    if "EEGEMO_TEST_DATA" in os.environ and not tiny:
        found["affine-invariant mean", RECORDED] = partial(mean, None, 125, "oas")
        found["tangent space, fitted", RECORDED] = partial(
            tangent_fitted, None, 125, "oas"
        )
        found["tangent space of 5 folds, from windows", RECORDED] = partial(
            folds, None, 125
        )
    add("Siegel, order 4", "SEED part, 4 s", siegel)
    lengths = (5, 7) if tiny else TRIALS
    found["LDS", f"SEED session {sum(lengths)}x310"] = partial(lds, lengths)
    oas, causal = Covariances("oas"), DifferentialEntropy(200, EDGES, causal=True)
    fourier = DifferentialEntropy(200, EDGES, "fft")
    for name, step in {
        "oas": oas,
        "DE, causal": causal,
        "DE, Fourier": fourier,
    }.items():
        add(f"{name}, {N_THREADS} threads of joblib", "SEED", threads, step)
    return found


def eeg(shape):
    """Mixed channels of correlated noise, with another gain in each window."""
    rng = np.random.default_rng(0)
    n_windows, n_channels, _ = shape
    X = signal.lfilter([1], [1, -0.8], rng.standard_normal(shape))
    mixing = np.eye(n_channels) + rng.standard_normal((n_channels,) * 2) / n_channels
    gain = np.exp(0.3 * rng.standard_normal((n_windows, n_channels, 1)))
    return np.ascontiguousarray(gain * (mixing @ X))


def covariance(shape, sfreq, estimator):
    X = eeg(shape)
    n, c, t = shape
    peer = Peer("pyRiemann", lambda: covariances(X, estimator))
    ours = partial(Covariances(estimator).transform, X)
    return Case(ours, [peer], n * c * (c + 1) * t, n * c * (t + c))


def augmented(shape, sfreq, order, lag, estimator):
    """MOABB drops ``lag`` samples more than it must: ours is not given them."""

    def moabb():
        features = import_module("moabb.pipelines.features")
        return covariances(
            features.AugmentedDataset(order, lag).transform(X), estimator
        )

    X = eeg(shape)
    same = np.ascontiguousarray(X[:, :, :-lag])
    n, c, t = same.shape
    return Case(
        partial(AugmentedCovariances(order, lag, estimator).transform, same),
        [Peer("MOABB + pyRiemann", moabb)],
        n * c * t * (c + 1 + 2 * c * (order - 1)),
        n * c * (t + order**2 * c),
    )


def lagged(shape, sfreq, delays):
    def matmul():
        Y = X - X.mean(axis=2, keepdims=True)
        pairs = [(Y[:, :, : t - d], Y[:, :, d:]) for d in delays]
        tables = [a @ b.swapaxes(1, 2) / a.shape[2] for a, b in pairs]
        return np.stack(tables, axis=1)

    X = eeg(shape)
    n, c, t = shape
    return Case(
        partial(lagged_covariances, X, delays),
        [Peer("NumPy matmul", matmul)],
        2 * n * c * c * t * len(delays),
        n * c * (t + c * len(delays)),
    )


def mdop(shape, sfreq):
    return Case(partial(AugmentedCovariances("mdop", "mdop").fit, eeg(shape)))


def _entropy(variance):
    return 0.5 * np.log(2 * np.pi * np.e * variance).reshape(len(variance), -1)


def filtered(shape, sfreq, causal, order=4):
    def scipy():
        Y = X - X.mean(axis=2, keepdims=True)
        run = signal.sosfilt if causal else signal.sosfiltfilt
        bands = [signal.butter(order, e, "band", fs=sfreq, output="sos") for e in EDGES]
        return _entropy(np.stack([run(sos, Y).var(axis=2) for sos in bands], axis=2))

    X = eeg(shape)
    n, c, t = shape
    n_padded = t if causal else 2 * (t + 6 * (2 * order + 1))
    return Case(
        partial(DifferentialEntropy(sfreq, EDGES, causal=causal).transform, X),
        [Peer("SciPy, batched", scipy)],
        9 * order * len(EDGES) * n * c * n_padded,
        n * c * (t + len(EDGES)),
    )


def _powers(X, sfreq):
    """Power in the bands by batched transforms."""
    n = X.shape[2]
    taper = signal.get_window("hann", n)
    spectrum = fft.rfft((X - X.mean(axis=2, keepdims=True)) * taper, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2) * 2 / (n * (taper**2).sum())
    f = fft.rfftfreq(n, 1 / sfreq)
    sums = [power[:, :, (low <= f) & (f < high)].sum(axis=2) for low, high in EDGES]
    return np.stack(sums, axis=2)


def _spectral_bound(shape):
    n, c, t = shape
    return 2.5 * n * c * t * np.log2(t), n * c * (t + len(EDGES))


def spectral(shape, sfreq):
    X = eeg(shape)
    ours = partial(DifferentialEntropy(sfreq, EDGES, "fft").transform, X)
    peer = Peer("SciPy, batched", lambda: _entropy(_powers(X, sfreq)))
    return Case(ours, [peer], *_spectral_bound(shape))


def band_power(shape, sfreq):
    X = eeg(shape)
    ours = partial(BandPower(sfreq, EDGES).transform, X)
    peer = Peer("SciPy, batched", lambda: _powers(X, sfreq).reshape(len(X), -1))
    return Case(ours, [peer], *_spectral_bound(shape))


def torcheeg(shape, sfreq, preset):
    """Its filters are transfer functions, with rounding errors in low bands."""
    X = eeg(shape)
    n, c, t = shape
    name = "BandDifferentialEntropy" + ("V1" if preset == "torcheeg-fft" else "")
    part = SAMPLE if preset == "torcheeg" and n > SAMPLE else None

    def peer():
        band = import_module("torcheeg.transforms.numpy.band")
        transform = getattr(band, name)(sampling_rate=sfreq)
        return np.stack([transform(eeg=x)["eeg"].ravel() for x in X[:part]])

    flops, numbers = _spectral_bound(shape)
    return Case(
        partial(DifferentialEntropy.from_preset(preset, sfreq).transform, X),
        [Peer("torcheeg", peer, 1e-4 if preset == "torcheeg" else 1e-10, part)],
        9 * 5 * 4 * n * c * t if preset == "torcheeg" else flops,
        numbers,
    )


@cache
def _libeer_preprocess():
    """Load the one file, since the package as a whole cannot be imported."""
    package = find_spec("LibEER")
    if package is None:
        raise ModuleNotFoundError("LibEER", name="LibEER")
    path = Path(package.origin).parent / "data_utils" / "preprocess.py"
    spec = spec_from_file_location("libeer_preprocess", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whole_trial(shape, sfreq):
    """Transfer functions over the trial, then the variance second by second."""

    def libeer():
        preprocess = _libeer_preprocess()
        return preprocess.de_extraction(X[0], sfreq, None, 1, 0).reshape(1, -1, c * 5)

    def scipy():
        out = np.empty((t // sfreq, c, 5))
        for b, band in enumerate(BANDS["libeer"].values()):
            y = signal.filtfilt(*signal.butter(3, band, "band", fs=sfreq), X[0])
            for i in range(len(out)):
                variance = y[:, i * sfreq : (i + 1) * sfreq].var(axis=1, ddof=1)
                out[i, :, b] = 0.5 * np.log2(2 * np.pi * np.e * variance)
        return out.reshape(1, len(out), -1)

    X = eeg(shape)
    _, c, t = shape
    return Case(
        lambda: DifferentialEntropy.from_preset("libeer", sfreq).transform_trials(X, 1),
        [Peer("LibEER", libeer, 1e-4), Peer("SciPy filtfilt, its twin", scipy, 1e-4)],
        9 * 3 * 5 * 2 * c * t,
        c * (t + 5 * t // sfreq),
    )


def hjorth(shape, sfreq):
    def numpy():
        v = [np.diff(X, order, axis=2).var(axis=2) for order in range(3)]
        mobility = np.sqrt(v[1] / v[0])
        complexity = np.sqrt(v[2] / v[1]) / mobility
        return np.stack([np.log(v[0]), mobility, complexity], axis=2).reshape(n, -1)

    X = eeg(shape)
    n, c, t = shape
    ours = partial(HjorthFeatures().transform, X)
    return Case(ours, [Peer("NumPy", numpy)], 14 * X.size, n * c * (t + 3))


def matrices(shape, estimator="oas"):
    return covariances(eeg(shape) if shape else recorded(), estimator)


@cache
def recorded():
    """Rest and mental arithmetic of EEGMAT, in windows of 4 s."""
    windows = []
    for path in sorted(Path(os.environ["EEGEMO_TEST_DATA"]).glob("eegmat/*_[12].edf")):
        raw = mne.io.read_raw_edf(
            path, exclude=["EEG A2-A1", "ECG ECG"], preload=True, verbose="error"
        )
        raw.filter(1, 40, verbose="error")
        cut = mne.make_fixed_length_epochs(raw, 4.0, preload=True, verbose="error")
        windows.append(cut.decimate(4, verbose="error").get_data() * 1e6)
    return np.concatenate(windows)


def mean(shape, sfreq, estimator):
    C = matrices(shape, estimator)
    peer = Peer("pyRiemann", lambda: PyriemannTangentSpace().fit(C).reference_, 1e-6)
    return Case(lambda: TangentSpace().fit(C).reference_, [peer])


def log_euclidean(shape, sfreq, estimator):
    C = matrices(shape, estimator)
    peer = Peer("pyRiemann", partial(mean_logeuclid, C))
    return Case(partial(mean_spd, C, "logeuclid"), [peer])


def logarithms(shape, sfreq):
    C = matrices(shape)
    peer = Peer("pyRiemann", lambda: upper(logm(C)))
    return Case(partial(log_vectors, C), [peer])


def tangent(shape, sfreq):
    C = matrices(shape)
    peer = Peer("pyRiemann", lambda: PyriemannTangentSpace().fit_transform(C), 1e-6)
    return Case(lambda: TangentSpace().fit_transform(C), [peer])


def tangent_fitted(shape, sfreq, estimator):
    C = matrices(shape, estimator)
    peer = Peer("pyRiemann", partial(PyriemannTangentSpace().fit(C).transform, C), 1e-6)
    return Case(partial(TangentSpace().fit(C).transform, C), [peer])


def distances(shape, sfreq, n_means, n_matrices=None):
    """From matrices of which the first few serve as means."""
    C = matrices(shape)[:n_matrices]
    n_means = min(n_means, len(C))
    ours, theirs = MDM(), PyriemannMDM()
    ours.fit(C[:n_means], np.arange(n_means))
    theirs.fit(C[:n_means], np.arange(n_means))
    peer = Peer("pyRiemann", partial(theirs.transform, C), 1e-6)
    return Case(partial(ours.transform, C), [peer])


def kernel(shape, sfreq):
    """As RiemannianSVC: of logarithms at the mean, which is given."""
    C = matrices(shape)
    reference = C.mean(axis=0)

    def ours():
        vectors = tangent_vectors(C, reference, "riemann")
        return vectors @ vectors.T

    return Case(ours, [Peer("pyRiemann", partial(kernel_riemann, C, Cref=reference))])


def pairwise(shape, sfreq):
    C = matrices(shape)[:100]
    peer = Peer("pyRiemann", partial(pairwise_distance, C, metric="riemann"), 1e-6)
    return Case(partial(pairwise_distance_spd, C), [peer])


def folds(shape, sfreq):
    """OAS, tangent space and logistic regression, cross-validated."""
    final = StandardScaler(), LogisticRegression(max_iter=1000)
    ours = Covariances("oas"), TangentSpace(), *final
    theirs = PyriemannCovariances("oas"), PyriemannTangentSpace(), *final
    return _cross_validated(shape, ours, theirs, "decision_function", 1e-3)


def mdm_folds(shape, sfreq):
    """OAS and distances from the means of two classes, cross-validated."""
    ours = Covariances("oas"), MDM()
    theirs = PyriemannCovariances("oas"), PyriemannMDM()
    return _cross_validated(shape, ours, theirs, "predict_proba", 1e-6)


def _cross_validated(shape, ours, theirs, method, tolerance):
    def run(steps):
        cv = min(5, len(X) // 4)  # of few windows, fewer folds
        return cross_val_predict(make_pipeline(*steps), X, y, cv=cv, method=method)

    X = eeg(shape) if shape else recorded()
    y = np.arange(len(X)) % 2
    X[y == 1, :, 3:] += 0.1 * X[y == 1, ::-1, :-3]
    return Case(
        partial(run, ours), [Peer("pyRiemann", partial(run, theirs), tolerance)]
    )


def siegel(shape, sfreq, order=4):
    """Covariances to vectors: with the structure, and affine-invariant without."""
    X = eeg(shape)
    structured = make_pipeline(BlockToeplitzCovariances(order), SiegelTangentSpace())
    plain = make_pipeline(AugmentedCovariances(order), TangentSpace())
    theirs = make_pipeline(AugmentedCovariances(order), PyriemannTangentSpace())
    peers = [
        Peer("eegemo, affine-invariant", lambda: plain.fit_transform(X), None),
        Peer("pyRiemann, affine-invariant", lambda: theirs.fit_transform(X), None),
    ]
    return Case(lambda: structured.fit_transform(X), peers)


def lds(lengths):
    X = np.random.default_rng(0).standard_normal((sum(lengths), 310))
    trial = np.repeat(np.arange(len(lengths)), lengths)
    parts = [list(x.reshape(-1, 62, 5)) for x in np.split(X, np.cumsum(lengths[:-1]))]

    def torcheeg():
        hooks = import_module("torcheeg.transforms.hooks.after_hook")
        smoothed = map(hooks.after_hook_linear_dynamical_system, parts)
        return np.concatenate([np.stack(part) for part in smoothed]).reshape(X.shape)

    ours = partial(LDSSmoother().transform, X, trial=trial)
    return Case(ours, [Peer("torcheeg", torcheeg)], 3 * X.size, 2 * X.size)


def threads(shape, sfreq, step):
    """Chunks of windows for the threads against all windows in one."""

    def parallel():
        parts = np.array_split(X, 4 * N_THREADS)
        run = Parallel(N_THREADS, backend="threading")
        return np.concatenate(run(delayed(step.transform)(part) for part in parts))

    X = eeg(shape)
    return Case(parallel, [Peer("eegemo, one thread", partial(step.transform, X))])
