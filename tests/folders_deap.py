"""Writers of folders as DEAP, DREAMER, FACED, MODMA and EmoEEG-MC have them.

Names, variables, shapes and types are those of the data sets; the signals are noise,
in half precision where the files are large. Where the lengths of trials are free, they
are short.
"""

import pickle
import struct

import numpy as np
import pytest
from scipy.io import savemat
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

DEAP_SHAPE = (40, 40, 8064)
FACED_SHAPE = (28, 32, 7500)
EMOEEGMC_SHAPE = (64, 21, 6000)


def noise(shape, seed, dtype="f4", scale=10.0):
    """Return noise of some microvolts; much of it repeats, to be made fast."""
    rng = np.random.default_rng(seed)
    block = (scale * rng.standard_normal(50_021)).astype(dtype)
    return np.resize(block, shape)


def log_variance(X):
    return np.log(X.var(axis=2))


# A pipeline of which nothing needs to be compiled.
CHEAP = {
    "variance": make_pipeline(FunctionTransformer(log_variance), LogisticRegression())
}


def refuses(dataset, subject, *parts, error=ValueError):
    """Reading fails with a message that has all these parts."""
    with pytest.raises(error) as caught:
        dataset.get_data(subjects=[subject])
    for part in parts:
        assert part in str(caught.value)


def statuses(dataset, subjects=None):
    """Return the status of each file that a check looks at."""
    return {f.file: f.status for f in dataset.check(subjects)}


def messages(dataset, status, subjects=None):
    """Return what a check says of the files of one status."""
    return [f.message for f in dataset.check(subjects) if f.status == status]


def python2_array(array, binary=True):
    """Codes for an array as Python 2 with NumPy 1 wrote it: text is a byte string."""
    raw = array.tobytes()
    if binary:
        text = b"T" + struct.pack("<I", len(raw)) + raw
    else:
        text = b"S" + repr(raw)[1:].encode() + b"\n"
    shape = b"(" + b"".join(b"I%d\n" % n for n in array.shape) + b"t"
    name, order = array.dtype.str[1:].encode(), array.dtype.str[:1].encode()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\nt"
        b"S'b'\ntR(I1\n" + shape + b"cnumpy\ndtype\np3\n(S'" + name + b"'\nI0\nI1\ntR"
        b"(I3\nS'" + order + b"'\nNNNI-1\nI-1\nI0\ntbI00\n" + text + b"tb"
    )


def python2_dict(arrays, binary=True):
    """A dict of arrays as Python 2 wrote it, in protocol 2 or 0."""
    items = [
        b"S'" + name.encode() + b"'\n" + python2_array(array, binary)
        for name, array in arrays.items()
    ]
    return b"\x80\x02" * binary + b"}p0\n(" + b"".join(items) + b"u."


def deap_arrays(subject, dtype="f2"):
    """Return data and labels of a subject of DEAP."""
    labels = np.random.default_rng(subject).uniform(1, 9, (40, 4))
    return {"data": noise(DEAP_SHAPE, subject, dtype), "labels": labels}


def write_deap(folder, subject, arrays=None, protocol=2):
    """Write a subject; protocols None, and negative, are MATLAB and Python 2."""
    arrays = deap_arrays(subject) if arrays is None else arrays
    if protocol is None:
        path = folder / "data_preprocessed_matlab" / f"s{subject:02d}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        savemat(path, arrays, do_compression=False)
        return path
    path = folder / "data_preprocessed_python" / f"s{subject:02d}.dat"
    path.parent.mkdir(parents=True, exist_ok=True)
    if protocol < 0:
        path.write_bytes(python2_dict(arrays))
    else:
        path.write_bytes(pickle.dumps(arrays, protocol))
    return path


def cells(values):
    """Return a column of cells of MATLAB."""
    out = np.empty((len(values), 1), dtype=object)
    out[:, 0] = values
    return out


def dreamer_subject(subject, seconds=8):
    """Return the fields of a subject of DREAMER; clips get longer by 1 s."""
    rng = np.random.default_rng(subject)
    stimuli = [
        4200 + noise((128 * (seconds + clip % 3), 14), [subject, clip], "f8")
        for clip in range(18)
    ]
    baseline = [noise((7808 // 16, 14), [subject, clip, 1], "f8") for clip in range(18)]
    ecg = [noise((100, 2), [subject, clip, 2], "f8") for clip in range(18)]
    ratings = rng.permuted(np.tile(np.arange(18.0) % 5 + 1, (3, 1)), axis=1)[..., None]
    return {
        "Age": "22",
        "Gender": "male",
        "EEG": {"baseline": cells(baseline), "stimuli": cells(stimuli)},
        "ECG": {"baseline": cells(ecg), "stimuli": cells(ecg)},
        "ScoreValence": ratings[0],
        "ScoreArousal": ratings[1],
        "ScoreDominance": ratings[2],
    }


def write_dreamer(folder, subjects, compress=False):
    """Write the one file of DREAMER."""
    data = np.empty((1, len(subjects)), dtype=object)
    data[0] = subjects
    value = {
        "Data": data,
        "EEG_SamplingRate": 128.0,
        "ECG_SamplingRate": 256.0,
        "EEG_Electrodes": cells(["AF3"] * 14).T,
        "noOfSubjects": float(len(subjects)),
        "noOfVideoSequences": 18.0,
        "Disclaimer": "While every care has been taken",
    }
    path = folder / "DREAMER.mat"
    savemat(path, {"DREAMER": value}, do_compression=compress)
    return path


def write_faced(folder, subject, data=None, protocol=4):
    """Write a subject of FACED."""
    data = noise(FACED_SHAPE, subject, "f2") if data is None else data
    path = folder / "Processed_data" / f"sub{subject:03d}.pkl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(data, protocol))
    return path


def write_faced_features(folder, subject, kind="DE", data=None):
    """Write the features of a subject of FACED."""
    data = noise((28, 32, 30, 5), subject, "f8") if data is None else data
    path = folder / "EEG_Features" / kind / f"sub{subject:03d}.pkl.pkl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(data, 4))
    return path


def write_modma(folder, name, data=None, rate=250.0, **others):
    """Write a subject of MODMA, by the name of its file."""
    if data is None:
        data = noise((129, 250 * 12), int(name[:8]), "f8") - 3000
        data[128] = 0
    path = folder / "EEG_128channels_resting_lanzhou_2015" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # As Net Station exports: names of variables from the file's, without its dots.
    variable = "a" + name.replace(" ", "_").replace(".", "")
    arrays = {variable: data, "samplingRate": rate, "Impedances_0": np.zeros((129, 1))}
    savemat(path, {k: v for k, v in (arrays | others).items() if v is not None})
    return path


def write_emoeegmc(folder, subject, context, data=None, extra_folder=True):
    """Write a session of EmoEEG-MC."""
    data = noise(EMOEEGMC_SHAPE, subject, "f2") if data is None else data
    name = f"sub-{subject:02d}"
    path = folder / "derivatives" / name / f"ses-{context}"
    path = path / "eeg" if extra_folder else path
    path.mkdir(parents=True, exist_ok=True)
    path /= f"{name}_ses-{context}_task-emotion_reorder.npy"
    np.save(path, data)
    return path
