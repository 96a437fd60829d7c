"""Differential entropy as other libraries compute it, as data."""

from ..bands import BANDS

# Facts of torcheeg 1.1.3, LibEER 0.1.4, eegemolib 0.1.1.post2 and RBTransformer's code.
_FILTERS = {
    "torcheeg": {
        "bands": "torcheeg",
        "order": 5,
        "causal": True,
        "scaling": None,
        "log_base": 2,
    },
    "libeer": {"bands": "libeer", "order": 3, "ddof": 1, "log_base": 2},
    "rbtransformer": {
        "bands": "torcheeg",
        "order": 5,
        "causal": True,
        "scaling": "zscore",
        "log_base": 2,
    },
}
_SPECTRA = {"method": "fft-mean", "scaling": None, "log_base": 2}

PRESETS = (*_FILTERS, "torcheeg-fft", "eegemolib")


def preset_parameters(name, sfreq):
    """Parameters of DifferentialEntropy for a preset at a sampling rate."""
    if name in _FILTERS:
        return {**_FILTERS[name], "sfreq": sfreq}
    if name not in PRESETS:
        raise ValueError(f"Unknown preset {name!r}: choose from {', '.join(PRESETS)}.")
    if sfreq is None:
        raise ValueError(
            f"The preset {name!r} has its bins at the sampling rate: give sfreq in Hz."
        )
    if name == "torcheeg-fft":  # bins 1 Hz apart, from one below the band to its end
        n_fft = int(sfreq)
        bins = {b: (low - 1, high) for b, (low, high) in BANDS["torcheeg"].items()}
    else:  # 256 samples, and bins numbered by hertz times the whole ratio of the rates
        n_fft = 256
        if sfreq > n_fft:
            raise ValueError(
                f"The preset 'eegemolib' is for rates up to 256 Hz, got {sfreq:g} Hz: "
                "resample first."
            )
        ratio = int(n_fft / sfreq)
        bins = {
            b: (low * ratio, high * ratio - 1)
            for b, (low, high) in BANDS["seed-vii"].items()
        }
    # The edges between two bins, out of reach of rounding.
    bands = {
        b: ((first - 0.5) * sfreq / n_fft, (stop - 0.5) * sfreq / n_fft)
        for b, (first, stop) in bins.items()
    }
    return {**_SPECTRA, "bands": bands, "n_fft": n_fft, "sfreq": sfreq}
