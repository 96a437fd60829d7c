"""The tables of the accuracy benchmark, from the results that are stored."""

import numpy as np
import pandas as pd
from _accuracy_data import pipelines_of
from moabb.analysis.chance_level import adjusted_chance_level

from eegemo.evaluation import merge_results, subject_scores, summarize
from eegemo.evaluation._comparisons import beats_trivial, holm

KEPT = "sd chance chance_95 p_trivial p_trivial_holm n_subjects n_all_subjects"
KEPT += " n_trials n_failed marks seconds"


def tables_of(name, one, results):
    """Collect what is stored of a data set: a table for each protocol."""
    folders = sorted((results / name).glob("*/tables/*"))
    failures = {
        folder: (folder / "failure.txt").read_text().strip()
        for folder in folders
        if (folder / "failure.txt").exists()
    }
    done = [folder for folder in folders if folder not in failures]
    found = emotion_rows([f for f in done if (f / "scores.csv").exists()])
    of_moabb = [folder for folder in done if (folder / "results.csv").exists()]
    for protocol in {protocol_of(folder) for folder in of_moabb}:
        own = [folder for folder in of_moabb if protocol_of(folder) == protocol]
        found[protocol] = moabb_rows(own), []
    tables = []
    for protocol in dict.fromkeys([*one.protocols, *found]):
        rows, skipped = found.get(protocol, ({}, []))
        names = pipelines_of(one)
        if "trivial" in rows:
            names[0] = "trivial"  # of ratings, a run calls it so too
        tables.append(
            {
                "data": name,
                "title": one.title,
                "protocol": protocol,
                "rows": [rows[n] for n in names if n in rows],
                "not_run": [n for n in names if n not in rows],
                "skipped": skipped,
                "failures": {
                    folder.name: failure
                    for folder, failure in failures.items()
                    if protocol_of(folder) == protocol
                },
            }
        )
    return tables


def protocol_of(folder):
    """Name of the protocol that was asked for."""
    return folder.parents[1].name


def emotion_rows(folders):
    """By protocol, rows by pipeline, and the sessions that it could not split."""
    if not folders:
        return {}
    merged = merge_results(folders)
    summary, subjects = summarize(merged), subject_scores(merged)
    errors = merged[merged["error"].ne("")].groupby(["protocol", "pipeline"])["error"]
    errors, found = errors.first(), {}
    for run in merged.attrs["runs"]:
        protocol, rows = run["protocol"], {}
        for row in summary[summary["protocol"] == protocol].to_dict("records"):
            name, main = row["pipeline"], "ccc" if "ccc" in row else "balanced_accuracy"
            own = subjects[subjects["protocol"].eq(protocol)]
            own = own[own["pipeline"].eq(name)].set_index("subject")[main]
            error = str(errors.get((protocol, name), "")).splitlines()
            rows[name] = (
                {"pipeline": name, "score": main, "mean": row[main]}
                | {"by_trial": row[f"trial_{main}"]}
                | {key: row[key] for key in KEPT.split()}
                | {"error": error[-1] if error else "", "subjects": own.to_dict()}
            )
        skipped = [
            {key: session[key] for key in ("subject", "session", "reason")}
            for session in run["skipped"]
        ]
        found[protocol] = rows, skipped
    return found


def moabb_rows(folders):
    """Rows by pipeline, of what MOABB's own evaluations found."""
    table = pd.concat([pd.read_csv(folder / "results.csv") for folder in folders])
    table = table.drop_duplicates(["pipeline", "subject", "session"])
    scored = table[table["error"].isna()]
    sessions = scored.rename(columns={"score": "balanced_accuracy"})
    p_values = beats_trivial(sessions) if len(sessions) else {}
    p_holm = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    n_classes, n_trials = (int(table[k].iloc[0]) for k in ("n_classes", "n_trials"))
    n_all = scored["subject"].nunique()
    rows = {}
    for name, own in table.groupby("pipeline", sort=False):
        means = own.groupby("subject")["score"].mean().dropna()
        rows[name] = {
            "pipeline": name,
            "score": "balanced_accuracy",
            "mean": means.mean(),
            "by_trial": np.nan,
            "sd": means.std(),
            "chance": 1 / n_classes,
            "chance_95": float(adjusted_chance_level(n_classes, n_trials)),
            "p_trivial": p_values.get(name, np.nan),
            "p_trivial_holm": p_holm.get(name, np.nan),
            "n_subjects": len(means),
            "n_all_subjects": n_all,
            "n_trials": n_trials,
            "n_failed": int(own["error"].notna().sum()),
            "marks": "",
            "seconds": own["time"].sum() if len(means) else np.nan,
            "error": "" if own["error"].isna().all() else own["error"].dropna().iloc[0],
            "subjects": {str(int(k)): value for k, value in means.items()},
        }
    return rows
