"""Let scikit-learn's common checks, which only make 2-D X, reach our estimators."""

import sys

import numpy as np

from eegemo._input import WindowInputMixin
from eegemo.temporal._sequences import SequenceSmoother


class _Tabular:
    """Read a 2-D X as three-dimensional, one channel per column, once it is valid."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.allow_nan = False  # not in rows
        return tags

    def _check_shape(self, shape):
        if len(shape) != 2:
            super()._check_shape(shape)

    def _validate(self, X, y, **options):
        X, y = super()._validate(X, y, **options)
        return self._raised(X).astype(X.dtype) if X.ndim == 2 else X, y


class _TabularWindows(_Tabular):
    """Read row i of X as a window whose channel amplitudes grow with X[i]."""

    def _raised(self, X):
        carrier = np.random.default_rng(0).standard_normal((X.shape[1], 64))
        return _positive(X)[:, :, None] * carrier


class _TabularMatrices(_Tabular):
    """Read row i of X as a diagonal matrix whose variances grow with X[i]."""

    def _raised(self, X):
        return _positive(X)[:, :, None] * np.eye(X.shape[1])


class _TabularSequences:
    """Take each row of a 2-D X for a trial of one step."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.allow_nan = False  # not in rows
        return tags

    def _bounds(self, rows, lengths, trial):
        if lengths is None and trial is None:
            trial = np.arange(len(rows))
        return super()._bounds(rows, lengths, trial)


def _positive(X):
    """Softplus: it keeps the order, so class structure survives, and never overflows.

    The constant keeps a matrix of very different columns away from singular. What is
    not finite stays so, even if it is less than zero.
    """
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(X), 0.1 + np.logaddexp(0.0, X), np.nan)


def tabular(estimator):
    """The same estimator, taught to accept 2-D X; for tests only."""
    cls = type(estimator)
    if issubclass(cls, SequenceSmoother):
        mixin = _TabularSequences
    elif issubclass(cls, WindowInputMixin):
        mixin = _TabularWindows
    else:
        mixin = _TabularMatrices
    name = f"Tabular{cls.__name__}"
    module = sys.modules[__name__]
    if not hasattr(module, name):  # a module attribute, so that pickle finds it
        setattr(module, name, type(name, (mixin, cls), {"__module__": __name__}))
    return getattr(module, name)(**estimator.get_params(deep=False))
