import pickle

import numpy as np
import pytest
from folders import (
    SEED_V_CODES,
    noise,
    write_mat,
    write_seed_features,
    write_seed_iv_features,
    write_seed_v_features,
    write_seed_vii_features,
)
from numpy.testing import assert_array_equal
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GroupKFold, cross_val_score

from eegemo import datasets
from eegemo.datasets import SEED, SEEDV, load_features

WRITERS = {
    "SEED": write_seed_features,
    "SEEDIV": write_seed_iv_features,
    "SEEDV": write_seed_v_features,
    "SEEDVII": write_seed_vii_features,
}


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    for name in WRITERS:
        monkeypatch.delenv(f"MNE_DATASETS_{name}_PATH", raising=False)


@pytest.fixture(params=WRITERS)
def name(request):
    return request.param


@pytest.fixture
def folder(name, tmp_path):
    return WRITERS[name](tmp_path)


def rows(metadata, subject, session, trial):
    return (
        (metadata["subject"] == subject)
        & (metadata["session"] == str(session))
        & (metadata["trial"] == trial)
    ).to_numpy()


def test_shapes(name, folder):
    X, y, metadata = load_features(name, folder)
    assert X.shape == (len(y), 310) and X.flags.c_contiguous and len(metadata) == len(y)
    assert list(metadata) == [
        *("subject", "session", "trial", "stimulus", "onset", "duration")
    ]
    assert set(metadata["subject"]) == {1, 2}
    assert metadata["session"].nunique() == (4 if name == "SEEDVII" else 3)
    names = metadata.attrs["feature_names"]
    assert len(names) == 310
    assert names[:6] == [
        *("Fp1 delta", "Fp1 theta", "Fp1 alpha", "Fp1 beta", "Fp1 gamma", "Fpz delta")
    ]
    assert metadata.attrs["feature"] == ("de" if name == "SEEDV" else "de_LDS")


def test_labels_belong_to_trials(name, folder):
    _, y, metadata = load_features(name, folder)
    groups = metadata.assign(y=y).groupby(["subject", "session", "trial"])
    assert (groups["y"].nunique() == 1).all()
    assert (groups["stimulus"].nunique() == 1).all()
    n_clips = {"SEED": 15, "SEEDIV": 72, "SEEDV": 45, "SEEDVII": 80}[name]
    assert metadata["stimulus"].nunique() == n_clips
    assert metadata.groupby("stimulus")["subject"].nunique().eq(2).all()


def test_works_with_splits_of_scikit_learn(name, folder):
    X, y, metadata = load_features(name, folder)
    scores = cross_val_score(
        RidgeClassifier(), X, y, groups=metadata["subject"], cv=GroupKFold(2)
    )
    assert scores.shape == (2,)


def test_seed_values(tmp_path):
    X, y, metadata = load_features("SEED", write_seed_features(tmp_path))
    here = rows(metadata, 2, 1, 6)
    written = noise(2, 1, 7, shape=(62, 3, 5))
    assert_array_equal(X[here], written.transpose(1, 0, 2).reshape(3, 310))
    assert X[here][2, 7] == written[1, 2, 2]
    assert set(y[here]) == {"negative"}
    assert metadata[here]["onset"].tolist() == [0, 1, 2]
    assert set(metadata["duration"]) == {1.0}
    assert set(metadata[here]["stimulus"]) == {"clip07"}


def test_seed_iv_values(tmp_path):
    X, y, metadata = load_features("SEED-IV", write_seed_iv_features(tmp_path))
    here = rows(metadata, 1, 2, 3)
    written = noise(1, 2, 4, shape=(62, 3, 5))
    assert_array_equal(X[here], written.transpose(1, 0, 2).reshape(3, 310))
    assert set(y[here]) == {"sad"} and set(metadata[here]["stimulus"]) == {"clip52"}
    assert metadata[here]["onset"].tolist() == [0, 4, 8]


def test_seed_v_values(tmp_path):
    X, y, metadata = load_features("seed_v", write_seed_v_features(tmp_path))
    here = rows(metadata, 2, 2, 4)
    assert_array_equal(X[here], noise(2, 34, shape=(3, 310)))
    assert set(y[here]) == {"happy"} and set(metadata[here]["stimulus"]) == {"clip35"}


def test_seed_vii_values(tmp_path):
    X, y, metadata = load_features("SEEDVII", write_seed_vii_features(tmp_path), "de")
    here = rows(metadata, 2, 3, 0)
    written = noise(2, 61, shape=(3, 5, 62))
    assert_array_equal(X[here], written.transpose(0, 2, 1).reshape(3, 310))
    assert set(y[here]) == {"disgust"}


@pytest.mark.parametrize(
    ("feature", "n_rows"),
    [("psd_movingAve", 62), ("dasm_LDS", 27), ("asm_LDS", 54), ("dcau_LDS", 23)],
)
def test_other_features(tmp_path, feature, n_rows):
    folder = write_seed_features(tmp_path, (1,))
    X, _, metadata = load_features("SEED", folder, feature)
    assert X.shape[1] == 5 * n_rows == len(metadata.attrs["feature_names"])
    first = "Fp1 delta" if n_rows == 62 else "row1 delta"
    assert metadata.attrs["feature_names"][0] == first


def test_windows_of_other_lengths(tmp_path):
    write_seed_features(tmp_path / "SEED_EEG", (1,), "ExtractedFeatures_1s")
    write_seed_features(tmp_path / "SEED_EEG", (1, 2), "ExtractedFeatures_4s")
    _, _, short = load_features("SEED", tmp_path)
    _, _, long = load_features("SEED", tmp_path, window=4)
    assert set(short["duration"]) == {1} and set(short["subject"]) == {1}
    assert set(long["duration"]) == {4} and set(long["subject"]) == {1, 2}
    inside = tmp_path / "SEED_EEG" / "ExtractedFeatures_4s"
    assert len(load_features("SEED", inside, window=4)[1]) == len(long)
    with pytest.raises(FileNotFoundError, match="ExtractedFeatures/1_<date>"):
        load_features("SEED", inside)


def test_subjects(name, folder):
    _, _, metadata = load_features(name, folder, subjects=[2])
    assert set(metadata["subject"]) == {2}
    with pytest.raises(ValueError, match="has the subjects 1 to"):
        load_features(name, folder, subjects=[0])
    with pytest.raises(FileNotFoundError, match="is not in the"):
        load_features(name, folder, subjects=[3])
    with pytest.raises(ValueError, match="subjects is empty"):
        load_features(name, folder, subjects=[])


def test_unknown_names(tmp_path):
    with pytest.raises(
        ValueError, match=r"no features of 'DASPS': choose from FACED, SEED"
    ):
        load_features("DASPS", tmp_path)
    with pytest.raises(ValueError, match=r"SEEDV has no feature 'psd': choose from de"):
        load_features("SEEDV", tmp_path, "psd")
    with pytest.raises(ValueError, match=r"SEEDIV has no window 1: choose from 4"):
        load_features("SEEDIV", tmp_path, window=1)
    with pytest.raises(FileNotFoundError, match=r"SEED\(root=\.\.\.\)"):
        load_features("SEED")
    with pytest.raises(FileNotFoundError, match=r"1_<date>\.mat is not in"):
        load_features("SEED", tmp_path)


def test_broken_files(tmp_path):
    folder = write_seed_features(tmp_path, (1,))
    path = folder / "ExtractedFeatures" / "1_20131030.mat"
    names = [f"de_LDS{n}" for n in range(1, 16)]
    arrays = {name: np.ones((62, 3, 5)) for name in names}
    for change, message in [
        ({"de_LDS4": np.ones((5, 3, 62))}, r"\(62, n, 5\), got \(5, 3, 62\)"),
        ({"de_LDS4": np.ones((62, 3, 5), int)}, "float32 or float64, got int64"),
        ({"de_LDS4": np.full((62, 3, 5), np.nan)}, "got nan in row 0, window 0"),
    ]:
        write_mat(path, arrays | change)
        with pytest.raises(ValueError, match=message) as caught:
            load_features("SEED", folder)
        assert str(path) in str(caught.value)
    write_mat(path, {name: arrays[name] for name in names[1:]})
    with pytest.raises(ValueError, match="should have a variable 'de_LDS1'"):
        load_features("SEED", folder)
    write_mat(path.with_name("label.mat"), {"label": np.zeros((1, 15))})
    with pytest.raises(ValueError, match="'label' in .* should be"):
        load_features("SEED", folder)
    path.with_name("label.mat").unlink()
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        load_features("SEED", folder)
    (wrong,) = [f for f in SEED(root=folder).check([1]) if f.status == "wrong"]
    assert wrong.file == "ExtractedFeatures/1_20131030.mat"


def test_broken_archives(tmp_path):
    folder = write_seed_v_features(tmp_path, (1,))
    path = folder / "EEG_DE_features" / "1_123.npz"
    data = {t: noise(t, shape=(2, 310)) for t in range(45)}
    codes = dict(enumerate(np.array(SEED_V_CODES).reshape(45, 1) * np.ones(2)))

    def refuses(message, data=data, label=codes, dump=pickle.dumps):
        np.savez(path, data=dump(data), label=dump(label))
        with pytest.raises(ValueError, match=message) as caught:
            load_features("SEEDV", folder)
        assert str(path) in str(caught.value)
        (wrong,) = [f for f in SEEDV(root=folder).check([1]) if f.status == "wrong"]
        assert wrong.message == str(caught.value)

    refuses("trial 7 .* should have the label 3", label=codes | {7: np.zeros(2)})
    refuses(r"\(n, 310\), got \(2, 300\)", data | {3: np.ones((2, 300))})
    refuses("got nan in window 0, feature 0", data | {3: np.full((2, 310), np.nan)})
    refuses("trial 44 .* an array of each", {t: data[t] for t in range(44)})
    refuses("trial 3 .* an array of each", data | {3: [1.0]})
    refuses("should be a dictionary of trials, got list", list(data.values()))
    refuses("asks for .*print.*Nothing of it was run", data | {3: print})
    refuses("cannot be read as a pickle", dump=lambda value: b"no pickle at all")
    content = path.read_bytes()
    for broken in (content[:-30], content[:300], b"", b"text" * 100):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="cannot be read as a NumPy archive"):
            load_features("SEEDV", folder)
    np.savez(path, data=np.array([{}], object), label=np.array([{}], object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        load_features("SEEDV", folder)


def test_check_of_features_alone(name, folder):
    findings = list(getattr(datasets, name)(root=folder).check([1, 2]))
    assert {f.status for f in findings} == {"ok"}
    assert len(findings) == (6 if name in ("SEED", "SEEDIV") else 2)
