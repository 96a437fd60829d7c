"""Processes that compute folds, here or elsewhere, and may die."""

from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Thread
from time import monotonic

from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

_SECONDS = 0.2  # between two looks at the results


@dataclass(frozen=True)
class Workers:
    """How many processes there are, of which kind, and how long to wait for them.

    Parameters
    ----------
    n_jobs : int
    backend : str or None
        Of joblib; None is its default, or that of the caller.
    timeout : float or None
        Seconds without any result after which they are given up.
    """

    n_jobs: int = 1
    backend: str | None = None
    timeout: float | None = None

    def run(self, call, progress):
        """Call a function that computes in parallel by joblib.

        Parameters
        ----------
        call : callable
        progress : callable
            Returns something that changes with each new result.

        Raises
        ------
        RuntimeError
            A worker died, and the backend says so.
        TimeoutError
            There was no result for ``timeout`` seconds.
        """
        try:
            if self.timeout is None:
                self._call(call)
            else:
                self._call_in_time(call, progress)
        except BrokenProcessPool as error:
            raise RuntimeError(
                "A worker process died, most likely for want of memory. Take fewer "
                "n_jobs or windows, or more memory, and run the same again: with "
                "output, results that are there are kept."
            ) from error

    def _call(self, call):
        chosen = parallel_config(self.backend) if self.backend else nullcontext()
        with chosen:
            call()

    def _call_in_time(self, call, progress):
        """Call in a thread of its own, which is left behind if it hangs."""
        errors = []
        backend, n_jobs = get_active_backend()  # and options of this thread alone
        options = get_config()

        def run():
            try:
                with parallel_config(backend, n_jobs=n_jobs), config_context(**options):
                    self._call(call)
            except BaseException as error:  # raised again below
                errors.append(error)

        thread = Thread(target=run, daemon=True)
        thread.start()
        known, since = progress(), monotonic()
        while thread.is_alive():
            thread.join(_SECONDS)
            if progress() != known:
                known, since = progress(), monotonic()
            elif monotonic() - since > self.timeout and thread.is_alive():
                get_reusable_executor().shutdown(wait=False, kill_workers=True)
                raise TimeoutError(
                    f"No fold was finished within timeout={self.timeout:g} seconds: "
                    "workers may have died or lack eegemo or memory. Look at their "
                    "logs, and run the same again: with output, results that are "
                    "there are kept."
                )
        if errors:
            raise errors[0]
