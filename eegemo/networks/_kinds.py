"""Networks of windows, and of SPD matrices."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixInputMixin, WindowInputMixin
from ._classifier import NetworkClassifier


class WindowNetwork(WindowInputMixin, NetworkClassifier):
    """A network of windows.

    The channels of each are centred, so that offsets do not matter, and all divided by
    one number, the root mean square of the training windows, so that units do not.
    """

    def _check(self, X, y, *, reset):
        return self._check_windows(X, y, reset=reset)

    def _check_again(self, X):
        check_is_fitted(self)
        X = self._check_windows(X, reset=False)
        self._check_shape_again(X)
        return X

    def _check_length(self, shape, n_times, name):
        """Raise ValueError if windows are shorter than a filter."""
        if shape[1] < n_times:
            raise ValueError(
                f"{type(self).__name__} has filters of {name}={n_times} samples; the "
                f"windows have {shape[1]}: give longer windows, or a smaller {name}."
            )

    def _choose_scale(self, X):
        square = np.mean([x.var(axis=1, dtype=np.float64).mean() for x in X])
        self.input_scale_ = float(np.sqrt(square)) or 1.0

    def _scaled(self, X, dtype):
        out = np.empty(X.shape, dtype)
        for start in range(0, len(X), self._at_a_time):
            part = slice(start, start + self._at_a_time)
            means = X[part].mean(axis=2, keepdims=True, dtype=np.float64)
            np.divide(
                X[part] - means, self.input_scale_, out=out[part], casting="same_kind"
            )
        return out


class MatrixNetwork(MatrixInputMixin, NetworkClassifier):
    """A network of SPD matrices, without blocks."""

    _takes_blocks = False
    _n_blocks = None  # also of a network that was loaded

    def _check(self, X, y, *, reset):
        return self._check_matrices(X, y, reset=reset)

    def _check_again(self, X):
        check_is_fitted(self)
        return self._check_matrices(X, reset=False)
