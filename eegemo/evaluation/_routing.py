"""The domain of each window, handed to the steps that request it."""

from contextlib import contextmanager

from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import get_routing_for_object

from ..temporal._inner_splits import cv_names
from ._inner import groups_of

_METHODS = (
    "fit",
    "transform",
    "fit_transform",
    "predict",
    "predict_proba",
    "decision_function",
)


def requests(estimator, name):
    """Tell whether an estimator, or any part of it, requests some metadata.

    Parameters
    ----------
    estimator : estimator
    name : {"domain", "groups"}

    Returns
    -------
    requests : bool
    """
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return any(
        _requests(part, name) for part in parts if isinstance(part, BaseEstimator)
    )


def _requests(part, name):
    try:
        request = get_routing_for_object(part)
    except NotImplementedError:  # a meta-estimator without routing: its parts can tell
        return False
    return any(request.consumes(method, [name]) for method in _METHODS)


@contextmanager
def routed_domain(estimator, X):
    """Enable routing if the estimator requests metadata, and give the domains of X.

    Parameters
    ----------
    estimator : estimator
    X : HoistedWindows

    Yields
    ------
    domain : array of str, shape (n_windows,), or None
        None if no part requests it.
    """
    domain = X.domain if requests(estimator, "domain") else None
    if domain is None and not requests(estimator, "groups"):
        yield None
        return
    with config_context(enable_metadata_routing=True):
        yield domain


def domain_for(estimator, method, domain):
    """Keyword arguments that hand ``domain`` to a method, if it takes it.

    Parameters
    ----------
    estimator : estimator
    method : str
    domain : array of shape (n_windows,), or None

    Returns
    -------
    arguments : dict
    """
    if domain is None:
        return {}
    taken = get_routing_for_object(estimator).consumes(method, ["domain"])
    return dict.fromkeys(taken, domain)


def groups_for(estimator, X, forbidden):
    """Keyword arguments that hand ``groups`` to ``fit``, with routing enabled.

    Parameters
    ----------
    estimator : estimator
        With its inner folds.
    X : HoistedWindows
    forbidden : tuple of str
        What training and test windows do not share: early stopping then validates on
        what is as new as the test is.

    Returns
    -------
    arguments : dict
    """
    if not requests(estimator, "groups"):
        return {}
    folds = [estimator.get_params()[name] for name in cv_names(estimator)]
    parts = [train for each in folds if isinstance(each, list) for train, _ in each]
    groups = groups_of(X.metadata, forbidden, parts or None)
    taken = get_routing_for_object(estimator).consumes("fit", ["groups"])
    return dict.fromkeys(taken, groups)
