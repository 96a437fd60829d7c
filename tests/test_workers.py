import os
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.base import BaseEstimator, ClassifierMixin
from test_runner import same, small

from eegemo.evaluation import run_benchmark
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


class Slow(Waits):
    """Takes a while."""

    def fit(self, X, y):
        sleep(2)
        self.classes_ = np.unique(y)
        return self


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
    run_benchmark(data, {"slow": Slow()}, **ONE, output=tmp_path)
    run_benchmark(data, {"slow": Slow()}, **options, overwrite=True)


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
