"""What data sets on disk share; SEED and DASPS stand for all."""

import os

import mne
import pytest
from folders import write_mat, write_seed

from eegemo import __main__ as cli
from eegemo.datasets import DASPS, SEED

FIRST = "Preprocessed_EEG/1_20131027.mat"


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_SEED_PATH", raising=False)


@pytest.fixture
def folder(tmp_path):
    return write_seed(tmp_path / "SEED")


def found(dataset, subjects=(1, 2)):
    return {f.file: (f.status, f.message) for f in dataset.check(subjects)}


def move_out(folder, name):
    """Move a file or folder out of the data set, and leave a link to it."""
    path, target = folder / name, folder.parent / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    return target


@pytest.mark.filterwarnings("ignore:Setting non-standard config type")
def test_setting_of_mne(folder):
    mne.set_config("MNE_DATASETS_SEED_PATH", str(folder))
    try:
        assert SEED().subject_list == [1, 2]
    finally:
        mne.set_config("MNE_DATASETS_SEED_PATH", None)
    assert SEED().subject_list == list(range(1, 16))


def test_home_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert SEED(root="~/SEED").subject_list == [1, 2]


def test_link_out_of_the_folder(folder):
    target = move_out(folder, FIRST)
    message = f"a link to {target}, out of the SEED folder.*follow_links=True"
    with pytest.raises(ValueError, match=message):
        SEED(root=folder).data_path(1)
    assert SEED(root=folder).subject_list == [1, 2]
    assert len(SEED(root=folder).data_path(2)) == 4
    status, text = found(SEED(root=folder))["Preprocessed_EEG/1_*.mat, session 1"]
    assert status == "wrong" and str(target) in text
    assert SEED(root=folder, follow_links=True).data_path(1)[0] == str(folder / FIRST)


def test_folder_that_is_a_link_out(folder):
    target = move_out(folder, "Preprocessed_EEG")
    with pytest.raises(ValueError, match="out of the SEED folder"):
        SEED(root=folder).data_path(1)
    assert target.is_dir()
    assert SEED(root=folder, follow_links=True).subject_list == [1, 2]


def test_link_within_the_folder(folder):
    """As git-annex makes them."""
    path = folder / FIRST
    (folder / "objects").mkdir()
    path.rename(folder / "objects" / "file")
    path.symlink_to("../objects/file")
    assert found(SEED(root=folder))[FIRST][0] == "ok"


def test_root_that_is_a_link(folder):
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert found(SEED(root=link))[FIRST][0] == "ok"


def test_link_to_nothing(folder):
    path = folder / FIRST
    path.unlink()
    path.symlink_to("nothing")
    with pytest.raises(FileNotFoundError, match=r"1_<date>\.mat is not in"):
        SEED(root=folder).data_path(1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_neither_folders_nor_pipes_are_read(folder):
    """Reading a pipe would wait for ever."""
    path = folder / FIRST
    path.unlink()
    os.mkfifo(path)
    (folder / "Preprocessed_EEG" / "1_20131026.mat").mkdir()
    with pytest.raises(FileNotFoundError, match=r"1_<date>\.mat is not in"):
        SEED(root=folder).data_path(1)


def test_folder_within_the_folder(folder):
    other = folder.parent / "other"
    (other / "SEED_EEG").mkdir(parents=True)
    (folder / "Preprocessed_EEG").rename(other / "SEED_EEG" / "preprocessed_eeg")
    assert SEED(root=other).subject_list == [1, 2]
    assert SEED(root=other / "SEED_EEG").subject_list == [1, 2]
    assert SEED(root=other / "SEED_EEG" / "preprocessed_eeg").subject_list == [1, 2]


def test_check_of_a_right_folder(folder):
    findings = found(SEED(root=folder))
    assert {status for status, _ in findings.values()} == {"ok"}
    assert len(findings) == 7  # the labels are of both subjects
    assert findings[FIRST][1] == "15 clips of 0.04 to 0.11 s in 62 channels"


def test_check_of_all_subjects(folder):
    findings = found(SEED(root=folder), None)
    missing = [name for name, (status, _) in findings.items() if status == "missing"]
    assert missing == [f"Preprocessed_EEG/{s}_*.mat, session 1" for s in range(3, 16)]


def test_check_of_one_subject_leaves_others_alone(folder):
    (folder / "Preprocessed_EEG" / "2_20131030.mat").write_text("broken")
    findings = found(SEED(root=folder), [1])
    assert [status for status, _ in findings.values()] == 4 * ["ok"]


def test_check_of_unknown_subjects(folder):
    with pytest.raises(ValueError, match="subjects 1 to 15, got 16"):
        list(SEED(root=folder).check([1, 16]))


def test_check_finds_what_does_not_belong(folder):
    for name in ("notes.docx", "1_20131027.mat.part", "100_20131027.mat"):
        (folder / "Preprocessed_EEG" / name).write_text("")
    (folder / "Preprocessed_EEG" / "ReadMe.TXT").write_text("")
    findings = found(SEED(root=folder))
    odd = [name for name, (status, _) in findings.items() if status == "odd"]
    assert odd == [
        f"Preprocessed_EEG/{name}"
        for name in ("100_20131027.mat", "1_20131027.mat.part", "notes.docx")
    ]


def test_check_of_dasps(tmp_path):
    write_mat(tmp_path / "S01preprocessed.mat", {"data": [[1.0]]}, "7.3")
    (tmp_path / "ratings.csv").write_text("subject,situation,valence,arousal\n")
    findings = found(DASPS(root=tmp_path))
    assert [status for status, _ in findings.values()] == ["wrong", "wrong", "missing"]
    assert "(12, 1920, 14)" in findings["S01preprocessed.mat"][1]
    assert "none for [1, 2, 3, 4, 5, 6]" in findings["ratings.csv"][1]


def test_command(folder, capsys):
    options = ["datasets", "check", "SEED", "--root", str(folder)]
    assert cli.main([*options, "--subjects", "1-2"]) == 0
    out = capsys.readouterr().out
    assert f"ok       {FIRST}: 15 clips" in out and out.endswith("7 ok\n")
    assert cli.main(options) == 1
    assert capsys.readouterr().out.endswith("7 ok, 13 missing\n")
    (folder / "Preprocessed_EEG" / "notes").write_text("")
    assert cli.main([*options, "--subjects", "1"]) == 0
    assert "4 ok, 1 odd" in capsys.readouterr().out
    (folder / FIRST).write_text("")
    assert cli.main([*options, "--subjects", "1"]) == 1
    assert f"wrong    {FIRST}: {folder / FIRST} cannot" in capsys.readouterr().out


def test_command_follows_links(folder, capsys):
    move_out(folder, FIRST)
    options = ["datasets", "check", "SEED", "--root", str(folder), "--subjects", "1"]
    assert cli.main(options) == 1
    assert cli.main([*options, "--follow-links"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["SimulatedEmotion"], "there is nothing to check"),
        (["DASP"], "unknown data set 'DASP': choose from DASPS"),
        (["SEED"], "does not know its folder. Give it as SEED(root=...)"),
        (["SEED", "--root", "/nonexistent"], "/nonexistent does not exist"),
    ],
)
def test_command_without_a_folder(options, message, capsys):
    assert cli.main(["datasets", "check", *options]) == 1
    printed = capsys.readouterr()
    assert message in printed.err and printed.out == ""
