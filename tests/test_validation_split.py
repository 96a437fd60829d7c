"""The windows on which training of networks is judged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo.networks._validation import validation_split


def split(y, groups, fraction=0.1, seed=0):
    return validation_split(
        np.asarray(y), groups, fraction, np.random.default_rng(seed)
    )


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.25, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_share_and_groups(fraction, seed):
    groups = np.repeat(np.arange(40), 5)
    y = np.random.default_rng(seed).integers(0, 3, 200)
    train, validate = split(y, groups, fraction, seed)
    assert sorted([*train, *validate]) == list(range(200))
    assert not set(groups[train]) & set(groups[validate])
    # all groups are of one size; classes are spread over the folds, which may cost one
    assert_allclose(len(validate) / 200, fraction, atol=0.05)
    assert set(y[validate]) == {0, 1, 2}


def test_share_of_single_windows():
    with pytest.warns(UserWarning, match="groups=trials"):
        train, validate = split(np.arange(200) % 2, None)
    assert len(validate) == 20
    assert set(validate % 2) == {0, 1}


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_group_is_trained(seed):
    groups = np.repeat(np.arange(6), 4)
    y = np.where(groups == 3, 2, groups % 2)
    train, validate = split(y, groups, 0.2, seed)
    assert set(y[train]) == {0, 1, 2}
    assert len(validate)


@pytest.mark.parametrize("seed", range(5))
def test_most_classes_validate(seed):
    """All, if need be with more trials than asked for: one trial has one label."""
    groups = np.repeat(np.arange(9), 4)
    _, validate = split(groups % 3, groups, 0.15, seed)
    assert set(groups[validate] % 3) == {0, 1, 2}


def test_seeds_differ():
    groups = np.repeat(np.arange(20), 2)
    found = {tuple(split(groups % 2, groups, seed=seed)[1]) for seed in range(5)}
    assert len(found) > 1


def test_no_class_may_be_left_out():
    with pytest.raises(ValueError, match="leaves all classes to train"):
        split([0, 0, 1, 1], [0, 0, 1, 1])
    with pytest.raises(ValueError, match="at least two groups"):
        split([0, 1], [0, 0])
