"""Work in threads: the kernels let go of Python's lock."""

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils import gen_even_slices

from ._distance import distances_from


def run_in_threads(function, calls, n_jobs):
    """List of ``function(*call)`` of each call, through joblib.

    Parameters
    ----------
    function : callable
    calls : list of tuple
    n_jobs : int or None
        As joblib has it.

    Returns
    -------
    results : list
    """
    if effective_n_jobs(n_jobs) == 1:  # without joblib's fraction of a millisecond
        return [function(*call) for call in calls]
    work = (delayed(function)(*call) for call in calls)
    return Parallel(n_jobs=n_jobs, prefer="threads")(work)


def distances_in_threads(X, references, metric, n_jobs):
    """Compute :func:`distances_from`, each thread those of some of the matrices."""
    n_parts = min(effective_n_jobs(n_jobs), len(X))
    if n_parts == 1:
        return distances_from(X, references, metric)
    parts = gen_even_slices(len(X), n_parts)
    calls = [(X[part], references, metric) for part in parts]
    return np.concatenate(run_in_threads(distances_from, calls, n_jobs))
