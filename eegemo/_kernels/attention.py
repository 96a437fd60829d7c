"""The softmax of attention, with tokens side by side.

NumPy's loops over the last axis are as short as there are tokens, and take several
times as long as the arithmetic. The exponential in between is NumPy's, which computes
many at once.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def subtract_highest(scores):
    """Subtract from each column of each matrix, in place, its highest number.

    scores : array of shape (n_matrices, n_keys, n_queries), in C order
    """
    n_matrices, n_keys, n_queries = scores.shape
    highest = np.empty(n_queries, scores.dtype)
    for i in range(n_matrices):
        for q in range(n_queries):
            highest[q] = scores[i, 0, q]
        for k in range(1, n_keys):
            for q in range(n_queries):
                x = scores[i, k, q]
                highest[q] = x if x > highest[q] else highest[q]
        for k in range(n_keys):
            for q in range(n_queries):
                scores[i, k, q] -= highest[q]


@njit(cache=True, nogil=True, error_model="numpy")
def divide_by_sums(weights):
    """Divide each column of each matrix, in place, by its sum.

    weights : array of shape (n_matrices, n_keys, n_queries), in C order
    """
    n_matrices, n_keys, n_queries = weights.shape
    factor = np.empty(n_queries, weights.dtype)
    for i in range(n_matrices):
        for q in range(n_queries):
            factor[q] = weights[i, 0, q]
        for k in range(1, n_keys):
            for q in range(n_queries):
                factor[q] += weights[i, k, q]
        for q in range(n_queries):
            factor[q] = 1 / factor[q]
        for k in range(n_keys):
            for q in range(n_queries):
                weights[i, k, q] *= factor[q]


@njit(cache=True, nogil=True)
def through_softmax(gradient, dropped, weights):
    """Turn the gradient by weights, after dropout, into that by scores, in place.

    gradient, dropped, weights : arrays of shape (n_matrices, n_keys, n_queries), in C
        order: of the loss by ``dropped``; the weights times the mask of dropout; and
        the softmax of each column
    """
    n_matrices, n_keys, n_queries = gradient.shape
    along = np.empty(n_queries, gradient.dtype)
    for i in range(n_matrices):
        along[:] = 0
        for k in range(n_keys):
            for q in range(n_queries):
                gradient[i, k, q] *= dropped[i, k, q]
                along[q] += gradient[i, k, q]
        for k in range(n_keys):
            for q in range(n_queries):
                gradient[i, k, q] -= along[q] * weights[i, k, q]
