"""Differential entropy in frequency bands."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_scalar

from ._band_features import BandFeatures
from ._presets import preset_parameters


class DifferentialEntropy(BandFeatures):
    r"""Differential entropy of each channel in each frequency band [1]_ [2]_.

    For a Gaussian signal of variance :math:`\sigma^2` in the band,

    .. math:: h = \tfrac{1}{2} \log (2 \pi e \sigma^2).

    Each window is handled alone. With a ``sfreq``, the transformer is stateless:
    ``transform`` needs no ``fit``.

    Parameters
    ----------
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    bands : str, dict or list of (low, high), default="seed"
        A key of ``eegemo.bands.BANDS``, a dict of name to (low, high), or edges in Hz.
    method : {"iir", "fft", "fft-mean"}, default="iir"
        How the power in the band is found; see the notes for which to use.

        - ``"iir"``: the variance after a Butterworth band-pass.
        - ``"fft"``: the variance as the sum of the Hann-windowed periodogram over
          low <= f < high, by Parseval's theorem.
        - ``"fft-mean"``: not an entropy, but what some toolboxes call so,
          :math:`\log (100\, \overline{|F|^2})` with the mean over low <= f < high of
          the transform of the Hann-windowed signal, of which the window's length and
          the band's width are not divided out.
    log_base : "e" or float, default="e"
        Base of the logarithm. Some toolboxes use 2.
    floor : float, default=1e-30
        Least variance, in the squared unit of X, so that a flat channel gives a finite
        number. The default lies far below any EEG, in volts as in microvolts. Of
        ``"fft-mean"``, it is the least of that mean.
    order : int, default=4
        Of the filter's prototype: the band-pass has twice as many poles.
    causal : bool, default=False
        Filter each window once, from rest. By default forward and backward, as
        :func:`scipy.signal.sosfiltfilt`, with odd extension by 3 (2 order + 1) samples.
    ddof : int, default=0
        The variance after filters is the sum of squares over n_times - ddof.
    scaling : {"center", "zscore", None}, default="center"
        What is done to a window first. ``"center"``: subtract each channel's mean.
        ``"zscore"``: subtract the mean of the whole window, all channels together, and
        divide by its standard deviation; differences of level between windows are lost.
        None: nothing. An offset then starts a transient in a causal filter.
    n_fft : int, default=None
        Length of the Fourier transform in samples, zeros appended; n_times by default.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    sfreq_ : float
        Sampling rate in use.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    Which definition? The default, in :meth:`transform_trials` where whole trials are at
    hand, or ``"fft"``, which is faster and needs no care for the ends of a window. To
    compare with published figures, take the preset of the library that made them
    (:meth:`from_preset`). Never mix them: they are not one feature in several units.
    The soft edges of the filters lower white noise by some 0.05 nats against ``"fft"``.
    On noise whose spectrum falls as 1/f and whose power slowly changes, in windows of
    1 s, filters and transforms correlate within a channel by 0.68 (delta) to 0.97
    (gamma) only, and by less where the power is constant: filters leak more of the
    strong low frequencies and are disturbed by a window's ends, and a transform's taper
    gives the middle of a window more weight.

    Another unit of X only adds a constant to all features, except with ``"zscore"``:
    from volts to microvolts, :math:`\log 10^6`.

    References
    ----------
    .. [1] L.-C. Shi, Y.-Y. Jiao and B.-L. Lu, "Differential entropy feature for
       EEG-based vigilance estimation", IEEE EMBC, 2013.
    .. [2] R.-N. Duan, J.-Y. Zhu and B.-L. Lu, "Differential entropy feature for
       EEG-based emotion classification", IEEE/EMBS NER, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.features import DifferentialEntropy
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> de = DifferentialEntropy(sfreq=128)
    >>> de.fit_transform(X).shape
    (8, 70)
    >>> de.get_feature_names_out()[:2]
    array(['ch0_delta', 'ch0_theta'], dtype=object)
    >>> de.transform_trials(X, window=1).shape
    (8, 4, 70)
    """

    _methods = ("iir", "fft", "fft-mean")

    def __init__(
        self,
        sfreq=None,
        bands="seed",
        method="iir",
        log_base="e",
        floor=1e-30,
        *,
        order=4,
        causal=False,
        ddof=0,
        scaling="center",
        n_fft=None,
    ):
        self.sfreq = sfreq
        self.bands = bands
        self.method = method
        self.log_base = log_base
        self.floor = floor
        self.order = order
        self.causal = causal
        self.ddof = ddof
        self.scaling = scaling
        self.n_fft = n_fft

    @classmethod
    def from_preset(cls, name, sfreq=None):
        """Make the transformer that computes what another library does.

        All use the logarithm of base 2. A flat channel, which is minus infinity there,
        gives the floor here.

        - ``"torcheeg"``: BandDifferentialEntropy of torcheeg 1.1.3. Causal filters of
          order 5 on each window as it is. It filters by transfer functions, whose
          rounding errors grow towards low bands (6e-3 at 1 to 3 Hz, at 200 Hz).
        - ``"torcheeg-fft"``: its BandDifferentialEntropyV1. Log of the mean squared
          magnitude of a transform of ``sfreq`` samples, over a band that begins one
          bin early. For windows up to 1 s.
        - ``"libeer"``: ``de_extraction`` of LibEER 0.1.4. Zero-phase filters of order
          3, variance with ddof 1. It filters whole trials: use
          :meth:`transform_trials`. With overlapping segments LibEER loses the last.
        - ``"eegemolib"``: ``features.de`` of eegemolib 0.1.1.post2, with the options it
          has for SEED. A transform of 256 samples at any sampling rate, of which the
          bins are taken as if they were 1 Hz apart below 256 Hz (at 200 Hz, they are
          0.78 Hz apart), less the last of each band. For windows of 1 s.
        - ``"rbtransformer"``: the features of RBTransformer. As ``"torcheeg"``, after
          a z-score of the whole window. There the filters are those for 128 Hz even on
          data of 200 Hz; here they are for ``sfreq``. The entropy of a baseline, which
          it subtracts, is left to the caller.

        Parameters
        ----------
        name : {"torcheeg", "torcheeg-fft", "libeer", "eegemolib", "rbtransformer"}
        sfreq : float, default=None
            Sampling rate in Hz; ``"torcheeg-fft"`` and ``"eegemolib"`` need it.

        Returns
        -------
        de : DifferentialEntropy

        Raises
        ------
        ValueError
            The name is unknown, or the sampling rate is missing.

        Examples
        --------
        >>> from eegemo.features import DifferentialEntropy
        >>> DifferentialEntropy.from_preset("libeer", sfreq=200)
        DifferentialEntropy(bands='libeer', ddof=1, log_base=2, order=3, sfreq=200)
        """
        return cls(**preset_parameters(name, sfreq))

    def _check_parameters(self):
        super()._check_parameters()
        if self.log_base != "e":
            check_scalar(
                self.log_base, "log_base", Real, min_val=0, include_boundaries="neither"
            )
            if self.log_base == 1 or not np.isfinite(self.log_base):
                raise ValueError("log_base should be positive, not 1, and finite.")

    def _feature(self, variance):
        if self.method == "fft-mean":
            variance *= 100.0
        else:
            variance *= 2 * np.pi * np.e
        entropy = np.log(variance, out=variance)
        if self.method != "fft-mean":
            entropy *= 0.5
        if self.log_base != "e":
            entropy /= np.log(self.log_base)
        return entropy
