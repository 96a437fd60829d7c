"""The data sets of the accuracy benchmark, and how a cell of it is computed."""

import shutil
import zlib
from collections import namedtuple
from types import SimpleNamespace

import moabb.evaluations
import moabb.paradigms
import moabb_suite
import pandas as pd
from _eegmat import EEGMAT

from eegemo.datasets import DASPS, SimulatedEmotion
from eegemo.evaluation import run_benchmark
from eegemo.evaluation._fingerprint import digest_estimator
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import list_pipelines, make_named_pipeline

SEED = 0
# From here on in this order, after all the others.
SLOW = ("eegnet", "interpretable-cnn", "histn", "shallow-conv-net")
SLOW += ("de-rbtransformer", "ssvepnet")
OF_RATINGS = ("trivial-mean", "de-ridge", "de-svr", "cov-ts-ridge", "acm-ts-ridge")
WITHIN, SESSION, SUBJECT = "within-session", "cross-session", "cross-subject"
COLUMNS = ["subject", "session", "score", "time"]  # of MOABB's results
MOABB = {WITHIN: "WithinSessionEvaluation", SUBJECT: "CrossSubjectEvaluation"}

# dataset is None, and reason says why, where nothing is on disk.
Data = namedtuple("Data", "title dataset paradigm protocols reason")


def pipelines_of(data):
    """Names of the pipelines, the trivial one first and slow ones last."""
    if getattr(data.paradigm, "target", None) == "rating":
        return list(OF_RATINGS)
    names = [name for name in list_pipelines() if name not in OF_RATINGS]
    return [name for name in names if name not in SLOW] + list(SLOW)


def find(options):
    """Data sets by name, in the order in which they are computed."""
    if options.tiny:
        return moabb_data(options) | simulated_data(options)
    return (
        dasps_data(options)
        | moabb_data(options)
        | simulated_data(options)
        | eegmat_data(options)
    )


def simulated_data(options):
    small = {"n_subjects": 4, "n_sessions": 2}
    if options.tiny:
        small = {"n_subjects": 3, "n_sessions": 2, "n_trials": 6, "trial_seconds": 4.0}
        small["channels"] = ("Fp1", "Fp2", "C3", "C4", "O1", "O2")
    simulated = SimulatedEmotion(**small)
    all_of_them = WITHIN, SESSION, SUBJECT
    title = f"SimulatedEmotion({', '.join(f'{k}={v}' for k, v in small.items())})"
    found = {
        "simulated": Data(
            f"{title}, three emotions", simulated, EmotionParadigm(), all_of_them, ""
        )
    }
    for task in ("valence", "arousal"):
        ratings = EmotionParadigm(task=task, target="rating")
        what = f"{title}, ratings of {task}"
        found[f"simulated-{task}-rating"] = Data(
            what, simulated, ratings, all_of_them, ""
        )
    return found


def dasps_data(options):
    found = {}
    dasps, reason = present(lambda: DASPS(options.root))
    for task in ("valence", "arousal"):
        for target in ("class", "rating"):
            what = "low or high, from 5 on" if target == "class" else "ratings, 1 to 9"
            name = f"dasps-{task}" + "-rating" * (target == "rating")
            paradigm = EmotionParadigm(task=task, target=target)
            protocols = WITHIN, SUBJECT
            title = f"DASPS, {task}: {what}"
            found[name] = Data(title, dasps, paradigm, protocols, reason)
    return found


def eegmat_data(options):
    eegmat, reason = None, "no folder given, by --eegmat or the variable EEGMAT_PATH"
    if options.eegmat is not None:
        eegmat, reason = present(lambda: EEGMAT(options.eegmat))
    title = "EEGMAT: rest, then mental arithmetic, one recording each"
    return {
        "eegmat": Data(title, eegmat, EmotionParadigm(sfreq=125), (SUBJECT,), reason)
    }


def present(make):
    """Make a data set; None and why, unless a recording of it can be read."""
    try:
        dataset = make()
        dataset.data_path(dataset.subject_list[0])
    except (OSError, ValueError, IndexError) as error:
        return None, f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return dataset, ""


def moabb_data(options):
    """Data sets of MOABB that are on disk, for its own evaluations."""
    names = ["PhysionetMI", "Kalunga2016"]
    if options.mne_data is None and not options.tiny:
        reason = "no folder given, by --mne-data or the variable MNE_DATA"
        return {n.lower(): Data(n, None, None, tuple(MOABB), reason) for n in names}
    where = SimpleNamespace(datasets=names, data=options.mne_data, tiny=options.tiny)
    found = {}
    for name, (paradigm, dataset, reason) in moabb_suite.find(where).items():
        several = dataset is not None and len(dataset.subject_list) > 1
        made = getattr(moabb.paradigms, paradigm)(scorer="balanced_accuracy")
        protocols = tuple(MOABB) if several else (WITHIN,)
        title = f"{name} ({paradigm}), by MOABB's own evaluations"
        found[name.lower()] = Data(title, dataset, made, protocols, reason)
    return found


def warm_up(names):
    """Compile the kernels of all pipelines, which is not to be timed."""
    tiny = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=6, trial_seconds=4.0)
    for target in ("class", "rating"):
        chosen = [n for n in names if (n in OF_RATINGS) == (target == "rating")]
        paradigm = EmotionParadigm(task="valence", target=target)
        run_benchmark(tiny, chosen, paradigm=paradigm, protocols=[WITHIN])


def compute(data, protocol, names, place, facts):
    """Compute pipelines under a protocol, and keep a table of their results.

    Folds that lie below the folder ``place`` are not computed again.
    """
    digest = zlib.crc32(" ".join(names).encode())
    table = place / "tables" / f"{names[-1]}-{digest:08x}"
    table.mkdir(parents=True, exist_ok=True)
    (table / "failure.txt").unlink(missing_ok=True)
    try:
        if isinstance(data.paradigm, EmotionParadigm):
            compute_emotion(data, protocol, names, place)
            for file in ("scores.csv", "protocol.json"):
                shutil.copy(place / file, table)
        else:
            compute_moabb(data, protocol, names, table)
    except Exception as error:
        # The others go on; the page says so.
        (table / "failure.txt").write_text(f"{type(error).__name__}: {error}\n")
    (table / "facts.md").write_text(facts)


def compute_emotion(data, protocol, names, place):
    run_benchmark(
        data.dataset,
        names,
        paradigm=data.paradigm,
        protocols=[protocol],
        random_state=SEED,
        output=place,
    )


def compute_moabb(data, protocol, names, table):
    """Write MOABB's results, with what failed, and how many trials there are."""
    paradigm, dataset = data.paradigm, data.dataset
    folds = table.parents[1] / "folds"
    with moabb_suite.quiet(), moabb_suite.offline():
        epochs, y, _ = paradigm.get_data(dataset, return_epochs=True)
        make = {"sfreq": epochs.info["sfreq"], "channels": epochs.ch_names}
        parts = []
        for name in dict.fromkeys(["trivial", *names]):
            pipeline = make_named_pipeline(name, **make)
            kept = folds / f"{name}-{digest_estimator(pipeline)}"
            evaluation = getattr(moabb.evaluations, MOABB[protocol])(
                paradigm=paradigm,
                datasets=[dataset],
                random_state=SEED,
                hdf5_path=str(kept),
                codecarbon_config=moabb_suite.NO_LOOKUP,
            )
            try:
                part = evaluation.process({name: pipeline})
                part = part[COLUMNS].assign(error="")
            except Exception as error:
                why = f"{type(error).__name__}: {str(error).splitlines()[0]}"
                part = pd.DataFrame([{"error": why}], columns=[*COLUMNS, "error"])
            parts.append(part.assign(pipeline=name))
    results = pd.concat(parts, ignore_index=True)
    n_classes = len(paradigm.used_events(dataset))
    results = results.assign(n_trials=len(y), n_classes=n_classes)
    results.to_csv(table / "results.csv", index=False)
