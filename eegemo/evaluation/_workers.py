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
_IDLE_SECONDS = 120.0  # that a cluster may have nothing to do before it is given up
_DIED = (
    "A worker process died, most likely for want of memory. Take fewer n_jobs or "
    "windows, or more memory, and run the same again: with output, results that are "
    "there are kept."
)


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
            A worker died, and the backend says so; or a cluster of dask has had no
            result and nothing to do for two minutes.
        TimeoutError
            There was no result for ``timeout`` seconds.
        """
        try:
            with self._chosen():
                client = getattr(get_active_backend()[0], "client", None)  # of dask
            if self.timeout is None and client is None:
                self._call(call)
            else:
                self._call_and_watch(call, progress, client)
        except BrokenProcessPool as error:
            raise RuntimeError(_DIED) from error
        except Exception as error:
            if not _is_death(error):
                raise
            raise RuntimeError(f"{_DIED} The cluster says: {error}") from error

    def _chosen(self):
        return parallel_config(self.backend) if self.backend else nullcontext()

    def _call(self, call):
        with self._chosen():
            call()

    def _call_and_watch(self, call, progress, client):
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
        at_work = looked = since
        while thread.is_alive():
            thread.join(_SECONDS)
            now = monotonic()
            if progress() != known:
                known, since = progress(), now
            elif self.timeout and now - since > self.timeout and thread.is_alive():
                get_reusable_executor().shutdown(wait=False, kill_workers=True)
                raise TimeoutError(
                    f"No fold was finished within timeout={self.timeout:g} seconds: "
                    "workers may have died or lack eegemo or memory. Look at their "
                    "logs, and run the same again: with output, results that are "
                    "there are kept."
                )
            if client is not None and now - looked > _IDLE_SECONDS / 10:
                at_work = now if _is_at_work(client) else max(at_work, since)
                looked = now
                if now - at_work > _IDLE_SECONDS and thread.is_alive():
                    raise RuntimeError(
                        f"The cluster has had nothing to do for {_IDLE_SECONDS:g} "
                        "seconds, and folds are missing: workers or the scheduler "
                        "died, or none can be reached. Start them anew, and run the "
                        "same again: with output, results that are there are kept."
                    )
        if errors:
            raise errors[0]


def _is_death(error):
    """Tell whether dask or ray says so; errors of the work itself have other types."""
    if type(error).__module__.startswith("distributed."):
        return True
    kinds = {(k.__module__.partition(".")[0], k.__name__) for k in type(error).__mro__}
    deaths = ("RayActorError", "WorkerCrashedError", "OutOfMemoryError")
    return any(("ray", name) in kinds for name in deaths)


def _is_at_work(client):
    """Tell whether a worker of dask computes something."""
    try:
        return any(client.processing().values())
    except Exception:  # whatever it is that a lost scheduler raises
        return False
