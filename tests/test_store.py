"""Results on a disk that is full, cannot be written to, or goes away."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from fakes import Slow
from test_runner import small

from eegemo.__main__ import main
from eegemo.evaluation import run_benchmark
from eegemo.evaluation._store import write_whole

ONE = {"protocols": ["within-session"]}


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_half_then_full(path, text, **_):
    path.write_bytes(text[: len(text) // 2].encode())
    full()


@pytest.mark.parametrize(
    "owner, name, function",
    [
        (Path, "write_text", full),
        (Path, "write_text", write_half_then_full),
        (os, "replace", full),
    ],
)
def test_a_full_disk_keeps_old_files(owner, name, function, tmp_path, monkeypatch):
    files = {tmp_path / "a.csv": "old a", tmp_path / "b.json": "old b"}
    write_whole(files)
    monkeypatch.setattr(owner, name, function)
    message = "a.csv could not be written: No space left"
    with pytest.raises(OSError, match=message) as caught:
        write_whole(dict.fromkeys(files, "new"))
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert {path: path.read_text() for path in tmp_path.iterdir()} == files


def test_no_file_is_replaced_before_all_are_written(tmp_path, monkeypatch):
    files = {tmp_path / "a.csv": "old a", tmp_path / "b.json": "old b"}
    write_whole(files)
    write_text = Path.write_text

    def second_is_full(path, text, **options):
        if path.name.startswith("b.json"):
            full()
        return write_text(path, text, **options)

    monkeypatch.setattr(Path, "write_text", second_is_full)
    with pytest.raises(OSError, match="b.json could not be written"):
        write_whole(dict.fromkeys(files, "new"))
    monkeypatch.undo()
    assert {path: path.read_text() for path in tmp_path.iterdir()} == files


def test_a_full_disk_is_one_line_of_the_command(tmp_path, monkeypatch, capsys):
    arguments = "benchmark --pipelines trivial --protocol within-session --subjects 1"
    arguments = [*arguments.split(), "--output", str(tmp_path)]
    monkeypatch.setattr(Path, "write_text", full)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "could not be written: No space left on device" in error
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    monkeypatch.undo()
    assert main(arguments) == 0


def test_an_output_that_cannot_be_written_to_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="cannot be written to.*another"):
        run_benchmark(small(), ["trivial"], **ONE, output=tmp_path / "file" / "folder")


class Removes(Slow):
    """Removes a folder when it is fitted."""

    def __init__(self, folder):
        self.folder = folder
        self.seconds = 0

    def fit(self, X, y):
        shutil.rmtree(self.folder)
        return super().fit(X, y)


def test_an_output_that_vanishes_is_an_error_not_fewer_rows(tmp_path):
    folder = tmp_path / "results"
    with pytest.raises(FileNotFoundError, match="is gone.*results are lost"):
        run_benchmark(small(), {"removes": Removes(folder)}, **ONE, output=folder)
    assert not folder.exists()
