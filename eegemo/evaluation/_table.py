"""The rows of a benchmark, and the files they are written to."""

import json
from pathlib import Path

import pandas as pd

from ._fingerprint import digest_text
from ._rating_scores import RATING_SCORES
from ._scores import SCORES
from ._store import write_whole

_BEFORE = (
    "dataset",
    "protocol",
    "task",
    "pipeline",
    "subject",
    "session",
    "fold",
    "n_train",
    "n_test",
)
_BETWEEN = (
    "chance",
    "marks",
    "fit_seconds",
    "predict_seconds",
    "train_bytes",
    "fit_bytes",
    "n_train_trials",
    "n_test_trials",
    "test_trials",
)
_AFTER = ("best_params", "error")
_PARTS = ("confusion", "trial_confusion")  # what scores of several folds follow from
_RATING_PARTS = ("sums", "trial_sums")
COLUMNS = (*_BEFORE, *SCORES, *_BETWEEN, *_PARTS, *_AFTER)
RATING_COLUMNS = (*_BEFORE, *RATING_SCORES, *_BETWEEN, *_RATING_PARTS, *_AFTER)

_MEMORY = ("train_bytes", "fit_bytes")  # older stored results have none


def make_table(records, run, pipelines):
    """Arrange the results of one protocol as rows."""
    scores, parts, columns = SCORES, _PARTS, COLUMNS
    if not run["classes"]:
        scores, parts, columns = RATING_SCORES, _RATING_PARTS, RATING_COLUMNS
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
                **{name: json.dumps(record[name]) for name in parts},
                "best_params": json.dumps(record.get("best_params", {})),
                "error": record["error"] or "",
            }
        )
    table = pd.DataFrame(rows, columns=list(columns))
    return table.astype(dict.fromkeys([*scores, *_MEMORY], float))


def _natural(name):
    """Sort numbers as numbers, before names."""
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)


def label(run):
    """Name a run in messages and progress bars."""
    return f"{run['dataset']} {run['protocol']}"


def save_scores(scores, folder):
    """Write ``scores.csv`` and ``protocol.json``, each wholly or not at all.

    The latter holds a fingerprint of the former: two runs that write at once into one
    folder could leave the one of the first and the other of the second.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`.
    folder : path
    """
    folder = Path(folder)
    table = scores.to_csv(index=False, lineterminator="\n")
    protocol = scores.attrs | {"scores_digest": digest_text(table)}
    write_whole(
        {
            folder / "scores.csv": table,
            folder / "protocol.json": json.dumps(protocol, indent=2) + "\n",
        }
    )
