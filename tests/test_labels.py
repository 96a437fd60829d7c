"""Labels of windows: classes made of ratings, and ratings themselves."""

import numpy as np
import pytest
from fakes import SFREQ, RatedDataset
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.datasets import SimulatedEmotion
from eegemo.datasets._base import RATING_CLASSES, rating_annotations
from eegemo.paradigm import EmotionParadigm


class OwnScale(RatedDataset):
    """Subject 2 rates everything 3 lower than subject 1, with one rating twice."""

    VALENCE = (5.0, 6.0, 6.0, 9.0)

    def _raw(self, subject, session):
        raw = super()._raw(subject, session)
        for extra in raw.annotations.extras:
            if subject == 2 and "valence" in extra:
                extra["valence"] -= 3
        return raw


class RatedOverTime(RatedDataset):
    """Intensity rises from 0 in steps of 1, four in each trial but the last."""

    def __init__(self):
        super().__init__(1)
        self.tasks = self.tasks | {"intensity": ()}

    def _raw(self, subject, session):
        raw = super()._raw(subject, session)
        rated = raw.annotations
        for trial in range(3):
            rated = rated + rating_annotations(
                "intensity", self.ONSETS[trial], self.SECONDS[trial], np.arange(4.0)
            )
        return raw.set_annotations(rated)


def labels(dataset, **options):
    """Label of each trial, by subject."""
    _, y, metadata = EmotionParadigm(window=2.0, **options).get_data(dataset)
    trials = metadata.assign(label=y).groupby(["subject", "trial"])["label"]
    assert trials.nunique().eq(1).all()
    return {s: dict(part.droplevel(0)) for s, part in trials.first().groupby("subject")}


def test_rating_is_what_the_subject_gave():
    own = labels(OwnScale(), target="rating")
    assert own == {
        1: {0: 5.0, 1: 6.0, 2: 6.0, 3: 9.0},
        2: {0: 2.0, 1: 3.0, 2: 3.0, 3: 6.0},
    }


@pytest.mark.parametrize(
    "ties, expected",
    [
        ("high", {0: "low", 1: "high", 2: "high", 3: "high"}),
        ("low", {0: "low", 1: "low", 2: "low", 3: "high"}),
        ("leave-out", {0: "low", 3: "high"}),
    ],
)
def test_median_is_that_of_the_trials_of_a_subject(ties, expected):
    """Long trials give more windows, but no more weight."""
    assert labels(OwnScale(), threshold="median", ties=ties) == dict.fromkeys(
        [1, 2], expected
    )


@pytest.mark.parametrize(
    "ties, expected",
    [("high", ["LVHA", "LVLA", "HVHA", "HVLA"]), ("low", ["LVHA", "LVLA", "LVHA"])],
)
def test_ties_of_quadrants(ties, expected):
    """The valence of trial 2 is 5.0, the middle of the scale."""
    found = labels(RatedDataset(1), task="quadrant", ties=ties)[1]
    assert [found[i] for i in range(len(expected))] == expected
    left = labels(RatedDataset(1), task="quadrant", ties="leave-out")[1]
    assert 2 not in left and len(left) == 3


def test_left_out_windows_are_missing_everywhere():
    paradigm = EmotionParadigm(window=2.0, ties="leave-out")
    X, y, metadata = paradigm.get_data(RatedDataset(1))
    everything, _, whole = EmotionParadigm(window=2.0).get_data(RatedDataset(1))
    kept = whole["trial"] != 2
    assert_array_equal(X, everything[kept])
    assert_array_equal(metadata, whole[kept])
    epochs, y_epochs, _ = paradigm.get_data(RatedDataset(1), return_epochs=True)
    assert_array_equal(y_epochs, y)
    assert_allclose(epochs.get_data() * 1e6, X)
    assert epochs.event_id == {"low": 1, "high": 2}
    assert_array_equal(np.array(["", "low", "high"])[epochs.events[:, 2]], y)


def test_nothing_is_left():
    class Undecided(RatedDataset):
        VALENCE = (5.0,) * 4

    with pytest.raises(ValueError, match="All ratings of RatedDataset, subjects 1, eq"):
        EmotionParadigm(window=2.0, ties="leave-out").get_data(Undecided(1))


def test_epochs_of_ratings():
    paradigm = EmotionParadigm(window=2.0, target="rating")
    epochs, y, _ = paradigm.get_data(RatedDataset(1), return_epochs=True)
    assert y.dtype == float and epochs.event_id == {"rating": 1}
    assert_array_equal(epochs.metadata["label"], y)


def test_ratings_that_change_are_averaged_over_the_window():
    """Four ratings over 4, 5 and 7 s; the third trial has a bad moment."""
    dataset = RatedOverTime()
    paradigm = EmotionParadigm(task="intensity", window=1.5, stride=0.5)
    X, y, metadata = paradigm.get_data(dataset)
    assert y.dtype == float and len(X) == len(y)
    assert set(metadata["trial"]) == {0, 1, 2}  # the last one is not rated
    t = np.arange(round(1.5 * SFREQ)) / SFREQ
    for rating, row in zip(y, metadata.itertuples(), strict=True):
        start = row.onset - dataset.ONSETS[row.trial]
        seconds = dataset.SECONDS[row.trial] / 4
        course = np.floor((start + t + 1e-9) / seconds)
        # the mean of samples misses parts of a sample at each of up to two steps
        assert_allclose(rating, course.mean(), atol=2 / len(t))


def test_median_of_ratings_that_change():
    """Trials count by all of their windows, not by the first, which is always 0."""

    class Classes(RatedOverTime):
        def __init__(self):
            super().__init__()
            self.tasks = self.tasks | {"intensity": RATING_CLASSES}

    options = {"task": "intensity", "window": 1.0}
    rating = EmotionParadigm(target="rating", **options)
    _, ratings, metadata = rating.get_data(Classes())
    medians = metadata.assign(r=ratings).groupby("trial")["r"].median()
    paradigm = EmotionParadigm(threshold="median", ties="low", **options)
    _, y, _ = paradigm.get_data(Classes())
    assert_array_equal(y == "high", ratings > medians.median())
    assert set(y) == {"low", "high"} and medians.median() > 0


@pytest.mark.parametrize(
    "dataset, options, message",
    [
        (SimulatedEmotion(), {"task": "emotion", "target": "rating"}, "choose valence"),
        (
            RatedDataset(),
            {"task": "quadrant", "target": "rating"},
            "valence or arousal",
        ),
        (RatedOverTime(), {"task": "intensity", "target": "class"}, "only ratings"),
        (RatedOverTime(), {"task": "intensity", "threshold": 1.0}, "mean nothing"),
        (SimulatedEmotion(), {"threshold": "median"}, "mean nothing"),
        (SimulatedEmotion(), {"ties": "low"}, "mean nothing"),
    ],
)
def test_labels_that_the_task_cannot_have(dataset, options, message):
    with pytest.raises(ValueError, match=message):
        EmotionParadigm(**options).get_data(dataset)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"ties": "both"}, "ties should be one of high, low, leave-out"),
        ({"target": "ratings"}, "target should be 'class', 'rating' or None"),
        ({"target": "rating", "threshold": 5}, "leave them out"),
        ({"target": "rating", "ties": "low"}, "leave them out"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        EmotionParadigm(**options)
    with pytest.raises(TypeError, match="threshold must be an instance of"):
        EmotionParadigm(threshold="mean")


def test_simulated_ratings_are_of_the_trial():
    """Between subjects and sessions a clip is rated differently, but much alike."""
    data = SimulatedEmotion(n_subjects=4, n_trials=6)
    paradigm = EmotionParadigm(task="valence", target="rating", window=20.0)
    _, y, metadata = paradigm.get_data(data)
    _, emotion, _ = EmotionParadigm(window=20.0).get_data(data)
    assert ((y >= 1) & (y <= 9)).all() and len(set(y)) == len(y)
    means = {name: y[emotion == name].mean() for name in np.unique(emotion)}
    assert means["negative"] < 4 < means["neutral"] < 6 < means["positive"]
    by_clip = metadata.assign(y=y).groupby("stimulus")["y"]
    assert (by_clip.std() < 1.6).all()  # twice the noise of a response
