"""Where the results of folds lie."""

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._fingerprint import digest_rows


@dataclass(frozen=True)
class FoldStore:
    """The results of the folds of one protocol, a file each.

    The folder of a pipeline and the name of a file hold fingerprints of the pipeline
    and of the content of training and test windows and labels, so that nothing else can
    be mistaken for them. Files older than ``since`` do not count.
    """

    folder: Path
    classes: tuple
    marks: tuple = ()
    forbidden: tuple = ()
    since: float = 0.0

    def path(self, pipeline, train, X, y):
        """File of the result of a pipeline on test windows X of one subject."""
        subject = re.sub("[^A-Za-z0-9]+", "_", str(X.metadata["subject"].iloc[0]))
        return self.folder / pipeline / f"{train}-{digest_rows(X, y)}-{subject}.json"

    def has(self, pipeline, train):
        """Tell whether there is a result of this pipeline with this training set."""
        paths = (self.folder / pipeline).glob(f"{train}-*.json")
        return any(self.read(path) is not None for path in paths)

    def read(self, path):
        """Return a stored result, or None if there is no sound one that succeeded."""
        try:
            if path.stat().st_mtime < self.since:
                return None
            record = json.loads(path.read_text())
            return record if record["error"] is None else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def read_all(self, pipelines):
        """Return all results of these pipelines, failed ones too."""
        self._check_folder()
        return [
            json.loads(path.read_text())
            for pipeline in pipelines
            for path in sorted((self.folder / pipeline).glob("*.json"))
        ]

    def progress(self):
        """Return the number of results, and when the last one was written."""
        written = [path.stat().st_mtime_ns for path in self.folder.glob("*/*.json")]
        return len(written), max(written, default=0)

    def write(self, path, record):
        """Write a result, in a folder that is there and had the others."""
        self._check_folder()
        write_whole({path: json.dumps(record)})

    def _check_folder(self):
        if not self.folder.is_dir():
            raise FileNotFoundError(
                f"{self.folder} is gone, or cannot be seen by the process that "
                "computed a fold, so results are lost: give an output folder that "
                "stays, and that all workers see, and run the same again."
            )


def plain(parameters):
    """Return parameters in a form that JSON can hold."""
    return json.loads(json.dumps(parameters, default=_as_plain))


def _as_plain(value):
    return value.item() if isinstance(value, np.generic) else repr(value)


def write_whole(texts):
    """Write files so that each is there wholly or not at all, whatever else goes on.

    All are written before the first one takes its place.

    Parameters
    ----------
    texts : dict of path to str

    Raises
    ------
    OSError
        The disk is full, or cannot be written to; what was there before still is.
    """
    partials = {
        path: path.with_name(f"{path.name}.{os.getpid()}.partial") for path in texts
    }
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            partials[path].write_text(text, encoding="utf-8")
        for path, partial in partials.items():
            os.replace(partial, path)
    except OSError as error:
        clear = type(error)(
            f"{path} could not be written: {error.strerror or error}. Files that were "
            "there before are kept: make room, or choose a folder that can be written "
            "to, and run the same again."
        )
        clear.errno = error.errno
        raise clear from error
    finally:
        for partial in partials.values():
            with suppress(OSError):
                partial.unlink()
