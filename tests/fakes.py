"""Small data sets and estimators for the tests of the paradigm and the benchmark."""

from pathlib import Path
from time import sleep

import mne
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from eegemo.datasets import EmotionDataset, SimulatedEmotion, trial_annotations

SFREQ = 100.0


class RatedDataset(EmotionDataset):
    """Four rated trials per session, of 4 to 7 s, in white noise; a moment is bad."""

    def __init__(self, n_subjects=2, n_sessions=1):
        super().__init__(
            range(1, n_subjects + 1),
            n_sessions,
            "RatedDataset",
            {
                "valence": ("low", "high"),
                "arousal": ("low", "high"),
                "quadrant": ("LVLA", "LVHA", "HVLA", "HVHA"),
            },
            {"trial": 1},
            trial_seconds=4.0,
        )

    ONSETS = (1.0, 6.0, 12.0, 20.0)
    SECONDS = (4.0, 5.0, 7.0, 4.0)
    VALENCE = (1.0, 4.9, 5.0, 9.0)
    AROUSAL = (9.0, 2.0, 8.0, 1.0)

    def _get_single_subject_data(self, subject):
        return {str(s): {"0": self._raw(subject, s)} for s in range(self.n_sessions)}

    def _raw(self, subject, session):
        rng = np.random.default_rng([subject, session])
        info = mne.create_info(["Fz", "Cz", "EOG"], SFREQ, ["eeg", "eeg", "eog"])
        raw = mne.io.RawArray(
            1e-5 * rng.standard_normal((3, 2600)), info, verbose=False
        )
        facts = [
            {"trial": t, "stimulus": f"clip{t}", "valence": v, "arousal": a}
            for t, (v, a) in enumerate(zip(self.VALENCE, self.AROUSAL, strict=True))
        ]
        trials = trial_annotations(self.ONSETS, self.SECONDS, ["trial"] * 4, facts)
        trials.append(13.5, 0.2, "BAD_jump")
        return raw.set_annotations(trials)

    def data_path(self, subject, **ignored):
        return []


class MixedSessions(RatedDataset):
    """The noise of each session is mixed in its own way."""

    def _raw(self, subject, session):
        raw = super()._raw(subject, session)
        rng = np.random.default_rng([subject, session, 1])
        noise, _ = raw[:2]
        raw[:2] = (np.eye(2) + rng.standard_normal((2, 2))) @ noise
        return raw


class MixedRecordings(RatedDataset):
    """Subject 2 was recorded at another rate, or without a channel."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def _raw(self, subject, session):
        raw = super()._raw(subject, session)
        if subject == 2 and self.what == "sfreq":
            raw.resample(80)
        if subject == 2 and self.what == "channels":
            raw.drop_channels("Cz")
        return raw


class LabelsFaked(SimulatedEmotion):
    """The simulation, but with the labels of one subject turned round."""

    FAKED = 1

    def _get_single_subject_data(self, subject):
        data = super()._get_single_subject_data(subject)
        if subject == self.FAKED:
            classes = self.tasks["emotion"]
            turned = dict(zip(classes, classes[1:] + classes[:1], strict=True))
            for runs in data.values():
                for raw in runs.values():
                    for extra in raw.annotations.extras:
                        extra["emotion"] = turned[extra["emotion"]]
        return data


class Failing(ClassifierMixin, BaseEstimator):
    """Fails where it is told to."""

    def __init__(self, where="fit"):
        self.where = where

    def fit(self, X, y):
        if self.where == "fit":
            raise RuntimeError("fit went wrong")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        raise RuntimeError("predict went wrong")


class Counting(ClassifierMixin, BaseEstimator):
    """Counts, in a file, how often it was fitted."""

    def __init__(self, path=None, limit=None):
        self.path = path
        self.limit = limit

    def fit(self, X, y):
        with open(self.path, "a") as file:
            file.write("x")
        if self.limit is not None and self.fits(self.path) > self.limit:
            raise KeyboardInterrupt
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    @staticmethod
    def fits(path):
        return Path(path).stat().st_size


class NeedsDomain(TransformerMixin, BaseEstimator):
    """Passes X on, if it hears of the domains that it expects."""

    def __init__(self, domains=(), stateless=False):
        self.domains = domains
        self.stateless = stateless

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = not self.stateless
        return tags

    def fit(self, X, y=None, domain=None):
        self.fitted_ = self.check(X, domain)
        return self

    def fit_transform(self, X, y=None, domain=None):
        return self.fit(X, y, domain).transform(X, domain)

    def transform(self, X, domain=None):
        self.check(X, domain)
        return X

    def check(self, X, domain):
        if domain is None or len(domain) != len(X) or not set(domain) <= self.domains:
            raise ValueError(f"the wrong domains: {domain}")
        return True


class Slow(ClassifierMixin, BaseEstimator):
    """Takes a while, and guesses."""

    def __init__(self, seconds):
        self.seconds = seconds

    def fit(self, X, y):
        sleep(self.seconds)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))
