"""Time the search for order and lag against a grid search over MOABB's pipeline.

    python benchmarks/search.py

The search must give the scores of GridSearchCV over eegemo's own plain pipeline, or the
command fails. --recordings compares what the searches find on real data: a search in
each training fold, scored on whole trials that it never saw.
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np
import pyriemann.tangentspace
from _cases import eeg
from moabb.pipelines.features import AugmentedDataset
from pyriemann.estimation import Covariances as PyriemannCovariances
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from eegemo.covariance import (
    AugmentedCovariances,
    AugmentedCovarianceSearchCV,
    Covariances,
)
from eegemo.riemann import TangentSpace

FULL = {"orders": [2, 4, 6, 8, 10], "lags": [1, 2, 3, 4, 5]}  # half an hour for MOABB


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=int, nargs=3, default=(288, 22, 1000))
    parser.add_argument("--orders", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--lags", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--full", action="store_true", help=f"{FULL}, about 40 min")
    parser.add_argument(
        "--rounds", type=int, help="of all searches in turn; 3, or 1 with --full"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--search-metric",
        metavar="MEAN",
        help="of the tangent points during the search, such as logeuclid; by default "
        "the affine-invariant mean, as in the peer always",
    )
    parser.add_argument("--recordings", choices=("physionet", "dasps"), nargs="*")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("EEGEMO_TEST_DATA"),
        help="folder of the recordings, with mne_data and dasps; by default that named "
        "by the environment variable EEGEMO_TEST_DATA",
    )
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = 1 if options.full else 3
    if options.full:
        options.orders, options.lags = FULL["orders"], FULL["lags"]
    if options.recordings is not None and options.data is None:
        parser.error("--recordings needs --data or EEGEMO_TEST_DATA")
    return options


def searches(options, cv):
    """The search, its plain equal, and that of the peers, by name."""
    metric = "riemann"
    if options.search_metric is not None:
        metric = {"mean": options.search_metric, "map": "riemann"}
    ours = AugmentedCovarianceSearchCV(
        orders=options.orders, lags=options.lags, search_metric=metric, cv=cv
    )
    plain = make_pipeline(
        AugmentedCovariances(), TangentSpace(metric), SVC(kernel="linear")
    )
    peer = make_pipeline(
        AugmentedDataset(),
        PyriemannCovariances("oas"),
        pyriemann.tangentspace.TangentSpace(),
        SVC(kernel="linear"),
    )
    grids = {"eegemo, plain": plain, "MOABB + pyRiemann": peer}
    return {"eegemo, search": ours} | {
        name: GridSearchCV(
            pipeline,
            {
                f"{pipeline.steps[0][0]}__order": options.orders,
                f"{pipeline.steps[0][0]}__lag": options.lags,
            },
            cv=cv,
        )
        for name, pipeline in grids.items()
    }


def pair_of(params):
    """Order and lag, whatever the names of the steps."""
    values = {name.rpartition("__")[2]: value for name, value in params.items()}
    return values["order"], values["lag"]


def by_pair(search):
    """Mean score and seconds of all folds for each (order, lag)."""
    results = search.cv_results_
    seconds = results["mean_fit_time"] + results["mean_score_time"]
    pairs = map(pair_of, results["params"])
    scores = results["mean_test_score"]
    return {
        pair: (score, search.n_splits_ * s)
        for pair, score, s in zip(pairs, scores, seconds, strict=True)
    }


def compare(options):
    """Print times and scores on noise with a weak difference; tell if they agree.

    The covariances of its windows differ as much as those of recordings do, on which
    the steps to the mean depend.
    """
    n, n_channels, n_times = options.shape
    X = eeg((n, n_channels, n_times + 3))
    y = np.arange(n) % 2
    X[y == 1, :, 3:] += 0.1 * X[y == 1, ::-1, :-3]
    X = np.ascontiguousarray(X[:, :, 3:])
    few = 4 * options.folds
    searches(options, options.folds)["eegemo, search"].fit(X[:few], y[:few])  # compiles
    total = {name: [] for name in searches(options, options.folds)}
    found = {name: [] for name in total}
    for round_ in range(options.rounds):
        for name, search in searches(options, options.folds).items():
            print(f"round {round_ + 1}: {name} ...", file=sys.stderr)
            start = time.perf_counter()
            search.fit(X, y)
            total[name].append(time.perf_counter() - start)
            found[name].append(by_pair(search))
    print(
        f"{n} windows, {n_channels} channels, {n_times} samples, {options.folds} folds"
    )
    print("median seconds, and accuracy:", ", ".join(found))
    for pair in found["eegemo, search"][0]:
        cells = []
        for rounds in found.values():
            seconds = np.median([pairs[pair][1] for pairs in rounds])
            cells.append(f"{seconds:8.2f} s {rounds[0][pair][0]:.4f}")
        print(f"{str(pair):8}", *cells)
    totals = [f"{np.median(seconds):8.2f} s       " for seconds in total.values()]
    print("total   ", *totals, "with the refit")
    for name, seconds in total.items():
        ratios = np.divide(seconds, total["eegemo, search"])
        print(
            f"{name}: {np.median(ratios):.2f} times the search, "
            f"{ratios.min():.2f} to {ratios.max():.2f}"
        )
    search, plain = found["eegemo, search"][0], found["eegemo, plain"][0]
    agree = all(np.isclose(search[p][0], plain[p][0]) for p in search)
    print("scores of search and plain pipeline", "agree" if agree else "DIFFER")
    return agree


def physionet(folder):
    """Imagined left and right hand of one subject; every window is a trial."""
    for name in ("MNE_DATA", "MNE_DATASETS_EEGBCI_PATH"):
        os.environ[name] = str(folder / "mne_data")
    os.environ["MOABB_DOWNLOAD_PROVIDER"] = "upstream"
    from moabb.datasets import PhysionetMI
    from moabb.paradigms import LeftRightImagery

    X, y, _ = LeftRightImagery().get_data(PhysionetMI(), subjects=[1])
    yield "PhysionetMI, subject 1, folds of trials", X, y, np.arange(len(y))


def dasps(folder):
    """High or low arousal; both trials of a situation have one rating, so one group."""
    from eegemo.datasets import DASPS
    from eegemo.paradigm import EmotionParadigm

    X, y, meta = EmotionParadigm("arousal").get_data(DASPS(folder / "dasps"))
    subject = meta["subject"].to_numpy(str)
    trial = np.char.add(subject, meta["stimulus"].to_numpy(str))
    yield "DASPS, arousal, folds of trials: the subject is in training too", X, y, trial
    yield "DASPS, arousal, folds of subjects", X, y, subject


def nested(options, X, y, groups):
    """Print scores in outer folds of whole groups, with searches inside the others."""
    cv = StratifiedGroupKFold(options.folds, shuffle=True, random_state=0)
    outer = list(cv.split(X, y, groups))
    flat = make_pipeline(Covariances("oas"), TangentSpace(), SVC(kernel="linear"))
    models = searches(options, StratifiedGroupKFold(options.folds))
    del models["eegemo, plain"]
    models |= {"tangent space, plain": flat, "trivial": DummyClassifier()}
    print(
        f"{X.shape}, {len(np.unique(groups))} groups, orders {options.orders}, lags "
        f"{options.lags}; chance {1 / len(np.unique(y)):.3f}, balanced accuracy:"
    )
    for name, model in models.items():
        start = time.perf_counter()
        scores, best = [], []
        for train, test in outer:
            fitted = clone(model)
            searching = hasattr(fitted, "cv")
            extra = {"groups": groups[train]} if searching else {}
            fitted.fit(X[train], y[train], **extra)
            scores.append(balanced_accuracy_score(y[test], fitted.predict(X[test])))
            if searching:
                best.append(pair_of(fitted.best_params_))
        seconds = time.perf_counter() - start
        print(
            f"  {name:22} {np.mean(scores):.3f} ± {np.std(scores):.3f}  "
            f"{seconds:7.1f} s  {best or ''}",
            flush=True,
        )


def main(options):
    if options.recordings is None:
        return compare(options)
    for reader in options.recordings or ("physionet", "dasps"):
        for title, *data in globals()[reader](Path(options.data)):
            print(title)
            nested(options, *data)
    return True


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Montage name", FutureWarning)
    sys.exit(not main(parse()))
