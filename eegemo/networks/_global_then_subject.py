"""One network for all subjects, then one for each."""

from copy import deepcopy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._input import recording_of
from ..adapt._domains import rows_of_domains
from ._classifier import NetworkClassifier


def _has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class GlobalThenSubject(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train on all subjects, then go on with a copy for each of them [1]_.

    A subject that was in ``fit`` is predicted by its own network, any other by that of
    all. **The former is calibrated**: the training data then have labelled windows of
    the test subject, and its scores are not those of a subject that was never seen.
    Subjects must be named in ``predict``, too; a window without a name is predicted by
    the network of all.

    Parameters
    ----------
    estimator : classifier
        A network, or another classifier whose ``fit`` goes on from where it was, with
        ``warm_start=True``. What comes before it in a pipeline comes before this.
    subject_params : dict, default=None
        Parameters of the subjects' networks that differ, such as
        ``{"max_epochs": 20, "learning_rate": 1e-4, "dropout": 0.6}``.
    separator : str, default=None
        What ends the name of the subject in an identifier: ``"/"`` in the names of
        subject and session that :func:`eegemo.evaluation.run_benchmark` gives. None
        takes whole identifiers, so that each session has a network.

    Attributes
    ----------
    estimator_ : classifier
        Trained on all subjects.
    subject_estimators_ : dict of classifier
        By subject, as named in ``fit``; those that have windows of all classes.
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    n_features_in_ : int
        As of ``estimator_``.

    Notes
    -----
    Networks of eegemo begin the second stage with the weights of the first and with a
    new optimiser, and take all parameters that leave the shapes of the weights alone.

    References
    ----------
    .. [1] O. B. Guney, M. Oblokulov and H. Ozkan, "A deep neural network for
       SSVEP-based brain-computer interfaces", IEEE Transactions on Biomedical
       Engineering 69(2), 2022.

    Examples
    --------
    Two subjects whose classes are opposite:

    >>> import numpy as np
    >>> from eegemo.networks import GlobalThenSubject, MultilayerPerceptron
    >>> X = np.random.default_rng(0).standard_normal((64, 2))
    >>> subject = np.repeat(["anna", "ben"], 32)
    >>> y = (X[:, 0] > 0) == (subject == "anna")
    >>> network = MultilayerPerceptron((8,), learning_rate=0.01, random_state=0)
    >>> model = GlobalThenSubject(network).fit(X, y, domain=subject)
    >>> bool(np.mean(model.predict(X, domain=subject) == y) > 0.9)
    True
    >>> bool(np.mean(model.predict(X) == y) < 0.8)
    True
    """

    def __init__(self, estimator, subject_params=None, separator=None):
        self.estimator = estimator
        self.subject_params = subject_params
        self.separator = separator

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags = inner.classifier_tags
        return tags

    def fit(self, X, y, domain=None, groups=None):
        """Train on all, then on each subject.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or mne.Epochs
            What ``estimator`` takes.
        y : array-like of shape (n_samples,)
            Labels, of two classes or more.
        domain : array-like of shape (n_samples,), default=None
            The subject of each sample, by any name or number; None trains no network
            but that of all. In a pipeline it comes by metadata routing, after
            ``set_fit_request(domain=True)`` and ``set_predict_request(domain=True)``.
        groups : array-like of shape (n_samples,), default=None
            For ``fit`` of the estimator, as early stopping needs.

        Returns
        -------
        self : estimator instance
            The estimator, fitted.

        Raises
        ------
        ValueError
            The estimator has no ``warm_start``, or refuses the data or a parameter;
            ``domain`` has another length, or a missing value.
        """
        if "warm_start" not in self.estimator.get_params():
            raise ValueError(
                f"{type(self.estimator).__name__} has no parameter warm_start, so its "
                "training cannot go on: give a classifier that has, and put the steps "
                "before it in a pipeline before GlobalThenSubject."
            )
        X = _indexable(X)
        given = {} if groups is None else {"groups": np.asarray(groups)}
        self.estimator_ = clone(self.estimator).fit(X, y, **given)
        self.classes_ = self.estimator_.classes_
        self.subject_estimators_ = {}
        y = np.asarray(y)
        for name, rows in self._subjects(domain, len(y)).items():
            if name is None or len(np.unique(y[rows])) < len(self.classes_):
                continue
            part = {key: value[rows] for key, value in given.items()}
            self.subject_estimators_[name] = self._goes_on().fit(
                _take(X, rows), y[rows], **part
            )
        return self

    @available_if(_has("predict"))
    def predict(self, X, domain=None):
        """Predict classes, each by the network of its subject.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or mne.Epochs
            What ``estimator`` takes.
        domain : array-like of shape (n_samples,), default=None
            The subject of each sample, named as in ``fit``.

        Returns
        -------
        y_pred : array of shape (n_samples,)
            One of ``classes_`` for each sample.
        """
        return self._each("predict", X, domain)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X, domain=None):
        """Predict probabilities, each by the network of its subject.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or mne.Epochs
            What ``estimator`` takes.
        domain : array-like of shape (n_samples,), default=None
            The subject of each sample, named as in ``fit``.

        Returns
        -------
        probabilities : array of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; each row sums to one.
        """
        return self._each("predict_proba", X, domain)

    @property
    def n_features_in_(self):
        """Number of features, or channels, of ``estimator_``."""
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def _goes_on(self):
        """Return a copy of the network of all, which fit would train further."""
        copy = deepcopy(self.estimator_)
        copy.set_params(warm_start=True, **(self.subject_params or {}))
        if isinstance(copy, NetworkClassifier):
            # dropout is part of the layers, and so is what else may differ
            copy._restore(copy._shape, copy.classes_, copy.get_weights())
        return copy

    def _subjects(self, domain, n_samples):
        """Rows of each subject."""
        if domain is not None and self.separator is not None:
            domain = [str(name).split(self.separator)[0] for name in domain]
        return rows_of_domains(domain, n_samples)

    def _each(self, method, X, domain):
        check_is_fitted(self)
        X = _indexable(X)
        out = None
        for name, rows in self._subjects(domain, len(X)).items():
            estimator = self.subject_estimators_.get(name, self.estimator_)
            part = getattr(estimator, method)(_take(X, rows))
            if out is None:
                out = np.empty((len(X), *part.shape[1:]), part.dtype)
            out[rows] = part
        return out


def _indexable(X):
    """Return X as an array, if it is neither one nor a frame nor mne.Epochs."""
    return X if hasattr(X, "shape") or recording_of(X) else np.asarray(X)


def _take(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
