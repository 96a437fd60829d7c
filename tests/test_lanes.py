"""Vectors of eight numbers in compiled code, against NumPy and their plain twins."""

import operator

import numpy as np
import pytest
from numba import config, njit
from numba.core.errors import TypingError
from numpy.testing import assert_array_equal

from eegemo._kernels import lanes
from eegemo._kernels.lanes import LANES, broadcast, load, rows, store

PAIRS = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    lanes.copysign: np.copysign,
    lanes.minimum: np.fmin,
    lanes.maximum: np.fmax,
}
OPERATORS = list(PAIRS)[:4]
SINGLES = {lanes.sqrt: np.sqrt, lanes.absolute: np.abs}
SPECIAL = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 5e-324]

by_name = {"ids": lambda function: function.__name__}


def numbers():
    """Two tables with all pairs of special numbers, and random ones."""
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    random = np.random.default_rng(0).standard_normal((2, 3, LANES))
    return np.vstack([x, random[0]]), np.vstack([y, random[1]])


def assert_same(got, expected):
    """To the last digit, and the sign of zeros."""
    assert_array_equal(got, expected)
    signed = ~np.isnan(expected)
    assert_array_equal(np.signbit(got)[signed], np.signbit(expected)[signed])


@pytest.mark.parametrize("function", PAIRS, **by_name)
@np.errstate(all="ignore")
def test_of_two(function):
    @njit
    def run(x, y, out):
        for k in range(len(x)):
            store(out, k, function(load(x, k), load(y, k)))

    x, y = numbers()
    out = np.empty_like(x)
    run(x, y, out)
    # Which zero is the lesser one is left open.
    either = function in (lanes.minimum, lanes.maximum)
    compare = assert_array_equal if either else assert_same
    compare(out, PAIRS[function](x, y))
    compare(out, function(x, y))


@pytest.mark.parametrize("function", SINGLES, **by_name)
@np.errstate(all="ignore")
def test_of_one(function):
    @njit
    def run(x, out):
        for k in range(len(x)):
            store(out, k, function(load(x, k)))

    x = numbers()[0]
    out = np.empty_like(x)
    run(x, out)
    assert_same(out, SINGLES[function](x))
    assert_same(out, function(x))


@pytest.mark.parametrize("function", OPERATORS, **by_name)
@np.errstate(all="ignore")
def test_number_and_vector(function):
    @njit
    def run(number, x, out):
        for k in range(len(x)):
            store(out, k, function(number, load(x, k)))

    x = numbers()[0]
    out = np.empty_like(x)
    for number in (2.5, -0.0, np.inf, np.nan):
        run(number, x, out)
        assert_same(out, PAIRS[function](number, x))


def test_the_number_wins_over_nan():
    number, nan = np.full(LANES, 3.0), np.full(LANES, np.nan)

    @njit
    def run(x, y, out):
        store(out, 0, lanes.minimum(load(x, 0), load(y, 0)))
        store(out, 1, lanes.maximum(load(x, 0), load(y, 0)))

    for x, y in ((number, nan), (nan, number)):
        out = np.empty((2, LANES))
        run(x[None], y[None], out)
        assert_array_equal(out, 3.0)


def test_load_copies_and_store_sets_one_row():
    @njit
    def swap(x, i, j):
        xi, xj = load(x, i), load(x[j:], 0)
        store(x, j, xi)
        store(x[i:], 0, xj)

    x = np.random.default_rng(0).standard_normal((5, LANES))
    before = x.copy()
    swap(x, 1, 3)
    assert_array_equal(x, before[[0, 3, 2, 1, 4]])


def test_broadcast():
    @njit
    def run(number, out):
        store(out, 1, broadcast(number))

    out = np.zeros((3, LANES))
    run(-1.5, out)
    assert_array_equal(out, [[0.0] * LANES, [-1.5] * LANES, [0.0] * LANES])
    assert_array_equal(broadcast(-1.5), out[1])


def test_rows_are_lines_of_the_cache():
    """All alive at once, for an allocator may give the same place again."""
    tables = [rows(n) for n in [1] * 20 + list(range(2, 40))]
    for i, x in enumerate(tables):
        assert x.ctypes.data % 64 == 0
        assert x.flags.c_contiguous and x.dtype == np.float64
        x[:] = i
    assert [len(x) for x in tables] == [1] * 20 + list(range(2, 40))
    assert all(x.shape[1] == LANES and (x == i).all() for i, x in enumerate(tables))


def test_load_from_any_place_and_total():
    @njit
    def run(x, i, out):
        value = lanes.load_from(x, i)
        store(out, 0, value)
        return lanes.total(value)

    x = np.random.default_rng(0).standard_normal(21)
    out = np.empty((1, LANES))
    for i in (0, 1, 5, 13):
        plain = lanes.load_from(x, i)
        assert run(x, i, out) == pytest.approx(plain.sum(), rel=1e-14)
        assert lanes.total(plain) == plain.sum()
        assert_array_equal(out[0], x[i : i + LANES])
        assert_array_equal(plain, out[0])


@pytest.mark.parametrize(
    "i, step, k, stride", [(0, 8, 0, 1), (3, 11, 1, 1), (5, 9, 2, 4)]
)
def test_transpose(i, step, k, stride):
    """Lines may overlap no others, and begin anywhere; rows between are left alone."""

    @njit
    def run(x, i, step, y, k, stride):
        lanes.transpose(x, i, step, y, k, stride)

    x = np.random.default_rng(0).standard_normal((12, 9))
    lines = [x.ravel()[i + step * line :][:LANES] for line in range(LANES)]
    expected = np.zeros((k + (LANES - 1) * stride + 1, LANES))
    expected[k::stride] = np.transpose(lines)
    for function in (run, lanes.transpose):
        y = np.zeros_like(expected)
        function(x, i, step, y, k, stride)
        assert_array_equal(y, expected)


@pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(
    "x", [np.zeros((2, LANES), np.float32), np.zeros((2, 2 * LANES))[:, ::2]]
)
def test_arrays_of_other_memory_are_refused(x):
    """Where it is compiled, what lies there would be taken for eight float64."""

    @njit
    def run(x):
        store(x, 0, load(x, 1))

    with pytest.raises(TypingError):
        run(x)
