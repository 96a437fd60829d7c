"""Power in frequency bands."""

import numpy as np

from ._band_features import BandFeatures

_SCALES = ("absolute", "relative", "log")


class BandPower(BandFeatures):
    r"""Power of each channel in each frequency band: the variance that lies in it.

    Its logarithm is twice the :class:`DifferentialEntropy`, less
    :math:`\log (2 \pi e)`.

    Parameters
    ----------
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    bands : str, dict or list of (low, high), default="seed"
        A key of ``eegemo.bands.BANDS``, a dict of name to (low, high), or edges in Hz.
    method : {"fft", "iir"}, default="fft"
        The Hann-windowed periodogram summed over low <= f < high, or the variance after
        a Butterworth band-pass; see :class:`DifferentialEntropy`.
    scale : {"absolute", "relative", "log"}, default="absolute"
        ``"absolute"``: in the squared unit of X. ``"relative"``: divided by the sum
        over the bands given. ``"log"``: the natural logarithm, nearer to Gaussian.
    floor : float, default=1e-30
        Least power, in the squared unit of X, so that of a flat channel the logarithm
        is finite and the relative powers are equal.
    order : int, default=4
        Of the filter's prototype: the band-pass has twice as many poles.
    causal : bool, default=False
        Filter once, from rest, instead of forward and backward.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    sfreq_ : float
        Sampling rate in use.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.features import BandPower
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> relative = BandPower(sfreq=128, scale="relative").fit_transform(X)
    >>> relative.shape, relative[0, :5].sum().round(6)
    ((8, 70), np.float64(1.0))
    """

    _methods = ("iir", "fft")

    def __init__(
        self,
        sfreq=None,
        bands="seed",
        method="fft",
        scale="absolute",
        floor=1e-30,
        *,
        order=4,
        causal=False,
    ):
        self.sfreq = sfreq
        self.bands = bands
        self.method = method
        self.scale = scale
        self.floor = floor
        self.order = order
        self.causal = causal

    def _check_parameters(self):
        super()._check_parameters()
        if self.scale not in _SCALES:
            raise ValueError(f"scale should be one of {_SCALES}: {self.scale!r}.")

    def _feature(self, variance):
        if self.scale == "relative":
            variance /= variance.sum(axis=-1, keepdims=True)
        elif self.scale == "log":
            np.log(variance, out=variance)
        return variance
