"""Protocols as they were published, by name, each with its source."""

from dataclasses import replace

from moabb.evaluations import CrossSubjectEvaluation, WithinSessionEvaluation
from sklearn.model_selection import LeaveOneGroupOut

from ._protocol import ROWS, Protocol
from ._published_splitters import (
    ConsecutiveSubjects,
    FirstTrials,
    FirstTrialsOf24,
    PartsOfTrials,
    trial_and_onset,
)
from ._splitters import WindowFolds

_SEED = (
    'W.-L. Zheng and B.-L. Lu, "Investigating critical frequency bands and channels '
    'for EEG-based emotion recognition with deep neural networks", IEEE TAMD 7(3), 2015'
)
_RGNN = (
    'P. Zhong, D. Wang and C. Miao, "EEG-based emotion recognition using regularized '
    'graph neural networks", IEEE Trans. Affective Computing 13(3), 2022'
)
_FACED = (
    'J. Chen et al., "A large finer-grained affective computing EEG dataset", '
    "Scientific Data 10, 2023"
)
_LEAKS = "common in the literature; it says how well windows of a known trial are found"

_WITHIN = Protocol(
    "",
    WithinSessionEvaluation,
    LeaveOneGroupOut,
    "trial",
    (*ROWS, "stimulus"),
    by_subject=True,
)
_ACROSS = Protocol(
    "",
    CrossSubjectEvaluation,
    LeaveOneGroupOut,
    "subject",
    (*ROWS, "session", "subject"),
    by_subject=False,
)
_LEAKY = replace(_WITHIN, forbidden=(), marks=("leaky",))

PUBLISHED = {
    "seed-9-6": replace(
        _WITHIN,
        summary="the first nine trials of a session train, its last six test",
        cv_class=FirstTrials,
        of=("SEED",),
        source=_SEED,
    ),
    "seed-loso": replace(
        _ACROSS,
        summary="each subject in turn, with all sessions",
        of=("SEED",),
        source=_RGNN,
    ),
    "seed-iv-session": replace(
        _WITHIN,
        summary="the first 16 trials of a session train, its last eight test",
        cv_class=FirstTrialsOf24,
        of=("SEED-IV",),
        source=_RGNN,
    ),
    "deap-loto": replace(
        _WITHIN,
        summary="each trial of a subject in turn, trained on the subject's others",
        of=("DEAP",),
        source='S. Koelstra et al., "DEAP: a database for emotion analysis using '
        'physiological signals", IEEE Trans. Affective Computing 3(1), 2012',
    ),
    "faced-10-fold": replace(
        _ACROSS,
        summary="nine folds of 12 subjects, by number, and one of the other 15",
        cv_class=ConsecutiveSubjects,
        of=("FACED",),
        source=_FACED,
    ),
    "as-published-faced-intra": replace(
        _LEAKY,
        summary="LEAKY: a tenth of each clip tests, its other windows train",
        cv_class=PartsOfTrials,
        groups=trial_and_onset,
        of=("FACED",),
        source=_FACED,
    ),
    "as-published-10-fold": replace(
        _LEAKY,
        summary="LEAKY: windows of a session, shuffled into ten folds",
        cv_class=WindowFolds,
        groups=None,
        n_splits=10,
        source=_LEAKS,
    ),
}
