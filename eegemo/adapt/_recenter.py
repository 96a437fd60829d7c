"""Matrices of each domain, seen from their mean."""

import numpy as np
from pyriemann.geometry.geodesic import geodesic, geodesic_functions

from .._input import MatrixInputMixin
from ..riemann._functions import expm, logm, roots, symmetric
from ..riemann._mean import resolve_metric, spd_mean
from ._domains import DomainAligner


class Recenter(MatrixInputMixin, DomainAligner):
    r"""Move the mean of each domain's SPD matrices to the identity [1]_.

    With the mean M of its domain, that is its subject or session, matrix C becomes
    :math:`M^{-1/2} C M^{-1/2}`. If a subject's signals are mixed by any invertible
    matrix, as by another cap or head, the result changes by a rotation only.

    X may consist of blocks, which are the diagonal of block-diagonal matrices, such as
    the frequency bands of :class:`eegemo.covariance.FilterBankCovariances`.
    Each then has a mean of its own.

    Parameters
    ----------
    mode : {"training", "transductive", "online"}, default="training"
        Where M comes from in ``transform``.

        - ``"training"``: from ``fit``. A domain that was seen there has the mean of its
          training matrices; one that was not, the mean of all training matrices. So a
          new subject is not aligned: what is gained is that the training subjects are.
        - ``"transductive"``: from the matrices of the domain in the batch at hand. Then
          **the result depends on the batch**: it uses the distribution of the test
          data, though no label, and scores must say so.
        - ``"online"``: from what came before. A domain that was seen in ``fit``, and
          named, has the mean of its training matrices, which are all there by then. Any
          other is followed: M starts as the mean of all training matrices; the k-th
          matrix of the domain is recentred with M, and only then moves M towards
          itself, by ``1 / (prior + k)`` of their geodesic. Each call of ``transform``
          starts anew, but from where ``partial_fit`` has led the domain. Name a new
          session of a known subject anew, so that it is followed.
    metric : str, default="riemann"
        Of the mean: ``"riemann"`` (affine-invariant), ``"logeuclid"``, or another
        metric of :func:`pyriemann.geometry.mean.gmean`; with ``mode="online"``, one of
        :func:`pyriemann.geometry.geodesic.geodesic`. Only with ``"riemann"`` does the
        mean become the identity exactly.
    prior : float, default=10.0
        With ``mode="online"``, the number of matrices that the start counts as.

    Attributes
    ----------
    reference_ : float64 array of shape ([n_blocks,] n_channels, n_channels)
        The mean of all training matrices; not with ``mode="transductive"``.
    references_ : dict of float64 arrays of the shape of ``reference_``
        The mean of each training domain, under its name; empty if ``domain`` was not
        given. With ``mode="online"``, those that ``partial_fit`` moved, too; not with
        ``mode="transductive"``.
    n_followed_ : dict of int
        Number of matrices that ``partial_fit`` took of each domain; only with
        ``mode="online"``.
    n_features_in_ : int
        Number of channels.

    See Also
    --------
    Rescale : Makes domains equally dispersed, too.
    EuclideanAlignment : Does the like to windows.

    Notes
    -----
    Modes "transductive" and "online" make a prediction depend on other test data, which
    :func:`eegemo.evaluation.run_benchmark` finds and marks. It hands over the subject
    and session as ``domain``, to steps that request it.

    Without ``domain``, the training data are one domain, so subjects among them are not
    aligned with each other. ``mode="online"`` then follows that one as it will follow
    the test data, since no name tells whether they are the same.

    scikit-learn's cross-validation hands ``domain`` to ``fit`` of a pipeline that
    requests it; to predict it does not, except with ``scoring=None``, and that since
    version 1.8. Then all test matrices are one domain without name, as is right with
    :class:`~sklearn.model_selection.LeaveOneGroupOut` over the domains, and wrong where
    a fold tests several.

    References
    ----------
    .. [1] P. Zanini, M. Congedo, C. Jutten, S. Said and Y. Berthoumieu, "Transfer
       learning: a Riemannian geometry framework with applications to brain-computer
       interfaces", IEEE Transactions on Biomedical Engineering 65(5), 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.adapt import Recenter
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.riemann import mean_spd
    >>> X = np.random.default_rng(0).standard_normal((8, 3, 512))
    >>> X[4:] *= [[5.0], [1.0], [0.2]]
    >>> C = Covariances().fit_transform(X)
    >>> subject = ["anna"] * 4 + ["ben"] * 4
    >>> recentred = Recenter().fit_transform(C, domain=subject)
    >>> np.allclose(mean_spd(recentred[4:]), np.eye(3))
    True

    Domains go through a pipeline by metadata routing:

    >>> import sklearn
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    >>> from sklearn.pipeline import make_pipeline
    >>> from eegemo.riemann import TangentSpace
    >>> y = [0, 1] * 4
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     recenter = Recenter("online").set_fit_request(domain=True)
    ...     recenter = recenter.set_transform_request(domain=True)
    ...     pipeline = make_pipeline(recenter, TangentSpace(), LogisticRegression())
    ...     labels = pipeline.fit(C, y, domain=subject).predict(C, domain=subject)
    ...     params = {"domain": subject, "groups": subject}
    ...     logo = LeaveOneGroupOut()
    ...     held_out = cross_val_predict(pipeline, C, y, cv=logo, params=params)

    They go through a search, too:

    >>> from sklearn.model_selection import GridSearchCV
    >>> grid = {"recenter__mode": ["training", "online"], "recenter__prior": [5, 20]}
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     search = GridSearchCV(pipeline, grid, cv=logo).fit(C, y, **params)

    A new subject, a window at a time:

    >>> recenter = Recenter("online").fit(C, domain=subject)
    >>> for new in C[4:]:
    ...     recentred = recenter.transform([new], domain=["cleo"])
    ...     recenter = recenter.partial_fit([new], domain=["cleo"])
    >>> recenter.n_followed_
    {'cleo': 4}
    """

    def __init__(self, mode="training", metric="riemann", prior=10.0):
        self.mode = mode
        self.metric = metric
        self.prior = prior

    def _check(self, X, *, reset):
        return self._check_matrices(X, reset=reset)

    def _check_parameters(self):
        super()._check_parameters()
        resolve_metric({"mean": self.metric, "distance": "riemann"}, "distance")
        if self.mode == "online" and self.metric not in geodesic_functions:
            raise ValueError(
                f"With mode='online' the mean moves along geodesics, which the metric "
                f"{self.metric!r} has not: expected one of {sorted(geodesic_functions)}"
                "."
            )

    def _statistic(self, X, name):
        return spd_mean(X, self.metric, name=f"The mean of {name}")

    def _align(self, X, mean):
        _, whitener, _ = roots(mean)
        return symmetric(whitener @ X @ whitener)

    def _follow(self, X, mean, weight):
        aligned = np.empty(X.shape)
        for i, C in enumerate(X):
            root, whitener, _ = roots(mean)
            aligned[i] = symmetric(whitener @ C @ whitener)
            way = 1 / (weight + i + 1)
            if self.metric == "riemann":  # from the identity, where C is seen already
                mean = symmetric(root @ expm(way * logm(aligned[i])) @ root)
            else:
                mean = geodesic(mean, C.astype(np.float64), way, metric=self.metric)
        return aligned, mean
