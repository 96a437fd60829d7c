"""Frequency bands of the EEG, in hertz, as data."""

from collections.abc import Iterable
from numbers import Real

__all__ = ["BANDS", "resolve_bands"]

BANDS = {
    "seed": {  # the bands of the SEED data set, as its papers list them
        "delta": (1, 3),
        "theta": (4, 7),
        "alpha": (8, 13),
        "beta": (14, 30),
        "gamma": (31, 50),
    },
    "seed-vii": {
        "delta": (1, 4),
        "theta": (4, 8),
        "alpha": (8, 14),
        "beta": (14, 31),
        "gamma": (31, 50),
    },
    "libeer": {
        "delta": (0.5, 4),
        "theta": (4, 8),
        "alpha": (8, 14),
        "beta": (14, 30),
        "gamma": (30, 50),
    },
    "torcheeg": {  # no delta
        "theta": (4, 8),
        "alpha": (8, 14),
        "beta": (14, 31),
        "gamma": (31, 49),
    },
    "eegemo": {  # contiguous, and below the 50 Hz line
        "delta": (1, 4),
        "theta": (4, 8),
        "alpha": (8, 13),
        "beta": (13, 30),
        "gamma": (30, 45),
    },
}
"""Edges (low, high) in hertz, by band, by set of bands.

The sets are ``"seed"``, as the papers of the data set SEED list them; ``"seed-vii"``,
those of the features published with SEED-VII; ``"libeer"`` and ``"torcheeg"``, of the
libraries of these names, the latter without delta; and ``"eegemo"``, contiguous, and
below the 50 Hz of the mains.
"""


def resolve_bands(bands):
    """Names and edges of frequency bands.

    Parameters
    ----------
    bands : str, dict or sequence
        A key of ``BANDS``, a dict of name to (low, high), or a sequence of (low, high).

    Returns
    -------
    names : list of str
        As given, or made of the edges: ``"8-13Hz"``.
    edges : list of (float, float)
        Lowest and highest frequency of each band, in hertz.

    Raises
    ------
    ValueError
        There is no such key, no band, two of one name, or one that is no pair
        0 < low < high.

    Examples
    --------
    >>> from eegemo.bands import resolve_bands
    >>> resolve_bands([(8, 13), (13, 30)])
    (['8-13Hz', '13-30Hz'], [(8.0, 13.0), (13.0, 30.0)])
    """
    if isinstance(bands, str):
        bands = BANDS.get(bands, bands)
    if isinstance(bands, str) or not isinstance(bands, Iterable):
        raise ValueError(
            f"Unknown bands {bands!r}: expected one of {sorted(BANDS)}, a dict of name "
            "to (low, high), or a list of (low, high) in Hz."
        )
    named = isinstance(bands, dict)
    edges = [_check_edges(band) for band in (bands.values() if named else bands)]
    names = [str(n) for n in bands] if named else [f"{a:g}-{b:g}Hz" for a, b in edges]
    if not edges:
        raise ValueError("bands is empty: give at least one (low, high) in Hz.")
    if len(set(names)) < len(names):
        raise ValueError(f"Bands need different names, got {', '.join(names)}.")
    return names, edges


def _check_edges(edges):
    pair = isinstance(edges, Iterable) and list(edges)
    if not pair or len(pair) != 2 or not all(isinstance(edge, Real) for edge in pair):
        raise ValueError(f"A band is a pair (low, high) in Hz, got {edges!r}.")
    low, high = (float(edge) for edge in pair)
    if not 0 < low < high:
        raise ValueError(f"A band should have 0 < low < high, got {edges!r}.")
    return low, high
