"""What the alignments share: domains, and from which samples a statistic comes."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixOutputMixin, names_out

MODES = ("training", "transductive", "online")
# A list that mixes names and NaN becomes names in NumPy, of which one is "nan".
_MISSING = {"nan", "None", "NaT", "<NA>"}


class DomainAligner(MatrixOutputMixin, TransformerMixin, BaseEstimator):
    """Align each domain by a statistic of its samples, as ``mode`` says which.

    A subclass has the parameters ``mode`` and ``prior``, and

    - ``_check(X, reset)``, which returns valid X;
    - ``_statistic(X, name)``, of two or more samples, and what to call them;
    - ``_align(X, statistic)``, the aligned samples in float64;
    - ``_follow(X, statistic)``, which aligns each sample by a statistic that starts as
      given, with the weight of ``prior`` samples, and is updated by those before it.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None, domain=None):
        """Compute what ``mode`` needs of the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, ...)
            As for ``transform``.
        y : ignored
        domain : array-like of shape (n_samples,), default=None
            See ``transform``.

        Returns
        -------
        self : estimator instance

        Raises
        ------
        ValueError
            X is not what the class takes; a parameter is wrong; ``domain`` has another
            length or a missing value; a domain whose statistic is needed has a single
            sample.
        """
        X = self._check(X, reset=True)
        self._check_parameters()
        domains = rows_of_domains(domain, len(X))
        for name in ("reference_", "references_"):
            if hasattr(self, name):
                delattr(self, name)
        if self.mode != "transductive":
            self.reference_ = self._reference(X, None)
        if self.mode == "training":
            self.references_ = {
                name: self.reference_
                if len(domains) == 1
                else self._reference(X[rows], name)
                for name, rows in domains.items()
            }
        return self

    def fit_transform(self, X, y=None, domain=None):
        """Do what ``fit`` does, then ``transform``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, ...)
            As for ``transform``.
        y : ignored
        domain : array-like of shape (n_samples,), default=None
            See ``transform``.

        Returns
        -------
        aligned : array of the shape of X
        """
        return self.fit(X, domain=domain).transform(X, domain=domain)

    def transform(self, X, domain=None):
        """Align the samples of each domain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, ...)
            Matrices, or windows for :class:`EuclideanAlignment`. With ``mode="online"``
            those of a domain are in order of time.
        domain : array-like of shape (n_samples,), default=None
            The subject or session of each sample, by any name or number; None is one
            domain. In a pipeline it comes by metadata routing, after
            ``set_fit_request(domain=True)`` and ``set_transform_request(domain=True)``.

        Returns
        -------
        aligned : array of the shape of X
            float32 if X is, computed in float64.

        Raises
        ------
        ValueError
            As ``fit``.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        aligned = np.empty(X.shape, X.dtype)
        for name, rows in rows_of_domains(domain, len(X)).items():
            part = X[rows]
            if self.mode == "online":
                aligned[rows] = self._follow(part, self.reference_)
            elif self.mode == "transductive":
                aligned[rows] = self._align(part, self._reference(part, name))
            else:
                reference = self.references_.get(name, self.reference_)
                aligned[rows] = self._align(part, reference)
        return aligned

    def get_feature_names_out(self, input_features=None):
        """Names of the channels, which are those that came in.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_channels,)
        """
        return names_out(self, input_features)

    def _check_parameters(self):
        if self.mode not in MODES:
            raise ValueError(f"mode should be one of {MODES}, got {self.mode!r}.")
        # prior stays positive: what one sample says cannot stand alone
        if not (isinstance(self.prior, Real) and 0 < self.prior < np.inf):
            raise ValueError(
                "prior should be a positive number, of samples that the training "
                f"statistic counts as, got {self.prior!r}."
            )

    def _reference(self, X, name):
        if len(X) < 2:
            raise ValueError(
                f"{type(self).__name__} got n_samples = 1 in "
                + ("the only domain" if name is None else f"domain {name!r}")
                + f", but aligns with the statistic of a domain (mode={self.mode!r}), "
                "and by its own a lone sample loses what tells it from others. Give "
                "more of the domain at once; or transform with mode='online', fitted "
                "on more, which takes one sample after another."
            )
        return self._statistic(X, "all samples" if name is None else f"domain {name!r}")


def rows_of_domains(domain, n_samples):
    """Rows of each domain, in their order.

    Parameters
    ----------
    domain : array-like of shape (n_samples,), or None
    n_samples : int

    Returns
    -------
    rows : dict of int list, or of one slice
        Under the name of each domain; all under None, if ``domain`` is None.

    Raises
    ------
    ValueError
        ``domain`` has another shape, or a missing value.
    """
    if domain is None:
        return {None: slice(None)}
    is_array = hasattr(domain, "__array__")
    domain = np.asarray(domain, dtype=None if is_array else object)
    if domain.shape != (n_samples,):
        raise ValueError(
            "domain should be one identifier per sample, of shape "
            f"({n_samples},), got shape {domain.shape}. Make one name of subject and "
            "session, and select rows of domain as rows of X; in a pipeline, metadata "
            "routing does."
        )
    rows = {}
    for row, name in enumerate(domain.tolist()):
        if str(name) in _MISSING:
            raise ValueError(
                f"domain is missing ({name!r}) in row {row}: every sample needs its "
                "domain. Leave domain out if there is only one."
            )
        rows.setdefault(name, []).append(row)
    return rows
