"""The protocol behind a report: settings, data, pipelines, splits and versions."""

import re

from ._pooling import RUN
from ._report_tables import splits_table

_ADDRESS = re.compile(" at 0x[0-9a-fA-F]+")  # in older results
# Settings that are said at each run, and may differ.
_TITLED = ("paradigm · task", "permutation", "permutations", "n_permutations")
_DATA = ("dataset_parameters", "subjects", "task", "classes")
_SIZES = ("n_train", "n_train_trials", "n_test", "n_test_trials")


def list_sources(name, tables):
    """Describe how each of several tables of results came about.

    Parameters
    ----------
    name : str
        What the tables are.
    tables : list of pandas.DataFrame
        With their protocol under ``attrs``.

    Returns
    -------
    sources : list of dict
        ``title``; ``settings``, pairs of name and text; and under ``datasets``, for
        each data set and task, its ``facts`` and ``pipelines``, pairs as well, and the
        table of its ``splits``.
    """
    return [
        {
            "title": f"{name} {i}" if len(tables) > 1 else name,
            "settings": [
                pair
                for key, value in table.attrs.items()
                if key != "runs"
                for pair in _flatten(key, value)
            ],
            "datasets": _datasets(table),
        }
        for i, table in enumerate(tables, 1)
    ]


def list_differences(sources):
    """Say which settings differ between results, whose rows stand on one page.

    Parameters
    ----------
    sources : list of dict
        From :func:`list_sources`.

    Returns
    -------
    notes : list of str
    """
    notes = []
    settings = [dict(source["settings"]) for source in sources]
    for key in dict.fromkeys(key for own in settings for key in own):
        values = [own.get(key, "none") for own in settings]
        if key not in _TITLED and len(set(values)) > 1:
            each = "; ".join(
                f"{source['title']}: {value}"
                for source, value in zip(sources, values, strict=True)
            )
            notes.append(f"The setting {key} differs. {each}.")
    return notes


def _datasets(table):
    """Describe each data set and task once, with all its protocols."""
    groups = {}
    for run in table.attrs["runs"]:
        groups.setdefault((run["dataset"], run["task"]), []).append(run)
    return [
        {
            "title": f"{dataset}, task {task}",
            "facts": [
                pair for key in _DATA for pair in _flatten(key, runs[0].get(key))
            ],
            "pipelines": [
                (name, _ADDRESS.sub("", text))
                for name, text in runs[0]["pipelines"].items()
            ],
            "splits": splits_table([_splits(run, table) for run in runs]),
        }
        for (dataset, task), runs in groups.items()
    ]


def _splits(run, table):
    """Count the sets to train and to test on, and find their least and largest size."""
    facts = {"protocol": run["protocol"], "what": run.get("summary", "")}
    if "fold" not in table:
        return facts
    rows = table[(table[RUN] == [run[name] for name in RUN]).all(axis=1)]
    rows = rows[rows["pipeline"] == rows["pipeline"].iloc[0]]
    facts |= {"train": rows["fold"].nunique(), "test": len(rows)}
    sizes = [name for name in _SIZES if name in rows]
    return facts | {name: (rows[name].min(), rows[name].max()) for name in sizes}


def _flatten(key, value):
    """List the leaves of nested settings as pairs of name and text."""
    if isinstance(value, dict) and value:
        return [pair for k, v in value.items() for pair in _flatten(f"{key} · {k}", v)]
    if isinstance(value, (list, tuple)):
        return [(key, ", ".join(map(str, value)) or "none")]
    return [(key, "none" if value is None or value == {} else str(value))]
