"""Matrices of each domain, spread alike about the identity."""

import numpy as np

from .._input import MatrixInputMixin
from ..riemann._functions import expm, unupper
from ..riemann._logs import log_vectors, squared_norms
from ._domains import DomainAligner


class Rescale(MatrixInputMixin, DomainAligner):
    r"""Make the dispersion of each domain's recentred SPD matrices 1 [1]_.

    The dispersion d of a domain is the mean of the squared affine-invariant distances
    of its matrices from the identity. Along the geodesic through the identity, matrix C
    becomes :math:`C^{1/\sqrt{d}}`. The identity should be the mean of each domain: put
    this after :class:`Recenter` with the same ``mode``.

    Parameters
    ----------
    mode : {"training", "transductive", "online"}, default="training"
        Where d comes from in ``transform``.

        - ``"training"``: from ``fit``. A domain that was seen there has the dispersion
          of its training matrices; one that was not, that of all training matrices.
        - ``"transductive"``: from the matrices of the domain in the batch at hand. Then
          **the result depends on the batch**: it uses the distribution of the test
          data, though no label, and scores must say so.
        - ``"online"``: from what came before. A domain that was seen in ``fit``, and
          named, has the dispersion of its training matrices. Any other is followed: d
          is the mean of the squared distances of the matrices of the domain before this
          one, and of the dispersion of all training matrices, which counts as ``prior``
          of them. Each call of ``transform`` starts anew, but from where
          ``partial_fit`` has led the domain.
    prior : float, default=10.0
        With ``mode="online"``, the number of matrices that the start counts as.

    Attributes
    ----------
    reference_ : float
        The dispersion of all training matrices; not with ``mode="transductive"``.
    references_ : dict of float
        The dispersion of each training domain, under its name; empty if ``domain`` was
        not given. With ``mode="online"``, those that ``partial_fit`` moved, too; not
        with ``mode="transductive"``.
    n_followed_ : dict of int
        Number of matrices that ``partial_fit`` took of each domain; only with
        ``mode="online"``.
    n_features_in_ : int
        Number of channels.

    See Also
    --------
    Recenter : What comes first; of scikit-learn's cross-validation, too.

    References
    ----------
    .. [1] P. L. C. Rodrigues, C. Jutten and M. Congedo, "Riemannian Procrustes
       analysis: transfer learning for brain-computer interfaces", IEEE Transactions on
       Biomedical Engineering 66(8), 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.adapt import Recenter, Rescale
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import distance_spd
    >>> X = np.random.default_rng(0).standard_normal((8, 3, 512))
    >>> C = Recenter().fit_transform(Covariances().fit_transform(X))
    >>> scaled = Rescale().fit_transform(C)
    >>> np.isclose(distance_spd(scaled, np.eye(3), squared=True).mean(), 1)
    np.True_
    """

    def __init__(self, mode="training", prior=10.0):
        self.mode = mode
        self.prior = prior

    def _check(self, X, *, reset):
        return self._check_matrices(X, reset=reset)

    def _statistic(self, X, name):
        n = X.shape[1]
        dispersion = float(squared_norms(X, np.eye(n)[None]).mean())
        if np.sqrt(dispersion) <= 100 * n * np.finfo(X.dtype).eps:
            raise ValueError(
                f"The matrices of {name} are all the identity, to rounding: their "
                "dispersion is zero, and cannot be scaled to 1. Are the windows equal?"
            )
        return dispersion

    def _align(self, X, dispersion):
        vectors = log_vectors(X)
        vectors /= np.sqrt(dispersion)
        return expm(unupper(vectors))

    def _follow(self, X, dispersion, weight):
        vectors = log_vectors(X)
        squares = np.einsum("ij,ij->i", vectors, vectors)
        sums = np.cumsum([weight * dispersion, *squares])
        dispersions = sums / (weight + np.arange(len(sums)))
        vectors /= np.sqrt(dispersions[:-1])[:, None]
        return expm(unupper(vectors)), float(dispersions[-1])
