"""Electrodes of the extended 10-20 system: names and pairs, as data."""

import re

__all__ = ["SEED_CHANNELS", "frontal_posterior_pairs", "left_right_pairs"]

SEED_CHANNELS = tuple(
    "FP1 FPZ FP2 AF3 AF4 F7 F5 F3 F1 FZ F2 F4 F6 F8 "
    "FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 T7 C5 C3 C1 CZ C2 C4 C6 T8 "
    "TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 "
    "PO7 PO5 PO3 POZ PO4 PO6 PO8 CB1 O1 OZ O2 CB2".split()
)
"""The 62 channels of the SEED data sets, in their order."""

# Rows from front to back in which an odd number n lies left, opposite to n + 1.
_ROWS = "FP AF F FT FC T C TP CP P PO O CB I".split()

# The 23 pairs of the SEED papers first; then pairs for caps without CB1 and CB2, or
# with more electrodes.
_FRONTAL_POSTERIOR = tuple(
    tuple(pair.split("-"))
    for pair in (
        "FT7-TP7 FC5-CP5 FC3-CP3 FC1-CP1 FCZ-CPZ FC2-CP2 FC4-CP4 FC6-CP6 FT8-TP8 "
        "F7-P7 F5-P5 F3-P3 F1-P1 FZ-PZ F2-P2 F4-P4 F6-P6 F8-P8 FP1-O1 FP2-O2 FPZ-OZ "
        "AF3-CB1 AF4-CB2 "
        "AF3-PO3 AF4-PO4 AF7-PO7 AF8-PO8 AFZ-POZ F9-P9 F10-P10 FT9-TP9 FT10-TP10"
    ).split()
)

_OLD_NAMES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}


def left_right_pairs(channels):
    """Pairs of opposite electrodes.

    Parameters
    ----------
    channels : sequence of str
        Names in the 10-20 system or its extensions, in any case; others are left out.

    Returns
    -------
    pairs : list of (left, right)
        As spelt in ``channels``, in the order of the left ones. Of the 62 channels of
        SEED, 27.

    Examples
    --------
    >>> from eegemo.montage import left_right_pairs
    >>> left_right_pairs(["AF3", "Fz", "T7", "T8", "AF4", "O1"])
    [('AF3', 'AF4'), ('T7', 'T8')]
    """
    spelling = {_standard(name): name for name in channels}
    pairs = []
    for name in spelling:
        match = re.fullmatch(r"([A-Z]+)(\d+)", name)
        if match and match[1] in _ROWS and int(match[2]) % 2:
            pairs.append((name, f"{match[1]}{int(match[2]) + 1}"))
    return [(spelling[a], spelling[b]) for a, b in pairs if b in spelling]


def frontal_posterior_pairs(channels):
    """Pairs of a frontal electrode and the posterior one that mirrors it.

    Parameters
    ----------
    channels : sequence of str
        Names in the 10-20 system or its extensions, in any case; others are left out.

    Returns
    -------
    pairs : list of (frontal, posterior)
        As spelt in ``channels``; no frontal electrode is in two of them. Of the 62
        channels of SEED, 23.

    Examples
    --------
    >>> from eegemo.montage import frontal_posterior_pairs
    >>> frontal_posterior_pairs(["F3", "Fz", "F4", "AF3", "P3", "Pz", "PO3"])
    [('F3', 'P3'), ('Fz', 'Pz'), ('AF3', 'PO3')]
    """
    spelling = {_standard(name): name for name in channels}
    pairs = {}
    for frontal, posterior in _FRONTAL_POSTERIOR:
        if frontal in spelling and posterior in spelling:
            pairs.setdefault(spelling[frontal], spelling[posterior])
    return list(pairs.items())


def _standard(name):
    """Upper case, and today's names for the electrodes that have changed theirs."""
    name = str(name).strip().upper()
    return _OLD_NAMES.get(name, name)
