"""One pipeline in one fold: fit, predict, score, and keep the result for good."""

import json
import os
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from time import perf_counter

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

from ._scores import fold_scores, predict_scores
from ._split_audit import audit_split


@dataclass(frozen=True)
class FoldStore:
    """Where the results of the folds of one protocol lie: a file each, written whole.

    A file's name holds fingerprints of the pipeline and of the content of the training
    and test windows and labels, so that nothing else can be mistaken for it.
    """

    folder: Path
    classes: tuple
    marks: tuple = ()
    forbidden: tuple = ()

    def path(self, pipeline, train, X, y):
        """File of the result of one pipeline on test windows X of one subject."""
        subject = re.sub("[^A-Za-z0-9]+", "_", str(X.metadata["subject"].iloc[0]))
        return self.folder / f"{pipeline}-{train}-{digest_rows(X, y)}-{subject}.json"

    def has(self, pipeline, train):
        """Tell whether there is a result of this pipeline with this training set."""
        return any(self.folder.glob(f"{pipeline}-{train}-*.json"))

    def read_all(self, pipelines):
        """Return all results of these pipelines, failed ones too."""
        return [
            json.loads(path.read_text())
            for pipeline in pipelines
            for path in sorted(self.folder.glob(f"{pipeline}-*.json"))
        ]

    def read(self, path):
        """Return a stored result, or None if there is none that succeeded."""
        try:
            record = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return record if record["error"] is None else None

    def write(self, path, record):
        """Write a result so that it is there wholly or not at all."""
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(record))
        os.replace(partial, path)


class RecordedPipeline(BaseEstimator):
    """A pipeline as MOABB's evaluations see it: it never raises, and it remembers.

    ``fit`` trains, unless a result for these training windows is already stored: then
    it waits until a score is asked for that is missing. A pipeline that fails is
    recorded as failed.

    Parameters
    ----------
    name : str
    pipeline : estimator
        What is left once the head was hoisted.
    head : str
        Key of the head in :class:`HoistedWindows`.
    store : FoldStore
    digest : str
        Fingerprint of the whole pipeline, head included.
    """

    def __init__(self, name, pipeline, head, store, digest):
        self.name = name
        self.pipeline = pipeline
        self.head = head
        self.store = store
        self.digest = digest

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
        self.error_ = X.failures.get(self.head)
        self.fitted_ = None
        self.fit_seconds_ = 0.0
        if not self.store.has(self.digest, self.train_digest_):
            self._fit_now()
        return self

    def _fit_now(self):
        start = perf_counter()
        if self.error_ is None:
            X, y = self.train_
            try:
                self.fitted_ = clone(self.pipeline).fit(X.features[self.head], y)
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
        path = self.store.path(self.digest, self.train_digest_, X, y)
        record = self.store.read(path)
        if record is None:
            if self.fitted_ is None and self.error_ is None:
                self._fit_now()
            record = self._describe(X) | self._score(X, y)
            if len(set(y)) < len(self.store.classes):
                record["marks"].append("class-missing")
            self.store.write(path, record)
        return record

    def _score(self, X, y):
        error, predicted, start = self.error_, None, perf_counter()
        if error is None:
            try:
                predicted = predict_scores(
                    self.fitted_, X.features[self.head], self.store.classes
                )
            except Exception as raised:  # as in fit
                error = f"{type(raised).__name__}: {raised}"
        seconds = perf_counter() - start
        scores = fold_scores(self.store.classes, y, X.metadata["trial"], predicted)
        return scores | {
            "fit_seconds": self.fit_seconds_,
            "predict_seconds": seconds,
            "error": error,
        }

    def _describe(self, X):
        """Say what was trained and tested on, and mark what a reader has to know."""
        X_train, _ = self.train_
        shared = audit_split(X_train.metadata, X.metadata)
        leaks = [name for name in self.store.forbidden if shared[name]]
        if leaks:
            raise RuntimeError(
                f"Training and test windows share {', '.join(leaks)}, which this "
                "protocol rules out: its splitter is wrong."
            )
        marks = list(self.store.marks)
        if shared["stimulus"] and "leaky" not in marks:
            marks.append("stimulus-seen")
        if _is_transductive(self.pipeline):
            marks.append("transductive")
        first = X.metadata.iloc[0]
        return {
            "pipeline": self.name,
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
    """Scorer for MOABB: balanced accuracy; everything else goes into the store.

    Parameters
    ----------
    estimator : RecordedPipeline
    X : HoistedWindows
    y : array of shape (n_windows,)

    Returns
    -------
    score : float
        NaN if the pipeline failed.
    """
    scores = [record["balanced_accuracy"] for record in estimator.results(X, y)]
    return float(np.mean([np.nan if score is None else score for score in scores]))


def digest_rows(X, y):
    """Fingerprint of the content, identity and label of rows, in order."""
    labels = "\x1f".join(y).encode()
    return blake2b(X.digests.tobytes() + labels, digest_size=8).hexdigest()


def digest(thing):
    """Fingerprint of anything that can be pickled, arrays and options included."""
    try:
        return blake2b(joblib.hash(thing).encode(), digest_size=8).hexdigest()
    except Exception as error:
        raise ValueError(
            "A pipeline or parameter cannot be pickled, so its results cannot be told "
            f"from others: {error}. Use named functions instead of lambdas."
        ) from error


def _is_transductive(pipeline):
    """Tell whether a step uses other test windows to predict one."""
    parameters = pipeline.get_params(deep=True)
    return any(
        value is True and name.split("__")[-1] in ("tsupdate", "transductive")
        for name, value in parameters.items()
    )
