"""The benchmark: every pipeline under every protocol, on MOABB's evaluations."""

import copy
import platform
import time
import warnings
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import pandas as pd
from sklearn.utils.validation import check_scalar
from threadpoolctl import threadpool_limits

from .. import __version__
from ..paradigm import EmotionParadigm
from ._choice import describe, plan, resolve_pipelines, with_searches
from ._fingerprint import digest, digest_rows
from ._fold import FoldTask, RecordedPipeline
from ._hoist import HoistedParadigm
from ._permutation import subject_scores
from ._progress import Progress
from ._protocols import get_protocol
from ._rating_scores import RATING_SCORES
from ._request import check_request, check_size, with_stimulus_protocol
from ._scores import SCORES
from ._skipped import skipped_sessions
from ._store import FoldStore, plain
from ._table import label, make_table, save_scores
from ._workers import Workers

DEFAULT_PROTOCOLS = ("within-session", "cross-subject")
_OFFLINE = {  # a CodeCarbon that is told the country asks no server for it
    "country_iso_code": "FRA",
    "save_to_file": False,
    "log_level": "error",
}
_UNKEYED = (
    *("subjects", "skipped", "permuted", "pipelines", "digests"),
    *("summary", "source"),
)
_PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "pyriemann", "mne", "moabb")


def run_benchmark(
    datasets,
    pipelines=None,
    *,
    paradigm=None,
    protocols=DEFAULT_PROTOCOLS,
    n_splits=None,
    n_calibration=1,
    param_grid=None,
    random_state=0,
    permutation=None,
    n_permutations=0,
    hoist=True,
    dtype="float64",
    n_jobs=1,
    backend=None,
    timeout=None,
    output=None,
    overwrite=False,
    progress=False,
):
    """Score pipelines on emotion data sets, each fold grouped so that nothing leaks.

    The folds are those of MOABB's evaluation classes. Among the rows there is always
    the trivial baseline, and where the same clips were shown to several subjects,
    ``cross-subject-stimulus`` is run beside ``cross-subject``.

    Parameters
    ----------
    datasets : EmotionDataset or list of them
        Of :mod:`eegemo.datasets`, or of your own.
    pipelines : sequence of str, or dict of str to estimator or str, default=None
        Names from :func:`eegemo.pipelines.list_pipelines`, or classifiers of windows,
        and such names, under names of your own; regressors, where the paradigm's target
        is ratings. None means some ready-made ones.
    paradigm : EmotionParadigm, default=None
        Task, windows and filter; None means the defaults of the class.
    protocols : sequence of str, default=("within-session", "cross-subject")
        How training and test are parted.

        - ``within-session``: folds of whole trials; trials of one clip stay together.
        - ``cross-session``: leave one session out.
        - ``cross-subject``: leave one subject out, or ``n_splits`` folds of subjects.
        - ``cross-subject-stimulus``: neither the subject nor the clip was seen in
          training.
        - ``cross-subject-calibrated``: the first ``n_calibration`` trials of the
          subject are trained with, and the others tested.
        - ``window-leaky``: for audits only, and marked.
        - Those of publications, such as ``seed-9-6``: :func:`list_protocols` has them
          all.
    n_splits : int, default=None
        Folds of trials or of stimuli (default 5; fewer where a class has fewer), or of
        subjects (default: one each).
    n_calibration : int, default=1
        Trials of the subject to train with, by ``cross-subject-calibrated``.
    param_grid : dict of str to dict, default=None
        For pipelines by name, parameters and the values to try, as in
        :class:`sklearn.model_selection.GridSearchCV`. The best balanced accuracy wins,
        or concordance of ratings, in folds of the training windows.
    random_state : int, default=0
        Seed of the splits. Estimators have their own.
    permutation : int, default=None
        Seed to permute the labels, for a null test; see ``n_permutations``.
    n_permutations : int, default=0
        How often to repeat all with permuted labels, by the seeds from ``random_state``
        on: :func:`summarize` then says how many of them a pipeline beats. Labels are
        permuted among stimuli where each always has the same, alike for all subjects,
        so that to know a clip again is no evidence; else, as with ratings, among the
        trials of a session, so that it is evidence where clips were trained on; and
        among subjects where each has one label. Windows follow.
    hoist : bool, default=True
        Compute the leading steps of a pipeline that need no fit once per recording,
        while it is loaded, and drop the windows. Same scores, less time and memory.
    dtype : {"float64", "float32"}, default="float64"
        Precision of the windows that the pipelines get.
    n_jobs : int, default=1
        Folds at a time, through joblib.
    backend : str, default=None
        Of joblib: "loky", "threading", "dask" or "ray", to whose cluster you are
        connected; None is that of :func:`joblib.parallel_config`, or joblib's
        own. Data are loaded here, whatever the backend; results are written by the
        workers, so ``output`` must be a folder that all of them see.
    timeout : float, default=None
        Seconds without any finished fold after which the run ends with an error, where
        a backend would wait for ever for workers that died. None waits.
    output : path, default=None
        Folder for ``scores.csv``, ``protocol.json`` and the results of the folds, from
        which an interrupted run goes on. None keeps nothing.
    overwrite : bool, default=False
        Compute again what ``output`` already holds for this very protocol.
    progress : bool, default=False
        Show progress bars.

    Returns
    -------
    scores : pandas.DataFrame
        One row per pipeline and test set: a subject's session in a fold. A pipeline
        that failed has NaN scores, the mark ``failed`` and the reason under ``error``.
        ``scores.attrs`` holds the whole protocol.

    Raises
    ------
    ValueError
        Unknown names, a task that the data set lacks, or too few subjects or sessions
        for a protocol.
    RuntimeError
        A worker process died, or a cluster of dask has nothing to do, and no results.
    TimeoutError
        No fold was finished within ``timeout``.
    OSError
        ``output`` cannot be written to, is full or has vanished.

    Notes
    -----
    A search, as of ``param_grid`` or a pipeline of your own that is or has one, gets
    folds of the training windows that do not share what training and test windows do
    not share: folds of stimuli within a session, of sessions, of subjects, or of both
    subjects and stimuli. So does whatever else has a parameter ``cv``; its number of
    folds is kept. The column ``best_params`` says what was chosen. What requests
    ``groups`` in ``fit``, as networks do for early stopping, gets the stimulus, session
    or subject of each window. Scikit-learn hands no ``domain`` to the predictions by
    which a search scores its candidates.

    A step that requests ``domain`` by metadata routing gets the subject and session of
    each window, in training and in prediction, as the alignments of
    :mod:`eegemo.adapt` do in the named pipelines; no global configuration is needed.

    A stored result is found again only under the same content of training and test
    windows and labels, pipeline with all its options and its own source code, protocol,
    seed and versions. A class or function that was typed into a notebook or prompt has
    no source file, so that its results are computed anew each time: import it from a
    file to go on from stored ones.

    ``fit_seconds`` and ``predict_seconds`` leave out the head of a pipeline, which was
    computed while loading. ``train_bytes`` is the size of the features that were
    trained on, ``fit_bytes`` by how much the process grew while it trained, sampled.

    Marks:

    - ``stimulus-seen``: test clips were also trained on;
    - ``class-missing``: the test set lacks a class, so that its balanced accuracy is
      undefined;
    - ``subject-labels``: each subject has one label; :func:`summarize` scores them
      together;
    - ``transductive``: a prediction uses other unlabelled test windows;
    - ``one-rating``: all ratings of the test set are alike, so that no correlation is
      defined;
    - ``calibrated``: labelled trials of the tested subject were trained with;
    - ``leaky``: windows of one trial on both sides;
    - ``permuted-labels``: for a null test;
    - ``failed``: see the column ``error``.

    Balanced accuracy is scikit-learn's, but NaN, like the area under the ROC curve,
    where the test set lacks a class; :func:`summarize` pools folds first. Ratings are
    scored by the concordance correlation coefficient ``ccc``, see
    :func:`eegemo.metrics.concordance_ccc`, by ``r2``, ``mae`` and ``pearson``, and by
    ``trial_ccc`` of the means of trials.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import run_benchmark
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)
    >>> scores = run_benchmark(data, ["cov-mdm"], protocols=["within-session"])
    >>> scores.groupby("pipeline")["balanced_accuracy"].count().to_dict()
    {'cov-mdm': 4, 'trivial': 4}
    """
    datasets = list(datasets) if isinstance(datasets, (list, tuple)) else [datasets]
    protocols = [protocols] if isinstance(protocols, str) else list(protocols)
    check_request(datasets, protocols, n_splits, dtype, n_jobs, timeout)
    check_scalar(n_calibration, "n_calibration", Integral, min_val=1)
    check_scalar(n_permutations, "n_permutations", Integral, min_val=0)
    check_scalar(random_state, "random_state", Integral, min_val=0)
    if n_permutations and permutation is not None:
        raise ValueError(
            "n_permutations compares true labels with permuted ones: leave permutation "
            "out."
        )
    protocols = with_stimulus_protocol(dict.fromkeys(protocols))
    paradigm = EmotionParadigm() if paradigm is None else paradigm
    description = {
        "eegemo": __version__,
        "versions": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "paradigm": plain(paradigm.parameters),
        "n_splits": n_splits,
        "random_state": random_state,
        "permutation": permutation,
        "hoist": hoist,
        "dtype": dtype,
        "scores": list(_scores_of(datasets, paradigm)),
    }
    since = time.time() if overwrite else 0.0
    runs, tables = [], []
    with _folder(output) as folder:
        for dataset in datasets:
            task, classes = paradigm.task_of(dataset), paradigm.classes_of(dataset)
            chosen = resolve_pipelines(pipelines, paradigm, dataset)
            chosen = with_searches(chosen, param_grid or {}, not classes)
            heads, tails = plan(chosen, hoist)
            hoisted = HoistedParadigm(paradigm, heads, dtype)
            for name, required in protocols.items():
                check_size(name, dataset, n_splits)
                if not required and not _stimuli_repeat(hoisted, dataset):
                    continue
                run = {
                    "dataset": dataset.code,
                    "dataset_parameters": plain(dataset.parameters),
                    "subjects": list(dataset.subject_list),
                    "task": task if classes else f"{task} rating",
                    "classes": list(classes),
                    "protocol": name,
                    "summary": get_protocol(name).summary,
                    "source": get_protocol(name).source,
                    "pipelines": {k: describe(v) for k, v in chosen.items()},
                    "digests": {k: digest for k, (_, _, digest) in tails.items()},
                }
                if name == "cross-subject-calibrated":
                    run["n_calibration"] = n_calibration
                evaluate = partial(
                    _run_protocol,
                    dataset,
                    hoisted,
                    tails,
                    folder=folder / "folds",
                    workers=Workers(n_jobs, backend, timeout),
                    since=since,
                    progress=progress,
                )
                tables.append(evaluate(run, description))
                run["permuted"] = _permuted_scores(
                    evaluate, run, description, n_permutations
                )
                runs.append(run)
        scores = pd.concat(tables, ignore_index=True)
        scores.attrs = description | {"n_permutations": n_permutations, "runs": runs}
        if output is not None:
            save_scores(scores, folder)
    return scores


def _scores_of(datasets, paradigm):
    """Return the scores of classes, or of ratings; raise if there would be both."""
    scores = {
        SCORES if paradigm.classes_of(dataset) else RATING_SCORES
        for dataset in datasets
    }
    if len(scores) > 1:
        raise ValueError(
            "One data set has classes for this task, and another one only ratings: run "
            "them one at a time, or use target='rating'."
        )
    return scores.pop()


def _run_protocol(
    dataset, hoisted, tails, run, description, *, folder, workers, since, progress
):
    """Run all pipelines under one protocol and return their rows.

    Each unit, a subject where subjects are independent, else all of them, has a folder
    named by everything its results depend on but the pipelines, content included.
    """
    protocol = get_protocol(run["protocol"])
    marks = protocol.marks
    hoisted.permutation = description["permutation"]
    if hoisted.permutation is not None:
        marks = (*marks, "permuted-labels")
    if dataset.label_per_subject:
        marks = (*marks, "subject-labels")
    options = protocol.options(
        description["n_splits"], description["random_state"], run.get("n_calibration")
    )
    subjects = dataset.subject_list
    records, run["skipped"] = [], []
    progress = Progress(len(subjects) * len(tails), label(run), show=progress)
    with progress:
        for unit in [[s] for s in subjects] if protocol.by_subject else [subjects]:
            part = copy.copy(dataset)
            part.subject_list = list(unit)
            X, y, metadata = hoisted.get_data(part)
            run["skipped"] += skipped_sessions(protocol, y, metadata, options)
            key = {k: v for k, v in run.items() if k not in _UNKEYED} | description
            place = folder / digest([key, digest_rows(X, y)])
            place.mkdir(parents=True, exist_ok=True)
            store = FoldStore(
                place, tuple(run["classes"]), marks, protocol.forbidden, since
            )
            keys = [key for _, _, key in tails.values()]
            progress.watch(place, keys)
            pipelines = {
                name: RecordedPipeline(
                    FoldTask(name, tail, head, key, store, description["random_state"])
                )
                for name, (tail, head, key) in tails.items()
            }
            evaluate = partial(
                _evaluate, protocol, hoisted, part, pipelines, options, workers.n_jobs
            )
            workers.run(evaluate, store.progress)
            records += store.read_all(keys)
    if not records and hoisted.permutation is None:
        why = "a single class, or a class with a single stimulus"
        raise ValueError(
            f"{label(run)}: no fold is possible, as every session has "
            f"{why if run['classes'] else 'fewer than four stimuli'}. Choose another "
            "task, threshold or protocol."
        )
    return make_table(records, run, list(tails))


def _permuted_scores(evaluate, run, description, n_permutations):
    """Balanced accuracies under permuted labels: by pipeline, of each subject in turn.

    One dict of subjects for each permutation.
    """
    first = description["random_state"]
    permuted = {}
    for seed in range(first, first + n_permutations):
        table = evaluate(copy.deepcopy(run), description | {"permutation": seed})
        scores = subject_scores(table)
        for name in run["pipelines"]:
            permuted.setdefault(name, []).append(scores.get(name, {}))
    return permuted


def _evaluate(protocol, hoisted, dataset, pipelines, options, n_jobs):
    """Let MOABB's evaluation split, fit and score; the results go into the store.

    MOABB's own result file is temporary: its key leaves out the splitter, the scorer
    and the data set's parameters.
    """
    one_thread = threadpool_limits(1, "blas")  # more only wait for small matrices
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), one_thread:
        warnings.filterwarnings("ignore", module="h5py|moabb", category=Warning)
        # a fold within a training set may lack a class
        warnings.filterwarnings(
            "ignore", module="sklearn.metrics", category=UserWarning
        )
        evaluation = protocol.evaluation(
            paradigm=hoisted,
            datasets=[dataset],
            n_jobs=n_jobs,
            hdf5_path=scratch,
            return_epochs=True,  # with mne_labels, the way to keep y as it is
            mne_labels=True,
            codecarbon_config=_OFFLINE,
            **options,
        )
        evaluation.process(pipelines)


def _stimuli_repeat(hoisted, dataset):
    """Tell whether two subjects saw the same clip."""
    _, _, metadata = hoisted.get_data(dataset)
    return metadata.groupby("stimulus")["subject"].nunique().max() > 1


@contextmanager
def _folder(output):
    """Give the output folder, or one that is deleted in the end."""
    if output is None:
        with TemporaryDirectory() as folder:
            yield Path(folder)
        return
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} should be a folder, not a file.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):  # better now than after hours
            pass
    except OSError as error:
        raise type(error)(
            f"The folder {folder} cannot be written to: {error.strerror or error}. "
            "Choose another one."
        ) from error
    yield folder
