"""Fitted networks as files of plain arrays."""

import json
import os
import secrets
import zipfile
from pathlib import Path

import numpy as np

_NAMES = ("channel_names_in_", "feature_names_in_")
_ATTRIBUTES = ("n_features_in_", "input_scale_", "sfreq_in_", *_NAMES)
_STATE = "weights/"


def save(estimator, path):
    """Write a fitted network, in one go or not at all.

    Parameters
    ----------
    estimator : NetworkClassifier
    path : path-like
    """
    found = {a: getattr(estimator, a) for a in _ATTRIBUTES if hasattr(estimator, a)}
    content = {
        "network": type(estimator).__name__,
        "shape": estimator._shape,
        "classes": estimator.classes_,
        "parameters": _as_text(estimator),
        **found,
        **{_STATE + name: array for name, array in estimator.get_weights().items()},
    }
    content = {name: _plain(value, name) for name, value in content.items()}
    path = Path(path)
    # not by tempfile, whose files are readable by their owner alone
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            np.savez(file, **content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _as_text(estimator):
    """Parameters that the layers are made with, as JSON."""
    parameters = estimator._of_layers()
    return json.dumps(parameters, default=lambda value: np.asarray(value).tolist())


def _plain(value, name):
    """Return an array that is no pickle; names are strings of fixed length then."""
    array = np.asarray(value)
    if array.dtype == object:
        if not all(isinstance(item, str) for item in array):
            raise ValueError(f"{name} has objects, which only a pickle could hold.")
        array = array.astype(str)
    return array


def load(estimator, path):
    """Read a network into an estimator, which is changed only if all of it is right.

    Parameters
    ----------
    estimator : NetworkClassifier
    path : path-like
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            content = dict(arrays)
        name, classes = str(content["network"]), content["classes"]
        shape = tuple(map(int, content["shape"]))
        parameters = str(content["parameters"])
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} holds no weights that save_weights wrote ({error}): save them "
            "again."
        ) from error
    if name != type(estimator).__name__:
        raise ValueError(
            f"{path} holds weights of {name}, not of {type(estimator).__name__}."
        )
    if parameters != _as_text(estimator):
        raise ValueError(
            f"{path} holds weights of {name} with the parameters {parameters}; "
            f"this one has {_as_text(estimator)}."
        )
    weights = {k[len(_STATE) :]: v for k, v in content.items() if k.startswith(_STATE)}
    fresh = type(estimator)(**estimator.get_params(deep=False))
    for attribute in set(_ATTRIBUTES) & set(content):
        value = content[attribute]
        setattr(fresh, attribute, value if value.ndim else value.item())
    for attribute in set(_NAMES) & set(content):
        setattr(fresh, attribute, content[attribute].astype(object))
    fresh._restore(shape, classes, weights)
    for attribute in set(_ATTRIBUTES) & set(vars(estimator)):
        delattr(estimator, attribute)  # of another fit
    vars(estimator).update(vars(fresh))
