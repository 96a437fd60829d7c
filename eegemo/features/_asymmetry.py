"""Differences between electrodes that mirror each other."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._input import WindowInputMixin, names_out, recording_of
from ..montage import frontal_posterior_pairs, left_right_pairs

_KINDS = ("dasm", "rasm", "dcau")
_MAX_RATIO = 1000  # a larger one only tells how small its denominator is


def _cuts_trials(self):
    return hasattr(self.transformer, "transform_trials")


class AsymmetryFeatures(WindowInputMixin, TransformerMixin, BaseEstimator):
    """Differences or ratios of a feature between paired electrodes [1]_ [2]_.

    Parameters
    ----------
    transformer : estimator
        Any transformer of windows whose features go by channel, then band (or another
        kind of number), such as :class:`DifferentialEntropy`.
    kind : {"dasm", "rasm", "dcau"}, default="dasm"
        - ``"dasm"``: differential asymmetry, left minus right.
        - ``"rasm"``: rational asymmetry, left over right. See the notes.
        - ``"dcau"``: differential caudality, frontal minus posterior.
    pairs : list of (str or int, str or int), default=None
        Names or indices of the channels. By default, from the names of the channels:
        :func:`eegemo.montage.left_right_pairs`, or for ``"dcau"``
        :func:`eegemo.montage.frontal_posterior_pairs`; on the 62 channels of SEED, 27
        and 23 pairs.
    channels : sequence of str, default=None
        Names of the channels, if X is an array; :class:`mne.Epochs` bring their own.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.
    pairs_ : int array of shape (n_pairs, 2)
        Indices of the channels.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    It is as stateless as its transformer: if that needs no ``fit``, nor does this.

    A ratio explodes where its denominator passes through zero, which differential
    entropy does at a variance of 1 / (2 pi e) in the squared unit of X. Ratios are
    therefore kept between -1000 and 1000, as if no denominator were smaller than a
    thousandth of its numerator; that of two zeros is 1. The bound has no unit: ratios
    of powers are the same in volts and in microvolts. Ratios of logarithms, such as
    entropies, are not; their ``"dasm"`` is, and is to be preferred.

    References
    ----------
    .. [1] Y.-P. Lin et al., "EEG-based emotion recognition in music listening", IEEE
       Trans. Biomedical Engineering 57(7), 2010.
    .. [2] W.-L. Zheng and B.-L. Lu, "Investigating critical frequency bands and
       channels for EEG-based emotion recognition with deep neural networks", IEEE
       Trans. Autonomous Mental Development 7(3), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.features import AsymmetryFeatures, DifferentialEntropy
    >>> X = np.random.default_rng(0).standard_normal((8, 4, 256))
    >>> dasm = AsymmetryFeatures(
    ...     DifferentialEntropy(sfreq=128), channels=["F3", "F4", "P3", "P4"]
    ... )
    >>> dasm.fit_transform(X).shape
    (8, 10)
    >>> dasm.get_feature_names_out()[4:6]
    array(['F3-F4_gamma', 'P3-P4_delta'], dtype=object)
    """

    def __init__(self, transformer, kind="dasm", pairs=None, channels=None):
        self.transformer = transformer
        self.kind = kind
        self.pairs = pairs
        self.channels = channels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.requires_fit = inner.requires_fit
        tags.transformer_tags.preserves_dtype = inner.transformer_tags.preserves_dtype
        return tags

    def fit(self, X, y=None):
        """Fit the transformer and find the pairs.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit.
        y : array-like of shape (n_windows,), default=None
            Handed to the transformer.

        Returns
        -------
        self : AsymmetryFeatures
            The estimator, fitted.

        Raises
        ------
        ValueError
            The names of the channels are needed and unknown, no pair is complete, or
            the transformer's features do not go by channel.
        """
        if self.kind not in _KINDS:
            raise ValueError(f"kind should be one of {_KINDS}: {self.kind!r}.")
        checked = self._check_windows(X, reset=True)
        pairs = self._find_pairs()
        inner = X if recording_of(X) is not None else checked
        self.transformer_ = clone(self.transformer).fit(inner, y)
        self._bands([f"ch{c}" for c in range(self.n_features_in_)])
        self.pairs_ = pairs
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit; after ``fit``, of the same channels.

        Returns
        -------
        features : array of shape (n_windows, n_pairs * n_bands)
            Ordered by pair, then band.
        """
        model, X = self._check_again(X)
        return model._compare(model.transformer_.transform(X))

    @available_if(_cuts_trials)
    def transform_trials(self, X, window, step=None):
        """Compute the features of segments of whole trials, if the transformer does.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Trials of equal length, in any unit.
        window : float
            Length of a segment in seconds.
        step : float, default=None
            Seconds from the start of a segment to that of the next; by default
            ``window``.

        Returns
        -------
        features : array of shape (n_trials, n_segments, n_pairs * n_bands)
            Ordered by pair, then band.
        """
        model, X = self._check_again(X)
        return model._compare(model.transformer_.transform_trials(X, window, step))

    def get_feature_names_out(self, input_features=None):
        """Names of the features, such as ``F3-F4_alpha``, or ``F3/F4_alpha`` of ratios.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_pairs * n_bands,)
            In the order of the columns.
        """
        check_is_fitted(self, "pairs_")
        if input_features is None and self.channels is not None:
            input_features = self.channels
        channels = names_out(self, input_features)
        bands = self._bands(channels)
        sign = "/" if self.kind == "rasm" else "-"
        names = [
            f"{channels[a]}{sign}{channels[b]}_{band}"
            for a, b in self.pairs_
            for band in bands
        ]
        return np.asarray(names, object)

    def _check_again(self, X):
        """Return a fitted estimator, and X checked, or the Epochs themselves."""
        if get_tags(self).requires_fit:
            check_is_fitted(self, "pairs_")
        model = self if hasattr(self, "pairs_") else clone(self).fit(X)
        checked = model._check_windows(X, reset=False)
        return model, (X if recording_of(X) is not None else checked)

    def _compare(self, features):
        """Combine the features of each pair, along the last axis."""
        features = np.asarray(features)  # of a transformer set to make a DataFrame
        by_channel = features.reshape(*features.shape[:-1], self.n_features_in_, -1)
        first = by_channel[..., self.pairs_[:, 0], :]
        second = by_channel[..., self.pairs_[:, 1], :]
        if self.kind == "rasm":
            compared = _ratio(first, second)
        else:
            compared = first - second
        return compared.reshape(*features.shape[:-1], -1).astype(features.dtype)

    def _find_pairs(self):
        """Return the indices of the paired channels."""
        names = self._names()
        pairs = self.pairs
        if pairs is None:
            if names is None:
                raise ValueError(
                    "AsymmetryFeatures needs to know which channels are opposite: give "
                    "channels= names, pairs= indices, or mne.Epochs."
                )
            find = frontal_posterior_pairs if self.kind == "dcau" else left_right_pairs
            pairs = find(names)
            if not pairs:
                raise ValueError(
                    "No pair of channels to compare: none is found by the names "
                    f"{', '.join(map(str, names))}. They should be those of the 10-20 "
                    "system and no more, such as Fp1, not 'EEG Fp1-REF' or 'Fp1.': "
                    "rename them, Epochs by their rename_channels, or give pairs=."
                )
        pairs = [tuple(pair) for pair in pairs]
        if not pairs or any(len(pair) != 2 for pair in pairs):
            raise ValueError(
                "No pair of channels to compare: pairs should be a list of (channel, "
                f"channel), and is {self.pairs!r}; the channels are "
                f"{'not named' if names is None else ', '.join(names)}."
            )
        return np.array([[self._index(channel, names) for channel in p] for p in pairs])

    def _names(self):
        """Return the names of the channels, or None."""
        if self.channels is None:
            return getattr(self, "channel_names_in_", None)
        names = list(self.channels)
        if len(set(names)) < len(names) or len(names) != self.n_features_in_:
            raise ValueError(
                f"channels should be {self.n_features_in_} different names, one for "
                f"each channel of X, got {len(names)}: {', '.join(map(str, names))}."
            )
        if names != list(getattr(self, "channel_names_in_", names)):
            raise ValueError(
                "channels contradicts the Epochs, whose channels are "
                f"{', '.join(self.channel_names_in_)}: leave it out to use these."
            )
        return names

    def _index(self, channel, names):
        if isinstance(channel, Integral):
            if 0 <= channel < self.n_features_in_:
                return int(channel)
        elif names is not None and channel in names:
            return list(names).index(channel)
        known = "" if names is None else f" named {', '.join(names)}"
        raise ValueError(
            f"pairs has the channel {channel!r}, but X has {self.n_features_in_} "
            f"channels{known}."
        )

    def _bands(self, channels):
        """Return the transformer's names for the features of one channel."""
        names = list(self.transformer_.get_feature_names_out(channels))
        size, rest = divmod(len(names), len(channels))
        owners = np.repeat(channels, size)
        by_channel = zip(names, owners, strict=False)
        if rest or not all(name.startswith(f"{owner}_") for name, owner in by_channel):
            raise ValueError(
                "AsymmetryFeatures needs a transformer whose features go by channel, "
                f"then band, and are named so; those of {self.transformer} are "
                f"{', '.join(map(str, names[:4]))}, ..."
            )
        return [name.removeprefix(f"{channels[0]}_") for name in names[:size]]


def _ratio(first, second):
    """Divide, within the bounds; by a zero, at the bound on the side of its sign."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.clip(first / second, -_MAX_RATIO, _MAX_RATIO)
    return np.where((first == 0) & (second == 0), 1, ratio)
