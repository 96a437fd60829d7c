from fakes import RatedDataset

from eegemo.evaluation import run_benchmark
from eegemo.evaluation._progress import Progress
from eegemo.paradigm import EmotionParadigm


def write(folder, pipeline, name):
    (folder / pipeline).mkdir(parents=True, exist_ok=True)
    (folder / pipeline / name).write_text("{}")


def test_pairs_of_pipeline_and_subject_are_counted(tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    with Progress(4, "Toy", show=True) as progress:
        progress.watch(first, ["aa", "bb"])
        write(first, "aa", "0-0-1.json")
        write(first, "aa", "0-1-1.json")  # another fold of the same subject
        write(first, "cc", "0-0-1.json")  # of another run
        assert progress._count() == 1
        write(first, "bb", "0-0-1.json")
        progress.watch(second, ["aa", "bb"])
        write(second, "aa", "0-0-2-b.json")
        write(second, "bb", "0-0-2-b.json")
    assert progress.bar.n == 4
    assert "Toy: 100%" in capsys.readouterr().err


def test_benchmark_shows_progress_only_if_asked(capsys):
    paradigm = EmotionParadigm(window=2.0, fmax=None)
    for progress in (True, False):
        run_benchmark(
            RatedDataset(),
            ["trivial"],
            paradigm=paradigm,
            protocols=["within-session"],
            progress=progress,
        )
        shown = capsys.readouterr().err
        assert ("RatedDataset within-session: 100%" in shown) == progress
