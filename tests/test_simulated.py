"""The simulated data set: what its parameters promise, checked on its signals."""

import numpy as np
import pytest
from moabb.datasets.base import is_abbrev, is_camel_kebab_case
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import butter, sosfiltfilt, welch

from eegemo.datasets import SimulatedEmotion, _head, _simulated

SMALL = {"n_subjects": 2, "n_sessions": 2, "n_trials": 4, "trial_seconds": 4.0}
CHANGED = {
    "n_subjects": 3,
    "n_sessions": 1,
    "n_trials": 5,
    "trial_seconds": 3.0,
    "channels": ("Fz", "Cz"),
    "sfreq": 100.0,
    "n_classes": 2,
    "effect": 0.5,
    "power_effect": 0.5,
    "asymmetry_effect": 0.5,
    "coupling_effect": 0.5,
    "clip_effect": 0.5,
    "trial_effect": 0.5,
    "session_effect": 0.5,
    "subject_effect": 0.5,
    "seed": 1,
}


def small(**parameters):
    return SimulatedEmotion(**{**SMALL, **parameters})


def recordings(dataset, subject=1):
    data = dataset._get_single_subject_data(subject)
    return {session: runs["0"] for session, runs in data.items()}


def signals(dataset, subject=1):
    return np.stack([raw.get_data() for raw in recordings(dataset, subject).values()])


def flip_labels(monkeypatch):
    labels = SimulatedEmotion._clip_labels
    monkeypatch.setattr(
        SimulatedEmotion, "_clip_labels", lambda self: self.n_classes - 1 - labels(self)
    )


@pytest.fixture(scope="module")
def long_raw():
    return recordings(SimulatedEmotion(n_sessions=1, subject_effect=0.7))["0"]


def test_same_parameters_same_data():
    assert_array_equal(signals(small()), signals(small()))


def test_data_and_code_are_the_same_everywhere():
    """If the numbers must change, so must MODEL_VERSION."""
    dataset = small()
    assert dataset.code == "SimulatedEmotion-f3d87e802a"
    assert_allclose(abs(signals(dataset)).mean(), 1.138388e-05, rtol=1e-4)


def test_code():
    code = small().code
    assert is_camel_kebab_case(code)
    assert is_abbrev("SimulatedEmotion", code)
    assert code == small(n_trials=np.int64(4), trial_seconds=4).code


@pytest.mark.parametrize("name", CHANGED)
def test_each_parameter_changes_code(name):
    dataset = small(**{name: CHANGED[name]})
    assert dataset.parameters[name] == CHANGED[name]
    assert dataset.code != small().code


def test_parameters_rebuild_the_data_set():
    dataset = small(seed=7, effect=2.0)
    assert list(dataset.parameters) == list(CHANGED)
    assert SimulatedEmotion(**dataset.parameters).code == dataset.code


def test_seed_changes_data():
    assert not np.allclose(signals(small()), signals(small(seed=1)))


def test_subjects_and_sessions_differ():
    first, second = signals(small())
    assert not np.allclose(first, second)
    assert not np.allclose(first, signals(small(), subject=2)[0])


def test_subject_does_not_depend_on_the_others():
    alone = small(n_subjects=1, n_sessions=1)
    assert_array_equal(signals(alone)[0], signals(small(n_subjects=5, n_sessions=2))[0])


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_no_effect_means_no_information(n_classes, monkeypatch):
    null = small(effect=0, n_classes=n_classes)
    before = signals(null)
    flip_labels(monkeypatch)
    assert_array_equal(signals(null), before)


def test_number_of_classes_changes_nothing_without_effect():
    assert_array_equal(signals(small(effect=0)), signals(small(effect=0, n_classes=2)))


@pytest.mark.parametrize("only", ["power", "asymmetry", "coupling"])
def test_each_effect_depends_on_the_label(only, monkeypatch):
    effects = {f"{name}_effect": 0 for name in ("power", "asymmetry", "coupling")}
    dataset = small(**{**effects, f"{only}_effect": 1})
    before = signals(dataset)
    flip_labels(monkeypatch)
    assert not np.allclose(signals(dataset), before)


def test_effect_scales_the_three_effects():
    none = small(power_effect=0, asymmetry_effect=0, coupling_effect=0)
    assert_array_equal(signals(none), signals(small(effect=0)))


@pytest.mark.parametrize("name", ["clip", "trial", "session", "subject"])
def test_confounds_change_the_signals(name):
    assert not np.allclose(signals(small()), signals(small(**{f"{name}_effect": 2})))


@pytest.mark.parametrize("direction", [-0.9, 0.4, 0.9])
def test_coupling_is_invisible_at_lag_zero(direction):
    """Variances and zero-lag covariances stay; a quarter of a cycle later it shows."""
    n, n_fft, quarter = len(_simulated.SITES), 2**16, 3
    f = np.fft.rfftfreq(n_fft, 1 / 120)
    rng = np.random.default_rng(0)
    noise = _simulated._coloured(rng, abs(f - 10) < 1, n, n_fft)
    signal = np.fft.irfft(noise, n_fft)
    before = np.cov(signal)
    strength = np.full((len(_simulated.DRIVERS), n_fft), direction)
    _simulated._couple(signal, noise, strength, n_fft)
    assert_allclose(np.cov(signal), before, atol=0.1)
    driver, follower = _simulated.DRIVERS[0], _simulated.FOLLOWERS[0]
    lagged = np.mean(signal[driver, :-quarter] * signal[follower, quarter:])
    assert_allclose(lagged, direction, atol=0.1)


@pytest.mark.parametrize(
    "n_trials, n_classes", [(3, 3), (7, 3), (4, 4), (9, 2), (12, 5)]
)
def test_labels_are_balanced(n_trials, n_classes):
    dataset = small(n_trials=n_trials, n_classes=n_classes, trial_seconds=1.0)
    for raw in recordings(dataset).values():
        counts = [list(raw.annotations.description).count(c) for c in dataset.event_id]
        assert sum(counts) == n_trials
        assert max(counts) - min(counts) <= 1
        assert min(counts) >= 1


def test_classes():
    for n_classes, classes in [
        (2, ("negative", "positive")),
        (3, ("negative", "neutral", "positive")),
        (4, ("neutral", "sad", "fear", "happy")),
    ]:
        tasks = SimulatedEmotion(n_classes=n_classes).tasks
        assert tasks.pop("emotion") == classes
        assert tasks == dict.fromkeys(["valence", "arousal"], ("low", "high"))
    assert small(n_trials=5, n_classes=5).tasks["emotion"][4] == "emotion4"
    assert small().event_id == {"negative": 1, "neutral": 2, "positive": 3}


def test_annotations():
    orders, emotions = [], {}
    for subject in (1, 2):
        for raw in recordings(small(), subject).values():
            marks = raw.annotations
            assert_allclose(marks.duration, 4.0)
            assert_allclose(marks.onset, [2, 8, 14, 20])
            assert [e["trial"] for e in marks.extras] == [0, 1, 2, 3]
            assert [e["emotion"] for e in marks.extras] == list(marks.description)
            for extra in marks.extras:
                stimulus, emotion = extra["stimulus"], extra["emotion"]
                assert emotions.setdefault(stimulus, emotion) == emotion
            orders.append(tuple(e["stimulus"] for e in marks.extras))
    assert {frozenset(order) for order in orders} == {frozenset(emotions)}
    assert sorted(emotions) == ["clip00", "clip01", "clip02", "clip03"]
    assert len(set(orders)) > 1


def test_shape_names_and_montage():
    channels = ("Fp1", "Oz", "AF7", "TP10")
    data = small(channels=channels, sfreq=200).get_data([2])[2]
    assert list(data) == ["0", "1"]
    raw = data["1"]["0"]
    assert raw.ch_names == list(channels)
    assert raw.info["sfreq"] == 200
    assert set(raw.get_channel_types()) == {"eeg"}
    assert raw.get_montage().ch_names == list(channels)
    assert raw.get_data().shape == (4, 200 * (2 + 4 * 6))
    assert small().data_path(1) == []


def test_default_channels_are_pairs_and_midline():
    names = set(SimulatedEmotion().parameters["channels"])
    assert {"F3", "F4", "T7", "T8", "Fz", "Cz", "Pz"} <= names


def test_amplitudes_are_plausible(long_raw):
    microvolts = long_raw.get_data().std(axis=1) * 1e6
    assert microvolts.min() > 4
    assert microvolts.max() < 50


def test_blinks_are_frontal(long_raw):
    slow = sosfiltfilt(butter(4, 5, fs=128, output="sos"), long_raw.get_data())
    peak = dict(zip(long_raw.ch_names, abs(slow).max(axis=1), strict=True))
    assert peak["Fp1"] > 80e-6
    assert peak["Fp1"] > 1.5 * peak["F3"] > 1.5 * peak["Oz"]


def test_neighbours_correlate():
    pairs = [("FC3", "FC5"), ("CP4", "CP6"), ("PO3", "POz"), ("C1", "Cz")]
    distant = [("FC3", "CP6"), ("FC5", "PO3"), ("Cz", "PO3"), ("C1", "CP6")]
    names = sorted({name for pair in pairs for name in pair})
    data = signals(small(channels=names, trial_seconds=20.0, effect=0))[0]
    r = np.corrcoef(data)
    near = [r[names.index(a), names.index(b)] for a, b in pairs]
    far = [r[names.index(a), names.index(b)] for a, b in distant]
    assert min(near) > 0.5
    assert max(far) < min(near)


def test_spectrum(long_raw):
    f, power = welch(long_raw.get_data(picks=["Oz", "Pz"]), 128, nperseg=512)
    alpha = (f >= 6) & (f <= 14)
    peaks = f[alpha][power[:, alpha].argmax(axis=1)]
    assert (peaks >= 7.5).all()
    assert (peaks <= 12.5).all()
    background = ((f >= 1) & (f <= 6)) | ((f >= 46) & (f <= 60))
    slope = np.polyfit(np.log(f[background]), np.log(power[:, background].T), 1)[0]
    assert (slope < -0.6).all()
    assert (slope > -2.0).all()


def test_leadfield_matches_series():
    """A radial dipole on the sphere has the potential sum (2n + 1) f^(n-1) P_n."""
    angle, depth = np.linspace(0, np.pi, 9), _head.SOURCE_DEPTH
    electrodes = np.column_stack([np.sin(angle), np.zeros(9), np.cos(angle)])
    pole = np.array([[0.0, 0.0, 1.0]])
    field = _head.leadfield(electrodes, depth * pole, pole)[:, 0]
    n = np.arange(1, 200)
    coefficients = np.r_[0, (2 * n + 1) * depth ** (n - 1)]
    series = np.polynomial.legendre.legval(np.cos(angle), coefficients)
    assert_allclose(field, series / series[0], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_subjects": 0},
        {"n_sessions": 1.5},
        {"n_classes": 1},
        {"n_trials": 2},
        {"n_trials": True},
        {"trial_seconds": 0.5},
        {"sfreq": 64},
        {"effect": -1},
        {"clip_effect": np.nan},
        {"trial_effect": np.inf},
        {"subject_effect": "1"},
        {"seed": -1},
        {"seed": None},
        {"channels": ("Cz", "Cz")},
        {"channels": "Cz"},
        {"channels": ()},
    ],
)
def test_bad_parameters(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} must be"):
        small(**wrong)


def test_unknown_channels_are_named():
    with pytest.raises(ValueError, match="EX1.*EX2"):
        small(channels=["Cz", "EX1", "EX2"])


def test_moabb_sees_whole_trials():
    data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=3, trial_seconds=7.0)
    assert data.get_data([1])[1]["0"]["0"].annotations.duration.tolist() == [7.0] * 3
