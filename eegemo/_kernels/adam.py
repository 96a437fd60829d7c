"""A step of Adam, in one pass over all weights."""

import numpy as np
from numba import njit


# Without the model of NumPy, a test for division by zero stops the vectorisation.
@njit(cache=True, nogil=True, error_model="numpy")
def adam_step(values, gradients, first, second, hyper):
    """Move the values, in place, against their gradients.

    values, gradients, first, second : arrays of shape (n,), of one type; the last two
        are the running means of gradients and of their squares, which are moved too
    hyper : tuple of 7 floats: step size, decay of either mean, the corrections one over
        1 - decay^t of both, epsilon, and the share by which the values shrink first

    Means of less than epsilon cubed, which move nothing, become zero: those of weights
    without gradients would fall until they are subnormal, and the processor slow.
    """
    of_type = values.dtype.type  # in single precision, nothing is computed in double
    rate, beta1, beta2 = of_type(hyper[0]), of_type(hyper[1]), of_type(hyper[2])
    correct1, correct2 = of_type(hyper[3]), of_type(hyper[4])
    eps, shrink = of_type(hyper[5]), of_type(hyper[6])
    one, nothing = of_type(1), of_type(0)
    least = eps * eps * eps
    for i in range(len(values)):
        g = gradients[i]
        mean = beta1 * first[i] + (one - beta1) * g
        first[i] = mean if abs(mean) >= least else nothing
        second[i] = beta2 * second[i] + (one - beta2) * g * g
        denominator = np.sqrt(second[i] * correct2) + eps
        values[i] -= shrink * values[i] + rate * correct1 * first[i] / denominator
