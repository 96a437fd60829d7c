import numpy as np
import pytest

from eegemo.bands import BANDS, resolve_bands


@pytest.mark.parametrize("key", BANDS)
def test_by_name(key):
    names, edges = resolve_bands(key)
    assert names == ["delta", "theta", "alpha", "beta", "gamma"][-len(names) :]
    assert edges == list(BANDS[key].values())
    assert all(a < b for a, b in edges)
    assert all(b <= c for (_, b), (c, _) in zip(edges[:-1], edges[1:], strict=True))


@pytest.mark.parametrize(
    "bands",
    [
        [(8, 13), (13, 30)],
        ((8, 13), (13, 30)),
        [[8, 13], [13.0, 30.0]],
        np.array([[8, 13], [13, 30]]),
        iter([(8, 13), (13, 30)]),
    ],
    ids=["list", "tuple", "lists", "array", "iterator"],
)
def test_by_edges(bands):
    assert resolve_bands(bands) == (["8-13Hz", "13-30Hz"], [(8, 13), (13, 30)])


def test_by_dict_keeps_its_order():
    bands = {"beta": (13, 30), 1: (8.5, 13)}
    assert resolve_bands(bands) == (["beta", "1"], [(13, 30), (8.5, 13)])


@pytest.mark.parametrize(
    "bands, message",
    [
        ("sleep", "Unknown bands 'sleep': expected one of .*'seed'.*dict.*list"),
        (7, "Unknown bands 7"),
        (None, "Unknown bands None"),
        ({}, "empty"),
        ([], "empty"),
        ((8, 13), "A band is a pair .* got 8"),
        (["alpha"], "A band is a pair .* got 'alpha'"),
        ([(8, 13, 30)], "A band is a pair"),
        ([("8", "13")], "A band is a pair"),
        ({"alpha": 8}, "A band is a pair"),
        ({"alpha": (8, None)}, "A band is a pair"),
        ([(13, 8)], "0 < low < high"),
        ([(8, 8)], "0 < low < high"),
        ([(0, 4)], "0 < low < high"),
        ([(np.nan, 4)], "0 < low < high"),
        ([(8, 13), (8, 13)], "different names"),
        ({1: (8, 13), "1": (13, 30)}, "different names"),
    ],
    ids=str,
)
def test_bad_bands(bands, message):
    with pytest.raises(ValueError, match=message):
        resolve_bands(bands)
