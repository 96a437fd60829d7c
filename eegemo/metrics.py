"""Scores of emotion recognition that scikit-learn lacks, and scorers of them."""

from numbers import Integral, Real

import numpy as np
from scipy.special import xlogy
from sklearn.metrics import make_scorer
from sklearn.utils import (
    check_array,
    check_consistent_length,
    check_scalar,
    column_or_1d,
)

__all__ = [
    "concordance_ccc",
    "concordance_scorer",
    "information_transfer_rate",
    "itr_score",
    "seq2hr_score",
    "seq2hr_scorer",
    "tri_p_score",
    "tri_p_scorer",
]


def concordance_ccc(y_true, y_pred, sample_weight=None):
    """Concordance correlation coefficient of predicted ratings [1]_.

    That is Pearson's correlation, lowered by any difference of the means and of the
    variances: 1 if all predictions are right, 0 if they do not depend on the truth.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Ratings, and what was predicted of them, in one unit.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs them equally.

    Returns
    -------
    score : float
        Between -1 and 1. Two equal constants are in full concordance.

    References
    ----------
    .. [1] L. I. Lin, "A concordance correlation coefficient to evaluate
       reproducibility", Biometrics 45(1), 1989.

    Examples
    --------
    >>> from eegemo.metrics import concordance_ccc
    >>> round(concordance_ccc([1, 2, 3, 4], [2, 3, 4, 5]), 3)
    0.714
    """
    y_true, y_pred = _numbers(y_true, "y_true"), _numbers(y_pred, "y_pred")
    share = _shares(sample_weight, y_true, y_pred)
    mean_true, mean_pred = share @ y_true, share @ y_pred
    y_true, y_pred = y_true - mean_true, y_pred - mean_pred
    spread = share @ y_true**2 + share @ y_pred**2 + (mean_true - mean_pred) ** 2
    return float(2 * (share @ (y_true * y_pred)) / spread) if spread > 0 else 1.0


def seq2hr_score(y_true, y_proba, *, labels=None, sample_weight=None):
    """Share of samples whose two likeliest classes are neighbours, one the true [1]_.

    Parameters
    ----------
    y_true : array-like of int, shape (n_samples,)
        Classes in order, such as ratings; those that differ by one are neighbours.
    y_proba : array-like of shape (n_samples, n_classes)
        Probabilities or other scores. Of equal ones, that of the lower class is first.
    labels : array-like of int, shape (n_classes,), default=None
        Class of each column, such as ``classes_`` of a classifier. By default the
        classes in ``y_true``, sorted; there must then be a column for each.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs them equally.

    Returns
    -------
    score : float
        Between 0 and 1. By chance alone, n balanced classes give 4 / n**2, which is
        0.16 of five, and of two always 1.

    Raises
    ------
    ValueError
        The classes are no integers, or do not fit the columns.

    See Also
    --------
    seq2hr_scorer : For ``cross_val_score`` and the like; it knows the labels.

    References
    ----------
    .. [1] D. Kuang, X. Song and C. Michoski, "Emotion classification from
       multi-channel EEG signals using HiSTN: a hierarchical graph-based
       spatial-temporal approach", arXiv:2408.15255, 2024.

    Examples
    --------
    The first sample's two likeliest ratings are 1 and 2, and the second one's 1 and 3,
    which are no neighbours.

    >>> from eegemo.metrics import seq2hr_score
    >>> seq2hr_score([2, 1], [[0.6, 0.3, 0.1], [0.6, 0.0, 0.4]], labels=[1, 2, 3])
    0.5
    """
    y_true = _ordinal(y_true, "y_true")
    y_proba = check_array(y_proba, dtype=np.float64, input_name="y_proba")
    share = _shares(sample_weight, y_true, y_proba)
    present = np.unique(y_true)
    labels = present if labels is None else _ordinal(labels, "labels")
    if y_proba.shape[1] != len(labels):
        raise ValueError(
            f"y_proba should have a column for each of the classes {labels.tolist()}, "
            f"got {y_proba.shape[1]} columns: give labels=, the class of each column."
        )
    if len(labels) < 2 or len(np.unique(labels)) < len(labels):
        raise ValueError(
            "labels should be two or more different classes, got "
            f"{labels.tolist()}: give the class of each column."
        )
    if not np.isin(present, labels).all():
        raise ValueError(
            f"y_true has classes that are not among the labels {labels.tolist()}: "
            f"{np.setdiff1d(present, labels).tolist()}."
        )
    ascending = np.argsort(labels)
    order = np.argsort(-y_proba[:, ascending], axis=1, kind="stable")
    first, second = labels[ascending][order[:, :2]].T
    hit = (np.abs(first - second) == 1) & ((y_true == first) | (y_true == second))
    return float(share @ hit)


def seq2hr_scorer(estimator, X, y, sample_weight=None):
    """Score a fitted classifier by :func:`seq2hr_score`: to be given as ``scoring``.

    A class that ``y`` lacks does no harm, since columns are those of ``classes_``.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba`` and integer ``classes_``.
    X : array-like
        What ``estimator`` takes.
    y : array-like of int, shape (n_samples,)
        All are to be among ``classes_``.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs them equally.

    Returns
    -------
    score : float
        Between 0 and 1, the higher the better.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from eegemo.metrics import seq2hr_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=500)
    >>> cross_val_score(model, X, y, cv=3, scoring=seq2hr_scorer)
    array([1., 1., 1.])
    """
    return seq2hr_score(
        y,
        estimator.predict_proba(X),
        labels=estimator.classes_,
        sample_weight=sample_weight,
    )


def tri_p_score(y_true, y_pred, *, sample_weight=None):
    """Share of samples whose predicted class is the true one or a neighbour [1]_.

    Parameters
    ----------
    y_true, y_pred : array-like of int, shape (n_samples,)
        Classes in order, such as ratings; those that differ by one are neighbours.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs them equally.

    Returns
    -------
    score : float
        Between 0 and 1. By chance alone, n balanced classes give (3n - 2) / n**2, which
        is 0.52 of five; always the middle one of five gives 0.6.

    Raises
    ------
    ValueError
        The classes are no integers.

    References
    ----------
    .. [1] D. Kuang, X. Song and C. Michoski, "Emotion classification from
       multi-channel EEG signals using HiSTN: a hierarchical graph-based
       spatial-temporal approach", arXiv:2408.15255, 2024.

    Examples
    --------
    >>> from eegemo.metrics import tri_p_score
    >>> tri_p_score([1, 2, 3, 5], [1, 3, 1, 4])
    0.75
    """
    y_true, y_pred = _ordinal(y_true, "y_true"), _ordinal(y_pred, "y_pred")
    share = _shares(sample_weight, y_true, y_pred)
    return float(share @ (np.abs(y_true - y_pred) <= 1))


def information_transfer_rate(accuracy, n_classes, seconds):
    """Bits per minute that selections of an accuracy carry [1]_.

    Right if the classes are equally frequent, and all mistakes equally likely.

    Parameters
    ----------
    accuracy : float or array-like
        Share of correct selections. At or below chance, nothing is carried.
    n_classes : int
        Number of choices, at least 2.
    seconds : float
        That a selection takes, all told: the window, and pauses in between.

    Returns
    -------
    rate : float or array
        In bits per minute, of the shape of ``accuracy``.

    Raises
    ------
    ValueError
        An accuracy is not between 0 and 1, or another parameter is out of range.

    References
    ----------
    .. [1] J. R. Wolpaw et al., "Brain-computer interfaces for communication and
       control", Clinical Neurophysiology 113(6), 2002.

    Examples
    --------
    >>> from eegemo.metrics import information_transfer_rate
    >>> information_transfer_rate(1.0, n_classes=4, seconds=2)
    60.0
    """
    check_scalar(n_classes, "n_classes", Integral, min_val=2)
    check_scalar(seconds, "seconds", Real, min_val=0, include_boundaries="neither")
    p = np.asarray(accuracy, np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"accuracy should be between 0 and 1, got {accuracy}.")
    bits = np.log2(n_classes) + (
        xlogy(p, p) + xlogy(1 - p, (1 - p) / (n_classes - 1))
    ) / np.log(2)
    rate = np.where(p > 1 / n_classes, np.maximum(bits, 0), 0) * (60 / seconds)
    return rate if rate.ndim else float(rate)


def itr_score(y_true, y_pred, *, seconds, n_classes=None, sample_weight=None):
    """Bits per minute of predictions: :func:`information_transfer_rate` by labels.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Of any type.
    seconds : float
        That a selection takes.
    n_classes : int, default=None
        By default the number of different labels in both. Give it to cross-validation,
        where a fold may lack classes.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs them equally.

    Returns
    -------
    rate : float
        In bits per minute.

    Raises
    ------
    ValueError
        There are more classes than ``n_classes``, or a parameter is out of range.

    Examples
    --------
    As a scorer:

    >>> from sklearn.metrics import make_scorer
    >>> from eegemo.metrics import itr_score
    >>> scoring = make_scorer(itr_score, seconds=4, n_classes=3)
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    share = _shares(sample_weight, y_true, y_pred)
    n_found = len(np.union1d(y_true, y_pred))
    n_classes = n_found if n_classes is None else n_classes
    if n_classes < n_found:
        raise ValueError(
            f"The labels are of {n_found} classes, and n_classes={n_classes}: give the "
            "number of all that can be selected."
        )
    accuracy = min(float(share @ (y_true == y_pred)), 1.0)
    return information_transfer_rate(accuracy, n_classes, seconds)


concordance_scorer = make_scorer(concordance_ccc)
concordance_scorer.__doc__ = """Scorer of regressors by :func:`concordance_ccc`.

To be given as ``scoring`` to searches and cross-validation, or called as
``concordance_scorer(regressor, X, y)``.

Examples
--------
>>> from sklearn.datasets import load_diabetes
>>> from sklearn.linear_model import Ridge
>>> from sklearn.model_selection import cross_val_score
>>> from eegemo.metrics import concordance_scorer
>>> X, y = load_diabetes(return_X_y=True)
>>> model = Ridge(alpha=0.1)
>>> cross_val_score(model, X, y, cv=3, scoring=concordance_scorer).round(1)
array([0.6, 0.6, 0.7])
"""

tri_p_scorer = make_scorer(tri_p_score)
tri_p_scorer.__doc__ = """Scorer of classifiers by :func:`tri_p_score`.

To be given as ``scoring`` to searches and cross-validation, or called as
``tri_p_scorer(classifier, X, y)``.

Examples
--------
>>> from sklearn.datasets import load_iris
>>> from sklearn.linear_model import LogisticRegression
>>> from sklearn.model_selection import cross_val_score
>>> from eegemo.metrics import tri_p_scorer
>>> X, y = load_iris(return_X_y=True)
>>> model = LogisticRegression(max_iter=500)
>>> cross_val_score(model, X, y, cv=3, scoring=tri_p_scorer)
array([1., 1., 1.])
"""

# doctest does not look for examples in objects
__test__ = {
    "concordance_scorer": concordance_scorer.__doc__,
    "tri_p_scorer": tri_p_scorer.__doc__,
}


def _numbers(y, name):
    """Return a vector of finite float64."""
    return check_array(
        column_or_1d(y), ensure_2d=False, dtype=np.float64, input_name=name
    )


def _ordinal(y, name):
    """Return a vector of integers; raise if they are none."""
    y = column_or_1d(y)
    whole = y.dtype.kind in "iu"
    if y.dtype.kind == "f":
        whole = np.isfinite(y).all() and (y == np.round(y)).all()
    if not whole:
        raise ValueError(
            f"{name} should be classes in order, as integers, got {y[:3].tolist()}: "
            "number them from low to high, and train on the numbers."
        )
    return y.astype(np.int64)


def _shares(sample_weight, *arrays):
    """Return weights that sum to one, and check that all lengths are the same."""
    n = len(arrays[0])
    check_consistent_length(*arrays, sample_weight)
    weight = np.ones(n) if sample_weight is None else sample_weight
    weight = _numbers(weight, "sample_weight")
    if (weight < 0).any() or not (weight > 0).any():
        raise ValueError("sample_weight should not be negative, nor zero everywhere.")
    return weight / weight.sum()
