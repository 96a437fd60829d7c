"""What networks look at, and what random labels would have made of it."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.fft import rfft, rfftfreq
from sklearn.base import clone
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_consistent_length, has_fit_parameter

from ._classifier import NetworkClassifier

_STILL = 1e-30  # a learning rate that moves no weight


class Patterns(NamedTuple):
    """Filters over channels and time, and what they pick up.

    Attributes
    ----------
    spatial : array of shape (n_filters, n_channels)
        How each channel goes along with the output of a filter: unlike the filter's
        weights, this may be drawn on the scalp. Of norm one; the channel that goes
        along most has a positive sign.
    spatiotemporal : array of shape (n_filters, n_channels, n_taps)
        Covariance of the samples of each channel with the output, divided by its
        variance; ``spatial`` is what its lags share.
    gain : array of shape (n_filters, n_frequencies)
        By which a filter amplifies each frequency, of noise alike in all channels.
    frequencies : array of shape (n_frequencies,)
        In Hz; without a sampling rate, as shares of it.
    """

    spatial: np.ndarray
    spatiotemporal: np.ndarray
    gain: np.ndarray
    frequencies: np.ndarray


class LinearFiltersMixin:
    """A network of windows that begins with linear filters over channels and time.

    A subclass has ``_linear_filters()``, of shape (n_taps, n_channels, n_filters).
    """

    def patterns(self, X, sfreq=None):
        """Show which channels and frequencies the filters pick up [1]_.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            A filter that suppresses noise has weights where there is no signal: the
            pattern needs the covariances of windows. Labels are not used.
        sfreq : float, default=None
            Sampling rate in Hz, for ``frequencies``; that of the Epochs in ``fit``.

        Returns
        -------
        patterns : Patterns
            A named tuple.

            - ``spatial``, of shape (n_filters, n_channels): how each channel goes along
              with the output of a filter. Unlike the filter's weights, this may be
              drawn on the scalp. Of norm one; the channel that goes along most has a
              positive sign.
            - ``spatiotemporal``, of shape (n_filters, n_channels, n_taps): covariance
              of the samples of each channel with the output, divided by its variance.
            - ``gain``, of shape (n_filters, n_frequencies): by which a filter amplifies
              each frequency, of noise alike in all channels.
            - ``frequencies``, of shape (n_frequencies,): in Hz; without a sampling
              rate, as shares of it.

        Raises
        ------
        ValueError
            The windows are no longer than a filter, or X is not as in ``fit``.

        References
        ----------
        .. [1] S. Haufe et al., "On the interpretation of weight vectors of linear
           models in multivariate neuroimaging", NeuroImage 87, 2014.
        """
        X = self._check_again(X)
        sfreq = getattr(self, "sfreq_in_", 1.0) if sfreq is None else sfreq
        parts = (
            self._scaled(X[i : i + self._at_a_time], np.float64)
            for i in range(0, len(X), self._at_a_time)
        )
        return patterns_of(self._linear_filters(), parts, sfreq)


def patterns_of(filters, parts, sfreq=1.0):
    """Compute the patterns of filters.

    Parameters
    ----------
    filters : array of shape (n_taps, n_channels, n_filters)
    parts : iterable of arrays of shape (n_windows, n_channels, n_times)
    sfreq : float, default=1.0

    Returns
    -------
    patterns : Patterns
    """
    n_taps, _, n_filters = filters.shape
    covariance, power = 0, 0
    for X in parts:
        for x in X - X.mean(axis=2, keepdims=True):
            n_out = x.shape[1] - n_taps + 1
            if n_out < 2:
                raise ValueError(
                    f"Patterns of filters of {n_taps} samples need longer windows, got "
                    f"{x.shape[1]} samples."
                )
            output = sum(filters[k].T @ x[:, k : k + n_out] for k in range(n_taps))
            output -= output.mean(axis=1, keepdims=True)
            lags = [x[:, k : k + n_out] @ output.T for k in range(n_taps)]
            covariance = covariance + np.stack(lags)
            power = power + np.einsum("mt,mt->m", output, output)
    pattern = np.divide(
        covariance, power, out=np.zeros_like(covariance), where=power > 0
    ).transpose(2, 1, 0)
    spatial = np.linalg.svd(pattern, full_matrices=False)[0][:, :, 0]
    most = np.abs(spatial).argmax(axis=1)
    spatial = spatial * np.sign(spatial[np.arange(n_filters), most])[:, None]
    n_fft = max(256, 2 * n_taps)
    gain = np.sqrt(np.sum(np.abs(rfft(filters, n_fft, axis=0)) ** 2, axis=1)).T
    return Patterns(spatial, pattern, gain, rfftfreq(n_fft, 1 / sfreq))


class Explanation(NamedTuple):
    """An explanation, and what of it refitting without the labels does not explain.

    Attributes
    ----------
    values : array
        As the estimator that was fitted with the labels explains.
    exceeded : array of the shape of values
        Share of the explanations under the null that a value exceeds, of ties half.
        About what is not in the data, all shares are equally likely. Where maps are
        scaled, as those of :class:`InterpretableCNN`, a bright spot changes the rest of
        its map: look at shares only where the map itself is positive.
    p_value : float
        Share of explanations, those under the null and this one, whose largest value is
        at least as large: small if something is explained, wherever it may be.
    """

    values: np.ndarray
    exceeded: np.ndarray
    p_value: float


def explain_with_null(
    estimator,
    X,
    y,
    *,
    X_explained=None,
    explain=None,
    null="labels",
    groups=None,
    n_permutations=20,
    random_state=None,
):
    """Explain an estimator, and compare with what it explains of random labels [1]_.

    Maps of what a network looks at are convincing of random networks, too.

    Parameters
    ----------
    estimator : estimator
        A network, or a pipeline. It is cloned and fitted ``n_permutations + 1`` times.
    X : array-like of shape (n_windows, ...)
        To fit with.
    y : array-like of shape (n_windows,)
        Labels, of two classes or more.
    X_explained : array-like, default=None
        What to explain the predictions of, best windows that were not fitted; None for
        X.
    explain : callable, default=None
        Given the fitted estimator and ``X_explained``, returns an array, whose shape
        depends on neither labels nor weights, such as ``lambda network, X:
        network.explain(X, "tense").mean(axis=0)``. None for the estimator's
        ``explain``.
    null : {"labels", "weights"}, default="labels"
        Fitted to permuted labels, or not trained: weights are as drawn, and only
        running means, as in batch normalisation, follow the windows.
    groups : array-like of shape (n_windows,), default=None
        Trial of each window. Labels are permuted among trials, since windows of one
        trial are alike: each has one label. Without groups, among windows. An estimator
        whose ``fit`` takes groups, as networks' does, gets them.
    n_permutations : int, default=20
        A p-value is never less than 1 / (n_permutations + 1).
    random_state : int or RandomState, default=None
        Of the permutations, and of the weights of each fit.

    Returns
    -------
    explanation : Explanation
        A named tuple.

        - ``values``, an array: what ``explain`` returns of the estimator that was
          fitted with the labels.
        - ``exceeded``, an array of that shape: share of the explanations under the null
          that a value exceeds, of ties half.
        - ``p_value``, a float: share of explanations, those under the null and this
          one, whose largest value is at least as large.

    Raises
    ------
    ValueError
        A parameter is wrong; a group has several labels; explanations differ in shape,
        or are not finite; ``null`` is "weights", and no network is there to not train.

    References
    ----------
    .. [1] M. Méloux, G. Dirupo, F. Portet and M. Peyrard, "The dead salmons of AI
       interpretability", arXiv:2512.18792, 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import InterpretableCNN, explain_with_null
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 64))
    >>> y = np.array(["calm", "tense"] * 16)
    >>> X[1::2, 2] *= 4
    >>> network = InterpretableCNN(filter_length=8, batch_size=8, learning_rate=0.01)
    >>> explanation = explain_with_null(
    ...     network,
    ...     X,
    ...     y,
    ...     explain=lambda network, X: network.explain(X[1::2], "tense").mean((0, 2)),
    ...     n_permutations=9,
    ...     random_state=0,
    ... )
    >>> int(explanation.values.argmax()), explanation.p_value
    (2, 0.1)
    """
    if null not in ("labels", "weights"):
        raise ValueError(f'null should be "labels" or "weights", got {null!r}.')
    check_scalar(n_permutations, "n_permutations", Integral, min_val=1)
    y = np.asarray(y)
    check_consistent_length(y, groups)
    rng = check_random_state(random_state)
    X_explained = X if X_explained is None else X_explained
    explain = _explain if explain is None else explain
    takes_groups = groups is not None and has_fit_parameter(estimator, "groups")
    given = {"groups": groups} if takes_groups else {}

    def fit(labels, **parameters):
        copy = clone(estimator)
        names = copy.get_params()
        seeds = [n for n in names if n.split("__")[-1] == "random_state"]
        parameters |= {name: rng.randint(2**31) for name in sorted(seeds)}
        copy.set_params(**parameters).fit(X, labels, **given)
        values = np.asarray(explain(copy, X_explained), np.float64)
        if not np.isfinite(values).all():
            raise ValueError(
                "An explanation has NaN or infinity, which cannot be compared: let "
                "explain return finite numbers."
            )
        return values

    values = fit(y)
    exceeded, n_larger = np.zeros(values.shape), 1
    still = _parameters_that_keep_weights(estimator) if null == "weights" else {}
    for _ in range(n_permutations):
        labels = y if null == "weights" else permuted(y, groups, rng)
        other = fit(labels, **still)
        if other.shape != values.shape:
            raise ValueError(
                f"Explanations differ in shape, {values.shape} and {other.shape}: let "
                "explain return an array whose shape does not depend on the labels."
            )
        exceeded += (values > other) + 0.5 * (values == other)
        n_larger += bool(other.max() >= values.max())
    share = exceeded / n_permutations
    return Explanation(values, share, n_larger / (n_permutations + 1))


def permuted(y, groups, rng):
    """Permute labels, among groups if there are any."""
    if groups is None:
        return rng.permutation(y)
    names, first, number = np.unique(groups, return_index=True, return_inverse=True)
    different = y != y[first][number]
    if different.any():
        name = names[number[different.argmax()]].item()
        raise ValueError(
            f"Group {name!r} has windows of several labels, which cannot be permuted "
            "among groups: give the trials as groups."
        )
    return rng.permutation(y[first])[number]


def _explain(estimator, X):
    if not hasattr(estimator, "explain"):
        raise ValueError(
            f"{type(estimator).__name__} has no method explain: give a function of the "
            "fitted estimator and X as explain."
        )
    return estimator.explain(X)


def _parameters_that_keep_weights(estimator):
    """Return parameters of the networks with which training moves no weight."""
    still = {
        "learning_rate": _STILL,
        "schedule": "constant",
        "early_stopping": False,
    }
    parameters = estimator.get_params()
    networks = [
        f"{name}__" if name else ""
        for name, part in [("", estimator), *parameters.items()]
        if isinstance(part, NetworkClassifier)
    ]
    if not networks:
        raise ValueError(
            f'null="weights" is of networks of eegemo, and {type(estimator).__name__} '
            'neither is nor has one: take null="labels".'
        )
    return {
        prefix + name: value for prefix in networks for name, value in still.items()
    }
