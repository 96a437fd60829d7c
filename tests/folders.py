"""Small folders with the layout of data sets that need a licence.

Names of files and variables, shapes, types and versions are as published; only time is
shorter. Signals are noise in microvolts.
"""

import pickle
import struct

import h5py
import numpy as np
import scipy.io

from eegemo.montage import SEED_CHANNELS

SEED_LABELS = (1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1)
SEED_V_CODES = (
    (4, 1, 3, 2, 0, 4, 1, 3, 2, 0, 4, 1, 3, 2, 0),
    (2, 1, 3, 0, 4, 4, 0, 3, 2, 1, 3, 4, 1, 2, 0),
    (2, 1, 3, 0, 4, 4, 0, 3, 2, 1, 3, 4, 1, 2, 0),
)
INITIALS = {1: "djc", 2: "jl"}


def noise(*seed, shape):
    return 10 * np.random.default_rng(seed).standard_normal(shape)


def write_mat(path, variables, version="5"):
    """Write a file of MATLAB 5 (not compressed), 7 (compressed) or 7.3 (HDF5)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if version != "7.3":
        scipy.io.savemat(path, variables, do_compression=version == "7")
        return path
    classes = {"f8": "double", "f4": "single", "i2": "int16"}
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            data = file.create_dataset(name, data=np.asarray(value).T)
            kind = classes.get(data.dtype.str[1:], "double")
            data.attrs["MATLAB_class"] = np.bytes_(kind)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def write_seed(root, subjects=(1, 2), n_times=8, version="5"):
    """Dates are such that their order is not that of the names of files."""
    folder = root / "Preprocessed_EEG"
    for subject in subjects:
        for session, date in enumerate(("20131027", "20131030", "20131107")):
            clips = {
                f"{INITIALS.get(subject, 'xyz')}_eeg{n}": seed_clip(
                    subject, session, n - 1, n_times
                )
                for n in range(1, 16)
            }
            write_mat(folder / f"{subject}_{date}.mat", clips, version)
    write_mat(folder / "label.mat", {"label": np.array([SEED_LABELS], np.int16)})
    (folder / "readme.txt").write_text("SEED")
    return root


def seed_clip(subject, session, trial, n_times):
    return noise(subject, session, trial, shape=(62, n_times + trial))


def write_seed_features(root, subjects=(1, 2), name="ExtractedFeatures"):
    rows = dict(de=62, psd=62, dasm=27, rasm=27, asm=54, dcau=23)
    for subject in subjects:
        for session, date in enumerate(("20131027", "20131030", "20131107")):
            arrays = {
                f"{kind}_{smoothing}{n}": noise(
                    subject, session, n, shape=(n_rows, 2 + n % 2, 5)
                )
                for kind, n_rows in rows.items()
                for smoothing in ("movingAve", "LDS")
                for n in range(1, 16)
            }
            write_mat(root / name / f"{subject}_{date}.mat", arrays)
    return root


def write_seed_iv(root, subjects=(1, 2), n_times=8):
    for subject in subjects:
        for session, date in enumerate(("20160518", "20161125", "20161126")):
            clips = {
                f"cz_eeg{n}": noise(subject, session, n, shape=(62, n_times + n))
                for n in range(1, 25)
            }
            folder = root / "eeg_raw_data" / str(session + 1)
            write_mat(folder / f"{subject}_{date}.mat", clips)
    return root


def write_seed_iv_features(root, subjects=(1, 2)):
    for subject in subjects:
        for session, date in enumerate(("20160518", "20161125", "20161126")):
            arrays = {
                f"{kind}_{smoothing}{n}": noise(subject, session, n, shape=(62, 3, 5))
                for kind in ("de", "psd")
                for smoothing in ("movingAve", "LDS")
                for n in range(1, 25)
            }
            folder = root / "eeg_feature_smooth" / str(session + 1)
            write_mat(folder / f"{subject}_{date}.mat", arrays)
    return root


def write_seed_v(root, subjects=(1, 2), seconds=1, dtype="<i4"):
    """Clips of that many seconds, and others of half a second longer."""
    times = []
    for session in range(3):
        lengths = seconds + 0.5 * (np.arange(15) % 2)
        starts = 0.5 + np.cumsum([0, *(lengths[:-1] + 0.5 + session)])
        times.append((starts.tolist(), (starts + lengths).tolist()))
    root.mkdir(parents=True, exist_ok=True)
    (root / "trial_start_end_timestamp.txt").write_text(
        "\n".join(
            f"Session {i}:\nstart_second: {starts}\nend_second: {ends}\n"
            for i, (starts, ends) in enumerate(times, start=1)
        )
    )
    for subject in subjects:
        # Subject 2 had session 2 before session 1.
        for session, day in enumerate((10, 8, 20) if subject == 2 else (4, 10, 20)):
            n_times = round(1000 * (times[session][1][-1] + 0.5))
            data = noise(subject, session, shape=(n_times, 66))
            path = root / "EEG_raw" / f"{subject}_{session + 1}_201808{day:02d}.cnt"
            write_cnt(path, data, dtype)
    return root


def write_cnt(path, data, dtype="<i4", names=None):
    """Write a Neuroscan file of microvolts, (n_times, n_channels), at 1000 Hz."""
    if names is None:
        names = list(SEED_CHANNELS)
        names[32:32] = ["M1"]
        names[42:42] = ["M2"]
        names += ["HEO", "VEO"]
    n_times, n_channels = data.shape
    size = np.dtype(dtype).itemsize
    header = bytearray(900 + 75 * n_channels)
    header[:11] = b"Version 3.0"
    header[225:245] = b"08/04/18  10:00:00  "
    struct.pack_into("<H", header, 370, n_channels)
    struct.pack_into("<H", header, 376, 1000)
    struct.pack_into("<i", header, 864, n_times)
    struct.pack_into("<i", header, 886, len(header) + n_times * n_channels * size)
    for i, name in enumerate(names):
        start, angle = 900 + 75 * i, 2 * np.pi * i / n_channels
        header[start : start + len(name)] = name.encode()
        struct.pack_into("<ff", header, start + 19, np.cos(angle), np.sin(angle))
        struct.pack_into("<f", header, start + 59, 2.048)  # 0.01 microvolts
        struct.pack_into("<f", header, start + 71, 1.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(header)
        file.write(np.round(100 * data).astype(dtype).tobytes())
        file.write(struct.pack("<Bii", 2, 0, 0))
    return path


def write_seed_v_features(root, subjects=(1, 2)):
    for subject in subjects:
        data = {t: noise(subject, t, shape=(2 + t % 3, 310)) for t in range(45)}
        codes = np.ravel(SEED_V_CODES)
        labels = {t: np.full(len(data[t]), float(codes[t])) for t in range(45)}
        path = root / "EEG_DE_features" / f"{subject}_123.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, data=pickle.dumps(data), label=pickle.dumps(labels))
    return root


def write_seed_vii(root, subjects=(1, 2), n_times=8):
    for subject in subjects:
        clips = {
            str(n): noise(subject, n, shape=(62, n_times + n % 5)) for n in range(1, 81)
        }
        labels = {
            str(n): noise(subject, n, shape=(1, 2 + n % 3)) % 1 for n in range(1, 81)
        }
        write_mat(root / "EEG_preprocessed" / f"{subject}.mat", clips)
        write_mat(root / "continuous_labels" / f"{subject}.mat", labels)
    return root


def write_seed_vii_features(root, subjects=(1, 2)):
    for subject in subjects:
        arrays = {
            f"{kind}_{n}": noise(subject, n, shape=(2 + n % 3, 5, 62))
            for kind in ("de", "de_LDS")
            for n in range(1, 81)
        }
        write_mat(root / "EEG_features" / f"{subject}.mat", arrays)
    return root
