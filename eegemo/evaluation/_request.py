"""Whether what a benchmark is asked for is possible."""

from numbers import Integral, Real

from sklearn.utils.validation import check_scalar

from ._protocols import get_protocol


def check_request(datasets, protocols, n_splits, dtype, n_jobs, timeout):
    """Raise unless the arguments make sense together."""
    if not datasets or not protocols:
        raise ValueError("Give at least one data set and one protocol.")
    for dataset in datasets:
        if not getattr(dataset, "tasks", None):
            raise ValueError(
                f"{dataset} is no emotion data set: it should be an EmotionDataset, "
                "whose trials say their stimulus and emotion."
            )
        if not dataset.subject_list:
            raise ValueError(f"{dataset.code} has no subject selected.")
    codes = [dataset.code for dataset in datasets]
    if len(set(codes)) < len(codes):
        raise ValueError(
            f"Two data sets have the same code, so their rows could not be told apart: "
            f"{', '.join(codes)}. Run them one at a time."
        )
    if n_splits is not None:
        check_scalar(n_splits, "n_splits", Integral, min_val=2)
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype should be 'float64' or 'float32', got {dtype!r}.")
    if n_jobs == 0:
        raise ValueError("n_jobs should be a number of processes, or -1 for all cores.")
    if timeout is not None:
        check_scalar(timeout, "timeout", Real, min_val=0, include_boundaries="neither")


def with_stimulus_protocol(protocols):
    """Map protocols to whether they were asked for, or stand beside another."""
    asked = dict.fromkeys(protocols, True)
    for name in asked:
        get_protocol(name)
    out = {}
    for name in asked:
        out[name] = True
        if name == "cross-subject" and "cross-subject-stimulus" not in asked:
            out["cross-subject-stimulus"] = False
    return out


def check_size(name, dataset, n_splits):
    """Raise if the protocol is not for the data set, its size or these folds."""
    protocol, n_subjects = get_protocol(name), len(dataset.subject_list)
    if protocol.of and dataset.code not in protocol.of:
        raise ValueError(
            f"{name} is a protocol of {', '.join(protocol.of)}, not of {dataset.code}."
        )
    if n_splits is not None and protocol.source:
        raise ValueError(
            f"{name} was published with its own folds: leave n_splits out."
        )
    if dataset.label_per_subject and "subject" not in protocol.forbidden:
        raise ValueError(
            f"{name} makes no sense on {dataset.code}, which has one label for each "
            "subject: use cross-subject."
        )
    if name == "cross-subject" and n_splits is not None and n_splits > n_subjects:
        raise ValueError(f"{n_splits} folds of {n_subjects} subjects are impossible.")
    if not protocol.by_subject and n_subjects < 2:
        raise ValueError(f"{name} needs at least two subjects, got {n_subjects}.")
    if name == "cross-session" and dataset.n_sessions < 2:
        raise ValueError(
            f"cross-session needs at least two sessions; {dataset.code} has "
            f"{dataset.n_sessions}."
        )
