"""House rules that every kernel keeps."""

import hashlib
import importlib
import pkgutil
from pathlib import Path

import pytest
from numba import config
from numba.core.dispatcher import Dispatcher

import eegemo._kernels
from eegemo._kernels import lanes

SAFE = {"reassoc", "nsz", "arcp", "contract", "afn"}  # neither nnan nor ninf

MODULES = [
    importlib.import_module(f"eegemo._kernels.{module.name}")
    for module in pkgutil.iter_modules(eegemo._kernels.__path__)
]
KERNELS = [
    pytest.param(module, value, id=f"{module.__name__.split('.')[-1]}.{name}")
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Dispatcher)
]

compiled = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_names_its_edition_of_lanes(module):
    """Else Numba would go on using the machine code of an earlier one."""
    if hasattr(module, "load") or hasattr(module, "load_from"):
        if module is not lanes:
            code = Path(lanes.__file__).read_text().encode()
            assert module.LANES_EDITION == hashlib.sha256(code).hexdigest()[:8]


@compiled
@pytest.mark.parametrize("module, kernel", KERNELS)
class TestKernel:
    def test_options_are_its_own(self, module, kernel):
        """Numba would go on using old machine code after an edit of another file."""
        assert kernel.py_func.__module__ == module.__name__

    def test_is_cached(self, module, kernel):
        assert kernel.stats.cache_path is not None

    def test_releases_the_gil(self, module, kernel):
        assert kernel.targetoptions.get("nogil")

    def test_keeps_nan_and_infinity(self, module, kernel):
        flags = kernel.targetoptions.get("fastmath", set())
        assert isinstance(flags, set) and flags <= SAFE

    def test_leaves_threads_to_joblib(self, module, kernel):
        assert not kernel.targetoptions.get("parallel")
