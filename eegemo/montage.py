"""Electrodes of the extended 10-20 system: names, pairs, regions and neighbours."""

import re

import numpy as np

__all__ = [
    "SEED_CHANNELS",
    "frontal_posterior_pairs",
    "left_right_pairs",
    "neighbours",
    "regions",
]

SEED_CHANNELS = tuple(
    "FP1 FPZ FP2 AF3 AF4 F7 F5 F3 F1 FZ F2 F4 F6 F8 "
    "FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 T7 C5 C3 C1 CZ C2 C4 C6 T8 "
    "TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 "
    "PO7 PO5 PO3 POZ PO4 PO6 PO8 CB1 O1 OZ O2 CB2".split()
)
"""Names of the 62 channels of the SEED data sets, in their order."""

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

# Of each row: how many tenths of the way to the back it is behind Fpz, the size
# of the ring around the head it ends on, and the numbers of its electrodes.
_PLACES = {
    "FP": (0, 1, range(3)),
    "AF": (1, 1, range(11)),
    "F": (2, 1, range(11)),
    "FC": (3, 1, range(7)),
    "FT": (3, 1, range(7, 11)),
    "C": (4, 1, range(7)),
    "T": (4, 1, range(7, 11)),
    "CP": (5, 1, range(7)),
    "TP": (5, 1, range(7, 11)),
    "P": (6, 1, range(11)),
    "PO": (7, 1, range(11)),
    "CB": (7.5, 1.2, range(1, 3)),
    "O": (8, 1, range(3)),
    "I": (8, 1.25, range(3)),
}
_CENTRAL = 4

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


def regions(channels):
    """Quarters of the head: left and right, frontal and posterior [1]_.

    Frontal is what lies before the central row. Odd numbers are left, even ones right.
    Electrodes on the midline, from the front to the back, go to the left and to the
    right by turns.

    Parameters
    ----------
    channels : sequence of str
        Names in the 10-20 system or its extensions, in any case.

    Returns
    -------
    regions : dict of str to list of str
        Channels of ``"left frontal"``, ``"left posterior"``, ``"right posterior"`` and
        ``"right frontal"``, in this order, which goes round the head; as spelt and
        ordered in ``channels``. Regions without channels are left out.

    Raises
    ------
    ValueError
        A name is unknown, or is there twice.

    References
    ----------
    .. [1] D. Kuang, X. Song and C. Michoski, "Emotion classification from
       multi-channel EEG signals using HiSTN: a hierarchical graph-based
       spatial-temporal approach", arXiv:2408.15255, 2024.

    Examples
    --------
    >>> from eegemo.montage import regions
    >>> regions(["AF3", "F7", "Fz", "T7", "O2"])
    {'left frontal': ['AF3', 'F7', 'Fz'], 'left posterior': ['T7'], \
'right posterior': ['O2']}
    """
    places = _places(channels)
    middle = sorted((n for n in places if places[n][2] == 0), key=lambda n: places[n])
    sides = {name: ("left", "right")[i % 2] for i, name in enumerate(middle)}
    ring = ["left frontal", "left posterior", "right posterior", "right frontal"]
    found = {name: [] for name in ring}
    for name, (row, _, number) in places.items():
        side = sides.get(name, "left" if number % 2 else "right")
        found[f"{side} {'frontal' if row < _CENTRAL else 'posterior'}"].append(name)
    return {name: members for name, members in found.items() if members}


def neighbours(channels):
    """Pairs of electrodes between which there is no third: their Gabriel graph [1]_.

    Two are neighbours if no other lies in, or on, the circle of which they are a
    diameter, with the head seen from above as a disc. The graph is connected.

    Parameters
    ----------
    channels : sequence of str
        Names in the 10-20 system or its extensions, in any case.

    Returns
    -------
    pairs : list of (str, str)
        As spelt and ordered in ``channels``.

    Raises
    ------
    ValueError
        A name is unknown, or is there twice.

    References
    ----------
    .. [1] K. R. Gabriel and R. R. Sokal, "A new statistical approach to geographic
       variation analysis", Systematic Zoology 18(3), 1969.

    Examples
    --------
    >>> from eegemo.montage import neighbours
    >>> neighbours(["AF3", "F7", "F3", "FC5"])
    [('AF3', 'F3'), ('F7', 'F3'), ('F7', 'FC5'), ('F3', 'FC5')]
    """
    places = _places(channels)
    names = list(places)
    points = np.array([_on_disc(*place) for place in places.values()]).reshape(-1, 2)
    squares = np.sum((points[:, None] - points) ** 2, axis=2)
    pairs = []
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        # Thales: the angle at a third point is acute unless it is in the circle
        within = squares[i] + squares[j] <= squares[i, j] * (1 + 1e-9)
        if np.count_nonzero(within) == 2:  # the two themselves
            pairs.append((names[i], names[j]))
    return pairs


def _places(channels):
    """Row, ring and number of each channel; the number is 0 on the midline."""
    places, seen = {}, {}
    for name in channels:
        standard = _standard(name)
        match = re.fullmatch(r"([A-Z]+?)(Z|[1-9]\d*)", standard)
        row, ring, numbers = _PLACES.get(match and match[1], (0, 0, ()))
        number = int(match[2].replace("Z", "0")) if match else None
        if number not in numbers:
            raise ValueError(
                f"{name!r} is no electrode of the extended 10-20 system, such as 'AF3' "
                "or 'Cz': rename the channels, or leave this one out."
            )
        if standard in seen:
            raise ValueError(
                f"The channels {seen[standard]!r} and {name!r} are one electrode: name "
                "each once."
            )
        seen[standard] = name
        places[name] = row, ring, number
    return places


def _on_disc(row, ring, number):
    """Position of an electrode, with x to the right and y to the front.

    The rows cross the midline at equal distances, and meet the circle through Fpz, T7,
    Oz and T8 at equal angles, at the electrodes 7 and 8, or in the short rows 1 and 2.
    """
    angle = np.pi * (row + 1) / 10
    middle, end = 1 - row / 4, (np.sin(angle), np.cos(angle))
    share = (number + 1) // 2 / (4 if 0 < row <= 7 else 1)
    side = -1 if number % 2 else 1
    return ring * side * share * end[0], ring * (middle + share * (end[1] - middle))


def _standard(name):
    """Upper case, and today's names for the electrodes that have changed theirs."""
    name = str(name).strip().upper()
    return _OLD_NAMES.get(name, name)
