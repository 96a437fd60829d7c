"""Windows of each domain, whitened on average."""

import numpy as np

from .._input import WindowInputMixin
from ._domains import DomainAligner

# What average reference and ICA leave of an eigenvalue is rounding, some 1e-14 of the
# largest even in float32; less than this share is a millionth of its amplitude.
_NOTHING = 1e-12


class EuclideanAlignment(WindowInputMixin, DomainAligner):
    r"""Whiten the windows of each domain, on average [1]_.

    With the arithmetic mean R of :math:`X X^\top` / n_times over the windows of its
    domain, that is its subject or session, window X becomes :math:`R^{-1/2} X`. The
    mean itself of the windows is left in them: filter them, or remove it before.

    After an average reference, ICA or with a flat channel, R has no inverse. Then the
    directions without signal, whose eigenvalues are below 1e-12 of the largest, stay
    without: R is inverted on the others. The aligned windows have the rank of those
    that came in, so estimate their covariance with shrinkage.

    Parameters
    ----------
    mode : {"training", "transductive", "online"}, default="training"
        Where R comes from in ``transform``.

        - ``"training"``: from ``fit``. A domain that was seen there has the R of its
          training windows; one that was not, that of all training windows. So a new
          subject is not aligned: what is gained is that the training subjects are.
        - ``"transductive"``: from the windows of the domain in the batch at hand. Then
          **the result depends on the batch**: it uses the distribution of the test
          data, though no label, and scores must say so.
        - ``"online"``: from what came before. A domain that was seen in ``fit``, and
          named, has the R of its training windows. Any other is followed: R is the mean
          over the windows of the domain before this one, and over all training windows,
          which count as ``prior`` windows. Each call of ``transform`` starts anew, but
          from where ``partial_fit`` has led the domain.
    prior : float, default=10.0
        With ``mode="online"``, the number of windows that the start counts as.

    Attributes
    ----------
    reference_ : float64 array of shape (n_channels, n_channels)
        The R of all training windows; not with ``mode="transductive"``.
    references_ : dict of float64 arrays of shape (n_channels, n_channels)
        The R of each training domain, under its name; empty if ``domain`` was not
        given. With ``mode="online"``, those that ``partial_fit`` moved, too; not with
        ``mode="transductive"``.
    n_followed_ : dict of int
        Number of windows that ``partial_fit`` took of each domain; only with
        ``mode="online"``.
    n_features_in_ : int
        Number of channels.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    See Also
    --------
    Recenter : Does the like to matrices; of scikit-learn's cross-validation, too.

    References
    ----------
    .. [1] H. He and D. Wu, "Transfer learning for brain-computer interfaces: a
       Euclidean space data alignment approach", IEEE Transactions on Biomedical
       Engineering 67(2), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.adapt import EuclideanAlignment
    >>> X = np.random.default_rng(0).standard_normal((8, 3, 512))
    >>> X[4:] *= [[5.0], [1.0], [0.2]]
    >>> subject = ["anna"] * 4 + ["ben"] * 4
    >>> aligned = EuclideanAlignment().fit_transform(X, domain=subject)
    >>> np.allclose(np.mean(aligned[4:] @ aligned[4:].mT / 512, axis=0), np.eye(3))
    True
    """

    def __init__(self, mode="training", prior=10.0):
        self.mode = mode
        self.prior = prior

    def _check(self, X, *, reset):
        return self._check_windows(X, reset=reset)

    def _statistic(self, X, name):
        R = sum(map(_second_moment, X)) / len(X)
        if not R.any():
            raise ValueError(
                f"The windows of {name} are zero: there is nothing to align. Drop them."
            )
        return R

    def _align(self, X, R):
        return _inverse_root(R) @ X

    def _follow(self, X, R, weight):
        aligned = np.empty(X.shape)
        for i, window in enumerate(X):
            aligned[i] = _inverse_root(R) @ window
            R = R + (_second_moment(window) - R) / (weight + i + 1)
        return aligned, R


def _second_moment(window):
    window = window.astype(np.float64, copy=False)
    return window @ window.T / window.shape[1]


def _inverse_root(R):
    """Inverse square root on the directions in which there is signal."""
    values, vectors = np.linalg.eigh(R)
    signal = values > _NOTHING * values[-1]
    vectors = vectors[:, signal]
    return (vectors / np.sqrt(values[signal])) @ vectors.T
