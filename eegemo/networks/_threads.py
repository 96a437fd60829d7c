"""One thread of BLAS, for as many threads of Python as ask for it at a time."""

from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

_lock = Lock()
_users, _limits = 0, None


@contextmanager
def one_blas_thread():
    """Keep BLAS to one thread; the last to leave puts back the number before.

    The number is the process's: of threads that enter and leave by turns, each with
    limits of its own, the last would put back the limit of another.
    """
    global _users, _limits
    with _lock:
        if not _users:
            _limits = _libraries().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _limits.restore_original_limits()


@cache
def _libraries():
    """Find the libraries of the process, once: it takes longer than to predict."""
    return ThreadpoolController()
