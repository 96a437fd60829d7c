"""The domain of each window, handed to the steps that request it."""

from contextlib import contextmanager

from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import get_routing_for_object

_METHODS = (
    "fit",
    "transform",
    "fit_transform",
    "predict",
    "predict_proba",
    "decision_function",
)


def requests_domain(estimator):
    """Tell whether an estimator, or any part of it, requests ``domain``.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    requests : bool
    """
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return any(_requests(part) for part in parts if isinstance(part, BaseEstimator))


def _requests(part):
    try:
        request = get_routing_for_object(part)
    except NotImplementedError:  # a meta-estimator without routing: its parts can tell
        return False
    return any(request.consumes(method, ["domain"]) for method in _METHODS)


@contextmanager
def routed_domain(estimator, X):
    """Enable routing, and give the domains of X, if the estimator requests them.

    Parameters
    ----------
    estimator : estimator
    X : HoistedWindows

    Yields
    ------
    domain : array of str, shape (n_windows,), or None
    """
    if not requests_domain(estimator):
        yield None
        return
    with config_context(enable_metadata_routing=True):
        yield X.domain


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
