import subprocess
import sys

import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from test_runner import MEASURED, small

from eegemo.__main__ import main
from eegemo.evaluation import merge_results, run_benchmark, summarize
from eegemo.evaluation._table import save_scores
from eegemo.features import DifferentialEntropy


def some(subjects, **parameters):
    data = small(n_subjects=3, n_sessions=1, **parameters)
    data.subject_list = subjects
    return data


def same(a, b):
    columns = [*MEASURED, "fold"]
    pd.testing.assert_frame_equal(
        a.drop(columns=columns), b.drop(columns=columns), check_dtype=False
    )


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Runs of all subjects, and of the first and the others."""
    folder = tmp_path_factory.mktemp("shards")
    runs = {"all": [1, 2], "one": [1], "others": [2]}
    options = {"protocols": ["within-session"], "n_permutations": 1}
    for name, subjects in runs.items():
        run_benchmark(some(subjects), ["cov-mdm"], output=folder / name, **options)
    return folder


def test_shards_of_subjects_are_one_run(shards, tmp_path, capsys):
    whole = merge_results([shards / "all"])
    merged = merge_results([shards / "one", shards / "others"], tmp_path / "merged")
    same(merged, whole)
    assert merged.attrs == whole.attrs
    assert merged.groupby("pipeline")["fold"].nunique().eq(4).all()  # two of each
    names = ["seconds"]
    pd.testing.assert_frame_equal(
        summarize(merged).drop(columns=names), summarize(whole).drop(columns=names)
    )
    same(merge_results([tmp_path / "merged"]), merged)

    folders = [str(shards / name) for name in ("one", "others")]
    assert main(["merge", *folders, "--output", str(tmp_path / "command")]) == 0
    assert "p.perm" in capsys.readouterr().out
    same(merge_results([tmp_path / "command"]), merged)


def test_order_of_shards_does_not_matter_to_scores(shards):
    one = merge_results([shards / "one", shards / "others"])
    other = merge_results([shards / "others", shards / "one"])
    assert one["subject"].tolist() == other["subject"].tolist()
    assert [run["subjects"] for run in other.attrs["runs"]] == [
        sorted(run["subjects"]) for run in one.attrs["runs"]
    ]
    one, other = summarize(one), summarize(other)
    pd.testing.assert_frame_equal(
        one.drop(columns="seconds"), other.drop(columns="seconds")
    )


def test_shards_of_pipelines(tmp_path):
    for name in ("cov-mdm", "de-svm"):
        run_benchmark(
            some([1, 2]),
            [name],
            protocols=["cross-subject"],
            output=tmp_path / name,
        )
    merged = merge_results([tmp_path / "cov-mdm", tmp_path / "de-svm"])
    whole = run_benchmark(
        some([1, 2]), ["cov-mdm", "de-svm"], protocols=["cross-subject"]
    )
    assert list(merged["pipeline"].unique()) == ["trivial", "cov-mdm", "de-svm"]
    assert len(merged) == len(whole)
    means = [s.groupby("pipeline")["balanced_accuracy"].mean() for s in (merged, whole)]
    pd.testing.assert_series_equal(*means)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"random_state": 1}, "runs of different protocols .random_state: 0 and 1"),
        ({"protocols": ["cross-subject"]}, "trained with others"),
        ({"pipelines": ["de-svm"]}, "other subjects and other pipelines"),
    ],
)
def test_other_protocols_are_refused(change, message, tmp_path):
    change = {"protocols": ["within-session"], "pipelines": ["cov-mdm"]} | change
    pipelines = change.pop("pipelines")
    first = {"protocols": change["protocols"]}
    run_benchmark(some([1, 2]), ["cov-mdm"], output=tmp_path / "a", **first)
    run_benchmark(some([2, 3]), pipelines, output=tmp_path / "b", **change)
    with pytest.raises(ValueError, match=message):
        merge_results([tmp_path / "a", tmp_path / "b"])


def test_results_that_contradict_are_refused(shards, tmp_path):
    scores = merge_results([shards / "one"])
    scores["balanced_accuracy"] = 0.123
    save_scores(scores, tmp_path)
    with pytest.raises(ValueError, match="Two runs have results of trivial on subject"):
        merge_results([shards / "one", tmp_path])


def test_scores_of_another_run_are_refused(shards, tmp_path):
    """As two runs leave them that write at once into one folder."""
    for name in ("scores.csv", "protocol.json"):
        (tmp_path / name).write_text((shards / "one" / name).read_text())
    same(merge_results([tmp_path]), merge_results([shards / "one"]))
    scores = (tmp_path / "scores.csv").read_text()
    (tmp_path / "scores.csv").write_text(scores.replace("0.5", "0.6"))
    with pytest.raises(ValueError, match=r"is of another run than protocol\.json"):
        merge_results([tmp_path])


def test_two_runs_on_one_folder_at_once(tmp_path):
    """Neither takes the other's folds; and what both computed is found again."""
    command = [sys.executable, "-m", "eegemo", "benchmark", "--subjects", "1"]
    command += ["--protocol", "within-session", "--output", str(tmp_path)]
    names = ["de-svm", "cov-mdm"]
    runs = [
        subprocess.Popen(
            [*command, "--pipelines", n], stdout=subprocess.PIPE, text=True
        )
        for n in names
    ]
    texts = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    for text, own, other in zip(texts, names, names[::-1], strict=True):
        assert own in text and other not in text
    stored = {p: p.stat().st_mtime_ns for p in tmp_path.glob("folds/*/*/*.json")}
    assert main([*command[3:], "--pipelines", ",".join(names)]) == 0
    assert {p: p.stat().st_mtime_ns for p in stored} == stored
    assert set(tmp_path.glob("folds/*/*/*.json")) == set(stored)
    assert set(merge_results([tmp_path])["pipeline"]) == {"trivial", *names}
    assert not list(tmp_path.rglob("*.partial"))


def test_missing_and_damaged_results(shards, tmp_path):
    with pytest.raises(FileNotFoundError, match="scores.csv is missing"):
        merge_results([tmp_path])
    with pytest.raises(ValueError, match="at least one run"):
        merge_results([])
    scores = (shards / "one" / "scores.csv").read_text()
    protocol = (shards / "one" / "protocol.json").read_text()
    for texts in (("", protocol), (scores, protocol[:50]), (scores[:300], protocol)):
        (tmp_path / "scores.csv").write_text(texts[0])
        (tmp_path / "protocol.json").write_text(texts[1])
        with pytest.raises(ValueError, match="Run the command again that wrote it"):
            merge_results([tmp_path])


def test_shards_of_other_processes(tmp_path):
    """Whose pipelines are the same, though at other addresses."""
    for i, name in enumerate(("cov-mdm", "de-svm")):
        code = (
            "from eegemo.datasets import SimulatedEmotion\n"
            "from eegemo.evaluation import run_benchmark\n"
            "data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=6,"
            " trial_seconds=8.0)\n"
            f"run_benchmark(data, [{name!r}], protocols=['within-session'],"
            f" output={str(tmp_path / str(i))!r})"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
    merged = merge_results([tmp_path / "0", tmp_path / "1"])
    assert list(merged["pipeline"].unique()) == ["trivial", "cov-mdm", "de-svm"]


def test_pipelines_that_differ_at_the_end_of_a_long_grid(tmp_path):
    grid = [10.0**i for i in range(-40, 0)]
    for name, last in (("a", 1.0), ("b", 2.0)):
        search = GridSearchCV(SVC(), {"C": [*grid, last]})
        pipeline = make_pipeline(DifferentialEntropy(128), search)
        run_benchmark(
            some([1]),
            {"search": pipeline},
            protocols=["within-session"],
            output=tmp_path / name,
        )
    with pytest.raises(ValueError, match="search is another pipeline"):
        merge_results([tmp_path / "a", tmp_path / "b"])
