"""Processes that compute folds, here or elsewhere, and may die."""

from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Thread
from time import monotonic

from joblib import parallel_config

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

    def run(self, call, count):
        """Call a function that computes in parallel by joblib.

        Parameters
        ----------
        call : callable
        count : callable
            Says how many results there are so far.

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
                self._call_in_time(call, count)
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

    def _call_in_time(self, call, count):
        """Call in a thread of its own, which is left behind if it hangs."""
        errors = []

        def run():
            try:
                self._call(call)
            except BaseException as error:  # raised again below
                errors.append(error)

        thread = Thread(target=run, daemon=True)
        thread.start()
        known, since = count(), monotonic()
        while thread.is_alive():
            thread.join(_SECONDS)
            if count() != known:
                known, since = count(), monotonic()
            elif monotonic() - since > self.timeout and thread.is_alive():
                raise TimeoutError(
                    f"No fold was finished within timeout={self.timeout:g} seconds: "
                    "workers may have died or lack eegemo or memory. Look at their "
                    "logs, and run the same again: with output, results that are "
                    "there are kept."
                )
        if errors:
            raise errors[0]
