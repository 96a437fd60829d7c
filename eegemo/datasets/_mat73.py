"""The file format of MATLAB 7.3, which is HDF5: arrays of numbers."""

import os

import numpy as np

from ._arrays import Variable

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What deflate cannot exceed; a file that claims more is not what it says.
_MAX_COMPRESSION = 1032
# What HDF5 raises when the bytes make no sense.
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)


def is_mat73(path):
    """Tell by the signature, at the start or behind the header that MATLAB writes."""
    with open(path, "rb") as file:
        start = file.read(520)
    return _SIGNATURE in (start[:8], start[512:])


def describe(path):
    """Return {name: Variable}, without reading values."""
    h5py = _h5py(path)
    with h5py.File(path, "r") as file:
        names = [name for name in file if not name.startswith("#")]
        variables = {name: _describe(file, name, h5py) for name in names}
    size = os.path.getsize(path)
    for name, (shape, dtype) in variables.items():
        if dtype is not None:
            claimed = dtype.itemsize * np.prod(shape, dtype=float)
            if claimed > _MAX_COMPRESSION * size:
                raise ValueError(f"{name!r} claims to be {shape} in {size} bytes")
    return variables


def read(path, names):
    """Return {name: array} of the variables of these names, axes as in MATLAB."""
    with _h5py(path).File(path, "r") as file:
        return {name: file[name][()].T for name in names}


def _describe(file, name, h5py):
    # HDF5 files may point to other files, which are none of this folder's business.
    hard = isinstance(file.get(name, getlink=True), h5py.HardLink)
    data = file[name] if hard else None
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
        return Variable((), None)
    empty = data.shape is None or "MATLAB_empty" in data.attrs
    if empty or data.attrs.get("MATLAB_class") in (b"char", b"cell", b"logical"):
        return Variable((), None)
    return Variable(data.shape[::-1], data.dtype)


def _h5py(path):
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f"{path} is of MATLAB 7.3, which needs h5py to be read: "
            'pip install "eegemo[benchmark]".'
        ) from error
    return h5py
