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
    "predict",
    "predict_proba",
    "decision_function",
)


def requested(estimator):
    """Find what an estimator, or any part of it, requests of the metadata.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    names : set of str
        Of "domain" and "groups".
    """
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return set().union(*(_requested(p) for p in parts if isinstance(p, BaseEstimator)))


def _requested(part):
    try:
        request = get_routing_for_object(part)
    except NotImplementedError:  # a meta-estimator without routing: its parts can tell
        return set()
    return set().union(*(request.consumes(m, ["domain", "groups"]) for m in _METHODS))


@contextmanager
def routed_domain(names, X):
    """Enable routing if an estimator requests metadata, and give the domains of X.

    Parameters
    ----------
    names : set of str
        From :func:`requested`, which takes a while.
    X : HoistedWindows

    Yields
    ------
    domain : array of str, shape (n_windows,), or None
        None if no part requests it.
    """
    if not names:
        yield None
        return
    with config_context(enable_metadata_routing=True):
        yield X.domain if "domain" in names else None


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


def groups_for(estimator, names, X, forbidden):
    """Keyword arguments that hand ``groups`` to ``fit``, with routing enabled.

    Parameters
    ----------
    estimator : estimator
        With its inner folds.
    names : set of str
        From :func:`requested`.
    X : HoistedWindows
    forbidden : tuple of str
        What training and test windows do not share: early stopping then validates on
        what is as new as the test is.

    Returns
    -------
    arguments : dict
    """
    if "groups" not in names:
        return {}
    folds = [estimator.get_params()[name] for name in cv_names(estimator)]
    parts = [train for each in folds if isinstance(each, list) for train, _ in each]
    groups = groups_of(X.metadata, forbidden, parts or None)
    taken = get_routing_for_object(estimator).consumes("fit", ["groups"])
    return dict.fromkeys(taken, groups)
