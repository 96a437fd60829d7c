"""Read arrays, numbers and text from pickles, without running what pickles ask for.

A pickle is a program: loading one calls whatever functions it names. Here it gets none
of NumPy's, but stand-ins that only note what an array should be. The array is made
afterwards, once its type, shape and size are known to agree.
"""

import pickle
import pickletools
import re
from itertools import product
from math import prod

import numpy as np

from ._arrays import check_shape, check_type

_CORES = ("numpy.core", "numpy._core")  # before NumPy 2, and since
_NUMERIC = re.compile("[biufc][0-9]{1,2}")
_PLAIN_STATE = (None, None, None, -1, -1, 0)  # of a dtype without fields
# How pickles name objects other than by what _Unpickler.find_class admits.
_REFUSED_CODES = (
    *("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"),
    *("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"),
)
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")


def read_pickle(path):
    """Read a pickle that holds arrays, numbers, text and plain containers of them.

    Protocols 0 to 5 are read, from Python 2 (text as Latin-1) and 3, NumPy 1 and 2.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    value : object
        Made of arrays and scalars of NumPy with numeric types, numbers, str, bytes,
        bytearray, None, dict, list, tuple, set and frozenset. Arrays may be read-only.

    Raises
    ------
    ValueError
        The pickle asks for anything else, such as a function, a class or an array of
        objects, or it is damaged, incomplete or no pickle at all. Nothing it asks for
        is imported or called.
    """
    with open(path, "rb") as file:
        return unpickle(file, path)


def unpickle(file, path):
    """Read a pickle from an open file, as :func:`read_pickle` does.

    Parameters
    ----------
    file : file-like
        Open for reading bytes, and able to seek.
    path : str or path-like
        What to call it in messages.

    Returns
    -------
    value : object
    """
    try:
        start = file.tell()
        _check_codes(file)
        file.seek(start)
        value = _Unpickler(file, encoding="latin1").load()
        return _finish(value, {})
    except _RefusedError as error:
        raise ValueError(
            f"{path} should hold arrays of numbers, text and plain containers, and "
            f"{error}. Nothing of it was run. Get the file anew from those who "
            "made the data set."
        ) from error
    except Exception as error:  # bytes that make no sense raise errors of any kind
        reason = str(error) or type(error).__name__
        raise ValueError(
            f"{path} cannot be read as a pickle: it is damaged, incomplete or of "
            f"another format. Copy it anew. The reader says: {reason}"
        ) from error


class _RefusedError(Exception):
    """What the pickle asks for is not admitted."""


def _check_codes(file):
    """Refuse codes that no pickle of arrays needs, before any is carried out."""
    n_put = 0
    for code, argument in _codes(file):
        if code.name in _REFUSED_CODES:
            raise _RefusedError(f"has the code {code.name}")
        if code.name in _PUTS:
            n_put += 1
            # Memory is taken up to the highest place, and writers count from 0 or 1.
            if argument > n_put:
                raise _RefusedError(f"remembers {n_put} objects at place {argument}")


def _codes(file):
    """Yield codes and arguments, as pickletools.genops does for pickles of Python 3."""
    code = None
    while code is None or code.name != "STOP":
        byte = file.read(1)
        if byte.decode("latin1") not in pickletools.code2op:
            raise ValueError(f"no code {byte!r}" if byte else "it ends too early")
        code = pickletools.code2op[byte.decode("latin1")]
        if code.name == "STRING":  # in Python 2 not only ASCII
            yield code, file.readline()
        else:
            yield code, code.arg.reader(file) if code.arg else None


class _Unpickler(pickle.Unpickler):
    """An unpickler that gives stand-ins for the names it knows, and nothing else."""

    def find_class(self, module, name):
        """Look a name up in a table; nothing is imported."""
        if (module, name) not in _STAND_INS:
            raise _RefusedError(f"asks for {module}.{name}")
        return _Callable(_STAND_INS[module, name])

    def persistent_load(self, pid):
        """Refuse references to objects outside the file."""
        raise _RefusedError("refers to an object outside it")


class _Callable:
    """A function that a pickle may call, but can neither inspect nor change."""

    __slots__ = ("_function",)

    def __init__(self, function):
        self._function = function

    def __call__(self, *args):
        return self._function(*args)

    def __setstate__(self, state):
        raise _RefusedError("changes a function")


class _Type:
    """Stands in for a dtype: its name, and the order of its bytes."""

    __slots__ = ("name", "order")

    def __init__(self, name, align=False, copy=False):
        if not isinstance(name, str):
            raise _RefusedError("has an array type without a name")
        self.name, self.order = name, "="

    def __setstate__(self, state):
        _, self.order, *rest = state
        if tuple(rest) != _PLAIN_STATE:
            raise _RefusedError(f"has an array of fields or objects, {self.name!r}")

    def make(self):
        """Return the type, if it is one of numbers."""
        if not _NUMERIC.fullmatch(self.name):
            raise _RefusedError(f"has an array of type {self.name!r}")
        dtype = np.dtype(self.name)
        return dtype if self.order == "|" else dtype.newbyteorder(self.order)


class _Array:
    """Stands in for an array, or for a scalar of NumPy, until all of it is known."""

    __slots__ = ("shape", "dtype", "order", "axes", "data", "is_scalar")

    def __init__(self, data=b"", dtype=None, shape=(), order="C", axes=None):
        self.data, self.dtype, self.shape = data, dtype, shape
        self.order, self.axes, self.is_scalar = order, axes, False

    def __setstate__(self, state):
        _, self.shape, self.dtype, is_fortran, self.data = state
        self.order = "F" if is_fortran else "C"

    def make(self):
        """Return the array, a view of the bytes in the pickle."""
        if not isinstance(self.dtype, _Type):
            raise _RefusedError("has an array of unknown type")
        dtype, data = self.dtype.make(), self.data
        if isinstance(data, str):  # as Python 2 wrote it
            data = data.encode("latin1")
        if not isinstance(data, (bytes, bytearray)):
            raise _RefusedError("has an array of objects")
        if any(type(n) is not int or n < 0 for n in self.shape):
            raise ValueError("an array has lengths that are no whole numbers")
        n_bytes = prod(self.shape) * dtype.itemsize
        if n_bytes != len(data):
            raise ValueError(
                f"an array of shape {self.shape} and type {dtype} should have "
                f"{n_bytes} bytes, got {len(data)}"
            )
        array = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
        if self.axes is not None:
            return array.reshape(self.shape).transpose(self.axes)
        array = array.reshape(self.shape, order=self.order)
        return array[()] if self.is_scalar else array


def _begin_array(kind, shape, code):
    """Stand in for numpy.core.multiarray._reconstruct; the state comes later."""
    return _Array()


def _make_scalar(dtype, data=None):
    """Stand in for numpy.core.multiarray.scalar."""
    scalar = _Array(data, dtype)
    scalar.is_scalar = True
    return scalar


def _encode(text, encoding="latin1"):
    """Stand in for _codecs.encode, by which Python 3 writes bytes in protocols 0-2."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _RefusedError(f"encodes as {encoding!r}")
    return text.encode("latin1")


def _make_set(items=()):
    return set(_list(items))


def _make_frozenset(items=()):
    return frozenset(_list(items))


def _make_bytes(*nothing):
    if nothing:  # bytes(n) would take n bytes of memory
        raise _RefusedError("makes bytes of something")
    return b""


def _make_bytearray(data=b""):
    if not isinstance(data, bytes):
        raise _RefusedError("makes a bytearray of something other than bytes")
    return bytearray(data)


def _make_complex(real, imaginary):
    if not isinstance(real, float) or not isinstance(imaginary, float):
        raise _RefusedError("makes a complex number of something other than floats")
    return complex(real, imaginary)


def _list(items):
    if not isinstance(items, (list, tuple)):
        raise _RefusedError("makes a set of something other than a list")
    return items


def _refuse_call(*args):
    raise _RefusedError("makes an array in an unknown way")


_STAND_INS = {
    ("numpy", "ndarray"): _refuse_call,  # only named, as the kind of array
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
}
_STAND_INS |= {
    (module, name): function
    for module, (name, function) in product(
        ("builtins", "__builtin__"),
        {
            "set": _make_set,
            "frozenset": _make_frozenset,
            "bytes": _make_bytes,
            "bytearray": _make_bytearray,
            "complex": _make_complex,
        }.items(),
    )
}
for _core in _CORES:
    _STAND_INS[f"{_core}.multiarray", "_reconstruct"] = _begin_array
    _STAND_INS[f"{_core}.multiarray", "scalar"] = _make_scalar
    _STAND_INS[f"{_core}.numeric", "_frombuffer"] = _Array


def _finish(value, done):
    """Return the value with arrays for their stand-ins.

    ``done`` has what was finished, by identity: an object may be in several places.
    """
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, _Array):
        out = value.make()
    elif isinstance(value, dict):
        out = {_plain(key): _finish(item, done) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        out = type(value)(_finish(item, done) for item in value)
    elif isinstance(value, (set, frozenset)):
        out = type(value)(_plain(item) for item in value)
    else:
        return _plain(value)
    done[id(value)] = value, out  # the value too, so that its identity stays its own
    return out


def _plain(value):
    """Return a number or text; in a key or a set, nothing else is admitted."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    known = (str, bytes, bytearray, int, float, complex)
    if value is not None and not isinstance(value, known):
        raise _RefusedError(f"holds a {type(value).__name__.lstrip('_')} out of place")
    return value


def check_pickled(value, shape, what, hint):
    """Refuse what is no array of floats of that shape.

    Parameters
    ----------
    value : object
        From a pickle.
    shape : tuple of int
    what : str
        Names the array and its file.
    hint : str
        A sentence that says what to do.
    """
    if not isinstance(value, np.ndarray):
        raise ValueError(
            f"{what} should be an array, got {type(value).__name__}. {hint}"
        )
    check_type(value.dtype, "f", what, hint)
    check_shape(value.shape, shape, what, hint)
