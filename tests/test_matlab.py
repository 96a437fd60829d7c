import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from folders import write_mat
from numpy.testing import assert_array_equal

from eegemo.datasets._matlab import (
    check_arrays,
    describe_variables,
    read_arrays,
    read_variables,
)

VERSIONS = ["5", "7", "7.3"]
HINT = "Do this."
MATLAB_FILES = sorted(
    path
    for path in Path(scipy.io.matlab.__file__).parent.glob("tests/data/*_[67].*.mat")
    if "hdf5" not in path.name
)


@pytest.fixture(params=VERSIONS)
def file(request, tmp_path):
    """A recording and other variables."""
    variables = {
        "eeg": np.random.default_rng(0).standard_normal((62, 300)),
        "other": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    }
    return write_mat(tmp_path / "file.mat", variables, request.param)


def refuses(function, *messages):
    with pytest.raises(ValueError) as caught:
        function()
    for message in messages:
        assert message in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
)
def test_numbers_of_all_types(tmp_path, version, dtype):
    value = np.arange(24).reshape(2, 3, 4).astype(dtype)
    path = write_mat(tmp_path / "file.mat", {"x": value, "y": 1.0}, version)
    assert describe_variables(path)["x"] == ((2, 3, 4), np.dtype(dtype))
    read = read_arrays(path, {"x": (2, None, 4)}, HINT, kinds="fiu")["x"]
    assert read.dtype == dtype
    assert_array_equal(read, value)


def test_versions_agree(file):
    read = read_arrays(file, {"eeg": (62, None), "other": (2, 2, 3)}, HINT)
    expected = np.random.default_rng(0).standard_normal((62, 300))
    assert_array_equal(read["eeg"], expected)
    assert_array_equal(read["other"], np.arange(12).reshape(2, 2, 3))


@pytest.mark.parametrize("compressed", [False, True])
def test_agrees_with_scipy(tmp_path, compressed):
    path = tmp_path / "file.mat"
    structures = np.zeros((1, 2), dtype=[("label", object), ("x", object)])
    structures[0, 0] = ("one", np.eye(2))
    structures[0, 1] = ("two", np.array([[3, 4]], np.uint8))
    cells = np.array([["a", "bc"], [1.5, np.arange(3.0)]], dtype=object)
    variables = {
        "complex": np.array([[1 + 2j, 3 - 4j]]),
        "logical": np.array([[True, False]]),
        "empty": np.zeros((0, 3)),
        "text": "déjà vu",
        "structures": structures,
        "cells": cells,
        "nested": {"inner": {"value": 5.0}, "list": cells},
        "scalar": 7.0,
    }
    scipy.io.savemat(path, variables, do_compression=compressed)
    shapes = {name: shape for name, shape, _ in scipy.io.whosmat(path)}
    described = describe_variables(path)
    assert list(described) == list(shapes)
    for name in ("complex", "logical", "empty", "structures", "cells", "scalar"):
        assert described[name].shape == shapes[name]
    expected = scipy.io.loadmat(path)
    read = read_variables(path, list(variables))
    for name in ("complex", "logical", "empty", "scalar"):
        assert_array_equal(read[name], expected[name])
    assert read["complex"].dtype == complex and read["logical"].dtype == bool
    assert read["text"] == "déjà vu"
    assert read["structures"].shape == (1, 2)
    assert read["structures"][0, 1]["label"] == "two"
    assert_array_equal(read["structures"][0, 1]["x"], expected["structures"][0, 1]["x"])
    assert read["cells"][0, 1] == "bc"
    assert_array_equal(read["cells"][1, 1], expected["cells"][1, 1])
    assert read["nested"]["inner"]["value"] == 5
    assert read["nested"]["list"].shape == (2, 2)


@pytest.mark.skipif(not MATLAB_FILES, reason="SciPy came without its tests")
@pytest.mark.filterwarnings("ignore")  # of SciPy's reader
def test_files_that_matlab_wrote():
    """Versions 6.1 to 7.4 on several systems, in both orders of bytes."""
    n_arrays = 0
    for path in MATLAB_FILES:
        expected = scipy.io.loadmat(path)
        for name, variable in describe_variables(path).items():
            if variable.dtype is not None:
                assert_array_equal(read_variables(path, [name])[name], expected[name])
                n_arrays += 1
    assert n_arrays > 20


def matrix(name, value, order="<"):
    """One float64 variable as MATLAB 5 stores it."""
    shape = struct.pack(f"{order}ii", *value.shape)
    parts = [
        struct.pack(f"{order}IIII", 6, 8, 6, 0),
        struct.pack(f"{order}II", 5, 8) + shape,
        struct.pack(f"{order}II", 1, len(name)) + name + b"\0" * (-len(name) % 8),
        struct.pack(f"{order}II", 9, value.nbytes),
        value.astype(f"{order}f8").tobytes(order="F"),
    ]
    body = b"".join(parts)
    return struct.pack(f"{order}II", 14, len(body)) + body


def header(order="<"):
    return b"MATLAB 5.0 MAT-file".ljust(124) + (
        b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_order_of_bytes(tmp_path, order):
    path = tmp_path / "file.mat"
    value = np.arange(6.0).reshape(2, 3)
    path.write_bytes(header(order) + matrix(b"x", value, order))
    assert describe_variables(path) == {"x": ((2, 3), np.dtype(float))}
    assert_array_equal(read_variables(path, ["x"])["x"], value)
    assert_array_equal(scipy.io.loadmat(path)["x"], value)


def test_same_name_twice(tmp_path):
    path = tmp_path / "file.mat"
    path.write_bytes(header() + 2 * matrix(b"x", np.eye(2)))
    refuses(lambda: describe_variables(path), "damaged", "two variables 'x'")


@pytest.mark.parametrize("share", [0, 0.0001, 0.002, 0.1, 0.5, 0.97, 0.999])
def test_truncated(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    refuses(lambda: read_variables(file, ["eeg"]), str(file), "damaged", "Copy it anew")
    refuses(lambda: describe_variables(file), "damaged, incomplete or of another")


def test_text(tmp_path):
    path = tmp_path / "file.mat"
    path.write_text("0.1 0.2 0.3\n" * 500)
    refuses(lambda: describe_variables(path), "it does not begin as such a file does")


@pytest.mark.parametrize("version", ["5", "7"])
def test_damage_is_always_a_clear_error(tmp_path, version):
    """SciPy's reader can end the process on such files."""
    variables = {
        "eeg": np.random.default_rng(0).standard_normal((4, 20)),
        "structure": {"cells": np.array([1.0, "a"], dtype=object)},
        "text": "abc",
    }
    path = write_mat(tmp_path / "file.mat", variables, version)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        start = rng.integers(len(content))
        for place in start + rng.integers(0, 30, size=4):
            damaged[place % len(content)] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            names = set(variables) & set(describe_variables(path))
            read_variables(path, list(names))
        except ValueError as error:
            n_refused += 1
            assert str(path) in str(error)
    assert n_refused > 30


def test_missing_variable(file):
    refuses(
        lambda: check_arrays(file, {"x": (1,)}, HINT),
        *(str(file), "should have a variable 'x'", "['eeg', 'other']", HINT),
    )


def test_wrong_shape(file):
    for shape, text in [((62, 301), "(62, 301)"), ((None, 5), "(n, 5)"), ((), "()")]:
        refuses(
            lambda shape=shape: read_arrays(file, {"eeg": shape}, HINT),
            *("'eeg' in", str(file), f"should have the shape {text}", "(62, 300)"),
            HINT,
        )


def test_wrong_type(tmp_path):
    variables = {
        "i": np.zeros((1, 2), np.int16),
        "c": np.array([[1j, 2]]),
        "t": "text",
        "s": {"a": 1.0},
        "b": np.array([[True]]),
    }
    path = write_mat(tmp_path / "file.mat", variables)
    for name, text in [
        ("i", "float32 or float64, got int16"),
        ("c", "float32 or float64, got complex128"),
        ("t", "should be an array stored in that file"),
        ("s", "should be an array stored in that file"),
        ("b", "should be an array stored in that file"),
    ]:
        refuses(lambda n=name: check_arrays(path, {n: (1, None)}, HINT), text, HINT)
    check_arrays(path, {"i": (1, 2)}, HINT, kinds="fiu")


def test_no_values(tmp_path):
    path = write_mat(tmp_path / "file.mat", {"x": np.zeros((62, 0))})
    refuses(lambda: check_arrays(path, {"x": (62, None)}, HINT), "(62, n), got (62, 0)")


def test_other_variables_are_not_read(tmp_path):
    """The one asked for is read though the values of another are damaged."""
    rng = np.random.default_rng(0)
    variables = {"a": rng.standard_normal((40, 40)), "b": np.eye(3)}
    path = write_mat(tmp_path / "file.mat", variables, "7")
    content = bytearray(path.read_bytes())
    content[6000:6100] = bytes(100)
    path.write_bytes(content)
    assert_array_equal(read_variables(path, ["b"])["b"], np.eye(3))
    refuses(lambda: read_variables(path, ["a"]), "damaged")


def test_text_and_cells_of_hdf5(tmp_path):
    path = tmp_path / "file.mat"
    with h5py.File(path, "w") as file:
        for name, kind in [("t", "char"), ("c", "cell"), ("l", "logical")]:
            file.create_dataset(name, data=np.ones((2, 1), "u2"))
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)
        file.create_dataset("e", data=np.zeros(2, "u8")).attrs["MATLAB_empty"] = 1
        file.create_group("#refs#")
    assert describe_variables(path) == dict.fromkeys("celt", ((), None))


def test_hdf5_that_claims_more_than_it_has(tmp_path):
    path = tmp_path / "file.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (62, 10**10), "f8", chunks=(1, 1000))
    refuses(lambda: describe_variables(path), "damaged", "claims to be (10000000000")
