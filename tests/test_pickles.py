"""Pickles of arrays are read; whatever else a pickle asks for is refused, not run."""

import builtins
import collections
import copyreg
import datetime
import functools
import io
import operator
import os
import pickle
import struct
import types

import numpy as np
import pytest
from folders_deap import python2_array
from numpy.testing import assert_array_equal

from eegemo.datasets._pickles import read_pickle

PROTOCOLS = range(6)
REFUSED = "Nothing of it was run"
DAMAGED = "damaged, incomplete or of another format"


def write(folder, data):
    path = folder / "s01.dat"
    path.write_bytes(data)
    return path


def reread(folder, value, protocol):
    return read_pickle(write(folder, pickle.dumps(value, protocol)))


def refuses(folder, data, *parts):
    path = write(folder, data)
    with pytest.raises(ValueError) as caught:
        read_pickle(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    for part in parts:
        assert part in message


# What is read.


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "f2", ">f8", ">i4", "i1", "u2", "i8", "c16", "?"]
)
def test_arrays(tmp_path, protocol, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for value in (array, np.asfortranarray(array), array[:, ::2], array[1, 2, 3]):
        out = reread(tmp_path, value, protocol)
        assert_array_equal(out, value)
        assert out.dtype == value.dtype and out.shape == value.shape
    for value in (array.transpose(1, 0, 2), array[:0], np.array(array[0, 0, 1])):
        out = reread(tmp_path, value, protocol)
        assert_array_equal(out, value, strict=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values(tmp_path, protocol):
    value = {
        "text": "Zürich 你",
        "bytes": b"\x00\xff",
        "nothing": [b"", "", (), [], {}, None],
        "numbers": (1, -1, 2**80, 0.5, float("inf"), True, False, 1 + 2j),
        "sets": [set(), {1, 2, (3, "x")}, frozenset({b"x"})],
        (1, "key"): bytearray(b"abc"),
        0: [[1, [2, [3]]]],
    }
    assert reread(tmp_path, value, protocol) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_array_in_two_places(tmp_path, protocol):
    array = np.arange(3.0)
    first, second = reread(tmp_path, [array, {"again": array}], protocol)
    assert second["again"] is first


def test_numpy_1_and_2_name_modules_differently(tmp_path):
    data = pickle.dumps(np.arange(4.0), 2)
    old = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != data
    for version in (data, old):
        assert_array_equal(read_pickle(write(tmp_path, version)), np.arange(4.0))


@pytest.mark.parametrize("binary", [False, True])
def test_python_2(tmp_path, binary):
    """As DEAP's files: a dict with byte strings for keys, counting places from 1."""
    rng = np.random.default_rng(0)
    data, labels = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 4)) > 0
    codes = b"\x80\x02" * binary + b"}p0\n(S'data'\n" + python2_array(data, binary)
    codes += b"S'labels'\n" + python2_array(labels, binary) + b"S'who'\nS'J\\xfcrg'\nu."
    out = read_pickle(write(tmp_path, codes))
    assert list(out) == ["data", "labels", "who"]
    assert_array_equal(out["data"], data, strict=True)
    assert_array_equal(out["labels"], labels, strict=True)
    assert out["who"] == "Jürg"


# What is refused.


class Calls:
    """Pickles itself as a call."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args) + ((state,) if state is not None else ())

    def __reduce__(self):
        return self.reduced


def mark(path):
    """Make a file; hostile pickles below ask for it."""
    open(path, "w").close()


def hostile_values(marker):
    command = f"touch {marker}"
    code = f"open({str(marker)!r}, 'w').close()"
    return {
        "system": Calls(os.system, command),
        "popen": Calls(os.popen, command),
        "eval": Calls(eval, code),
        "exec": Calls(exec, code),
        "compile": Calls(compile, code, "x", "exec"),
        "getattr": Calls(getattr, os, "system"),
        "import": Calls(__import__, "os"),
        "open": Calls(open, str(marker), "w"),
        "partial": Calls(functools.partial, eval, code),
        "mark": Calls(mark, str(marker)),
        "methodcaller": Calls(operator.methodcaller, "system", command),
        "attrgetter": Calls(operator.attrgetter, "system"),
        "map": Calls(map, eval, [code]),
        "reconstructor": Calls(copyreg._reconstructor, Exception, object, None),
        "numpy load": Calls(np.load, str(marker)),
        "numpy file": Calls(np.fromfile, str(marker)),
        "state": Calls(dict, state={"x": 1}),
        "type": Calls(type, "X", (), {}),
    }


HOSTILE = sorted(hostile_values("x"))


def no_module(value):
    """Pickle, whatever module cannot be pickled by itself."""

    class Pickler(pickle.Pickler):
        def reducer_override(self, obj):
            if isinstance(obj, types.ModuleType):
                return __import__, (obj.__name__,)
            return NotImplemented

    def dumps(protocol):
        buffer = io.BytesIO()
        Pickler(buffer, protocol).dump(value)
        return buffer.getvalue()

    return dumps


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", HOSTILE)
def test_calls(tmp_path, name, protocol):
    marker = tmp_path / "marker"
    value = hostile_values(marker)[name]
    refuses(tmp_path, no_module(value)(protocol), REFUSED, "asks for ")
    assert not marker.exists()


def test_the_marker_would_be_made(tmp_path):
    """The test above tests something: a plain unpickler runs these."""
    marker = tmp_path / "marker"
    for name in ("system", "eval", "exec", "mark"):
        pickle.loads(pickle.dumps(hostile_values(marker)[name]))
        assert marker.exists()
        marker.unlink()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "place",
    [
        lambda evil: [1, [2, {"x": evil}]],
        lambda evil: {"data": np.zeros(3), "labels": (evil,)},
        lambda evil: np.array([1.0, evil], dtype=object),
        lambda evil: np.array([(1.0, evil)], dtype="f8,O"),
        lambda evil: Calls(np.ndarray, evil),
        lambda evil: Calls(np.dtype, evil),
        lambda evil: Calls(set, [evil]),
        lambda evil: Calls(bytes, evil),
    ],
    ids="list dict object-array fields ndarray dtype set bytes".split(),
)
def test_calls_inside(tmp_path, place, protocol):
    marker = tmp_path / "marker"
    evil = Calls(eval, f"open({str(marker)!r}, 'w').close()")
    refuses(tmp_path, pickle.dumps(place(evil), protocol), REFUSED)
    assert not marker.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        np.array([None, 1], dtype=object),
        np.array(["text"]),
        np.array([b"text"]),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.zeros(2, dtype=[("x", "f8"), ("y", "O")]),
        np.zeros(2, dtype=[("x", "f8")]),
        np.zeros(2, dtype="V8"),
        np.ma.masked_array([1.0, 2.0], [0, 1]),
        np.dtype("f8"),
        np.ndarray,
        np.float64,
        np.float64("nan").dtype.type,
        np.random.default_rng(0),
        datetime.date(2020, 1, 1),
        collections.OrderedDict(x=1),
        range(3),
        slice(1),
        len,
        ...,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects(tmp_path, value, protocol):
    refuses(tmp_path, pickle.dumps(value, protocol), REFUSED)


GLOBALS = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "__import__"),
    ("__builtin__", "eval"),
    ("__builtin__", "apply"),
    ("copy_reg", "_reconstructor"),
    ("numpy", "ndarray.__reduce__"),
    ("numpy", "dtype.__class__"),
    ("numpy", "load"),
    ("numpy", "core.multiarray.scalar"),
    ("numpy.core.multiarray", "fromfile"),
    ("numpy.core.multiarray", "_reconstruct.__self__"),
    ("numpy._core.multiarray", "array"),
    ("numpy._core.numeric", "_frombuffer.__globals__"),
    ("numpy._core._multiarray_umath", "_reconstruct"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.f2py.crackfortran", "myeval"),
    ("_codecs", "decode"),
    ("_codecs", "encode.__call__"),
    ("codecs", "encode"),
    ("eegemo.datasets._pickles", "_Unpickler"),
    ("eegemo.datasets._pickles", "_STAND_INS"),
    (" ", "eval"),
]


@pytest.mark.parametrize(("module", "name"), GLOBALS)
def test_names(tmp_path, module, name):
    """By both codes that name something; the second can compute the name."""
    named = f"c{module}\n{name}\n.".encode()
    on_stack = b"".join(
        b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name)
    )
    for data in (named, b"\x80\x02" + named, b"\x80\x04" + on_stack + b"\x93."):
        refuses(tmp_path, data, f"asks for {module}.{name}", REFUSED)


def test_nothing_is_imported(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("imported")

    data = pickle.dumps({"x": np.arange(3.0), "y": [1, "2"]}, 2)
    path = write(tmp_path, data)
    bad = tmp_path / "bad"
    bad.write_bytes(b"cos\nsystem\n.")
    monkeypatch.setattr(builtins, "__import__", fail)
    assert read_pickle(path)["y"] == [1, "2"]
    with pytest.raises(ValueError):
        read_pickle(bad)
    monkeypatch.undo()


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
DTYPE = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR"
TYPE_STATE = b"(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
EMPTY = RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntS'b'\ntR"


@pytest.mark.parametrize(
    ("codes", "part"),
    [
        (b"cnumpy\nndarray\n)R.", "an unknown way"),
        (b"cnumpy\nndarray\n.", "holds a Callable out of place"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "has the code NEWOBJ"),
        (b"(cnumpy\nndarray\no.", "has the code OBJ"),
        (b"(S'ls'\nios\nsystem\n.", "has the code INST"),
        (b"Pname\n.", "has the code PERSID"),
        (b"\x80\x02I1\nQ.", "has the code BINPERSID"),
        (b"\x80\x02\x82\x01.", "has the code EXT1"),
        (b"\x80\x05\x97.", "has the code NEXT_BUFFER"),
        # The state of a function, by which its defaults or code would be replaced.
        (RECONSTRUCT + b"}S'x'\nI1\nsb.", "changes a function"),
        (RECONSTRUCT + b"(N}S'__code__'\nI1\nstb.", "changes a function"),
        (b"c_codecs\nencode\n(S'print(1)'\nS'rot13'\ntR.", "encodes as 'rot13'"),
        (b"c_codecs\nencode\n(I1\nS'latin1'\ntR.", "encodes as"),
        (b"cbuiltins\nbytes\n(I99999999999\ntR.", "makes bytes"),
        (b"cbuiltins\nbytearray\n(I99999999999\ntR.", "makes a bytearray"),
        (b"cbuiltins\ncomplex\n(S'1'\nI1\ntR.", "makes a complex number"),
        (b"cbuiltins\nset\n(S'abc'\ntR.", "makes a set"),
        (b"cnumpy\ndtype\n(S'O'\nI0\nI1\ntR.", "holds a Type out of place"),
        (b"cnumpy\ndtype\n(I1\ntR.", "an array type without a name"),
        # A dtype that claims, by its state, to be one of objects, or has fields.
        (DTYPE + b"(I3\nS'<'\nNNNI8\nI8\nI63\ntb.", "an array of fields or objects"),
        (DTYPE + b"(I3\nS'<'\nN(S'x'\nt}I8\nI8\nI0\ntb.", "fields or objects"),
        (EMPTY + b"(I1\n(I1\ntNI00\nS'x'\ntb.", "of unknown type"),
        (EMPTY + b"(I1\n(I1\nt" + DTYPE + TYPE_STATE + b"I00\n]tb.", "of objects"),
        (b"}" + EMPTY + b"I1\ns.", "holds a Array out of place"),
        (b"cbuiltins\nset\n(]" + EMPTY + b"atR.", "holds a Array out of place"),
    ],
)
def test_codes(tmp_path, codes, part):
    refuses(tmp_path, codes, part, REFUSED)


def test_extensions_of_copyreg(tmp_path):
    """A registered code is refused too, though no name is in the file."""
    copyreg.add_extension("os", "system", 77)
    try:
        refuses(tmp_path, b"\x80\x02\x82\x4d(S'exit 1'\ntR.", "EXT1", REFUSED)
    finally:
        copyreg.remove_extension("os", "system", 77)


@pytest.mark.parametrize("place", [3, 2**20, 2**31 - 1, 2**32 - 1])
def test_places_far_beyond_what_is_remembered(tmp_path, place):
    """They would take memory: 16 bytes for each place that is left out."""
    binary = b"\x80\x02Nr" + struct.pack("<I", place) + b"."
    for data in (binary, b"Np%d\n." % place):
        refuses(tmp_path, data, f"remembers 1 objects at place {place}", REFUSED)


# What cannot be read at all.


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_truncated(tmp_path, protocol):
    data = pickle.dumps({"data": np.arange(20.0).reshape(4, 5), "x": [1]}, protocol)
    for kept in range(0, len(data), 3):
        refuses(tmp_path, data[:kept], DAMAGED, "Copy it anew")


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"0.1 0.2\n" * 99, b"PK\x03\x04" + bytes(99), b"\x89HDF\r\n\x1a\n"],
)
def test_garbage(tmp_path, data):
    refuses(tmp_path, data, DAMAGED)


def test_random_damage(tmp_path):
    """Whatever byte is wrong, an array or the clear error comes out."""
    rng = np.random.default_rng(0)
    good = bytearray(pickle.dumps({"data": np.arange(4.0)}, 2))
    for place in range(len(good)):
        bad = good.copy()
        bad[place] = rng.integers(256)
        path = write(tmp_path, bytes(bad))
        try:
            read_pickle(path)
        except ValueError as error:
            assert str(error).startswith(str(path))


@pytest.mark.parametrize(
    "state",
    [
        b"(I2\ntI00\nS'" + b"x" * 8,  # too few bytes
        b"(I1\ntI00\nS'" + b"x" * 9,  # too many
        b"(I-1\nI-1\ntI00\nS'" + b"x" * 8,
        b"(I4611686018427387904\nI4\ntI00\nS'",
        b"(S'aaaa'\nI9999999999\ntI00\nS'" + b"x" * 8,
        b"(F1.0\ntI00\nS'" + b"x" * 8,
        b"I1\nI00\nS'" + b"x" * 8,
    ],
)
def test_arrays_that_contradict_themselves(tmp_path, state):
    shape, rest = state.split(b"I00", 1)
    codes = EMPTY + b"(I1\n" + shape + DTYPE + TYPE_STATE + b"I00" + rest + b"'\ntb."
    refuses(tmp_path, codes, DAMAGED)


@pytest.mark.parametrize(
    "data",
    [
        b"]" * 50_000 + b"a" * 49_999 + b".",  # nested beyond any use
        b"]p0\nh\x00a.",  # a list within itself
        b"\x80\x02\x8a\xff" + b"\xff" * 20 + b".",  # an integer longer than the file
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",  # so are these bytes
        b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
        b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.",
        b"I" + b"9" * 100_000 + b"\n.",
    ],
)
def test_unreasonable(tmp_path, data):
    refuses(tmp_path, data)


def test_shared_lists_do_not_multiply(tmp_path):
    """Lists of two times the same list, 60 deep, are still 60 lists."""
    codes = b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60))
    out = read_pickle(write(tmp_path, b"\x80\x02" + codes + b"."))
    for _ in range(60):
        assert out[0] is out[1]
        out = out[0]
    assert out == []


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_pickle(tmp_path / "none.pkl")
