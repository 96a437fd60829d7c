"""The one door for X: EEG windows, as arrays or as mne.Epochs, and SPD matrices."""

import math

import numpy as np
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    get_tags,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from ._kernels.cholesky import BLOCK, asymmetries, factor, lay_in_panels, padded
from ._kernels.lanes import LANES, rows

_FLOATS = (np.float64, np.float32)
_TINY = 1e-280  # 1e-12 of it has all its digits
_IN_CACHE = 2**16  # numbers of matrices to check at a time: 512 KiB


class _ThreeDimensionalMixin:
    """What windows and matrices share: honest tags, and the shape looked at first."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _validate(self, X, y, *, reset, finite=True):
        """Return X and y, or None if y is not asked for; X in C order and floating.

        The shape comes first, since scikit-learn would take the samples of a lone
        window for its channels, and count them. NaN passes if the tags say so, and
        infinity too if it is not to be looked for.
        """
        refuse_masked(X)
        shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
        self._check_shape(shape)
        allow_nan = get_tags(self).input_tags.allow_nan
        blocks = len(shape) == 4
        checked = validate_data(
            self,
            X,
            y,
            reset=reset,
            allow_nd=True,
            dtype=_FLOATS,
            order="C",
            ensure_all_finite="allow-nan" if finite and allow_nan else finite,
            ensure_2d=not blocks,  # which also counts axis 1
        )
        X, y = checked if isinstance(checked, tuple) else (checked, None)
        if 0 in X.shape:
            raise ValueError(f"X is empty: an array of shape {X.shape}.")
        if blocks:
            validate_data(self, X[:, 0], reset=reset, skip_check_array=True)
        return X, y


class WindowInputMixin(_ThreeDimensionalMixin):
    """Input contract: X of shape (n_windows, n_channels, n_times), finite and real.

    ``n_features_in_`` is the number of channels, as scikit-learn counts axis 1. Fitted
    on :class:`mne.Epochs`, an estimator also has ``channel_names_in_`` and
    ``sfreq_in_``, and refuses Epochs that contradict them.
    """

    def _check_windows(self, X, y="no_validation", *, reset, min_times=1, finite=True):
        """Return X, or X and y, with C-ordered float32 or float64 windows.

        To look for NaN takes a third of the time of a covariance. With ``finite``
        False, that is left to :meth:`_check_were_finite`.
        """
        with_y = not isinstance(y, str)
        recording = recording_of(X)
        self._check_recording(recording, reset=reset)
        if recording is not None:
            parts = X if isinstance(X, list) else [X]
            if len({len(part.times) for part in parts}) > 1:
                raise ValueError("The Epochs differ in length: crop them alike.")
            X = np.concatenate([part.get_data(picks=recording[0]) for part in parts])
        elif hasattr(X, "get_data"):
            raise ValueError(
                f"{type(self).__name__} expects an array of shape (n_windows, "
                f"n_channels, n_times) or mne.Epochs, got {type(X).__name__}. Cut "
                "recordings into Epochs; of a spectrum, give the Epochs it came from."
            )
        X, y = self._validate(X, y, reset=reset, finite=finite)
        if X.shape[2] < min_times:
            raise ValueError(
                f"{type(self).__name__} needs at least {min_times} samples per "
                f"window, got {X.shape[2]}: use longer windows."
            )
        return (X, y) if with_y else X

    def _check_were_finite(self, X, C):
        """Raise if windows have NaN or infinity, as the variances in C tell."""
        if not np.isfinite(np.einsum("ijj->ij", C)).all():
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")

    def _check_shape(self, shape):
        if len(shape) != 3:
            raise ValueError(
                f"{type(self).__name__} expects X of shape (n_windows, n_channels, "
                f"n_times), got an array of shape {shape}. Reshape your data: one "
                "window is X[None]."
            )

    def _check_recording(self, recording, *, reset):
        """Remember, or compare, the channel names and sampling rate of Epochs."""
        if reset:
            for name in ("channel_names_in_", "sfreq_in_"):
                if hasattr(self, name):
                    delattr(self, name)
        if recording is None:
            return
        names, sfreq = recording
        if reset:
            self.channel_names_in_ = np.asarray(names, dtype=object)
            self.sfreq_in_ = sfreq
        elif hasattr(self, "channel_names_in_"):
            if list(names) != list(self.channel_names_in_):
                raise ValueError(
                    f"{type(self).__name__} was fitted on the channels "
                    f"{', '.join(self.channel_names_in_)}; these Epochs have "
                    f"{', '.join(names)}. Pick the same channels in the same order; "
                    "those that are not EEG or marked bad do not count."
                )
            if not same_rate(sfreq, self.sfreq_in_):
                raise ValueError(
                    f"{type(self).__name__} was fitted at {self.sfreq_in_:.10g} Hz; "
                    f"these Epochs have {sfreq:.10g} Hz. Resample them."
                )


class MatrixInputMixin(_ThreeDimensionalMixin):
    """Input contract: X of shape (n_matrices, n_channels, n_channels), SPD.

    Or, unless a subclass says otherwise, X of shape (n_matrices, n_blocks, n_channels,
    n_channels), the diagonal blocks of block-diagonal matrices, such as frequency
    bands. ``n_features_in_`` is the number of channels of either.

    A matrix is refused when its condition number exceeds ``1e12``, or what the
    precision of its numbers can tell from singular.
    """

    _takes_blocks = True

    def _check_matrices(self, X, y="no_validation", *, reset):
        """Return X, or X and y, as C-ordered float32 or float64 SPD matrices."""
        with_y = not isinstance(y, str)
        X, y = self._validate(X, y, reset=reset, finite=False)
        n_blocks = X.shape[1] if X.ndim == 4 else None
        if reset:
            self._n_blocks = n_blocks
        elif n_blocks != self._n_blocks:
            n, blocks = X.shape[-1], [self._n_blocks] if self._n_blocks else []
            shape = ", ".join(map(str, ["n_matrices", *blocks, n, n]))
            raise ValueError(
                f"{type(self).__name__} was fitted on X of shape ({shape}), got an "
                f"array of shape {X.shape}. Give the blocks, such as frequency bands, "
                "of fit."
            )
        check_spd(X)  # finite too, and says which is not
        return (X, y) if with_y else X

    def _check_shape(self, shape):
        dimensions = (3, 4) if self._takes_blocks else (3,)
        if len(shape) not in dimensions or shape[-2] != shape[-1]:
            blocks = "or (n_matrices, n_blocks, n_channels, n_channels), "
            raise ValueError(
                f"{type(self).__name__} expects SPD matrices of shape (n_matrices, "
                f"n_channels, n_channels), {blocks if self._takes_blocks else ''}got "
                f"an array of shape {shape}. Reshape your data, or make matrices of "
                "windows with eegemo.covariance.Covariances."
            )


class MatrixOutputMixin:
    """A transformer whose output is three-dimensional: no DataFrame can hold it.

    ``set_output`` is accepted and changes nothing, so that a pipeline's ``set_output``
    reaches the steps for which it means something.
    """

    def __init_subclass__(cls, **kwargs):
        # of subclasses too, since scikit-learn's switch is not inherited
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform=None):
        """Do nothing: the output stays an array of shape (n, n_rows, n_rows).

        Parameters
        ----------
        transform : ignored
            No DataFrame holds matrices, so no container is chosen.

        Returns
        -------
        self : estimator instance
            The estimator, unchanged.
        """
        return self


def recording_of(X):
    """Names of the good EEG channels and the sampling rate of mne.Epochs; else None.

    X may be a list of Epochs, which is what scikit-learn makes of some rows of Epochs.
    """
    if isinstance(X, list) and X and all(map(_is_epochs, X)):
        recordings = [recording_of(part) for part in X]
        if any(recording != recordings[0] for recording in recordings):
            raise ValueError(
                "The Epochs differ in their channels, bad channels or sampling rate: "
                "use mne.equalize_channels, and resample."
            )
        return recordings[0]
    if not _is_epochs(X):
        return None
    kinds = X.get_channel_types()
    names = [
        name
        for name, kind in zip(X.ch_names, kinds, strict=True)
        if kind == "eeg" and name not in X.info["bads"]
    ]
    if not names:
        raise ValueError(
            "The Epochs have no good EEG channel: their channel types are "
            f"{sorted(set(kinds))} and {X.info['bads']} are marked bad. Set the types "
            "with set_channel_types, or interpolate bad channels."
        )
    return names, float(X.info["sfreq"])


def same_rate(a, b):
    """Tell whether two sampling rates differ by rounding only."""
    return math.isclose(a, b, rel_tol=1e-4)


def _is_epochs(X):
    """Tell whether X is mne.Epochs, without importing MNE."""
    return any(base.__name__ == "BaseEpochs" for base in type(X).__mro__)


def names_out(estimator, input_features=None):
    """Return channel names: as given, as in the Epochs, or ch0, ch1, ..."""
    check_is_fitted(estimator, "n_features_in_")
    n_channels = estimator.n_features_in_
    if input_features is None:
        default = [f"ch{c}" for c in range(n_channels)]
        return np.asarray(getattr(estimator, "channel_names_in_", default), object)
    if len(input_features) != n_channels:
        raise ValueError(
            f"input_features should name all {n_channels} channels, got "
            f"{len(input_features)} names."
        )
    return np.asarray(input_features, object)


def check_classes(estimator, y):
    """Return the classes of y; raise ValueError unless there are two or more."""
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least two classes, got one class: "
            f"{classes.item()!r}."
        )
    return classes


def check_sample_weight(sample_weight, X):
    """Return weights as float64, or None; raise unless finite and not negative."""
    if sample_weight is None:
        return None
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array, got shape {weight.shape}.")
    check_consistent_length(X, weight)
    if (weight < 0).any():
        raise ValueError("Negative values in data passed to sample_weight.")
    if not (weight > 0).any():
        raise ValueError("sample_weight is zero everywhere: nothing is left to fit.")
    return weight


def refuse_masked(X):
    """Raise ValueError if X, or an element of a list, has masked elements.

    NumPy would take what is behind the mask for data.
    """
    parts = X if isinstance(X, list | tuple) else [X]
    if any(np.ma.is_masked(part) for part in parts):
        raise ValueError(
            "X is a masked array, and masks are not taken: drop or interpolate the "
            "masked channels, or leave out the windows or matrices that have them. To "
            "average masked matrices there is "
            "pyriemann.geometry.mean.maskedmean_riemann."
        )


def check_spd(X, name="Matrix {}"):
    """Raise ValueError, naming the first offender, unless all matrices are SPD.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n) or (n_matrices, n_blocks, n, n)
    name : str
        Of a matrix without blocks, given its number.
    """
    n_blocks = 1
    if X.ndim == 4:
        name, n_blocks = "Block {1} of matrix {0}", X.shape[1]
        X = X.reshape(-1, *X.shape[2:])
    n_padded = padded(X.shape[1])
    panels = rows(max(LANES, _part_length(X) // LANES * n_padded**2))
    for part, name_part in _parts(X, name, n_blocks):
        if not _proves_spd(part, panels):
            _check_symmetric(part, name_part)
            _check_positive(part, name_part)


def check_symmetric(X, name="Matrix {}"):
    """Raise ValueError, as :func:`check_spd`, unless all are finite and symmetric."""
    for part, name_part in _parts(X, name):
        _check_symmetric(part, name_part)


def _parts(X, name, n_blocks=1):
    """Parts of X that stay in the cache, and the functions that name their matrices."""
    step = _part_length(X)
    for start in range(0, len(X), step):
        part = X[start : start + step]
        yield part, lambda i, start=start: name.format(*divmod(start + i, n_blocks))


def _part_length(X):
    """Matrices to check at a time, in whole groups of lanes."""
    most = max(1, _IN_CACHE // math.prod(X.shape[1:]) // LANES)
    return min(most, -(-len(X) // LANES)) * LANES


def _proves_spd(X, panels):
    """Tell whether all are SPD, at a small part of the eigenvalues' cost.

    A Cholesky factor of C less the tolerance times its trace, which bounds its largest
    eigenvalue, proves the condition. The pivots of C itself do not.
    """
    tolerance, eps = _tolerances(X)
    C = np.ascontiguousarray(X, np.float64)
    asymmetry = np.empty(len(C))
    with np.errstate(all="ignore"):
        asymmetries(C, panels, asymmetry)
        if not (asymmetry <= eps**2).all():  # as is one with NaN
            return False
        n_groups, n_padded = -(-len(C) // LANES), padded(C.shape[1])
        panels = panels[: n_groups * n_padded**2]
        trace = np.trace(C, axis1=1, axis2=2)
        if not (trace > _TINY).all():  # the tolerance would be less precise
            return False
        lay_in_panels(C, tolerance * trace, panels)
        factor(panels, n_padded, rows(BLOCK))
    return (panels[n_padded**2 - 1 :: n_padded**2] > 0).all()


def _tolerances(X):
    """Of the least eigenvalue to the largest, and of differences to the transpose."""
    eps = np.finfo(X.dtype).eps
    return max(1e-12, X.shape[1] * eps), 100 * eps


def _check_symmetric(X, name):
    scale = np.abs(X).max(axis=(1, 2))
    finite = np.isfinite(scale)
    if not finite.all():
        i = int(np.argmin(finite))
        row = int(np.isfinite(X[i]).sum(axis=1).argmin())
        what = "NaN" if np.isnan(X[i]).any() else "infinity"
        raise ValueError(
            f"{name(i)} contains {what}, most in row {row}. Drop or interpolate bad "
            "channels before, or leave the matrix out. To average matrices with rows "
            "of NaN there is pyriemann.geometry.mean.nanmean_riemann."
        )
    _, eps = _tolerances(X)
    asymmetry = np.abs(X - X.swapaxes(1, 2)).max(axis=(1, 2))
    asymmetric = asymmetry > eps * scale
    if asymmetric.any():
        i = int(np.argmax(asymmetric))
        raise ValueError(
            f"{name(i)} is not symmetric: |C - C.T| reaches "
            f"{asymmetry[i]:.2g} where |C| reaches {scale[i]:.2g}. Give covariance "
            "matrices, or symmetrise them."
        )


def _check_positive(X, name):
    n = X.shape[1]
    tolerance, _ = _tolerances(X)
    eigenvalues = np.linalg.eigvalsh(X.astype(np.float64, copy=False))
    smallest, largest = eigenvalues[:, 0], eigenvalues[:, -1]
    singular = ~(smallest > tolerance * largest)
    if singular.any():
        i = int(np.argmax(singular))
        rank = int((eigenvalues[i] > tolerance * max(largest[i], 0)).sum())
        raise ValueError(
            f"{name(i)} is not positive definite in {X.dtype}: its "
            f"eigenvalues run from {smallest[i]:.2g} to {largest[i]:.2g} (rank {rank} "
            f"of {n}). An average reference, ICA, a flat channel or windows shorter "
            "than the number of channels do this: shrink with "
            "Covariances(estimator='oas') or 'lwf', drop a channel, or use longer "
            "windows."
            + (" Windows in float64 may be enough." if X.dtype == np.float32 else "")
        )
