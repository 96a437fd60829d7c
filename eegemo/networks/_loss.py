"""What training aims at."""

from numbers import Real

import numpy as np
from sklearn.utils import check_scalar

_ORDINAL_WIDTH = 0.5


def soft_targets(labels, n_classes, smoothing):
    """Give each sample a distribution over the classes.

    Parameters
    ----------
    labels : int array of shape (n_samples,)
    n_classes : int
    smoothing : float or "ordinal"
        A share that is spread evenly over all classes; or a Gaussian of width 0.5
        around the label, for classes in order [1]_.

    Returns
    -------
    targets : float64 array of shape (n_samples, n_classes)

    Raises
    ------
    ValueError
        ``smoothing`` is neither.

    References
    ----------
    .. [1] D. Kuang, X. Song and C. Michoski, "Emotion classification from
       multi-channel EEG signals using HiSTN: a hierarchical graph-based
       spatial-temporal approach", arXiv:2408.15255, 2024.
    """
    if isinstance(smoothing, str):
        if smoothing != "ordinal":
            raise ValueError(
                f'label_smoothing should be a number or "ordinal", got {smoothing!r}.'
            )
        classes = np.arange(n_classes)
        distance = (classes - classes[:, None]) / _ORDINAL_WIDTH
        table = np.exp(-(distance**2) / 2)
        table /= table.sum(axis=1, keepdims=True)
    else:
        check_scalar(smoothing, "label_smoothing", Real, min_val=0, max_val=1)
        table = (1 - smoothing) * np.eye(n_classes) + smoothing / n_classes
    return table[labels]
