"""Cross-validated search for the order and lag of the augmented covariance."""

import numbers
import time
import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    clone,
    is_classifier,
)
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    ParameterGrid,
    StratifiedGroupKFold,
    check_cv,
)
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_scalar,
    column_or_1d,
)

from .._input import WindowInputMixin, check_classes
from ..riemann._mean import resolve_metric
from ..riemann._tangent_space import TangentSpace
from ._augmented import AugmentedCovariances, check_embedding
from ._estimate import check_estimator_params, has_kernel
from ._lagged import lagged_table
from ._pair_scores import score_pair

_TABLE = 2**27  # numbers in the table of lagged products: 1 GiB


def _refitted(name):
    """Tell whether the best pipeline was fitted, and has the method."""

    def check(self):
        if not self.refit:
            raise AttributeError(f"{name} needs refit=True, got {self.refit!r}.")
        final = self.best_estimator_[-1] if hasattr(self, "best_estimator_") else None
        return hasattr(final if final is not None else self._final(), name)

    return check


class AugmentedCovarianceSearchCV(
    WindowInputMixin, ClassifierMixin, MetaEstimatorMixin, BaseEstimator
):
    """Classifier that searches order and lag of the augmented covariance [1]_.

    What :class:`sklearn.model_selection.GridSearchCV` does with the pipeline of
    :class:`AugmentedCovariances`, :class:`eegemo.riemann.TangentSpace` and a classifier
    of vectors, with equal scores, in less time: the lagged products of each window are
    computed once, and the covariances of all orders and lags assembled from them; each
    tangent point starts from that of the fold before; and its vectors serve all
    parameters of the classifier. A candidate that fails ends the search.

    Parameters
    ----------
    final_estimator : classifier, default=None
        From tangent vectors to labels; None is ``SVC(kernel="linear")``.
    orders, lags : sequence of int, default=(1, 2, 4, 6), (1, 2, 4, 8)
        All pairs are tried; see :class:`AugmentedCovariances`.
    param_grid : dict or list of dict, default=None
        Values to try of the parameters of ``final_estimator``.
    estimator : str or callable, default="oas"
        Of the covariance; "scm", "lwf", "oas" and "corr" share the table.
    metric : str or dict, default="riemann"
        Of the tangent space; see :class:`eegemo.riemann.TangentSpace`.
    search_metric : str or dict, default=None
        Of the tangent space during the search, before ``metric`` fits the best
        pipeline. ``{"mean": "logeuclid", "map": "riemann"}`` needs no iteration. None
        is ``metric``.
    scoring : str or callable, default=None
        A single score; None is the accuracy. In the search, a callable is given the
        classifier and tangent vectors, rather than a pipeline and windows.
    cv : int, splitter or iterable, default=None
        None is 5 folds, and a number is that many: stratified, and of whole groups if
        ``fit`` is given groups. Windows of a trial are a group: without groups they
        would be on both sides of a split, and ``best_score_`` too good. For groups to
        reach it through :func:`sklearn.model_selection.cross_validate`, enable metadata
        routing and call ``set_fit_request(groups=True)``.
    refit : bool, default=True
        Whether to fit the best pipeline on all windows, which ``predict`` needs.
    n_jobs : int, default=None
        Number of pairs of order and lag computed at the same time, by joblib.

    Attributes
    ----------
    best_params_ : dict
        With the keys "order", "lag", and those of ``param_grid``.
    best_score_ : float
        Mean over the folds.
    best_index_ : int
        Row of ``cv_results_``. Of equal scores the first wins: list low orders first.
    best_estimator_ : Pipeline
        Fitted on all windows; only with ``refit``.
    cv_results_ : dict of arrays
        As in :class:`sklearn.model_selection.GridSearchCV`.
    n_splits_ : int
        Number of folds.
    scorer_ : callable
        What ``score`` calls, as ``scorer_(classifier, X, y)``.
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    refit_time_ : float
        In seconds; only with ``refit``.
    n_features_in_ : int
        Number of channels.

    Notes
    -----
    Memory, in float64 numbers for n windows of c channels and T samples: the table
    holds n * c**2 for each delay that occurs, and is left out if that is beyond 2**27
    (1 GiB), so that each pair computes its own products. Each job holds, of one pair,
    the covariances, those of a training set once more, and the vectors of two folds,
    some 3.5 * n * (order * c)**2, and for a linear ``SVC`` the n**2 products of
    vectors, if these are longer than n / 8 and that many numbers stay below 2**27.

    References
    ----------
    .. [1] I. Carrara and T. Papadopoulo, "Classification of BCI-EEG based on the
       augmented covariance matrix", arXiv:2302.04508, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import AugmentedCovarianceSearchCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 4, 128))
    >>> y, trial = np.arange(40) // 4 % 2, np.arange(40) // 4
    >>> X[y == 1, :, 3:] += 0.5 * X[y == 1, ::-1, :-3]
    >>> X /= X.std(axis=2, keepdims=True)
    >>> search = AugmentedCovarianceSearchCV(orders=(1, 2), lags=(1, 3), cv=3)
    >>> search.fit(X, y, groups=trial).best_params_
    {'order': 2, 'lag': 3}
    """

    def __init__(
        self,
        final_estimator=None,
        orders=(1, 2, 4, 6),
        lags=(1, 2, 4, 8),
        param_grid=None,
        *,
        estimator="oas",
        metric="riemann",
        search_metric=None,
        scoring=None,
        cv=None,
        refit=True,
        n_jobs=None,
    ):
        self.final_estimator = final_estimator
        self.orders = orders
        self.lags = lags
        self.param_grid = param_grid
        self.estimator = estimator
        self.metric = metric
        self.search_metric = search_metric
        self.scoring = scoring
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs

    def fit(self, X, y, groups=None):
        """Search on training windows, and fit the best pipeline.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit.
        y : array-like of shape (n_windows,)
            Labels.
        groups : array-like of shape (n_windows,), default=None
            What folds must not split, such as the trial of each window.

        Returns
        -------
        self : AugmentedCovarianceSearchCV
            The search, with what it found.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity; there is one class; windows are too
            short for one of the pairs of order and lag; a covariance matrix is
            singular.
        TypeError
            ``final_estimator`` is no classifier, or ``scoring`` no single score.
        """
        X, y = self._check_windows(X, y, reset=True, min_times=2)
        check_classification_targets(y)
        self.classes_ = check_classes(self, y)
        pairs = self._pairs(X.shape[2])
        final = self._final()
        grid = list(ParameterGrid(self.param_grid or {}))
        if not (self.scoring is None or isinstance(self.scoring, str)) and not callable(
            self.scoring
        ):
            raise TypeError(
                f"scoring should be a single score, by name or callable: got "
                f"{self.scoring!r}."
            )
        self.scorer_ = check_scoring(final, scoring=self.scoring)
        cv = self._splitter(y, groups)
        rows = np.arange(len(X))  # which make indices of masks and lists
        splits = [(rows[train], rows[test]) for train, test in cv.split(X, y, groups)]
        self.n_splits_ = len(splits)

        table, delays = self._table(X, pairs)
        metric = self.metric if self.search_metric is None else self.search_metric
        # An order of 1 has no lag.
        different = dict.fromkeys((o, lag if o > 1 else 1) for o, lag in pairs)
        job = delayed(score_pair)
        results = Parallel(n_jobs=self.n_jobs)(
            job(
                X,
                y,
                (table, delays),
                pair,
                self.estimator,
                metric,
                splits,
                final,
                grid,
                self.scorer_,
            )
            for pair in different
        )
        results = dict(zip(different, results, strict=True))
        self._record(pairs, grid, results)
        if self.refit:
            start = time.perf_counter()
            self.best_estimator_ = self._pipeline(self.best_params_).fit(X, y)
            self.refit_time_ = time.perf_counter() - start
        return self

    @available_if(_refitted("predict"))
    def predict(self, X):
        """Predict labels by the best pipeline.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows of the channels of ``fit``, in order and unit as there.

        Returns
        -------
        labels : array of shape (n_windows,)
            Of ``classes_``, one for each window.
        """
        X = self._check_fitted(X)
        return self.best_estimator_.predict(X)

    @available_if(_refitted("predict_proba"))
    def predict_proba(self, X):
        """Predict probabilities by the best pipeline.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows of the channels of ``fit``, in order and unit as there.

        Returns
        -------
        probabilities : array of shape (n_windows, n_classes)
            Columns in the order of ``classes_``.
        """
        X = self._check_fitted(X)
        return self.best_estimator_.predict_proba(X)

    @available_if(_refitted("decision_function"))
    def decision_function(self, X):
        """Compute the decision function of the best pipeline.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows of the channels of ``fit``, in order and unit as there.

        Returns
        -------
        decision : array of shape (n_windows,) or (n_windows, n_classes)
            As ``final_estimator`` gives it: of two classes, positive for the second.
        """
        X = self._check_fitted(X)
        return self.best_estimator_.decision_function(X)

    @available_if(_refitted("predict"))
    def score(self, X, y, sample_weight=None):
        """Score the best pipeline, as ``scoring`` says.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows of the channels of ``fit``, in order and unit as there.
        y : array-like of shape (n_windows,)
            True labels.
        sample_weight : array-like of shape (n_windows,), default=None
            Weights of the windows in the score; None weighs them equally.

        Returns
        -------
        score : float
            As of ``scoring``: the higher, the better.
        """
        X = self._check_fitted(X)
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self.scorer_(self.best_estimator_, X, y, **weight)

    def _check_fitted(self, X):
        check_is_fitted(self)
        return self._check_windows(X, reset=False)

    def _final(self):
        if self.final_estimator is None:
            return SVC(kernel="linear")
        if not is_classifier(self.final_estimator):
            raise TypeError(
                f"final_estimator should be a classifier, got {self.final_estimator!r}."
            )
        return self.final_estimator

    def _pipeline(self, params):
        params = dict(params)
        order, lag = params.pop("order"), params.pop("lag")
        final = clone(self._final()).set_params(**clone(params, safe=False))
        return Pipeline(
            [
                ("cov", AugmentedCovariances(order, lag, self.estimator)),
                ("tangent", TangentSpace(self.metric)),
                ("final", final),
            ]
        )

    def _pairs(self, n_times):
        """All pairs of order and lag, in the order of ``cv_results_``."""
        for name in ("orders", "lags"):
            values = getattr(self, name)
            if isinstance(values, str) or not hasattr(values, "__iter__"):
                raise TypeError(
                    f"{name} should be a sequence of integers, got {values!r}."
                )
            if not len(values):
                raise ValueError(f"{name} is empty: give at least one integer.")
            for value in values:
                check_scalar(value, name, numbers.Integral, min_val=1)
        pairs = [(int(order), int(lag)) for order in self.orders for lag in self.lags]
        for order, lag in pairs:
            check_embedding(order, lag, n_times)
        check_estimator_params(self.estimator, None)
        for metric in (self.metric, self.search_metric):
            if metric is not None:
                resolve_metric(metric, "map")
        return pairs

    def _splitter(self, y, groups):
        if groups is None:
            return check_cv(self.cv, y, classifier=True)
        check_consistent_length(y, column_or_1d(groups))
        if self.cv is None or isinstance(self.cv, numbers.Integral):
            return StratifiedGroupKFold(5 if self.cv is None else self.cv)
        return check_cv(self.cv, y, classifier=True)

    def _table(self, X, pairs):
        """Lagged products of all pairs and their delays; None if they are too many."""
        delays = np.unique([k * lag for order, lag in pairs for k in range(order)])
        size = len(X) * len(delays) * X.shape[1] ** 2
        if not has_kernel(self.estimator, {}) or size > _TABLE:
            return None, delays
        return lagged_table(X, delays, centre=True), delays

    def _record(self, pairs, grid, results):
        """Set ``cv_results_`` and what is best."""
        candidates, scores, fit_times, score_times = [], [], [], []
        for order, lag in pairs:
            score, fit_time, score_time = results[order, lag if order > 1 else 1]
            scores.extend(score)
            fit_times.extend(fit_time)
            score_times.extend(score_time)
            candidates.extend({"order": order, "lag": lag, **p} for p in grid)
        table = {}
        for name, values in (("fit", fit_times), ("score", score_times)):
            table[f"mean_{name}_time"] = np.mean(values, axis=1)
            table[f"std_{name}_time"] = np.std(values, axis=1)
        for name in dict.fromkeys(name for c in candidates for name in c):
            column = np.ma.masked_all(len(candidates), object)
            for row, candidate in enumerate(candidates):
                if name in candidate:
                    column[row] = candidate[name]
            table[f"param_{name}"] = column
        table["params"] = candidates
        for split, column in enumerate(np.transpose(scores)):
            table[f"split{split}_test_score"] = column
        mean = np.mean(scores, axis=1)
        table["mean_test_score"] = mean
        table["std_test_score"] = np.std(scores, axis=1)
        table["rank_test_score"] = rank = _ranks(mean)
        self.cv_results_ = table
        self.best_index_ = int(rank.argmin())
        self.best_params_ = candidates[self.best_index_]
        self.best_score_ = mean[self.best_index_]


def _ranks(mean_scores):
    """Ranks from 1 for the greatest; those that differ by rounding only share one.

    As in scikit-learn, scores that are not finite come last, with a warning.
    """
    finite = np.isfinite(mean_scores)
    if not finite.any():
        raise ValueError(
            "Every candidate has a score that is not finite: a fold may lack a class. "
            "Choose another scoring, or fewer folds."
        )
    if not finite.all():
        warnings.warn(
            f"{(~finite).sum()} of {len(finite)} candidates have a score that is not "
            "finite, and come last: a fold may lack a class.",
            stacklevel=4,
        )
    rounded = np.where(finite, np.round(mean_scores, 10), -np.inf)
    return 1 + (rounded[:, None] < rounded).sum(axis=1).astype(np.int32)
