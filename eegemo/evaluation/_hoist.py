"""Compute the stateless head of pipelines once per recording, while it is loaded."""

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import pandas as pd
from moabb.paradigms.base import BaseParadigm
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ._fold import record_scores
from ._permuted_labels import permute
from ._routing import requested
from ._scores import SEARCHES


def split_head(pipeline, searched=()):
    """Split a pipeline into the leading steps that need no fit, and the rest.

    Parameters
    ----------
    pipeline : estimator
        Of a search over a pipeline, the pipeline is split.
    searched : container of str, default=()
        Steps that stay, since a search sets them or their parameters.

    Returns
    -------
    head : Pipeline or None
        None if nothing can be hoisted.
    tail : estimator
    """
    if isinstance(pipeline, SEARCHES):
        searched = _searched_steps(pipeline)
        if "steps" in searched:  # candidates differ in all steps
            return None, pipeline
        head, tail = split_head(pipeline.estimator, searched)
        return head, clone(pipeline).set_params(estimator=tail)
    if not isinstance(pipeline, Pipeline):
        return None, pipeline
    n_head = 0
    for name, step in pipeline.steps[:-1]:
        if name in searched or not _is_stateless(step):
            break
        n_head += 1
    if n_head == 0:
        return None, pipeline
    return pipeline[:n_head], pipeline[n_head:]


def _searched_steps(search):
    """Names of the steps that candidates of a search differ in."""
    parameters = search.get_params(deep=False)
    grids = parameters.get("param_grid", parameters.get("param_distributions"))
    grids = [grids] if isinstance(grids, Mapping) else grids
    return {key.partition("__")[0] for grid in grids for key in grid}


def _is_stateless(step):
    if step in (None, "passthrough"):
        return True
    return not get_tags(step).requires_fit and "domain" not in requested(step)


class HoistedWindows:
    """Rows of a data set: the features of each head, and what each row is.

    It is indexed by rows, as MOABB's evaluations do with X; features are only copied
    when they are asked for.

    Parameters
    ----------
    features : dict of str to array
        Under the key of each head, one row per window.
    failures : dict of str to str
        For a head that failed, why.
    metadata : pandas.DataFrame
    digests : uint64 array of shape (n_windows,)
        Fingerprint of the content and identity of each window.
    n_channels : int
    rows : int array, default=None
        Which rows of the features these are; None means all.
    """

    def __init__(self, features, failures, metadata, digests, n_channels, rows=None):
        self._features = features
        self.failures = failures
        self.metadata = metadata
        self.digests = digests
        self.n_channels = n_channels
        self._rows = rows

    @property
    def shape(self):
        """Number of windows, number of channels."""
        return len(self.metadata), self.n_channels

    @property
    def n_trials(self):
        """Number of trials that the windows come from."""
        columns = ("subject", "session", "trial")
        return len(set(zip(*(self.metadata[c] for c in columns), strict=True)))

    @property
    def domain(self):
        """Subject and session of each window, as one name."""
        both = zip(self.metadata["subject"], self.metadata["session"], strict=True)
        return np.array([f"{subject}/{session}" for subject, session in both])

    def features(self, key):
        """Return what a head made of these windows."""
        values = self._features[key]
        return values if self._rows is None else values[self._rows]

    def __len__(self):
        return len(self.metadata)

    def __sizeof__(self):
        """Bytes of the features, by which dask sends them once, not with each fold."""
        return sum(values.nbytes for values in self._features.values())

    def __getitem__(self, rows):
        all_rows = np.arange(len(self)) if self._rows is None else self._rows
        return HoistedWindows(
            self._features,
            self.failures,
            self.metadata.iloc[rows].reset_index(drop=True),
            self.digests[rows],
            self.n_channels,
            all_rows[rows],
        )

    def part(self, start, stop):
        """Return rows from start to stop, with no copy of the features."""
        return HoistedWindows(
            {key: values[start:stop] for key, values in self._features.items()},
            self.failures,
            self.metadata.iloc[start:stop].reset_index(drop=True),
            self.digests[start:stop],
            self.n_channels,
        )

    @staticmethod
    def concatenate(parts):
        """Stack several, each with all its rows; what failed in one has failed."""
        if len(parts) == 1:
            return parts[0]
        failures = {k: v for part in parts for k, v in part.failures.items()}
        keys = [key for key in parts[0]._features if key not in failures]
        return HoistedWindows(
            {k: np.concatenate([part.features(k) for part in parts]) for k in keys},
            failures,
            pd.concat([part.metadata for part in parts], ignore_index=True),
            np.concatenate([part.digests for part in parts]),
            parts[0].n_channels,
        )


class HoistedParadigm(BaseParadigm):
    """A paradigm whose X is :class:`HoistedWindows`, for MOABB's stock evaluations.

    Parameters
    ----------
    paradigm : EmotionParadigm
    heads : dict of str to transformer or None
        None keeps the windows themselves.
    dtype : str, default="float64"
        Precision of the windows.

    Attributes
    ----------
    permutation : int or None
        Seed with which :func:`permute` permutes the labels.
    """

    def __init__(self, paradigm, heads, dtype="float64"):
        super().__init__(filters=[[None, None]])
        self.paradigm = paradigm
        self.heads = heads
        self.dtype = dtype
        self.permutation = None
        self._loaded = {}
        self._last = None, None
        self._recording = None

    @property
    def datasets(self):
        """The data sets of the paradigm."""
        return self.paradigm.datasets

    @property
    def scoring(self):
        """One scorer, which computes and stores every score of a fold."""
        return {"balanced_accuracy": record_scores}

    def is_valid(self, dataset):
        """Tell whether the paradigm can use the data set."""
        return self.paradigm.is_valid(dataset)

    def used_events(self, dataset):
        """Classes and their numbers."""
        return self.paradigm.used_events(dataset)

    def make_process_pipelines(self, dataset, *args, **kwargs):
        """Make the steps of the paradigm."""
        return self.paradigm.make_process_pipelines(dataset)

    def get_data(self, dataset, subjects=None, **ignored):
        """Load subjects one at a time, and keep only what the heads make of them."""
        subjects = dataset.subject_list if subjects is None else subjects
        key = dataset.code, list(subjects), self.permutation
        if key == self._last[0]:
            return self._last[1]
        parts, labels = zip(*(self._subject(dataset, s) for s in subjects), strict=True)
        X, y = HoistedWindows.concatenate(parts), np.concatenate(labels)
        self._share(dataset, subjects, X, labels)
        if self.permutation is not None:
            y = permute(
                y,
                X.metadata,
                self.permutation,
                label_per_subject=dataset.label_per_subject,
            )
        data = X, y, X.metadata
        self._last = key, data
        return data

    def _subject(self, dataset, subject):
        key = dataset.code, subject
        if key in self._loaded:
            return self._loaded[key]
        X, y, metadata = self.paradigm.get_data(dataset, [subject])
        self._check_recording(dataset, subject, metadata.attrs)
        X = X.astype(self.dtype, copy=False)
        features, failures = self._apply_heads(X)
        rows = metadata.itertuples(index=False, name=None)
        digests = [_fingerprint(x, row) for x, row in zip(X, rows, strict=True)]
        digests = np.array(digests, np.uint64)
        result = HoistedWindows(features, failures, metadata, digests, X.shape[1]), y
        if None not in self.heads.values():  # features are small: keep them in memory
            self._loaded[key] = result
        return result

    def _share(self, dataset, subjects, X, labels):
        """Let what is kept of each subject be a part of X, not another copy."""
        stop = 0
        for subject, y in zip(subjects, labels, strict=True):
            start, stop = stop, stop + len(y)
            key = dataset.code, subject
            if key in self._loaded and not X.failures:
                self._loaded[key] = X.part(start, stop), y

    def _check_recording(self, dataset, subject, recording):
        """Raise unless all subjects have the same channels and sampling rate."""
        self._recording = self._recording or recording
        for what in ("sfreq", "channels"):
            if recording[what] != self._recording[what]:
                raise ValueError(
                    f"{dataset.code}: subject {subject} has {what} {recording[what]}, "
                    f"others {self._recording[what]}. Give {what}= so that all agree."
                )

    def _apply_heads(self, X):
        features, failures = {}, {}
        for key, head in self.heads.items():
            try:
                features[key] = X if head is None else _transform(clone(head), X)
            except Exception as error:  # the pipelines of this head fail, no other does
                failures[key] = f"{type(error).__name__}: {error}"
        return features, failures

    def _get_events_pipeline(self, dataset):
        return None


def _transform(head, X):
    """Apply a stateless head, and make sure that it treats each window alone.

    Some windows are transformed again, in another order and number: a step that centres
    its batch, or smooths from window to window, gives itself away.
    """
    features = np.asarray(head.transform(X))
    rows = np.unique([0, len(X) // 3, len(X) - 1])[::-1]
    again = np.asarray(head.transform(X[rows]))
    tolerance = 1e-6 * np.abs(features).max()
    if not np.allclose(again, features[rows], rtol=0, atol=tolerance, equal_nan=True):
        raise ValueError(
            f"{' + '.join(head.named_steps)} gives a window other features in another "
            "batch, so it cannot be computed once per recording. With hoist=False the "
            "pipeline runs, and is marked transductive."
        )
    return features


def _fingerprint(window, identity):
    digest = blake2b(np.ascontiguousarray(window), digest_size=8)
    digest.update(repr(identity).encode())
    return int.from_bytes(digest.digest(), "little")
