"""Data sets with which features were published."""

from functools import partial

from ._folder import FolderDataset


class FeatureDataset(FolderDataset):
    """Data set with features that :func:`load_features` reads.

    Attributes
    ----------
    features : dict of str to int
        Set by the class: the features, the first being the default, and how many
        channels, or pairs of channels, each has.
    feature_channels : sequence of str
        Set by the class: the channels of features that have as many.
    feature_seconds : tuple of float
        Set by the class: the lengths of windows there are; the first is the default.
    """

    features = feature_channels = feature_seconds = ()

    def _facts(self, session, trial):
        """Return what a trial was: ``trial``, ``stimulus``, ``emotion``."""
        raise NotImplementedError

    def _checked_parts(self, folder, subject):
        """Yield recordings, features or both, as there are any in the folder."""
        window = self.feature_seconds[0]
        recordings = partial(self._parts, folder)
        features = partial(self._feature_parts, folder, window=window)
        there = [
            any(_is_there(parts(s)) for s in self.everyone)
            for parts in (recordings, features)
        ]
        if there[0] or not there[1]:
            yield from recordings(subject)
        if there[1]:
            yield from features(subject)

    def _feature_parts(self, folder, subject, window):
        """Yield the parts that hold the features of windows of this length."""
        raise NotImplementedError

    def _read_features(self, folder, subject, feature, window):
        """Yield session, trial and an array (n_windows, n_channels, n_bands)."""
        raise NotImplementedError


def _is_there(parts):
    try:
        return next(iter(parts)).find().is_file()
    except OSError:
        return False
    except ValueError:  # which the check explains
        return True
