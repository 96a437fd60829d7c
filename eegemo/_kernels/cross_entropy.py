"""Softmax cross-entropy with its gradient, of a whole batch."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def cross_entropy(logits, targets, weights):
    """Weighted mean of the cross-entropies, and its gradient by the logits.

    logits, targets : arrays of shape (n_samples, n_classes), in C order
    weights : array of shape (n_samples,)
    loss, gradient : float, and array of the shape and type of the logits
    """
    n_samples, n_classes = logits.shape
    gradient = np.empty_like(logits)
    loss = 0.0
    for i in range(n_samples):
        share = weights[i] / n_samples
        highest = logits[i, 0]
        for k in range(1, n_classes):
            if not logits[i, k] <= highest:  # NaN is kept
                highest = logits[i, k]
        total = 0.0
        for k in range(n_classes):
            gradient[i, k] = np.exp(logits[i, k] - highest)
            total += gradient[i, k]
        log_total = np.log(total)
        for k in range(n_classes):
            log = logits[i, k] - highest - log_total
            loss -= share * targets[i, k] * log
            gradient[i, k] = share * (gradient[i, k] / total - targets[i, k])
    return loss, gradient
