import os
import signal
from functools import partial
from threading import Event, Thread
from time import monotonic, sleep

import numpy as np
import pytest
from fakes import Slow
from joblib import parallel_config
from joblib._parallel_backends import ThreadingBackend
from joblib.externals.loky import get_reusable_executor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from test_runner import same, small

from eegemo.evaluation import _workers, run_benchmark
from eegemo.evaluation._workers import Workers

GO_ON = Event()


class Dies(ClassifierMixin, BaseEstimator):
    """Ends the process in which it is fitted, unless that is the test's."""

    def __init__(self, parent):
        self.parent = parent

    def fit(self, X, y):
        if os.getpid() != self.parent:
            os._exit(1)
        raise AssertionError("it should be fitted in a worker")


class Waits(ClassifierMixin, BaseEstimator):
    """Fits once the test is over."""

    def fit(self, X, y):
        GO_ON.wait(60)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


ONE = {"protocols": ["within-session"]}


def test_a_worker_that_dies_is_an_error():
    data = small(n_subjects=1, n_sessions=1)
    start = monotonic()
    with pytest.raises(RuntimeError, match="A worker process died.*fewer n_jobs"):
        run_benchmark(data, {"dies": Dies(os.getpid())}, n_jobs=2, **ONE)
    assert monotonic() - start < 60
    get_reusable_executor().shutdown(kill_workers=True)


def test_workers_that_hang_are_given_up():
    GO_ON.clear()
    data = small(n_subjects=1, n_sessions=1)
    options = ONE | {"n_jobs": 2, "backend": "threading", "timeout": 1.0}
    try:
        with pytest.raises(TimeoutError, match="No fold was finished within timeout=1"):
            run_benchmark(data, {"waits": Waits()}, **options)
    finally:
        GO_ON.set()
        sleep(0.5)  # let the threads end


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_backends_give_the_same_scores(backend):
    data = small(n_subjects=1, n_sessions=1)
    expected = run_benchmark(data, ["cov-mdm"], **ONE)
    options = ONE | {"n_jobs": 2, "timeout": 120}
    same(run_benchmark(data, ["cov-mdm"], backend=backend, **options), expected)
    get_reusable_executor().shutdown(kill_workers=True)


@pytest.fixture(scope="module")
def cluster():
    """Two processes of dask, which it starts anew when they die."""
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    options = {"threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(2, processes=True, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def killed_during(client, n_workers, folder):
    """Start a run, kill workers once a fold is finished, and return its scores."""
    client.wait_for_workers(2, timeout=60)
    pids = list(client.run(os.getpid).values())[:n_workers]

    def kill():
        while not list(folder.glob("folds/*/*/*.json")):
            sleep(0.05)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    thread = Thread(target=kill, daemon=True)
    thread.start()
    data = small(n_subjects=1)
    options = ONE | {"n_jobs": 2, "backend": "dask", "output": folder}
    scores = run_benchmark(data, {"slow": Slow(0.5)}, **options)
    assert not thread.is_alive()
    return scores


def test_dask_gives_the_same_scores(cluster):
    deviations = FunctionTransformer(partial(np.std, axis=-1))  # nothing to compile
    pipelines = {"std-centroid": make_pipeline(deviations, NearestCentroid())}
    data = small(n_subjects=1, n_sessions=1)
    expected = run_benchmark(data, pipelines, **ONE)
    same(run_benchmark(data, pipelines, backend="dask", **ONE), expected)


def test_dask_goes_on_without_a_worker_that_died(cluster, tmp_path):
    scores = killed_during(cluster, 1, tmp_path)
    same(scores, run_benchmark(small(n_subjects=1), {"slow": Slow(0.0)}, **ONE))


def test_all_workers_of_dask_that_die_are_an_error(cluster, tmp_path):
    with pytest.raises(RuntimeError, match="A worker process died|nothing to do"):
        killed_during(cluster, 2, tmp_path)
    assert list(tmp_path.glob("folds/*/*/*.json"))


def test_death_of_a_worker_of_ray_is_said():
    class RayActorError(Exception):
        """As ray's, which is not installed here."""

        __module__ = "ray.exceptions"

    class ActorDiedError(RayActorError):
        pass

    def die():
        raise ActorDiedError("The actor died unexpectedly.")

    with pytest.raises(RuntimeError, match="A worker process died.*cluster says: The"):
        Workers().run(die, lambda: 0)

    class OutOfMemoryError(Exception):
        """As torch's, in the work itself."""

    def fail():
        raise OutOfMemoryError("No room on the card.")

    with pytest.raises(OutOfMemoryError, match="No room"):
        Workers().run(fail, lambda: 0)


class Cluster:
    """Says what its workers do, or raises where it is lost."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def processing(self):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise OSError("no scheduler")
        return {"worker": answer}


@pytest.mark.parametrize("answers", [[()], [None], [("a fold",), ()]])
def test_a_cluster_without_work_is_given_up(answers, monkeypatch):
    GO_ON.clear()
    monkeypatch.setattr(_workers, "_IDLE_SECONDS", 0.5)
    backend = ThreadingBackend()
    backend.client = Cluster(*answers)
    try:
        with (
            parallel_config(backend),
            pytest.raises(RuntimeError, match="cluster has had nothing to do for 0.5"),
        ):
            Workers().run(lambda: GO_ON.wait(60), lambda: 0)
    finally:
        GO_ON.set()


def test_a_cluster_at_work_is_waited_for(monkeypatch):
    monkeypatch.setattr(_workers, "_IDLE_SECONDS", 0.5)
    backend = ThreadingBackend()
    backend.client = Cluster(("a fold",))
    with parallel_config(backend):
        Workers().run(lambda: sleep(1.5), lambda: 0)


def test_backend_is_that_of_the_call_only_there():
    seen = []

    def call():
        from joblib import Parallel

        seen.append(type(Parallel(n_jobs=2)._backend).__name__)

    for timeout in (None, 10.0):
        with parallel_config("threading"):
            Workers(2, "loky", timeout).run(call, lambda: 0)
            Workers(2, None, timeout).run(call, lambda: 0)
        Workers(2, None, timeout).run(call, lambda: 0)
    names = [name.removesuffix("Backend") for name in seen]
    assert names == 2 * ["Loky", "Threading", "Loky"]


def test_overwritten_results_put_off_the_timeout(tmp_path):
    data = small(n_subjects=1, n_sessions=1)
    options = ONE | {"output": tmp_path, "timeout": 3.0}
    run_benchmark(data, {"slow": Slow(2)}, **ONE, output=tmp_path)
    run_benchmark(data, {"slow": Slow(2)}, **options, overwrite=True)


@pytest.mark.parametrize("timeout", [None, 10])
def test_errors_come_through(timeout):
    def call():
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        Workers(1, None, timeout).run(call, lambda: 0)


def test_results_put_off_the_timeout():
    results = []

    def call():
        for _ in range(6):
            sleep(0.3)
            results.append(1)

    Workers(1, None, 1.0).run(call, lambda: len(results))
    assert len(results) == 6


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_timeouts_that_make_no_sense(timeout):
    with pytest.raises(ValueError, match="timeout"):
        run_benchmark(small(), ["cov-mdm"], timeout=timeout)
