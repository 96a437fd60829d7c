"""What every estimator must do, whatever it computes."""

import importlib
import pickle
import pkgutil
from functools import partial

import mne
import numpy as np
import pytest
import sklearn
from joblib import Parallel, delayed
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, has_fit_parameter
from tabular import tabular

import eegemo
from eegemo.adapt import EuclideanAlignment, Recenter, Rescale
from eegemo.covariance import (
    AugmentedCovariances,
    AugmentedCovarianceSearchCV,
    BlockToeplitzCovariances,
    Covariances,
    FilterBankCovariances,
)
from eegemo.features import (
    AsymmetryFeatures,
    BandPower,
    DifferentialEntropy,
    HjorthFeatures,
)
from eegemo.montage import SEED_CHANNELS
from eegemo.networks import (
    DGCNN,
    EEGNet,
    GlobalThenSubject,
    HiSTN,
    InterpretableCNN,
    MultilayerPerceptron,
    RBTransformer,
    ShallowConvNet,
    SPDNet,
    SSVEPNet,
)
from eegemo.networks._classifier import NetworkClassifier
from eegemo.riemann import (
    MDM,
    FgMDM,
    RiemannianKNN,
    RiemannianSVC,
    SiegelMDM,
    SiegelTangentSpace,
    TangentSpace,
)
from eegemo.temporal import LDSSmoother, MovingAverageSmoother, TrialClassifier

SFREQ = 128
N_WINDOWS, N_CHANNELS, N_TIMES = 12, 4, 128


def second_moment(X):
    """A callable estimator, at module level so that it pickles."""
    return X @ X.swapaxes(-1, -2)


STATELESS = [  # windows in, and transform needs no fit
    Covariances(),
    Covariances("oas"),
    Covariances("lwf", {"assume_centered": True}),
    Covariances("corr"),
    Covariances(second_moment),
    AugmentedCovariances(),
    AugmentedCovariances(order=2, lag=7, estimator="scm"),
    AugmentedCovariances(
        1, estimator="oas", estimator_params={"assume_centered": True}
    ),
    BlockToeplitzCovariances(),
    BlockToeplitzCovariances(order=2, lag=7, shrinkage=0.1),
    FilterBankCovariances(SFREQ),
    FilterBankCovariances(SFREQ, [(4, 8), (8, 30)], "scm", None, 2, causal=True),
    DifferentialEntropy(SFREQ, {"slow": (1, 8), "fast": (8, 45)}, "fft", log_base=2),
    DifferentialEntropy.from_preset("torcheeg-fft", SFREQ),
    BandPower(SFREQ, scale="log"),
    HjorthFeatures(),
    AsymmetryFeatures(HjorthFeatures(), pairs=[(0, 1)]),
]
if not config.DISABLE_JIT:  # interpreted filters would take minutes, and are tested
    STATELESS += [  # in test_filterbank.py
        DifferentialEntropy(SFREQ),
        DifferentialEntropy.from_preset("rbtransformer", SFREQ),
        BandPower(SFREQ, method="iir", scale="relative"),
    ]
CHOOSING = [  # windows in, and fit chooses something
    AugmentedCovariances("mdop", "mdop", "oas", max_order=3, max_delay=3),
]
ALIGNED = [  # windows in and out
    EuclideanAlignment(),
    EuclideanAlignment("transductive"),
    EuclideanAlignment("online", prior=2),
]
WINDOWS = [
    *STATELESS,
    *CHOOSING,
    *ALIGNED,
    DifferentialEntropy(),
]  # the last needs Epochs


class NamedHiSTN(HiSTN):
    """With names for as many channels as a check has."""

    def _names(self, n_channels):
        return list(SEED_CHANNELS[:n_channels])


QUICK = {"max_epochs": 20, "learning_rate": 0.02, "random_state": 0}

MATRICES = [
    TangentSpace(),
    TangentSpace("logeuclid"),
    TangentSpace({"mean": "euclid", "map": "riemann"}),
    TangentSpace(tsupdate=True),
    MDM(),
    MDM("logeuclid"),
    MDM({"mean": "logeuclid", "distance": "riemann"}),
    FgMDM(),
    RiemannianKNN(2, "distance", "logeuclid", n_jobs=2),
    RiemannianSVC(10.0, "logeuclid", "balanced"),
    SiegelTangentSpace(),
    SiegelMDM(),
    Recenter(),
    Recenter("transductive", "logeuclid"),
    Recenter("online"),
    Recenter("online", "euclid", prior=0.5),
    Rescale(),
    Rescale("transductive"),
    Rescale("online", prior=2),
]
if not config.DISABLE_JIT:  # interpreted, they take minutes, and are tested in
    MATRICES += [  # test_classifiers_riemann.py
        MDM(n_jobs=2),
        FgMDM({"mean": "logeuclid", "map": "riemann", "distance": "riemann"}),
        RiemannianKNN(3),
        RiemannianSVC(),
    ]
BLOCK_TOEPLITZ = (SiegelTangentSpace, SiegelMDM)
MATRICES += [SPDNet(batch_size=16, **QUICK | {"learning_rate": 0.05})]
SEQUENCES = [  # sequences of features in, stateless
    LDSSmoother(),
    LDSSmoother(0.1, initial_mean="first", backward=True),
    LDSSmoother(em_iterations=2),
    MovingAverageSmoother(),
    MovingAverageSmoother(3, causal=False),
]
TRIALS = [  # whole trials in, labels out
    TrialClassifier(
        LogisticRegression(),
        SFREQ,
        0.25,
        features=DifferentialEntropy(SFREQ, {"all": (4, 60)}, "fft"),
        smoother=LDSSmoother(),
    ),
    TrialClassifier(
        make_pipeline(Covariances(), MDM()), SFREQ, 0.25, step=0.125, vote="hard"
    ),
]
SEARCHES = [  # windows in, labels out
    AugmentedCovarianceSearchCV(LogisticRegression(), (1, 2), (1,), cv=2),
    AugmentedCovarianceSearchCV(
        LogisticRegression(), (2,), (1, 3), {"C": [0.1, 1]}, metric="logeuclid", cv=2
    ),
]
NETWORKS = [  # windows in, labels out, by random weights
    ShallowConvNet(4, 9, 20, 10, 0.1, **QUICK | {"max_epochs": 40}),
    EEGNet(4, 2, 4, 8, 3, 0.0, **QUICK),
    InterpretableCNN(4, 2, 8, **QUICK),
    NamedHiSTN(None, 2, 16, 1, 0.0, batch_size=32, **QUICK | {"max_epochs": 80}),
    SSVEPNet(SFREQ, 1, 8, 0.0, 0.0, weight_decay=0.0, batch_size=16, **QUICK),
]
ARRAYS = STATELESS + CHOOSING + ALIGNED + MATRICES + SEQUENCES + TRIALS + SEARCHES
ARRAYS += NETWORKS
FEATURES = [  # features in, labels out
    MultilayerPerceptron((8,), **QUICK),
    DGCNN(1, 8, 2, 16, **QUICK),
    RBTransformer(1, 0.1, 1, 2, width=8, batch_size=32, **QUICK),
    GlobalThenSubject(MultilayerPerceptron((8,), **QUICK)),
]
TRANSFORMERS = [e for e in ARRAYS if not is_classifier(e)]
CLASSIFIERS = [e for e in ARRAYS if is_classifier(e)]
WEIGHTED = [e for e in ARRAYS if has_fit_parameter(e, "sample_weight")]
ALIGNERS = (EuclideanAlignment, Recenter, Rescale)
INDUCTIVE = [
    e
    for e in ARRAYS
    if not getattr(e, "tsupdate", False)
    and not (isinstance(e, ALIGNERS) and e.mode != "training")
]
MATRIX_OUTPUT = [
    e
    for e in ARRAYS
    if isinstance(
        e,
        (
            Covariances,
            AugmentedCovariances,
            BlockToeplitzCovariances,
            FilterBankCovariances,
            *ALIGNERS,
        ),
    )
]
VECTOR_OUTPUT = [
    e
    for e in STATELESS + MATRICES
    if e not in MATRIX_OUTPUT and hasattr(e, "transform")
]
METHODS = ("transform", "predict", "predict_proba", "decision_function")
PADDED = SEQUENCES + TRIALS  # NaN may follow the end of a trial

every = pytest.mark.parametrize("estimator", ARRAYS, ids=str)


def only(estimators):
    return pytest.mark.parametrize("estimator", estimators, ids=str)


def windows(n_times=N_TIMES):
    X = np.random.default_rng(1).standard_normal((N_WINDOWS, N_CHANNELS, n_times))
    X[1::2, 0] *= 2.0
    return X


def data(estimator):
    """X of the kind the estimator takes, and y."""
    X = windows()
    y = np.array(["calm", "tense"] * (N_WINDOWS // 2))
    if isinstance(estimator, BLOCK_TOEPLITZ):  # of two channels and two blocks
        return BlockToeplitzCovariances(2).fit_transform(X[:, :2]), y
    if estimator in SEQUENCES:
        return np.ascontiguousarray(X.swapaxes(1, 2)), y
    return (Covariances().fit_transform(X), y) if estimator in MATRICES else (X, y)


def use(fitted, X):
    """What the estimator is for: its vectors or matrices, or else its labels."""
    return fitted.transform(X) if hasattr(fitted, "transform") else fitted.predict(X)


def outputs(fitted, X):
    return {m: np.asarray(getattr(fitted, m)(X)) for m in METHODS if hasattr(fitted, m)}


def assert_same(actual, expected, **tolerance):
    assert actual.keys() == expected.keys()
    for method, value in expected.items():
        if value.dtype.kind == "f":
            assert_allclose(actual[method], value, **tolerance, err_msg=method)
        else:
            assert_array_equal(actual[method], value, err_msg=method)


# scikit-learn's own checks. In two dimensions, through the tests' adapter.

STEPS = (
    "scikit-learn's Pipeline fits its steps in place; scikit-learn's own tests expect "
    "this failure of every Pipeline"
)


def expected_failures(estimator):
    if isinstance(estimator, Pipeline):
        return {
            "check_dont_overwrite_parameters": STEPS,
            "check_estimators_overwrite_params": STEPS,
        }
    if isinstance(estimator, AsymmetryFeatures):
        return {"check_fit2d_1feature": "a pair needs two channels"}
    if isinstance(estimator, RiemannianSVC):
        return {
            "check_sample_weight_equivalence_on_dense_data": "as of scikit-learn's SVC"
        }
    if isinstance(estimator, NetworkClassifier):
        narrow = {"check_classifiers_train": "of two channels, half is one filter"}
        return (narrow if isinstance(estimator, SPDNet) else {}) | {
            "check_sample_weight_equivalence_on_dense_data": "weights change the "
            "batches that are drawn, and the steps with them"
        }
    if getattr(estimator, "tsupdate", False):
        return {
            "check_methods_subset_invariance": "tsupdate=True is transductive: the "
            "tangent point is the mean of the batch, and the documentation says so"
        }
    if isinstance(estimator, ALIGNERS) and estimator.mode == "transductive":
        return {
            "check_methods_subset_invariance": "each domain is aligned by its batch, "
            "and the documentation says so"
        }
    if isinstance(estimator, ALIGNERS) and estimator.mode == "online":
        online = "each sample is aligned by those before it, as documented"
        return {
            "check_methods_subset_invariance": online,
            "check_methods_sample_order_invariance": online,
        }
    return {}


PIPELINES = [
    make_pipeline(tabular(Covariances()), TangentSpace()),
    make_pipeline(tabular(Covariances()), TangentSpace(), SVC()),
    make_pipeline(tabular(AugmentedCovariances(2, estimator="scm")), MDM()),
    make_pipeline(tabular(BlockToeplitzCovariances(2)), SiegelMDM()),
    make_pipeline(
        tabular(BlockToeplitzCovariances(2)),
        SiegelTangentSpace(),
        SVC(break_ties=True),
    ),
    make_pipeline(tabular(DifferentialEntropy(SFREQ, method="fft")), SVC()),
]


CHECKS = parametrize_with_checks(
    [tabular(e) for e in ARRAYS] + FEATURES + PIPELINES,
    expected_failed_checks=expected_failures,
)
NAMES, CASES = CHECKS.args


# A list, because scikit-learn 1.6 yields its cases and pytest 9 deprecates that.
@pytest.mark.parametrize(NAMES, list(CASES), **CHECKS.kwargs)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_no_estimator_is_forgotten():
    """Each public estimator below the benchmark has a configuration in this file."""
    benchmark = {"datasets", "evaluation"}
    packages = [
        importlib.import_module(f"eegemo.{module.name}")
        for module in pkgutil.iter_modules(eegemo.__path__)
        if module.ispkg and module.name not in benchmark and module.name[0] != "_"
    ]
    public = {getattr(p, name) for p in packages for name in p.__all__}
    estimators = {
        value
        for value in public
        if isinstance(value, type) and issubclass(value, BaseEstimator)
    }
    types = {type(estimator) for estimator in ARRAYS + FEATURES}
    assert estimators == {*(types - {NamedHiSTN}), HiSTN}


# The contract in three dimensions.


@only([*ARRAYS, DifferentialEntropy()])
def test_tags_are_honest(estimator):
    tags = get_tags(estimator)
    assert tags.input_tags.three_d_array and not tags.input_tags.two_d_array
    assert tags.input_tags.allow_nan == (estimator in PADDED)
    assert not tags.input_tags.sparse
    assert tags.requires_fit == (estimator not in STATELESS + SEQUENCES)
    assert tags.target_tags.required == is_classifier(estimator)


@only([e for e in ARRAYS if e not in SEQUENCES])
def test_2d_is_refused(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    for method in (lambda X: clone(estimator).fit(X, y[:4]), partial(use, fitted)):
        with pytest.raises(ValueError, match=r"shape \(n_.*n_channels, n_.*got an arr"):
            method(X[0])


@every
def test_4d_is_refused(estimator):
    X, y = data(estimator)
    with pytest.raises(ValueError, match="expects"):
        clone(estimator).fit(X[..., None], y)


@only(MATRICES)
def test_matrices_that_are_not_square_are_refused(estimator):
    X, y = data(estimator)
    with pytest.raises(ValueError, match=r"n_matrices, n_channels, n_channels.*Cov"):
        clone(estimator).fit(X[:, :, :3], y)


@every
def test_not_fitted(estimator):
    X, y = data(estimator)
    if estimator in STATELESS + SEQUENCES:
        check_is_fitted(clone(estimator))  # scikit-learn's rule for requires_fit=False
        assert_same(outputs(clone(estimator), X), outputs(estimator.fit(X, y), X))
    else:
        with pytest.raises(NotFittedError):
            check_is_fitted(clone(estimator))
        for method in (*METHODS, "inverse_transform"):
            if hasattr(estimator, method):
                with pytest.raises(NotFittedError):
                    getattr(clone(estimator), method)(X)
    if not is_classifier(estimator):
        with pytest.raises(NotFittedError):
            clone(estimator).get_feature_names_out()


@every
def test_fit_returns_self_and_records_channels(estimator):
    X, y = data(estimator)
    estimator = clone(estimator)
    before = set(vars(estimator))
    assert before == set(estimator.get_params(deep=False))
    assert estimator.fit(X, y) is estimator
    assert estimator.n_features_in_ == N_CHANNELS
    added = set(vars(estimator)) - before
    assert all(name.endswith("_") or name.startswith("_") for name in added)


@only([e for e in TRANSFORMERS if e not in SEQUENCES])
def test_feature_names(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    channels = ["Fz", "Cz", "Pz", "Oz"]
    names = fitted.get_feature_names_out(channels)
    assert names.dtype == object
    axis = 2 if isinstance(estimator, FilterBankCovariances) else 1
    n_rows = fitted.transform(X).shape[axis]
    assert len(names) == n_rows == len(set(names))
    assert all(any(channel in name for channel in channels) for name in names)
    assert fitted.get_feature_names_out()[0].startswith("ch0")
    with pytest.raises(ValueError, match="all 4 channels, got 3"):
        fitted.get_feature_names_out(channels[:3])


@only(VECTOR_OUTPUT)
@pytest.mark.parametrize("globally", [False, True])
def test_pandas_output(estimator, globally):
    X, y = data(estimator)
    expected = clone(estimator).fit(X, y).transform(X)
    with sklearn.config_context(transform_output="pandas" if globally else "default"):
        framed = clone(estimator).fit(X, y)
        if not globally:
            framed.set_output(transform="pandas")
        Xt = framed.transform(X)
        assert list(Xt.columns) == list(framed.get_feature_names_out())
        assert_array_equal(Xt.to_numpy(), expected)
        if is_classifier(estimator):
            framed.predict(X), framed.predict_proba(X)


@only(MATRIX_OUTPUT)
def test_matrices_ignore_set_output(estimator):
    X, y = data(estimator)
    expected = clone(estimator).fit_transform(X)
    framed = clone(estimator)
    assert framed.set_output(transform="pandas") is framed
    assert_array_equal(framed.fit_transform(X), expected)
    with sklearn.config_context(transform_output="pandas"):
        assert_array_equal(clone(estimator).fit_transform(X), expected)


@every
def test_nested_lists(estimator):
    X, y = data(estimator)
    assert_same(
        outputs(clone(estimator).fit(X.tolist(), list(y)), X.tolist()),
        outputs(clone(estimator).fit(X, y), X),
    )


@every
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nonfinite_is_refused(estimator, bad):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    X[2, 1, 3] = bad
    with pytest.raises(ValueError, match="NaN|infinity"):
        clone(estimator).fit(X, y)
    for method in ("transform", "predict"):
        if hasattr(estimator, method):
            with pytest.raises(ValueError, match="NaN|infinity"):
                getattr(fitted, method)(X)


@every
def test_complex_and_text_are_refused(estimator):
    X, y = data(estimator)
    with pytest.raises(ValueError, match="Complex"):
        clone(estimator).fit(X * 1j, y)
    with pytest.raises(ValueError, match="could not convert"):
        clone(estimator).fit(np.full(X.shape, "EEG"), y)


@every
def test_another_number_of_channels_is_refused(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    less = X[:, :2]
    if estimator in MATRICES:
        less = X[:, :2, :2]
    elif estimator in SEQUENCES:
        less = X[:, :, :2]
    with pytest.raises(ValueError, match="2 features, but .* 4 features"):
        use(fitted, less)


@only(CLASSIFIERS)
class TestTarget:
    def test_of_another_length(self, estimator):
        X, y = data(estimator)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            clone(estimator).fit(X, y[:-1])

    def test_of_one_class(self, estimator):
        X, y = data(estimator)
        with pytest.raises(ValueError, match="one class: .*calm"):
            clone(estimator).fit(X, np.full(len(y), "calm"))

    def test_continuous(self, estimator):
        X, y = data(estimator)
        with pytest.raises(ValueError, match="Unknown label type: continuous"):
            clone(estimator).fit(X, np.linspace(0, 1, len(y)))

    def test_missing(self, estimator):
        X, y = data(estimator)
        with pytest.raises(ValueError, match="requires y to be passed"):
            clone(estimator).fit(X, None)

    def test_labels_come_back(self, estimator):
        X, y = data(estimator)
        fitted = clone(estimator).fit(X, y)
        assert list(fitted.classes_) == ["calm", "tense"]
        assert fitted.score(X, y) == 1.0
        as_numbers = clone(estimator).fit(X, np.where(y == "calm", 7, 9)).predict(X)
        assert_array_equal(as_numbers, np.where(fitted.predict(X) == "calm", 7, 9))


@only([e for e in CLASSIFIERS if hasattr(e, "predict_proba")])
def test_probabilities_agree_with_labels(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    proba = fitted.predict_proba(X)
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(fitted.classes_[proba.argmax(axis=1)], fitted.predict(X))


@only([e for e in CLASSIFIERS if e in WEIGHTED])
def test_weight_leaves_one_class(estimator):
    X, y = data(estimator)
    with pytest.raises(ValueError, match="one class: .*calm"):
        clone(estimator).fit(X, y, sample_weight=np.where(y == "calm", 1, 0))


@only(WEIGHTED)
class TestSampleWeight:
    def test_zero_is_a_dropped_row(self, estimator):
        X, y = data(estimator)
        weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
        kept = weight > 0
        assert 0 < kept.sum() < len(X)
        assert_same(
            outputs(clone(estimator).fit(X, y, sample_weight=weight), X),
            outputs(clone(estimator).fit(X[kept], y[kept], weight[kept]), X),
        )

    def test_two_is_a_repeated_row(self, estimator):
        if isinstance(estimator, NetworkClassifier):
            pytest.skip("weights change the batches that are drawn")
        X, y = data(estimator)
        weight = np.where(np.arange(len(X)) < 5, 2, 1)
        twice = np.repeat(np.arange(len(X)), weight)
        assert_same(
            outputs(clone(estimator).fit(X, y, sample_weight=weight), X),
            outputs(clone(estimator).fit(X[twice], y[twice]), X),
            rtol=1e-6,  # the mean is found by iteration, to 1e-8
            atol=1e-7,
        )

    @pytest.mark.parametrize(
        "weight, message",
        [
            (np.ones(3), "inconsistent numbers of samples"),
            (np.ones((N_WINDOWS, 1)), "1D"),
            (np.full(N_WINDOWS, np.nan), "NaN"),
            (np.r_[-1, np.ones(N_WINDOWS - 1)], "Negative"),
            (np.zeros(N_WINDOWS), "zero everywhere"),
        ],
        ids=["length", "2d", "nan", "negative", "zero"],
    )
    def test_wrong(self, estimator, weight, message):
        X, y = data(estimator)
        with pytest.raises(ValueError, match=message):
            clone(estimator).fit(X, y, sample_weight=weight)


@every
def test_float32(estimator):
    """float32 is kept, and costs no more than the rounding of input and output."""
    X, y = data(estimator)
    single = X.astype(np.float32)
    got = outputs(clone(estimator).fit(single, y), single)
    expected = outputs(clone(estimator).fit(single.astype(float), y), single)
    assert_same(got, expected, rtol=1e-6, atol=1e-6)  # eps is 1.2e-7
    tags = get_tags(estimator).transformer_tags
    if tags is not None and "float32" in tags.preserves_dtype:
        assert got["transform"].dtype == np.float32
    if isinstance(estimator, NetworkClassifier):
        return  # each step of training multiplies what rounding of the input does
    # Rounding the input moves the output by a few eps times the scale of the numbers.
    double = outputs(clone(estimator).fit(X, y), X)
    floats = [value for value in double.values() if value.dtype.kind == "f"]
    assert all(value.dtype == np.float64 for value in floats)
    scale = max(np.abs(value).max() for value in floats)
    assert_same(got, double, rtol=1e-4, atol=1e-5 * scale)


@every
@pytest.mark.parametrize("dtype", [np.int16, np.int64, object])
def test_integers_and_objects(estimator, dtype):
    X, y = data(estimator)
    X = np.round(100 * X).astype(dtype)
    as_float = X.astype(float)
    assert_same(
        outputs(clone(estimator).fit(X, y), X),
        outputs(clone(estimator).fit(as_float, y), as_float),
    )


def strided(X):
    wide = np.zeros((2 * len(X), X.shape[1], X.shape[2]))
    wide[::2] = X
    return wide[::2]


LAYOUTS = {
    "fortran": np.asfortranarray,
    "negative": lambda X: np.ascontiguousarray(X[::-1, ::-1, ::-1])[::-1, ::-1, ::-1],
    "strided": strided,
    "big-endian": lambda X: X.astype(">f8"),
}


@every
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_memory_layout_does_not_matter(estimator, layout):
    X, y = data(estimator)
    view = layout(X)
    assert_array_equal(view, X)
    assert_same(
        outputs(clone(estimator).fit(view, y), view),
        outputs(clone(estimator).fit(X, y), X),
    )


@every
@pytest.mark.parametrize("mode", ["read-only", "memmap-r", "memmap-c", "writable"])
def test_input_is_left_alone(estimator, mode, tmp_path):
    X, y = data(estimator)
    expected = outputs(clone(estimator).fit(X.copy(), y), X.copy())
    given = X.copy()
    if mode.startswith("memmap"):
        path = tmp_path / "X.npy"
        np.save(path, X)
        if mode == "memmap-r":
            path.chmod(0o444)
        given = np.load(path, mmap_mode=mode[-1])
    elif mode == "read-only":
        given.flags.writeable = False
    got = outputs(clone(estimator).fit(given, y), given)
    assert_same(got, expected)
    assert all(not isinstance(value, np.memmap) for value in got.values())
    assert_array_equal(given, X)


@only(INDUCTIVE)
def test_one_at_a_time_is_the_batch(estimator):
    """To rounding: BLAS may sum a batch in another order."""
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    one_by_one = [outputs(fitted, x[None]) for x in X]
    stacked = {m: np.concatenate([o[m] for o in one_by_one]) for m in one_by_one[0]}
    assert_same(stacked, outputs(fitted, X), rtol=1e-10, atol=1e-12)


@every
def test_fit_twice_is_fit_once(estimator):
    X, y = data(estimator)
    once = clone(estimator).fit(X, y)
    twice = clone(estimator).fit(X[:6, :, :] * 3.0, y[:6]).fit(X, y)
    assert_same(outputs(twice, X), outputs(once, X), rtol=0)


@only([e for e in ARRAYS if hasattr(e, "transform")])
def test_fit_transform_is_fit_then_transform(estimator):
    X, y = data(estimator)
    expected = clone(estimator).fit(X, y).transform(X)
    assert_array_equal(clone(estimator).fit_transform(X, y), expected)


@every
def test_pickle(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_same(outputs(again, X), outputs(fitted, X), rtol=0)


@only([*ARRAYS, DifferentialEntropy()])
def test_clone_keeps_every_option(estimator):
    copy = clone(estimator)
    assert repr(copy.get_params()) == repr(estimator.get_params())  # of parts as well
    if estimator in ARRAYS:
        X, y = data(estimator)
        assert_same(outputs(copy.fit(X, y), X), outputs(clone(copy).fit(X, y), X))


@pytest.mark.parametrize("cls", [Covariances, AugmentedCovariances])
def test_options_of_the_covariance_estimator_survive_a_clone(cls):
    X = windows() + 3.0
    kept = clone(cls(estimator="oas", estimator_params={"assume_centered": True}))
    lost = cls(estimator="oas")
    expected = cls("oas") if cls is Covariances else cls(estimator="oas")
    expected.set_params(estimator_params={"assume_centered": True})
    assert_array_equal(kept.fit_transform(X), expected.fit_transform(X))
    assert not np.allclose(kept.fit_transform(X), lost.fit_transform(X))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_parallel_agrees_with_serial(backend):
    fitted = [clone(e).fit(*data(e)) for e in ARRAYS]
    parts = Parallel(n_jobs=2, backend=backend)(
        delayed(use)(e, data(original)[0])
        for e, original in zip(fitted, ARRAYS, strict=True)
    )
    for e, original, part in zip(fitted, ARRAYS, parts, strict=True):
        # Processes may run BLAS with another number of threads than we do.
        expected = use(e, data(original)[0])
        assert_same({"": part}, {"": np.asarray(expected)}, rtol=1e-10, atol=1e-12)


# Inside scikit-learn's machinery.


def tangent_svc():
    return make_pipeline(AugmentedCovariances(), TangentSpace(), SVC())


def labelled(n_trials=8, n_windows=4):
    """Windows of trials: the classes differ in how a channel's past drives another."""
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(n_trials) % 2, n_windows)
    groups = np.repeat(np.arange(n_trials), n_windows)
    X = rng.standard_normal((len(y), 3, 200))
    X[y == 1, 1, 3:] += X[y == 1, 0, :-3]
    X[y == 0, 1, 3:] += rng.standard_normal((int((y == 0).sum()), 197))
    return X, y, groups


def test_cross_validation_with_groups():
    X, y, groups = labelled()
    score = cross_val_score(
        make_pipeline(AugmentedCovariances(4), MDM()),
        X,
        y,
        groups=groups,
        cv=GroupKFold(4),
        error_score="raise",
    )
    assert score.mean() > 0.9


def test_grid_search_finds_the_order():
    """Nothing is in the spatial covariance; the dependence is at a delay of three."""
    X, y, groups = labelled()
    grid = {
        "augmentedcovariances__order": [1, 2],
        "augmentedcovariances__lag": [1, 3],
    }
    cv = StratifiedGroupKFold(4)
    search = GridSearchCV(tangent_svc(), grid, cv=cv, error_score="raise")
    search.fit(X, y, groups=groups)
    assert search.best_params_ == {
        "augmentedcovariances__order": 2,
        "augmentedcovariances__lag": 3,
    }
    assert search.best_score_ > 0.9


def test_sample_weight_is_routed():
    X, y, _ = labelled()
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            Covariances(), MDM().set_fit_request(sample_weight=True)
        ).fit(X, y, sample_weight=weight)
        tangent = make_pipeline(
            Covariances(),
            TangentSpace().set_fit_request(sample_weight=True),
            SVC().set_fit_request(sample_weight=False),
        ).fit(X, y, sample_weight=weight)
    C = Covariances().fit_transform(X)
    expected = MDM().fit(C, y, sample_weight=weight)
    assert_array_equal(pipeline[-1].covmeans_, expected.covmeans_)
    expected = TangentSpace().fit(C, sample_weight=weight)
    assert_array_equal(tangent[-2].reference_, expected.reference_)


def test_pipeline_set_output_reaches_the_vectors():
    X, y, _ = labelled()
    pipeline = make_pipeline(Covariances(), TangentSpace()).set_output(
        transform="pandas"
    )
    Xt = pipeline.fit_transform(X)
    assert list(Xt.columns) == list(pipeline.get_feature_names_out())
    assert Xt.columns[1] == "ch0*ch1"


# mne.Epochs in place of arrays.


def epochs(sfreq=SFREQ, bads=(), order=("Fz", "Cz", "Pz", "Oz")):
    """Four EEG channels between others; channel k of the EEG holds windows()[:, k]."""
    X = dict(zip(["Fz", "Cz", "Pz", "Oz"], np.moveaxis(windows(), 1, 0), strict=True))
    junk = np.full((N_WINDOWS, N_TIMES), 1e3)
    X |= {"EOG": junk, "STI": junk}
    kinds = {"EOG": "eog", "STI": "stim"}
    names = ["EOG", *order, "STI"]
    info = mne.create_info(names, sfreq, [kinds.get(n, "eeg") for n in names])
    info["bads"] = list(bads)
    return mne.EpochsArray(np.stack([X[n] for n in names], axis=1), info, verbose=False)


@only(WINDOWS)
class TestEpochs:
    def test_equals_the_array(self, estimator):
        fitted = clone(estimator).fit(epochs())
        assert list(fitted.channel_names_in_) == ["Fz", "Cz", "Pz", "Oz"]
        assert fitted.sfreq_in_ == SFREQ
        assert fitted.n_features_in_ == 4
        if isinstance(estimator, DifferentialEntropy):
            estimator = clone(estimator).set_params(sfreq=SFREQ)
        expected = clone(estimator).fit_transform(windows())
        assert_array_equal(fitted.transform(epochs()), expected)
        assert_array_equal(fitted.transform(windows()), expected)

    def test_names(self, estimator):
        names = clone(estimator).fit(epochs()).get_feature_names_out()
        assert all(name[:2] in {"Fz", "Cz", "Pz", "Oz"} for name in names)

    def test_bad_channels_are_left_out(self, estimator):
        fitted = clone(estimator).fit(epochs(bads=["Cz", "EOG"]))
        assert list(fitted.channel_names_in_) == ["Fz", "Pz", "Oz"]
        with pytest.raises(ValueError, match="fitted on the channels Fz, Pz, Oz; thes"):
            fitted.transform(epochs())

    def test_another_order_of_channels_is_refused(self, estimator):
        fitted = clone(estimator).fit(epochs())
        with pytest.raises(ValueError, match="same channels in the same order"):
            fitted.transform(epochs(order=["Cz", "Fz", "Pz", "Oz"]))

    def test_another_sampling_rate_is_refused(self, estimator):
        fitted = clone(estimator).fit(epochs())
        with pytest.raises(ValueError, match="256 Hz.*128 Hz|128 Hz.*256 Hz"):
            fitted.transform(epochs(sfreq=2 * SFREQ))

    def test_no_eeg_is_refused(self, estimator):
        without = epochs().pick(["EOG", "STI"])
        with pytest.raises(ValueError, match=r"no good EEG.*'eog', 'stim'"):
            clone(estimator).fit(without)
        with pytest.raises(ValueError, match="no good EEG"):
            clone(estimator).fit(epochs(bads=["Fz", "Cz", "Pz", "Oz"]))

    def test_fit_on_an_array_forgets_the_recording(self, estimator):
        if isinstance(estimator, DifferentialEntropy):
            estimator = clone(estimator).set_params(sfreq=SFREQ)
        fitted = clone(estimator).fit(epochs()).fit(windows())
        assert not hasattr(fitted, "channel_names_in_")
        assert not hasattr(fitted, "sfreq_in_")

    def test_pandas_output(self, estimator):
        framed = clone(estimator).set_output(transform="pandas")
        Xt = framed.fit_transform(epochs())
        if estimator not in MATRIX_OUTPUT:
            assert list(Xt.columns) == list(framed.get_feature_names_out())


@only(STATELESS + CHOOSING + ALIGNED)
def test_epochs_after_an_array(estimator):
    fitted = clone(estimator).fit(windows())
    assert_array_equal(fitted.transform(epochs()), fitted.transform(windows()))


def test_continuous_recordings_are_refused():
    raw = mne.io.RawArray(windows()[0], mne.create_info(4, SFREQ, "eeg"), verbose=False)
    with pytest.raises(ValueError, match="n_windows, n_channels, n_times"):
        Covariances().fit(raw)


def test_names_go_through_a_pipeline():
    pipeline = make_pipeline(Covariances(), TangentSpace()).fit(epochs())
    names = pipeline.get_feature_names_out()
    assert list(names[:3]) == ["Fz*Fz", "Fz*Cz", "Fz*Pz"]
    augmented = make_pipeline(AugmentedCovariances(2, lag=3), TangentSpace())
    names = augmented.fit(epochs()).get_feature_names_out()
    assert names[0] == "Fz*Fz" and names[4] == "Fz*Fz+3"
    assert len(set(names)) == len(names) == 36
    names = pipeline.fit(windows()).get_feature_names_out(["a", "b", "c", "d"])
    assert names[1] == "a*b"


def test_epochs_in_cross_validation():
    """scikit-learn makes a list of one-epoch Epochs of some rows of Epochs."""
    pipeline = make_pipeline(Covariances("oas"), TangentSpace(), LogisticRegression())
    X, y = epochs(), np.arange(len(windows())) % 2
    from_epochs = cross_val_score(pipeline, X, y, cv=3)
    good = X.get_data(picks=["Fz", "Cz", "Pz", "Oz"])
    assert_array_equal(from_epochs, cross_val_score(pipeline, good, y, cv=3))


def test_list_of_different_epochs_is_refused():
    mixed = [epochs()[:2], epochs(order=["Cz", "Fz", "Pz", "Oz"])[:2]]
    with pytest.raises(ValueError, match="differ in their channels"):
        Covariances().fit(mixed)


def test_spectra_are_refused():
    """They look like Epochs, but hold no time series."""
    spectrum = epochs().compute_psd(verbose=False)
    with pytest.raises(ValueError, match="got EpochsSpectrum"):
        Covariances().fit(spectrum)


def test_epochs_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Covariances().fit([epochs(), epochs().crop(0, 0.1)])


def test_rounded_sampling_rate_is_the_same():
    rounded = DifferentialEntropy(SFREQ).fit(epochs(sfreq=SFREQ + 1e-5))
    assert_array_equal(
        rounded.transform(windows()), DifferentialEntropy(SFREQ).transform(windows())
    )


class _Sub(Covariances):
    def transform(self, X):
        return super().transform(X)


def test_subclass_with_pandas_everywhere():
    with sklearn.config_context(transform_output="pandas"):
        assert _Sub().fit_transform(windows()).ndim == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["sfreq", "floor", "log_base"])
def test_parameters_are_finite(name, bad):
    with pytest.raises(ValueError, match=name):
        DifferentialEntropy(**({"sfreq": SFREQ} | {name: bad})).fit(windows())


@pytest.mark.parametrize("metric", [["riemann"], np.mean, None])
def test_metric_is_a_name(metric):
    X, y, _ = labelled()
    with pytest.raises(ValueError, match="Unknown metric"):
        MDM(metric).fit(Covariances().fit_transform(X), y)


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
@pytest.mark.parametrize(
    "estimator", [Covariances("corr"), AugmentedCovariances(2, 3, "corr")]
)
def test_flat_channel_is_named_whatever_the_size_of_the_batch(estimator):
    X = np.random.default_rng(0).standard_normal((5000, 8, 256)).astype(np.float32)
    X[4500, 3] = 1.0
    with pytest.raises(ValueError, match="Channel 3 of window 4500 is flat"):
        estimator.fit(X).transform(X)
