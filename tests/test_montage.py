import numpy as np
import pytest

from eegemo.montage import (
    SEED_CHANNELS,
    frontal_posterior_pairs,
    left_right_pairs,
    neighbours,
    regions,
)


def test_seed():
    """The counts that the SEED papers give."""
    assert len(set(SEED_CHANNELS)) == 62
    lateral = left_right_pairs(SEED_CHANNELS)
    caudal = frontal_posterior_pairs(SEED_CHANNELS)
    assert len(lateral) == 27 and len(caudal) == 23
    middle = {name for name in SEED_CHANNELS if name.endswith("Z")}
    assert {name for pair in lateral for name in pair} == {*SEED_CHANNELS} - middle
    assert len({name for pair in caudal for name in pair}) == 46
    assert ("AF3", "CB1") in caudal and ("CB1", "CB2") in lateral


def test_positions_of_mne():
    """Opposite in x; in y, in front of and behind."""
    mne = pytest.importorskip("mne")
    at = mne.channels.make_standard_montage("biosemi64").get_positions()["ch_pos"]
    known = [name for name in at if name.upper() in SEED_CHANNELS]
    lateral, caudal = left_right_pairs(known), frontal_posterior_pairs(known)
    assert len(lateral) == 25 and len(caudal) == 23  # no PO5, CB1
    for left, right in lateral:
        assert at[left][0] < 0 < at[right][0]
        assert abs(at[left] * [-1, 1, 1] - at[right]).max() < 0.01
    for frontal, posterior in caudal:
        assert at[frontal][1] > at[posterior][1]
        assert abs(at[frontal][0] - at[posterior][0]) < 0.02


def test_other_caps():
    emotiv = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()
    assert len(left_right_pairs(emotiv)) == 7
    assert frontal_posterior_pairs(emotiv) == [("F7", "P7"), ("F8", "P8")]
    old = ["T3", "T4", "T5", "T6", "F7", "F8"]
    assert left_right_pairs(old) == [("T3", "T4"), ("T5", "T6"), ("F7", "F8")]
    assert frontal_posterior_pairs(old) == [("F7", "T5"), ("F8", "T6")]
    assert left_right_pairs(["fp1", " Fp2 "]) == [("fp1", " Fp2 ")]
    assert ("AF3", "PO3") in frontal_posterior_pairs(["AF3", "PO3"])


def test_names_that_only_look_like_pairs():
    """Numbers of other systems, electrodes on ears, and the midline."""
    others = [
        "E1",
        "E2",
        "EEG1",
        "EEG2",
        "A1",
        "A2",
        "M1",
        "M2",
        "Cz",
        "Pz",
        "F4",
        "F5",
    ]
    assert left_right_pairs(others) == [] == frontal_posterior_pairs(others)


DREAMER = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()


def test_regions_of_dreamer():
    """Regions and edges of Kuang and Michoski (2024)."""
    quarters = regions(DREAMER)
    assert quarters == {
        "left frontal": ["AF3", "F7", "F3", "FC5"],
        "left posterior": ["T7", "P7", "O1"],
        "right posterior": ["O2", "P8", "T8"],
        "right frontal": ["FC6", "F4", "F8", "AF4"],
    }
    edges = [
        {(q.index(a), q.index(b)) for a, b in neighbours(q)} for q in quarters.values()
    ]
    assert edges[0] == {(0, 2), (1, 2), (1, 3), (2, 3)}
    assert edges[1] == edges[2] == {(0, 1), (1, 2)}
    assert edges[3] == {(0, 1), (0, 2), (1, 2), (1, 3)}  # the first, mirrored


def test_regions_of_seed():
    quarters = regions(SEED_CHANNELS)
    assert list(map(len, quarters.values())) == [12, 19, 20, 11]
    assert sorted(sum(quarters.values(), [])) == sorted(SEED_CHANNELS)
    middle = [n for n in SEED_CHANNELS if n.endswith("Z")]
    left = [
        n for n in middle if n in quarters["left frontal"] + quarters["left posterior"]
    ]
    assert left == ["FPZ", "FCZ", "CPZ", "POZ"]  # every other one, from the front


def test_regions_do_not_depend_on_the_order():
    shuffled = list(np.random.default_rng(0).permutation(SEED_CHANNELS))
    expected, got = regions(SEED_CHANNELS), regions(shuffled)
    assert list(got) == list(expected)
    for name, members in expected.items():
        assert got[name] == sorted(members, key=shuffled.index)
        pairs = {frozenset(pair) for pair in neighbours(got[name])}
        assert pairs == {frozenset(pair) for pair in neighbours(members)}


def test_regions_of_few_channels():
    assert regions(["pz", "T4"]) == {
        "left posterior": ["pz"],
        "right posterior": ["T4"],
    }
    assert regions([]) == {} and neighbours([]) == [] == neighbours(["Cz"])
    assert neighbours(["Fz", "Pz", "Cz"]) == [("Fz", "Cz"), ("Pz", "Cz")]


def test_neighbours_are_connected():
    reached, pairs = {"OZ"}, neighbours(SEED_CHANNELS)
    for _ in SEED_CHANNELS:
        reached |= {n for pair in pairs if reached & set(pair) for n in pair}
    assert reached == set(SEED_CHANNELS)


def test_neighbours_on_the_head():
    """Those by positions on a sphere, but for the grid's near rectangles."""
    mne = pytest.importorskip("mne")
    at = mne.channels.make_standard_montage("biosemi64").get_positions()["ch_pos"]
    names = [name for name in at if name not in ("P9", "P10")]
    at = np.array([at[name] / np.linalg.norm(at[name]) for name in names])
    distance = np.arccos(np.clip(at @ at.T, -1, 1))
    pairs = [(names.index(a), names.index(b)) for a, b in neighbours(names)]
    assert max(distance[pair] for pair in pairs) < 0.75  # of pi / 2 from Cz to T7
    nearest = np.argsort(distance, axis=1)[:, 1]
    together = {frozenset(pair) for pair in pairs}
    missing = [n for i, n in enumerate(names) if {i, nearest[i]} not in together]
    assert missing == []


@pytest.mark.parametrize(
    "name", ["E1", "A1", "C7", "T1", "Fp3", "Cbz", "O0", "EOG", "3"]
)
def test_regions_of_unknown_electrodes(name):
    for function in (regions, neighbours):
        with pytest.raises(ValueError, match=f"'{name}' is no electrode"):
            function(["Cz", name])


def test_regions_of_one_electrode_twice():
    with pytest.raises(ValueError, match="'T7' and 'T3' are one electrode"):
        regions(["T7", "T3"])
