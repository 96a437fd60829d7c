"""The named, ready-made pipelines."""

import numpy as np
from sklearn import config_context
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, SVR

from ._sfreq import check_positive
from .adapt import Recenter
from .covariance import (
    AugmentedCovariances,
    AugmentedCovarianceSearchCV,
    Covariances,
    FilterBankCovariances,
)
from .features import DifferentialEntropy
from .networks import (
    DGCNN,
    EEGNet,
    HiSTN,
    InterpretableCNN,
    MultilayerPerceptron,
    RBTransformer,
    ShallowConvNet,
    SPDNet,
    SSVEPNet,
)
from .riemann import MDM, FgMDM, RiemannianKNN, RiemannianSVC, TangentSpace

# Of all networks here: one seed, one budget, and classes in no order.
_TRAINING = {
    "max_epochs": 50,
    "batch_size": 32,
    "label_smoothing": 0.0,
    "random_state": 0,
}

# The log-Euclidean mean is as good a tangent point, at a tenth of the time.
_TANGENT_POINT = {"mean": "logeuclid", "map": "riemann"}
_RIDGE = 100.0  # windows of a trial are alike, so that their number says little

__all__ = ["list_pipelines", "make_named_pipeline"]


def list_pipelines():
    """Names of the ready-made pipelines, each with a line of what it does.

    Returns
    -------
    pipelines : dict of str to str
        What each computes, by name; all names fit :func:`make_named_pipeline`.

    Examples
    --------
    >>> from eegemo.pipelines import list_pipelines
    >>> list_pipelines()["cov-mdm"]
    'OAS covariance, minimum distance to Riemannian mean.'
    """
    return {name: make.__doc__.splitlines()[0] for name, make in _MAKERS.items()}


def make_named_pipeline(name, sfreq, channels=None):
    """Build a ready-made pipeline.

    Parameters
    ----------
    name : str
        One of :func:`list_pipelines`.
    sfreq : float
        Sampling rate of the windows in Hz.
    channels : sequence of str, default=None
        Their names; of "histn" only, whose regions are made of them.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        A classifier of windows of shape (n_windows, n_channels, n_times), or, where its
        line says "of ratings", a regressor. Those with
        "rct" in their name request ``domain``, the subject and session of each window,
        which :func:`eegemo.evaluation.run_benchmark` hands over, and scikit-learn's
        metadata routing.

    Raises
    ------
    ValueError
        There is no pipeline of that name, or it needs channels; or the sampling rate
        is not positive.

    Examples
    --------
    >>> from eegemo.pipelines import make_named_pipeline
    >>> list(make_named_pipeline("cov-mdm", sfreq=128).named_steps)
    ['covariances', 'mdm']
    """
    if name not in _MAKERS:
        raise ValueError(
            f"Unknown pipeline {name!r}: choose from {', '.join(_MAKERS)}, or pass "
            "your own estimator."
        )
    check_positive(sfreq, "sfreq")
    return Pipeline(_MAKERS[name](sfreq, channels))


def _trivial(sfreq, channels):
    """Most frequent training class, whatever the EEG: the baseline to beat."""
    return [
        ("nothing", FunctionTransformer(_no_features)),
        ("majority", DummyClassifier(strategy="prior")),
    ]


def _de_svm(sfreq, channels):
    """Differential entropy in five bands, linear SVM."""
    return [
        ("de", DifferentialEntropy(sfreq)),
        ("scaler", StandardScaler()),
        ("svm", SVC(kernel="linear", C=0.1)),
    ]


def _de_1nn(sfreq, channels):
    """Differential entropy, nearest neighbour: the one that leaks the most."""
    return [
        ("de", DifferentialEntropy(sfreq)),
        ("scaler", StandardScaler()),
        ("1nn", KNeighborsClassifier(n_neighbors=1)),
    ]


def _cov_mdm(sfreq, channels):
    """OAS covariance, minimum distance to Riemannian mean."""
    return [("covariances", Covariances("oas")), ("mdm", MDM())]


def _cov_fgmdm(sfreq, channels):
    """OAS covariance, filter by Fisher's discriminant, minimum distance to mean."""
    return [("covariances", Covariances("oas")), ("fgmdm", FgMDM())]


def _cov_knn(sfreq, channels):
    """OAS covariance, five nearest neighbours by log-Euclidean distance."""
    # affine-invariant distances would take a decomposition for each pair of windows
    return [
        ("covariances", Covariances("oas")),
        ("knn", RiemannianKNN(metric="logeuclid")),
    ]


def _cov_rsvc(sfreq, channels):
    """OAS covariance, SVM with a Riemannian kernel."""
    return [("covariances", Covariances("oas")), ("svc", RiemannianSVC())]


def _cov_ts_lr(sfreq, channels):
    """OAS covariance, Riemannian tangent space, logistic regression."""
    return [
        ("covariances", Covariances("oas")),
        ("tangent_space", TangentSpace()),
        ("scaler", StandardScaler()),
        ("lr", LogisticRegression(C=0.01, max_iter=1000)),
    ]


def _fb_ts_lr(sfreq, channels):
    """OAS covariance in five bands, tangent space, logistic regression."""
    _, *others = _cov_ts_lr(sfreq, channels)
    return [("filter_bank", FilterBankCovariances(sfreq)), *others]


def _cov_rct_ts_lr(sfreq, channels):
    """As cov-ts-lr, with training subjects and sessions recentred."""
    return _recentred("training", sfreq, channels)


def _cov_rct_transductive_ts_lr(sfreq, channels):
    """As cov-ts-lr, recentred; the test session by its whole, without labels."""
    return _recentred("transductive", sfreq, channels)


def _cov_rct_online_ts_lr(sfreq, channels):
    """As cov-ts-lr, recentred; a new session by its past windows, without labels."""
    return _recentred("online", sfreq, channels)


def _recentred(mode, sfreq, channels):
    with config_context(enable_metadata_routing=True):  # or no request can be set
        recenter = Recenter(mode).set_fit_request(domain=True)
        recenter = recenter.set_transform_request(domain=True)
    covariances, *others = _cov_ts_lr(sfreq, channels)
    return [covariances, ("recenter", recenter), *others]


def _acm_ts_svm(sfreq, channels):
    """Augmented covariance (order 3, lag near 30 ms), tangent space, linear SVM."""
    lag = max(1, round(0.03 * sfreq))
    return [
        ("augmented", AugmentedCovariances(order=3, lag=lag)),
        ("tangent_space", TangentSpace(metric=_TANGENT_POINT)),
        ("scaler", StandardScaler()),
        ("svm", SVC(kernel="linear", C=0.01)),
    ]


def _acm_search_svm(sfreq, channels):
    """As acm-ts-svm, with order and lag chosen in folds of the training windows."""
    search = AugmentedCovarianceSearchCV(
        orders=(1, 2, 3, 4),
        lags=sorted({max(1, round(s * sfreq)) for s in (0.01, 0.03, 0.06)}),
        metric=_TANGENT_POINT,
        scoring="balanced_accuracy",
    )
    return [("search", search)]


def _shallow_conv_net(sfreq, channels):
    """ShallowConvNet, of filters of 100 ms and means of 300 ms."""
    stride = max(1, round(0.06 * sfreq))
    network = ShallowConvNet(
        filter_length=max(2, round(0.1 * sfreq)),
        pool_length=5 * stride,
        pool_stride=stride,
        **_TRAINING,
    )
    return [("network", network)]


def _eegnet(sfreq, channels):
    """EEGNet, of filters of half a second."""
    length = max(2, round(sfreq / 2))
    return [("network", EEGNet(filter_length=length, **_TRAINING))]


def _interpretable_cnn(sfreq, channels):
    """InterpretableCNN, of filters of half a second."""
    length = max(2, round(sfreq / 2))
    return [("network", InterpretableCNN(filter_length=length, **_TRAINING))]


def _histn(sfreq, channels):
    """HiSTN, of filters of half a second; regions by the names of the channels."""
    length = max(2, round(sfreq / 2))
    return [("network", HiSTN(channels, filter_length=length, **_TRAINING))]


def _ssvepnet(sfreq, channels):
    """SSVEPNet, the network of steady-state potentials, on sub-bands."""
    return [("network", SSVEPNet(sfreq, **_TRAINING))]


def _de_mlp(sfreq, channels):
    """Differential entropy in five bands, multilayer perceptron."""
    return _de_network(sfreq, MultilayerPerceptron(dropout=0.5, **_TRAINING))


def _de_dgcnn(sfreq, channels):
    """Differential entropy in five bands, DGCNN."""
    return _de_network(sfreq, DGCNN(**_TRAINING))


def _de_rbtransformer(sfreq, channels):
    """Differential entropy in five bands, RBTransformer."""
    return _de_network(sfreq, RBTransformer(n_bands=5, **_TRAINING))


def _de_network(sfreq, network):
    return [
        ("de", DifferentialEntropy(sfreq)),
        ("scaler", StandardScaler()),
        ("network", network),
    ]


def _cov_spdnet(sfreq, channels):
    """OAS covariance, SPDNet."""
    return [("covariances", Covariances("oas")), ("network", SPDNet(**_TRAINING))]


def _acm_spdnet(sfreq, channels):
    """Augmented covariance (order 3, lag near 30 ms), SPDNet."""
    augmented, *_ = _acm_ts_svm(sfreq, channels)
    return [augmented, ("network", SPDNet(**_TRAINING))]


def _trivial_mean(sfreq, channels):
    """Mean training rating, whatever the EEG: the baseline to beat, of ratings."""
    nothing, _ = _trivial(sfreq, channels)
    return [nothing, ("mean", DummyRegressor())]


def _de_ridge(sfreq, channels):
    """Differential entropy in five bands, ridge regression of ratings."""
    *features, _ = _de_svm(sfreq, channels)
    return [*features, ("ridge", Ridge(alpha=_RIDGE))]


def _de_svr(sfreq, channels):
    """Differential entropy in five bands, support vector regression of ratings."""
    *features, _ = _de_svm(sfreq, channels)
    return [*features, ("svr", SVR())]


def _cov_ts_ridge(sfreq, channels):
    """OAS covariance, Riemannian tangent space, ridge regression of ratings."""
    *features, _ = _cov_ts_lr(sfreq, channels)
    return [*features, ("ridge", Ridge(alpha=_RIDGE))]


def _acm_ts_ridge(sfreq, channels):
    """Augmented covariance, tangent space, ridge regression of ratings."""
    *features, _ = _acm_ts_svm(sfreq, channels)
    return [*features, ("ridge", Ridge(alpha=_RIDGE))]


def _no_features(X):
    return np.zeros((len(X), 1))


_MAKERS = {
    "trivial": _trivial,
    "de-svm": _de_svm,
    "cov-mdm": _cov_mdm,
    "cov-fgmdm": _cov_fgmdm,
    "cov-knn": _cov_knn,
    "cov-rsvc": _cov_rsvc,
    "cov-ts-lr": _cov_ts_lr,
    "fb-ts-lr": _fb_ts_lr,
    "cov-rct-ts-lr": _cov_rct_ts_lr,
    "cov-rct-transductive-ts-lr": _cov_rct_transductive_ts_lr,
    "cov-rct-online-ts-lr": _cov_rct_online_ts_lr,
    "acm-ts-svm": _acm_ts_svm,
    "acm-search-svm": _acm_search_svm,
    "shallow-conv-net": _shallow_conv_net,
    "eegnet": _eegnet,
    "interpretable-cnn": _interpretable_cnn,
    "histn": _histn,
    "ssvepnet": _ssvepnet,
    "de-mlp": _de_mlp,
    "de-dgcnn": _de_dgcnn,
    "de-rbtransformer": _de_rbtransformer,
    "cov-spdnet": _cov_spdnet,
    "acm-spdnet": _acm_spdnet,
    "de-1nn": _de_1nn,
    "trivial-mean": _trivial_mean,
    "de-ridge": _de_ridge,
    "de-svr": _de_svr,
    "cov-ts-ridge": _cov_ts_ridge,
    "acm-ts-ridge": _acm_ts_ridge,
}
