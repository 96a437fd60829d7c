"""The weights of a fitted network: to look at, to replace and to keep."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._layer import arrays
from ._saving import load, save


class WeightsMixin:
    """Access to the weights of ``network_``."""

    def get_weights(self):
        """Weights, and statistics such as running means, by layer and name.

        Returns
        -------
        weights : dict of str to float64 array
            Copies.
        """
        check_is_fitted(self)
        return {name: array.copy() for name, array in self._state().items()}

    def set_weights(self, weights):
        """Replace weights and statistics.

        Parameters
        ----------
        weights : dict of str to array
            All of :meth:`get_weights`, or some of them.

        Returns
        -------
        self : estimator
            The estimator, with these weights.

        Raises
        ------
        ValueError
            There is none of a name, or its shape differs.
        """
        check_is_fitted(self)
        state = self._state()
        for name, array in weights.items():
            if name not in state:
                raise ValueError(
                    f"{type(self).__name__} has no weights {name!r}: it has "
                    f"{', '.join(state)}."
                )
            if np.shape(array) != state[name].shape:
                raise ValueError(
                    f"The weights {name!r} should be of shape {state[name].shape}, got "
                    f"{np.shape(array)}."
                )
        for name, array in weights.items():
            state[name][...] = array
        return self

    def save_weights(self, path):
        """Write the weights, and what else prediction needs, to a file without pickles.

        Parameters
        ----------
        path : path-like
            Of a ``.npz`` file, which is replaced.
        """
        check_is_fitted(self)
        save(self, path)

    def load_weights(self, path):
        """Read what :meth:`save_weights` wrote: the estimator is then fitted.

        Parameters
        ----------
        path : path-like
            Written by an estimator of this class with the same parameters.

        Returns
        -------
        self : estimator
            The estimator, fitted.

        Raises
        ------
        ValueError
            The file is damaged, or was written by another network.
        """
        load(self, path)
        return self

    @property
    def n_parameters_(self):
        """Number of weights that are trained."""
        check_is_fitted(self)
        return sum(w.size for w in arrays(self.network_, "weights").values())

    def _state(self):
        return arrays(self.network_, "weights") | arrays(self.network_, "statistics")
