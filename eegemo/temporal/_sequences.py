"""What smoothers share: the door for sequences of features, and what goes out."""

from functools import wraps

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from .._input import recording_of
from ._padding import trial_lengths

_FLOATS = (np.float64, np.float32)


class SequenceSmoother(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Input contract of a stateless smoother, which never looks beyond a trial.

    X holds sequences, of shape (n_trials, n_steps, n_features), with NaN after the end
    of the shorter ones; or the windows of all trials, of shape (n_windows, n_features),
    with ``trial``. A subclass has ``_smooth(rows, bounds)``: of float64 rows, of which
    trial i has those from ``bounds[i, 0]`` to ``bounds[i, 1]``, and the rest is NaN.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False  # not alone, as scikit-learn would try
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Check X and record its features; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features) or (n_windows, \
n_features)
            As for ``transform``.
        y : ignored
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        self : estimator instance
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, infinity, or NaN that is not after the end of a trial.
        """
        self._check_parameters()
        self._rows(X, reset=True)
        return self

    def fit_transform(self, X, y=None, trial=None):
        """Do what ``fit`` does, then ``transform``.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features) or (n_windows, \
n_features)
            As for ``transform``.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        trial : array-like of shape (n_windows,), default=None
            See ``transform``.

        Returns
        -------
        smoothed : array of the shape of X
            In float32 if X is, computed in float64.
        """
        return self.fit(X).transform(X, trial=trial)

    def transform(self, X, trial=None):
        """Smooth each feature within each trial.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features) or (n_windows, \
n_features)
            In order of time. Trials of unequal length are padded with NaN at the end,
            in all features; the padding stays.
        trial : array-like of shape (n_windows,), default=None
            The trial of each row of a two-dimensional X, which needs it; the rows of a
            trial follow each other. In a pipeline it comes by metadata routing, after
            ``set_transform_request(trial=True)``.

        Returns
        -------
        smoothed : array of the shape of X
            In float32 if X is, computed in float64.

        Raises
        ------
        ValueError
            See ``fit``; a two-dimensional X comes without ``trial``; the rows of a
            trial do not follow each other.
        """
        self._check_parameters()
        rows, lengths = self._rows(X, reset=False)
        bounds = self._bounds(rows, lengths, trial)
        smoothed = self._smooth(rows.astype(np.float64, copy=False), bounds)
        smoothed = smoothed.astype(rows.dtype, copy=False)
        if lengths is None:
            return smoothed
        return smoothed.reshape(len(lengths), -1, rows.shape[1])

    def _rows(self, X, *, reset):
        """Return the rows of all trials, and the lengths of sequences."""
        if recording_of(X) is not None:
            raise ValueError(
                f"{type(self).__name__} smooths features, got mne.Epochs. Use "
                "TrialClassifier, or make features of the Epochs first."
            )
        shape = _shape(X)
        if len(shape) <= 2:
            X = validate_data(self, X, reset=reset, dtype=_FLOATS, order="C")
            return X, None
        if len(shape) > 3:
            raise ValueError(
                f"{type(self).__name__} expects X of shape (n_trials, n_steps, "
                f"n_features) or (n_windows, n_features), got an array of shape {shape}"
                ". Flatten channels and bands into features."
            )
        if 0 in shape:
            raise ValueError(f"X is empty: an array of shape {shape}.")
        X = check_array(
            X,
            allow_nd=True,
            dtype=_FLOATS,
            order="C",
            ensure_all_finite="allow-nan",
            input_name="X",
        )
        lengths = trial_lengths(X, axis=1)
        rows = X.reshape(-1, shape[2])
        # What is left to check, or recorded, is the number of features.
        validate_data(self, rows, reset=reset, skip_check_array=True)
        return rows, lengths

    def _bounds(self, rows, lengths, trial):
        """First row of each trial, and the row after its last."""
        if lengths is not None:
            if trial is not None:
                raise ValueError(
                    "trial is for rows of shape (n_windows, n_features): each of these "
                    "sequences is a trial already."
                )
            starts = np.arange(0, len(rows), len(rows) // len(lengths))
            return np.column_stack([starts, starts + lengths])
        if trial is None:
            raise ValueError(
                f"{type(self).__name__} got X of shape {rows.shape} without trial. "
                "Smoothing across trials would mix their labels, and training with "
                "test data. Give the trial of each row as trial=, in a pipeline after "
                "set_transform_request(trial=True) with metadata routing enabled; or "
                "give sequences of shape (n_trials, n_steps, n_features)."
            )
        return _bounds_of(trial, rows)


def _shape(X):
    return X.shape if hasattr(X, "shape") else np.asarray(X).shape


def _bounds_of(trial, rows):
    trial = column_or_1d(trial)
    check_consistent_length(rows, trial)
    if trial.dtype.kind == "f" and np.isnan(trial).any():
        raise ValueError("trial has NaN: every row needs its trial.")
    starts = np.concatenate([[0], np.flatnonzero(trial[1:] != trial[:-1]) + 1])
    seen = set()
    for start in starts:
        name = trial[start]
        if name in seen:
            raise ValueError(
                f"Trial {name!r} comes back in row {start}, after rows of another. The "
                "rows of a trial should follow each other in order of time; and if "
                "subjects or sessions number their trials alike, number them anew."
            )
        seen.add(name)
    return np.column_stack([starts, np.append(starts[1:], len(trial))])


def _frame_rows_only(framed):
    """Of scikit-learn's ``transform``, which frames what goes out, spare sequences.

    No DataFrame can hold them, and a ``set_output`` for a whole pipeline, or for all
    estimators, should not make them fail.
    """
    plain = framed.__wrapped__

    @wraps(plain)
    def transform(self, X, trial=None):
        method = plain if len(_shape(X)) == 3 else framed
        return method(self, X, trial=trial)

    return transform


SequenceSmoother.transform = _frame_rows_only(SequenceSmoother.transform)
SequenceSmoother.fit_transform = SequenceSmoother.fit_transform.__wrapped__
