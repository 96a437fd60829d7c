"""Files below a folder, found in any case of letters and never outside of it."""

import re


class Folder:
    """Files below a folder, by names in which upper and lower case are the same.

    Parameters
    ----------
    path : Path
        The folder, which exists.
    name : str
        Name of the data set's class, for messages.
    path_key : str
        Name of the setting, for messages.
    follow_links : bool
        Whether symbolic links may lead out of the folder.
    """

    def __init__(self, path, name, path_key, follow_links):
        self.path = path
        self._name = name
        self._path_key = path_key
        self._follow_links = follow_links
        self._listed = {}

    def find(self, *names):
        """Return the one file of that name.

        Parameters
        ----------
        *names : str
            Folders below this one, if any, and the file.

        Returns
        -------
        path : Path

        Raises
        ------
        FileNotFoundError
            There is none.
        ValueError
            There are two, or it is a link that leads out of the folder.
        """
        path = self._descend(names)
        if path is None or not path.is_file():
            raise FileNotFoundError(self.missing(*names))
        return path

    def list(self, *names, pattern=".*"):
        """List files in a folder below this one.

        Parameters
        ----------
        *names : str
            Folders, as for :meth:`find`.
        pattern : str
            A regular expression of the names of files, in any case; others, and links
            by other names, are left out.

        Returns
        -------
        paths : list of Path
            By name; empty if there is no such folder.

        Raises
        ------
        ValueError
            One of them is a link that leads out of the folder, or folders have the same
            name but for case.
        """
        return [self._inside(path) for path in self._matches(names, pattern)]

    def choose(self, pattern, *options):
        """Return the first of some folders that holds a file of such a name.

        Parameters
        ----------
        pattern : str
            A regular expression of the name, in any case.
        *options : tuple of str
            Folders below this one, as for :meth:`find`.

        Returns
        -------
        names : tuple of str
            The first of the options if there is no such file in any.
        """
        for names in options:
            if self._matches(names, pattern):
                return names
        return options[0]

    def is_named(self, pattern):
        """Tell whether a regular expression matches the folder's own name."""
        return bool(re.fullmatch(pattern, self.path.absolute().name, re.IGNORECASE))

    def missing(self, *names):
        """Say that a file is missing, and what to do."""
        return (
            f"{'/'.join(names)} is not in the {self._name} folder {self.path}. Copy it "
            f"there, or point root=... or {self._path_key} to the folder that holds it."
        )

    def relative(self, path):
        """Return the name of a file from this folder on."""
        return path.relative_to(self.path).as_posix()

    def others(self, paths):
        """List the files that are beside these, but not among them."""
        paths = set(paths)
        for folder in sorted({path.parent for path in paths}):
            for path in self._entries(folder):
                if path.is_file() and path not in paths:
                    yield path

    def _matches(self, names, pattern):
        path = self._descend(names)
        if path is None or not path.is_dir():
            return []
        return [
            entry
            for entry in self._entries(path)
            if re.fullmatch(pattern, entry.name, re.IGNORECASE) and entry.is_file()
        ]

    def _descend(self, names):
        path = self.path
        for name in names:
            if not path.is_dir():
                return None
            same = [p for p in self._entries(path) if p.name.lower() == name.lower()]
            if len(same) > 1:
                raise ValueError(
                    f"{path} holds {' and '.join(p.name for p in same)}, which differ "
                    "in case only. Keep one."
                )
            if not same:
                return None
            path = self._inside(same[0])
        return path

    def _entries(self, path):
        """List a folder, once, as data sets of many files would take long."""
        if path not in self._listed:
            self._listed[path] = sorted(path.iterdir())
        return self._listed[path]

    def _inside(self, path):
        """Return the path unless it leads out of the folder."""
        target = path.resolve()
        if not (self._follow_links or target.is_relative_to(self.path.resolve())):
            raise ValueError(
                f"{path} is a link to {target}, out of the {self._name} folder, and "
                "nothing outside of it is read. Copy the file, or allow such links "
                "with follow_links=True."
            )
        return path
