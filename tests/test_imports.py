"""What importing costs, and what it brings."""

import importlib
import os
import subprocess
import sys

import pytest
from numba import config

PACKAGES = [
    "eegemo.adapt",
    "eegemo.covariance",
    "eegemo.features",
    "eegemo.riemann",
    "eegemo.temporal",
]
MODULES = [
    *PACKAGES,
    "eegemo.bands",
    "eegemo.datasets",
    "eegemo.evaluation",
    "eegemo.metrics",
    "eegemo.montage",
    "eegemo.paradigm",
    "eegemo.pipelines",
]
IMPORT_ALL = (
    "import sys, threading, eegemo, " + ", ".join(PACKAGES) + ", eegemo.metrics; "
)


def run(code, **variables):
    """Run code in a fresh process with our path; return what it prints."""
    path = os.pathsep.join(filter(None, sys.path))
    env = {**os.environ, "PYTHONPATH": path, **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", MODULES)
def test_star_import(module):
    names = importlib.import_module(module).__all__
    assert all(isinstance(name, str) for name in names)
    assert names == sorted(names)
    namespace = {}
    exec(f"from {module} import *", namespace)
    assert set(names) == set(namespace) - {"__builtins__"}
    assert all(namespace[name].__doc__ for name in names)


def test_heavy_packages_are_not_imported():
    """scikit-learn imports pandas and pyRiemann imports Matplotlib; we add nothing."""
    before = "import sys, pyriemann.geometry.mean, sklearn; before = set(sys.modules); "
    heavy = "{'moabb', 'mne', 'matplotlib', 'torch', 'pandas'}"
    added = f"print({heavy} & (set(sys.modules) - before), 'moabb' in before)"
    assert run(before + IMPORT_ALL + added) == "set() False"


def test_no_thread_is_started():
    assert run(IMPORT_ALL + "print(threading.active_count())") == "1"


READ_ONLY = """
import tempfile
import warnings

make = tempfile.TemporaryFile  # by which Numba finds out where it may write


def deny(*args, dir=None, **kwargs):
    if "eegemo-" not in str(dir):
        raise PermissionError(dir)
    return make(*args, dir=dir, **kwargs)


tempfile.TemporaryFile = deny
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from eegemo.covariance import Covariances
assert any("NUMBA_CACHE_DIR" in str(w.message) for w in caught)
print(Covariances().transform([[[1.0, -1.0]]]))
"""


@pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
def test_nothing_can_be_written():
    assert run(READ_ONLY, NUMBA_CACHE_DIR="") == "[[[1.]]]"
