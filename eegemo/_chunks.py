"""Arrays in parts, as few kinds of them as possible for the kernels."""

import numpy as np

_IN_CACHE = 2**17  # numbers to convert at a time: 1 MiB


def in_cache(X, out, multiple=1):
    """Pairs of parts of X and out as float64 arrays that kernels can read and write.

    Kernels are compiled for writable float64 only. Other arrays are converted a part
    at a time, which stays in the processor's cache.

    Parameters
    ----------
    X, out : float arrays of the same length, C order
    multiple : int, default=1
        Of which the length of the parts is one, apart from the last.
    """
    if X.dtype == out.dtype == np.float64 and X.flags.writeable:
        yield X, out
        return
    step = max(1, _IN_CACHE // max(X[0].size, out[0].size) // multiple) * multiple
    for start in range(0, len(X), step):
        part = X[start : start + step].astype(np.float64)
        result = out[start : start + step]
        converted = result if out.dtype == np.float64 else np.empty(result.shape)
        yield part, converted
        if converted is not result:
            result[:] = converted
