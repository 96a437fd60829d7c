"""The benchmark: every pipeline under every protocol, on MOABB's evaluations."""

import copy
import json
import os
import platform
import shutil
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from threadpoolctl import threadpool_limits

from .. import __version__
from ..paradigm import EmotionParadigm
from ..pipelines import list_pipelines, make_named_pipeline
from ._fold import FoldStore, RecordedPipeline, digest, digest_rows
from ._hoist import HoistedParadigm, split_head
from ._progress import Progress
from ._protocols import get_protocol
from ._scores import SCORES
from ._splitters import StimulusFolds, WindowFolds, n_class_folds

DEFAULT_PIPELINES = ("trivial", "de-svm", "cov-mdm", "cov-ts-lr", "acm-ts-svm")
DEFAULT_PROTOCOLS = ("within-session", "cross-subject")
COLUMNS = (
    "dataset",
    "protocol",
    "task",
    "pipeline",
    "subject",
    "session",
    "fold",
    "n_train",
    "n_test",
    *SCORES,
    "chance",
    "marks",
    "fit_seconds",
    "predict_seconds",
    "n_train_trials",
    "n_test_trials",
    "test_trials",
    "confusion",
    "trial_confusion",
    "error",
)
_OFFLINE = {  # a CodeCarbon that is told the country asks no server for it
    "country_iso_code": "FRA",
    "save_to_file": False,
    "log_level": "error",
}
_UNKEYED = ("subjects", "skipped", "pipelines", "summary")
_PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "pyriemann", "mne", "moabb")


def run_benchmark(
    datasets,
    pipelines=None,
    *,
    paradigm=None,
    protocols=DEFAULT_PROTOCOLS,
    n_splits=None,
    random_state=0,
    permutation=None,
    hoist=True,
    dtype="float64",
    n_jobs=1,
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
    pipelines : sequence of str, dict of str to estimator, or None
        Names from :func:`eegemo.pipelines.list_pipelines`, or classifiers of windows
        under names of your own. None means five ready-made ones.
    paradigm : EmotionParadigm, default=None
        Task, windows and filter; None means the defaults of the class.
    protocols : sequence of str
        ``within-session``: folds of whole trials; trials of one clip stay together.
        ``cross-session``: leave one session out. ``cross-subject``: leave one subject
        out, or ``n_splits`` folds of subjects. ``cross-subject-stimulus``: neither the
        subject nor the clip was seen in training. ``window-leaky``: for audits only,
        and marked.
    n_splits : int, default=None
        Folds of trials or of stimuli (default 5; fewer where a class has fewer), or of
        subjects (default: one each).
    random_state : int, default=0
        Seed of the splits. Estimators have their own.
    permutation : int, default=None
        Seed to permute the labels among the trials of each session, for a null test.
    hoist : bool, default=True
        Compute the leading steps of a pipeline that need no fit once per recording,
        while it is loaded, and drop the windows. Same scores, less time and memory.
    dtype : {"float64", "float32"}, default="float64"
        Precision of the windows that the pipelines get.
    n_jobs : int, default=1
        Folds at a time, through joblib; its backend is yours to choose.
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

    Notes
    -----
    A stored result is found again only under the same content of training and test
    windows and labels, pipeline with all its options, protocol, seed and versions.

    Marks: ``stimulus-seen`` (test clips were also trained on), ``class-missing`` (the
    test set lacks a class, so that its balanced accuracy is undefined),
    ``transductive`` (a prediction uses other unlabelled test windows), ``leaky``
    (windows of one trial on both sides), ``permuted-labels``, ``failed``.

    Balanced accuracy is scikit-learn's, but NaN, like the area under the ROC curve,
    where the test set lacks a class; :func:`summarize` pools folds first.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import run_benchmark
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)
    >>> scores = run_benchmark(data, ["cov-mdm"], protocols=["within-session"])
    >>> scores.groupby("pipeline")["balanced_accuracy"].count().to_dict()
    {'cov-mdm': 4, 'trivial': 4}
    """
    datasets = datasets if isinstance(datasets, (list, tuple)) else [datasets]
    protocols = _with_stimulus_protocol(dict.fromkeys(protocols))
    paradigm = EmotionParadigm() if paradigm is None else paradigm
    description = {
        "eegemo": __version__,
        "versions": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "paradigm": _plain(paradigm.parameters),
        "n_splits": n_splits,
        "random_state": random_state,
        "permutation": permutation,
        "hoist": hoist,
        "dtype": dtype,
        "scores": list(SCORES),
    }
    runs = []
    with _folder(output) as folder:
        tables = []
        for dataset in datasets:
            task = paradigm.task_of(dataset)
            chosen = _resolve_pipelines(pipelines, paradigm.sfreq_of(dataset))
            heads, tails = _plan(chosen, hoist)
            hoisted = HoistedParadigm(paradigm, heads, dtype, permutation)
            for name, required in protocols.items():
                _check_size(name, dataset)
                if not required and not _stimuli_repeat(hoisted, dataset):
                    continue
                run = {
                    "dataset": dataset.code,
                    "dataset_parameters": _plain(dataset.parameters),
                    "subjects": list(dataset.subject_list),
                    "task": task,
                    "classes": list(dataset.tasks[task]),
                    "protocol": name,
                    "summary": get_protocol(name).summary,
                    "pipelines": {k: repr(v) for k, v in chosen.items()},
                }
                table = _run_protocol(
                    dataset,
                    hoisted,
                    tails,
                    run,
                    description,
                    folder=folder / "folds",
                    n_jobs=n_jobs,
                    overwrite=overwrite,
                    progress=progress,
                )
                tables.append(table)
                runs.append(run)
        scores = pd.concat(tables, ignore_index=True)
        scores.attrs = description | {"runs": runs}
        if output is not None:
            save_scores(scores, folder)
    return scores


def save_scores(scores, folder):
    """Write ``scores.csv`` and ``protocol.json``, each wholly or not at all.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`.
    folder : path
    """
    folder = Path(folder)
    for name, text in [
        ("scores.csv", scores.to_csv(index=False)),
        ("protocol.json", json.dumps(scores.attrs, indent=2) + "\n"),
    ]:
        partial = folder / f"{name}.{os.getpid()}.partial"
        partial.write_text(text)
        os.replace(partial, folder / name)


def _with_stimulus_protocol(protocols):
    """Map protocols to whether they were asked for, or stand beside another."""
    asked = dict.fromkeys(protocols, True)
    for name in asked:
        get_protocol(name)
    out = {}
    for name in asked:
        out[name] = True
        if name == "cross-subject" and "cross-subject-stimulus" not in asked:
            out["cross-subject-stimulus"] = False
    return out


def _resolve_pipelines(pipelines, sfreq):
    """Return the pipelines by name, the trivial baseline first."""
    if pipelines is None:
        pipelines = DEFAULT_PIPELINES
    if isinstance(pipelines, str):
        pipelines = [pipelines]
    if not isinstance(pipelines, dict):
        unknown = [name for name in pipelines if name not in list_pipelines()]
        if unknown:
            raise ValueError(
                f"Unknown pipelines {', '.join(map(str, unknown))}: choose from "
                f"{', '.join(list_pipelines())}, or pass a dict of name to estimator."
            )
        pipelines = {name: make_named_pipeline(name, sfreq) for name in pipelines}
    return {"trivial": make_named_pipeline("trivial", sfreq)} | pipelines


def _plan(pipelines, hoist):
    """Split the pipelines; equal heads are shared.

    Returns
    -------
    heads : dict of str to transformer or None
    tails : dict of str to (tail, key of its head, fingerprint of the whole)
    """
    heads, tails = {}, {}
    for name, pipeline in pipelines.items():
        head, tail = split_head(pipeline) if hoist else (None, pipeline)
        key = "windows" if head is None else digest([step for _, step in head.steps])
        heads[key] = head
        tails[name] = tail, key, digest([name, pipeline])
    return heads, tails


def _run_protocol(
    dataset, hoisted, tails, run, description, *, folder, n_jobs, overwrite, progress
):
    """Run all pipelines under one protocol and return their rows.

    Each unit, a subject where subjects are independent, else all of them, has a folder
    named by everything its results depend on but the pipelines, content included.
    """
    protocol = get_protocol(run["protocol"])
    marks = protocol.marks
    if hoisted.permutation is not None:
        marks = (*marks, "permuted-labels")
    options = protocol.options(description["n_splits"], description["random_state"])
    subjects = dataset.subject_list
    records, run["skipped"] = [], []
    progress = Progress(len(subjects) * len(tails), _label(run), show=progress)
    with progress:
        for unit in [[s] for s in subjects] if protocol.by_subject else [subjects]:
            part = copy.copy(dataset)
            part.subject_list = list(unit)
            X, y, metadata = hoisted.get_data(part)
            run["skipped"] += _skipped(protocol, y, metadata, options)
            key = {k: v for k, v in run.items() if k not in _UNKEYED} | description
            place = folder / digest([key, digest_rows(X, y)])
            if overwrite:
                shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True, exist_ok=True)
            store = FoldStore(place, tuple(run["classes"]), marks, protocol.forbidden)
            progress.watch(place, {key for _, _, key in tails.values()})
            pipelines = {
                name: RecordedPipeline(name, tail, head, store, key)
                for name, (tail, head, key) in tails.items()
            }
            _evaluate(protocol, hoisted, part, pipelines, options, n_jobs)
            records += store.read_all([key for _, _, key in tails.values()])
    return _table(records, run, list(tails))


def _evaluate(protocol, hoisted, dataset, pipelines, options, n_jobs):
    """Let MOABB's evaluation split, fit and score; the results go into the store.

    MOABB's own result file is temporary: its key leaves out the splitter, the scorer
    and the data set's parameters.
    """
    one_thread = threadpool_limits(1, "blas")  # more only wait for small matrices
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), one_thread:
        warnings.filterwarnings("ignore", module="h5py|moabb", category=Warning)
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


def _skipped(protocol, y, metadata, options):
    """List the sessions that give no fold, and why."""
    if protocol.cv_class not in (StimulusFolds, WindowFolds):
        return []
    whole = "stimulus" if protocol.cv_class is StimulusFolds else "onset"
    skipped = []
    sessions = metadata.groupby(["subject", "session"], sort=False).indices
    for (subject, session), rows in sessions.items():
        wholes = metadata[whole].to_numpy()[rows]
        if n_class_folds(y[rows], wholes, options["n_splits"]) < 2:
            counts = metadata["stimulus"].iloc[rows].groupby(y[rows]).nunique()
            skipped.append(
                {
                    "subject": str(subject),
                    "session": str(session),
                    "reason": "fewer than two stimuli of a class, or a single class",
                    "stimuli": {str(k): int(v) for k, v in counts.items()},
                }
            )
    return skipped


def _table(records, run, pipelines):
    """Arrange the results of one protocol as rows."""
    if not records:
        raise ValueError(
            f"{_label(run)}: no fold is possible, as every session has a single "
            "class, or a class with a single stimulus. Choose another task, threshold "
            "or protocol."
        )
    order = {name: i for i, name in enumerate(pipelines)}
    records = sorted(
        records,
        key=lambda r: (
            order[r["pipeline"]],
            [_natural(r["subject"]), _natural(r["session"])],
            r["test_trials"],
        ),
    )
    folds = {}
    rows = []
    for record in records:
        failed = ["failed"] if record["error"] else []
        rows.append(
            {
                **record,
                "dataset": run["dataset"],
                "protocol": run["protocol"],
                "task": run["task"],
                "fold": folds.setdefault(record["train"], len(folds)),
                "marks": ";".join(record["marks"] + failed),
                "test_trials": " ".join(map(str, record["test_trials"])),
                "confusion": json.dumps(record["confusion"]),
                "trial_confusion": json.dumps(record["trial_confusion"]),
                "error": record["error"] or "",
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(SCORES, float))


def _natural(name):
    """Sort numbers as numbers, before names."""
    return (0, int(name), "") if name.isdigit() else (1, 0, name)


def _check_size(name, dataset):
    """Raise if the data set is too small for the protocol."""
    n_subjects = len(dataset.subject_list)
    if name.startswith("cross-subject") and n_subjects < 2:
        raise ValueError(f"{name} needs at least two subjects, got {n_subjects}.")
    if name == "cross-session" and dataset.n_sessions < 2:
        raise ValueError(
            f"cross-session needs at least two sessions; {dataset.code} has "
            f"{dataset.n_sessions}."
        )


def _stimuli_repeat(hoisted, dataset):
    """Tell whether two subjects saw the same clip."""
    _, _, metadata = hoisted.get_data(dataset)
    return metadata.groupby("stimulus")["subject"].nunique().max() > 1


def _label(run):
    return f"{run['dataset']} {run['protocol']}"


def _plain(parameters):
    """Return parameters in a form that JSON can hold."""
    return json.loads(json.dumps(parameters, default=repr))


@contextmanager
def _folder(output):
    """Give the output folder, or one that is deleted in the end."""
    if output is None:
        with TemporaryDirectory() as folder:
            yield Path(folder)
        return
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
