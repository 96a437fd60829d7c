"""What data sets on disk share: their folder, their subjects, and the check of both.

A reader is a class that derives from :class:`FolderDataset`, names its setting
(``path_key``), its source (``access``) and all its subjects (``everyone``), and has two
methods:

- ``_parts(folder, subject)`` yields a :class:`Part` for each file that a subject needs;
- ``_get_single_subject_data(subject)`` reads them, as for any MOABB data set, with
  :meth:`FolderDataset.data_path` or with ``self.folder()``.

That is all: ``data_path`` lists the files of the parts, ``subject_list`` has the
subjects whose first part is there, and ``check`` inspects all parts, so that ``eegemo
datasets check`` knows the reader. A reader may let a check look at more than recordings
need (``_checked_parts``).
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import mne

from ._base import EmotionDataset
from ._files import Folder


class Finding(NamedTuple):
    """What a check found out about a file."""

    file: str  # relative to the folder
    status: str  # "ok", "missing", "wrong", or "odd": not of the data set, and ignored
    message: str


class Part(NamedTuple):
    """A file that a subject needs."""

    name: str  # relative to the folder; where a part is unknown, such as a date, "*"
    find: Callable  # () -> Path; raises FileNotFoundError if there is none
    inspect: Callable  # (path) -> str, what is right; raises ValueError if it is wrong


class FolderDataset(EmotionDataset):
    """Emotion data set in a folder that the user has.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting ``path_key``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.
    n_sessions, code, tasks, events, trial_seconds, scale, sfreq, doi
        As in :class:`~eegemo.datasets._base.EmotionDataset`.

    Attributes
    ----------
    path_key : str
        Set by the class.
    access : str
        Set by the class: what the data need, for messages.
    everyone : sequence of int
        Set by the class: all subjects that the data set has.
    companions : str
        May be set by the class: a regular expression of the names, in any case, of
        files beside those of the subjects that need no mention by ``check``.
    """

    path_key = access = None
    everyone = ()
    companions = r"read.?me(\.txt)?"

    def __init__(self, root=None, follow_links=False, **facts):
        self.root = root
        self.follow_links = follow_links
        super().__init__(subjects=self._known_subjects(), **facts)

    def folder(self, path=None):
        """Open the folder.

        Parameters
        ----------
        path : str or path-like, default=None
            Folder to use instead of ``root``.

        Returns
        -------
        folder : Folder
            Finds files by name, in any case of letters.

        Raises
        ------
        FileNotFoundError
            No folder is known, or it does not exist.
        """
        name = type(self).__name__
        path = path or self.root or mne.get_config(self.path_key)
        if not path:
            raise FileNotFoundError(
                f"{name} does not know its folder. Give it as {name}(root=...), or in "
                f"{self.path_key}, an environment variable or a setting of "
                f"mne.set_config. There is no downloader: {self.access}"
            )
        path = Path(path).expanduser()
        if not path.is_dir():
            what = "is not a folder" if path.exists() else "does not exist"
            raise FileNotFoundError(
                f"The {name} folder {path} {what}: check root=... or {self.path_key}. "
                f"There is no downloader: {self.access}"
            )
        return Folder(path, name, self.path_key, self.follow_links)

    def data_path(
        self, subject, path=None, force_update=False, update_path=None, verbose=None
    ):
        """Find the files of a subject; nothing is downloaded.

        Parameters
        ----------
        subject : int
            One of ``subject_list``.
        path : str or path-like, default=None
            Folder to use instead of ``root``.
        force_update, update_path, verbose : ignored
            Not used; MOABB passes them.

        Returns
        -------
        paths : list of str
            The files of the subject.

        Raises
        ------
        ValueError
            There is no such subject, two files have the same name but for case, or a
            link leads out of the folder.
        FileNotFoundError
            No folder is known, or it or one of the files does not exist.
        """
        self._check_subject(subject)
        return [str(part.find()) for part in self._parts(self.folder(path), subject)]

    def check(self, subjects=None):
        """Compare the folder with what the data set should have, file by file.

        As little is read as tells whether a file is what it should be: of recordings,
        names, shapes and types, but no values.

        Parameters
        ----------
        subjects : sequence of int, default=None
            None means all that the data set has.

        Yields
        ------
        finding : Finding
            ``file``, ``status`` ("ok", "missing", "wrong", or "odd" for a file that
            is ignored) and ``message``.

        Raises
        ------
        ValueError
            There is no such subject.
        FileNotFoundError
            No folder is known, or it does not exist.
        """
        folder, seen = self.folder(), set()
        subjects = self.everyone if subjects is None else subjects
        for subject in subjects:
            self._check_subject(subject)
        for subject in subjects:
            for i, part in enumerate(self._checked_parts(folder, subject)):
                finding = _inspect(part, folder)
                if finding not in seen:  # subjects may share files
                    seen.add(finding)
                    yield finding
                if finding.status == "missing" and i == 0:
                    break  # the subject is not there at all
        everyone = (p for s in self.everyone for p in self._checked_parts(folder, s))
        for path in folder.others(filter(None, map(_path, everyone))):
            if not re.fullmatch(self.companions, path.name, re.IGNORECASE):
                message = "is not of the data set, and not read"
                yield Finding(folder.relative(path), "odd", message)

    def _parts(self, folder, subject):
        raise NotImplementedError

    def _checked_parts(self, folder, subject):
        """Yield the parts that a check looks at; the first is every subject's."""
        return self._parts(folder, subject)

    def _check_subject(self, subject):
        if subject not in self.everyone:
            raise ValueError(
                f"{type(self).__name__} has the subjects {self.everyone[0]} to "
                f"{self.everyone[-1]}, got {subject!r}."
            )

    def _known_subjects(self):
        """List the subjects who are in the folder; all if there is no folder."""
        try:
            folder = self.folder()
        except FileNotFoundError:
            return list(self.everyone)
        return self._present(partial(self._parts, folder))

    def _present(self, parts):
        """List the subjects whose first part is there; all if there are none."""
        present = []
        for subject in self.everyone:
            try:
                next(iter(parts(subject))).find()
            except OSError:
                continue
            except ValueError:  # which reading explains
                pass
            present.append(subject)
        return present or list(self.everyone)


def _path(part):
    """Return the path of a part; None if it cannot be found."""
    try:
        return part.find()
    except (ValueError, OSError):
        return None


def _inspect(part, folder):
    """Return what is to say of a part."""
    name = part.name
    try:
        path = part.find()
        name = folder.relative(path)
        return Finding(name, "ok", part.inspect(path))
    except FileNotFoundError:
        return Finding(name, "missing", "is not in the folder")
    except (ValueError, OSError) as error:
        return Finding(name, "wrong", str(error))
