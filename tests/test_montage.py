import pytest

from eegemo.montage import SEED_CHANNELS, frontal_posterior_pairs, left_right_pairs


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
