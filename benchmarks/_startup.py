"""Seconds of importing eegemo, and of the first call of each family of kernels.

``python _startup.py import`` prints how long eegemo takes once all else it imports is
loaded; ``python _startup.py FAMILY`` prints how much longer the first call takes than
the second. Each runs in a process of its own, on tiny data.
"""

import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
import time

PACKAGES = (
    "from eegemo import bands, covariance, features, pipelines, riemann, temporal"
)
FAMILIES = {
    "cholesky": "riemann.mean_spd(X @ X.swapaxes(1, 2), 'euclid')",
    "covariance": """
for estimator in ("scm", "lwf", "oas"):
    covariance.Covariances(estimator).transform(X)
covariance.AugmentedCovariances().transform(X)
covariance.lagged_covariances(X, [0, 1])""",
    "embedding": "covariance.AugmentedCovariances('mdop', 'mdop').fit(X)",
    "filterbank": """
for causal in (True, False):
    features.DifferentialEntropy(200, causal=causal).transform(X)""",
    "folding": "features.DifferentialEntropy(200, method='fft').transform(X)",
    "hjorth": "features.HjorthFeatures().transform(X)",
    "smoothing": """
for iterations in (0, 2):
    temporal.LDSSmoother(em_iterations=iterations).transform(X)
temporal.MovingAverageSmoother().transform(X)""",
    "spd": """
C = X @ X.swapaxes(1, 2)
riemann.MDM().fit(C, [0, 1]).predict(C)
riemann.TangentSpace().fit_transform(C)""",
}


def startup():
    """Measure all.

    Returns
    -------
    rows : list of (what, seconds cold, seconds warm)
        Cold is with an empty cache of numba, warm in the next process.
    """
    with tempfile.TemporaryDirectory() as cache:
        return [
            (what, _child(what, cache), _child(what, cache))
            for what in ("import", *FAMILIES)
        ]


def _child(what, cache):
    command = [sys.executable, __file__, what]
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def _import_time():
    listing = f"import sys; {PACKAGES}; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", listing], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    for name in names:
        if name.partition(".")[0] not in ("eegemo", "__main__"):
            # Some are made by others, and cannot be imported by name.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    start = time.perf_counter()
    exec(PACKAGES)
    return time.perf_counter() - start


def _first_call(family):
    import numpy as np

    scope = {"X": np.random.default_rng(0).standard_normal((2, 4, 200))}
    exec(PACKAGES, scope)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        exec(FAMILIES[family], scope)
        times.append(time.perf_counter() - start)
    return times[0] - times[1]


if __name__ == "__main__":
    what = sys.argv[1]
    print(_import_time() if what == "import" else _first_call(what))
