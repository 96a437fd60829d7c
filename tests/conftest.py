"""What must be set before NumPy, Numba, MNE and MOABB are imported."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="eegemo-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # for scikit-learn's own checks
# Compiled kernels of an earlier state of the code could otherwise pass the tests.
os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(_home, "numba"))
# Neither the user's settings nor data sets are read or written, and nothing is fetched.
os.environ["_MNE_FAKE_HOME_DIR"] = _home
os.environ["MNE_DATA"] = os.path.join(_home, "mne_data")
os.environ["MOABB_RESULTS"] = os.path.join(_home, "results")
os.environ["MOABB_DOWNLOAD_PROVIDER"] = "upstream"

if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    # Whole benchmarks would take hours on interpreted kernels.
    collect_ignore = [
        f"test_{name}.py"
        for name in ("audit", "cli", "dasps", "hoist", "readme", "recordings", "runner")
    ]
