"""One pipeline in one fold, as MOABB's evaluations see it."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from sklearn.base import BaseEstimator

from ._fingerprint import digest_rows
from ._inner import chosen_parameters, with_inner_folds
from ._memory import MemoryWatch
from ._routing import domain_for, groups_for, requested, routed_domain
from ._scores import fold_scores, is_transductive, main_score, predict_scores
from ._split_audit import audit_split
from ._store import FoldStore, plain


@dataclass(frozen=True)
class FoldTask:
    """What a :class:`RecordedPipeline` runs.

    ``pipeline`` is what is left once the head was hoisted, ``head`` the key of the head
    in :class:`HoistedWindows`, ``digest`` the fingerprint of the whole, and
    ``random_state`` that of the folds within training sets.
    """

    name: str
    pipeline: object
    head: str
    digest: str
    store: FoldStore
    random_state: int = 0

    def __repr__(self):
        return f"{self.name} {self.digest}"


class RecordedPipeline(BaseEstimator):
    """A pipeline that never raises, and whose results are kept for good.

    ``fit`` trains, unless a result for these training windows is already stored: then
    it waits until a score is asked for that is missing. A pipeline that fails is
    recorded as failed.

    Parameters
    ----------
    task : FoldTask
    """

    def __init__(self, task):
        self.task = task

    def fit(self, X, y):
        """Train, or postpone it if this fold was computed before.

        Parameters
        ----------
        X : HoistedWindows
        y : array of shape (n_windows,)

        Returns
        -------
        self : RecordedPipeline
        """
        self.train_ = X, y
        self.train_digest_ = digest_rows(X, y)
        self.error_ = X.failures.get(self.task.head)
        self.fitted_ = None
        self.fit_seconds_ = 0.0
        self.memory_ = {"train_bytes": None, "fit_bytes": None}
        if not self.task.store.has(self.task.digest, self.train_digest_):
            self._fit_now()
        return self

    def _fit_now(self):
        start = perf_counter()
        if self.error_ is None:
            X, y = self.train_
            try:
                features = X.features(self.task.head)
                forbidden = self.task.store.forbidden
                if "calibrated" in self.task.store.marks:  # the test is a new subject's
                    forbidden = (*forbidden, "subject")
                pipeline = with_inner_folds(
                    self.task.pipeline, X, y, forbidden, self.task.random_state
                )
                names = self.requested_ = requested(pipeline)
                with routed_domain(names, X) as domain, MemoryWatch() as watch:
                    arguments = domain_for(pipeline, "fit", domain)
                    arguments |= groups_for(pipeline, names, X, forbidden)
                    self.fitted_ = pipeline.fit(features, y, **arguments)
                self.memory_ = {
                    "train_bytes": features.nbytes,
                    "fit_bytes": watch.growth,
                }
            except Exception as error:  # reported in the results; the others go on
                self.error_ = f"{type(error).__name__}: {error}"
        self.fit_seconds_ = perf_counter() - start

    def results(self, X, y):
        """Score test windows, one result for each subject and session among them.

        Parameters
        ----------
        X : HoistedWindows
        y : array of shape (n_windows,)

        Returns
        -------
        records : list of dict
        """
        groups = X.metadata.groupby(["subject", "session"], sort=False).indices
        return [self._result(X[rows], y[rows]) for rows in groups.values()]

    def _result(self, X, y):
        store = self.task.store
        path = store.path(self.task.digest, self.train_digest_, X, y)
        record = store.read(path)
        if record is None:
            if self.fitted_ is None and self.error_ is None:
                self._fit_now()
            record = self._describe(X)
            scores, marks = self._score(X, y)
            record |= scores
            record["marks"] += marks
            record["best_params"] = plain(chosen_parameters(self.fitted_))
            store.write(path, record)
        return record

    def _score(self, X, y):
        """Return the scores, and marks that they need."""
        classes = self.task.store.classes
        error, predicted, marks = self.error_, None, []
        start = perf_counter()
        seconds = 0.0
        if error is None:
            try:
                features = X.features(self.task.head)
                with routed_domain(self.requested_, X) as domain:
                    given = self.fitted_, features, classes, domain
                    predicted = predict_scores(*given)
                    seconds = perf_counter() - start
                    if is_transductive(*given, predicted):
                        marks.append("transductive")
            except Exception as raised:  # as in fit
                error = f"{type(raised).__name__}: {raised}"
                predicted = None
        if len(set(y)) < len(classes):
            marks.append("class-missing")
        if not classes and np.ptp(y) == 0:
            marks.append("one-rating")
        scores = fold_scores(classes, y, X.metadata["trial"], predicted)
        seconds = {"fit_seconds": self.fit_seconds_, "predict_seconds": seconds}
        return scores | seconds | self.memory_ | {"error": error}, marks

    def _describe(self, X):
        """Say what was trained and tested on, and mark what a reader has to know."""
        X_train, _ = self.train_
        store = self.task.store
        shared = audit_split(X_train.metadata, X.metadata)
        leaks = [name for name in store.forbidden if shared[name]]
        if leaks:
            raise RuntimeError(
                f"Training and test windows share {', '.join(leaks)}, which this "
                "protocol rules out: its splitter is wrong."
            )
        marks = list(store.marks)
        if shared["stimulus"] and "leaky" not in marks:
            marks.append("stimulus-seen")
        first = X.metadata.iloc[0]
        return {
            "pipeline": self.task.name,
            "subject": str(first["subject"]),
            "session": str(first["session"]),
            "test_trials": sorted(int(trial) for trial in X.metadata["trial"].unique()),
            "n_train": len(X_train),
            "n_test": len(X),
            "n_train_trials": X_train.n_trials,
            "n_test_trials": X.n_trials,
            "marks": marks,
            "train": self.train_digest_,
        }


def record_scores(estimator, X, y):
    """Scorer for MOABB: the main score; everything else goes into the store.

    Parameters
    ----------
    estimator : RecordedPipeline
    X : HoistedWindows
    y : array of shape (n_windows,)

    Returns
    -------
    score : float
        NaN if the pipeline failed or the score is undefined.
    """
    records = estimator.results(X, y)
    scores = [record[main_score(record)] for record in records]
    return float(np.mean([np.nan if score is None else score for score in scores]))
