"""What the alignments share: domains, and from which samples a statistic comes."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._input import MatrixOutputMixin, names_out

MODES = ("training", "transductive", "online")
# A list that mixes names and NaN becomes names in NumPy, of which one is "nan".
_MISSING = {"nan", "None", "NaT", "<NA>"}


def _is_online(aligner):
    return aligner.mode == "online"


class DomainAligner(MatrixOutputMixin, TransformerMixin, BaseEstimator):
    """Align each domain by a statistic of its samples, as ``mode`` says which.

    A subclass has the parameters ``mode`` and ``prior``, and

    - ``_check(X, reset)``, which returns valid X;
    - ``_statistic(X, name)``, of two or more samples, and what to call them;
    - ``_align(X, statistic)``, the aligned samples in float64;
    - ``_follow(X, statistic, weight)``, which aligns each sample by a statistic that
      starts as given, with the weight of so many samples, and is updated by those
      before it; returns the aligned samples and the statistic after the last.
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
            Not used; scikit-learn's pipelines pass it.
        domain : array-like of shape (n_samples,), default=None
            See ``transform``.

        Returns
        -------
        self : estimator instance
            The estimator, fitted.

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
        for name in ("reference_", "references_", "n_followed_"):
            if hasattr(self, name):
                delattr(self, name)
        if self.mode != "transductive":
            self.reference_ = self._reference(X, None)
            self.references_ = {
                name: self.reference_
                if len(domains) == 1
                else self._reference(X[rows], name)
                for name, rows in domains.items()
                if name is not None
            }
        if self.mode == "online":
            self.n_followed_ = {}
        return self

    @available_if(_is_online)
    def partial_fit(self, X, y=None, domain=None):
        """Move the statistic of each domain on, past samples that came in.

        Only with ``mode="online"``. From then on ``transform`` follows the domain from
        there: a sample at a time, ``transform`` and then ``partial_fit`` gives what
        ``transform`` of all gives. A domain that ``fit`` saw starts from its own
        statistic, any other from ``reference_``, and either counts as ``prior``
        samples. Before ``fit`` in that mode, this is ``fit``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, ...)
            As for ``transform``, in order of time.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        domain : array-like of shape (n_samples,), default=None
            See ``transform``.

        Returns
        -------
        self : estimator instance
            The estimator, its domains moved on.

        Raises
        ------
        ValueError
            As ``fit``.
        """
        if not hasattr(self, "n_followed_"):
            return self.fit(X, domain=domain)
        X = self._check(X, reset=False)
        for name, rows in rows_of_domains(domain, len(X)).items():
            part = X[rows]
            _, self.references_[name] = self._follow(part, *self._start(name))
            self.n_followed_[name] = self.n_followed_.get(name, 0) + len(part)
        return self

    def fit_transform(self, X, y=None, domain=None):
        """Do what ``fit`` does, then ``transform``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, ...)
            As for ``transform``.
        y : ignored
            Not used; scikit-learn's pipelines pass it.
        domain : array-like of shape (n_samples,), default=None
            See ``transform``.

        Returns
        -------
        aligned : array of the shape of X
            In float32 if X is, computed in float64.
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
            domain, without a name. In a pipeline it comes by metadata routing, after
            ``set_fit_request(domain=True)`` and ``set_transform_request(domain=True)``.

        Returns
        -------
        aligned : array of the shape of X
            In float32 if X is, computed in float64.

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
            if self.mode == "transductive":
                aligned[rows] = self._align(part, self._reference(part, name))
            elif self.mode == "training" or self._is_fixed(name):
                reference = self.references_.get(name, self.reference_)
                aligned[rows] = self._align(part, reference)
            else:
                aligned[rows], _ = self._follow(part, *self._start(name))
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
            ``ch0``, ``ch1``, ... where the channels have no names.
        """
        return names_out(self, input_features)

    def _is_fixed(self, name):
        """Tell whether the domain is known, and not being followed."""
        return name in self.references_ and name not in self.n_followed_

    def _start(self, name):
        """Return the statistic from which to follow a domain, and its weight."""
        reference = self.references_.get(name, self.reference_)
        return reference, self.prior + self.n_followed_.get(name, 0)

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
                "more of the domain at once; or leave it out of fit with "
                "mode='online', which follows a new domain one sample after another."
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
