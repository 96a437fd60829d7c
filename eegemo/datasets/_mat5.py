"""The file format of MATLAB 5 to 7: numbers, text, cells and structures.

SciPy's reader trusts its file: damaged bytes can end the process. This one looks only
at bytes that are there, and gives up at the first that makes no sense.
"""

import zlib
from math import prod

import numpy as np

from ._arrays import Variable

_HEADER_BYTES, _TAG_BYTES = 128, 8
_START_BYTES = 1024  # of a variable: enough for its type, shape and name
_STORED = {  # how numbers are stored, whatever their type
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4"},
    **{7: "f4", 9: "f8", 12: "i8", 13: "u8"},
}
_TEXT = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_CLASSES = {  # the type that MATLAB shows
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2"},
    **{11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"},
}
_COMPLEX, _LOGICAL = 0x0800, 0x0200
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}  # what ends the header
# What the functions here raise when the bytes make no sense.
DAMAGE = (ValueError, IndexError, RecursionError, MemoryError, zlib.error)


def describe(path):
    """Return {name: Variable}, without reading values."""
    variables = {}
    with open(path, "rb") as file:
        for element in _elements(file):
            name, variable, _, _ = _head(_start(file, *element), element[0])
            if name in variables:
                raise ValueError(f"there are two variables {name!r}")
            variables[name] = variable
    return variables


def read(path, names):
    """Return {name: value} of the variables of these names."""
    values = {}
    with open(path, "rb") as file:
        for element in _elements(file):
            name = _head(_start(file, *element), element[0])[0]
            if name in names:
                values[name] = _value(_content(file, *element), element[0])
            if len(values) == len(names):
                break
    return {name: values[name] for name in names}


def _slice(file, start, stop):
    file.seek(start)
    return file.read(stop - start)


def _elements(file):
    """Yield byte order, kind, start and stop of each variable of the file."""
    size, position = file.seek(0, 2), _HEADER_BYTES
    order = _ORDERS.get(_slice(file, 0, _HEADER_BYTES)[124:])
    if order is None:
        raise ValueError("it does not begin as such a file does")
    while position < size:
        start = position + _TAG_BYTES
        kind, n_bytes = _words(_slice(file, position, start), order)
        if start + n_bytes > size:
            raise ValueError(
                f"it has {size} bytes, and should have {start + n_bytes} at least"
            )
        if kind not in (_MATRIX, _COMPRESSED):
            raise ValueError(f"there is no variable at byte {position}")
        yield order, kind, start, start + n_bytes
        position = start + n_bytes


def _words(data, order):
    if len(data) != _TAG_BYTES:
        raise ValueError("it ends too early")
    return [int(word) for word in np.frombuffer(data, f"{order}u4")]


def _start(file, order, kind, start, stop):
    """Return the first bytes of a variable."""
    data = memoryview(_slice(file, start, min(stop, start + 2 * _START_BYTES)))
    if kind == _COMPRESSED:
        data = zlib.decompressobj().decompress(data, _START_BYTES)
        data = memoryview(data)[_TAG_BYTES:]
    return data


def _content(file, order, kind, start, stop):
    """Return all bytes of a variable."""
    data = memoryview(_slice(file, start, stop))
    if kind == _COMPRESSED:
        data = memoryview(zlib.decompress(data))
        inner, n_bytes = _words(data[:_TAG_BYTES], order)
        if inner != _MATRIX or n_bytes > len(data) - _TAG_BYTES:
            raise ValueError("a compressed variable is shorter than it claims")
        data = data[_TAG_BYTES : _TAG_BYTES + n_bytes]
    return data


def _part(data, position, order):
    """Return kind and bytes of the part that begins there, and where the next does."""
    kind, n_bytes = _words(data[position : position + _TAG_BYTES], order)
    if kind >> 16:  # up to 4 bytes are in the tag itself
        kind, n_bytes, start = kind & 0xFFFF, kind >> 16, position + 4
        end = position + _TAG_BYTES
    else:
        start = position + _TAG_BYTES
        end = start + n_bytes + (-n_bytes % 8)
    if start + n_bytes > min(end, len(data)):
        raise ValueError("a part of a variable is longer than the variable")
    return kind, data[start : start + n_bytes], end


def _head(data, order):
    """Return name, Variable, class and the place of the values."""
    _, flags, position = _part(data, 0, order)
    flags = _words(flags, order)[0]
    cls = flags & 0xFF
    kind, part, position = _part(data, position, order)
    if kind == 1:  # objects have no shape, and their name comes first
        return bytes(part).decode("latin-1"), Variable((), None), cls, position
    shape = tuple(int(n) for n in np.frombuffer(part, f"{order}i4"))
    if min(shape, default=-1) < 0:
        raise ValueError(f"a variable has the shape {shape}")
    _, part, position = _part(data, position, order)
    dtype = _CLASSES.get(cls)
    if dtype is not None and not flags & _LOGICAL:
        dtype = np.dtype(dtype)
        if flags & _COMPLEX:
            dtype = np.dtype(f"c{2 * max(dtype.itemsize, 4)}")
    else:
        dtype = None
    name = bytes(part).decode("latin-1")
    return name, Variable(shape, dtype), cls, position


def _value(data, order):
    """Read a variable: an array of numbers, a str, or cells or structures of them."""
    if not len(data):  # a cell or field without a value
        return np.zeros((0, 0))
    _, (shape, dtype), cls, position = _head(data, order)
    if cls == _CELL:
        return _nested(data, position, order, shape)
    if cls == _STRUCT:
        return _structures(data, position, order, shape)
    if cls == _CHAR:
        kind, part, _ = _part(data, position, order)
        text = _known(_TEXT, kind)
        if text == "utf-16":
            text += "-le" if order == "<" else "-be"
        return bytes(part).decode(text)
    if cls not in _CLASSES:
        raise ValueError(f"a variable is of the unknown class {cls}")
    values, position = _numbers(data, position, order, shape)
    if dtype is None:
        return values.astype(bool)
    if dtype.kind == "c":
        values = values + 1j * _numbers(data, position, order, shape)[0]
    return values.astype(dtype, copy=False)


def _numbers(data, position, order, shape):
    kind, part, position = _part(data, position, order)
    values = np.frombuffer(part, f"{order}{_known(_STORED, kind)}")
    return values.reshape(shape, order="F"), position


def _known(kinds, kind):
    if kind not in kinds:
        raise ValueError(f"values are stored in the unknown way {kind}")
    return kinds[kind]


def _nested(data, position, order, shape):
    """Read cells into an array of objects."""
    n = prod(shape)
    if n > len(data) // _TAG_BYTES:
        raise ValueError("a cell array has more cells than there are bytes")
    cells = np.empty(n, dtype=object)
    for i in range(n):
        kind, part, position = _part(data, position, order)
        if kind != _MATRIX:
            raise ValueError("a cell holds no variable")
        cells[i] = _value(part, order)
    return cells.reshape(shape, order="F")


def _structures(data, position, order, shape):
    """Read structures: a dict if there is one, else an array of dicts."""
    _, part, position = _part(data, position, order)
    width = int(np.frombuffer(part, f"{order}i4")[0])
    _, part, position = _part(data, position, order)
    if width < 1 or len(part) % width:
        raise ValueError("the names of fields have no length")
    text = bytes(part)
    names = [
        text[i : i + width].split(b"\0")[0].decode("latin-1")
        for i in range(0, len(text), width)
    ]
    cells = _nested(data, position, order, (len(names), prod(shape)))
    found = np.empty(prod(shape), dtype=object)
    for i, column in enumerate(cells.T):
        found[i] = dict(zip(names, column, strict=True))
    return found[0] if shape == (1, 1) else found.reshape(shape, order="F")
