import mne
import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from eegemo.covariance import (
    AugmentedCovariances,
    AugmentedCovarianceSearchCV,
    _pair_scores,
    _search,
)
from eegemo.riemann import TangentSpace

ORDERS, LAGS = (1, 2, 3), (1, 4)


def labelled(n_trials=12, n_times=96):
    """Four windows a trial; the classes differ by a dependence at a delay of four."""
    rng = np.random.default_rng(0)
    trial = np.arange(4 * n_trials) // 4
    y = np.array(["calm", "tense"])[trial % 2]
    X = rng.standard_normal((4 * n_trials, 4, n_times))
    X += rng.standard_normal((n_trials, 4, 1))[trial]
    X[y == "tense", :, 4:] += 0.4 * X[y == "tense", ::-1, :-4]
    return X, y, trial


def grid_search(final, grid, estimator="oas", metric="riemann", **options):
    """What the search should equal."""
    pipeline = Pipeline(
        [
            ("cov", AugmentedCovariances(estimator=estimator)),
            ("tangent", TangentSpace(metric)),
            ("final", final),
        ]
    )
    params = [
        {"cov__order": ORDERS, "cov__lag": LAGS}
        | {f"final__{name}": values for name, values in part.items()}
        for part in (grid if isinstance(grid, list) else [grid])
    ]
    return GridSearchCV(pipeline, params, error_score="raise", **options)


def plain(params):
    return {name.split("__")[1]: value for name, value in params.items()}


def scores_of(results, translate=dict):
    splits = [name for name in results if name.startswith("split")]
    return {
        str(sorted(translate(params).items())): [results[s][row] for s in splits]
        for row, params in enumerate(results["params"])
    }


@pytest.mark.parametrize(
    "final, grid, options",
    [
        (SVC(kernel="linear"), {"C": [0.01, 1.0]}, {}),
        (SVC(), [{"C": [1]}, {"kernel": ["linear"]}], {"scoring": "roc_auc"}),
        (LogisticRegression(), {}, {"scoring": "balanced_accuracy"}),
        (LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5), {}, {}),
    ],
)
@pytest.mark.parametrize(
    "estimator, metric",
    [
        ("oas", "riemann"),
        ("scm", "logeuclid"),
        ("lwf", {"mean": "logeuclid", "map": "riemann"}),
        ("sch", "euclid"),
    ],
)
@pytest.mark.filterwarnings("ignore:.xpx:DeprecationWarning")  # pyRiemann's, in sch
def test_equals_grid_search(final, grid, options, estimator, metric):
    """The same scores: those of thresholds exactly, which rounding does not reach."""
    X, y, trial = labelled()
    options = {"cv": GroupKFold(3), **options}
    ours = AugmentedCovarianceSearchCV(
        final, ORDERS, LAGS, grid, estimator=estimator, metric=metric, **options
    ).fit(X, y, groups=trial)
    theirs = grid_search(final, grid, estimator, metric, **options)
    theirs.fit(X, y, groups=trial)
    got, expected = scores_of(ours.cv_results_), scores_of(theirs.cv_results_, plain)
    assert got.keys() == expected.keys()
    for params, scores in expected.items():
        assert_allclose(got[params], scores, rtol=1e-9, err_msg=params)
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-9)
    best = ours.best_params_
    row = [plain(p) for p in theirs.cv_results_["params"]].index(best)
    assert theirs.cv_results_["rank_test_score"][row] == 1
    refitted = clone(theirs.estimator).set_params(**theirs.cv_results_["params"][row])
    refitted.fit(X, y)
    assert_array_equal(ours.predict(X), refitted.predict(X))


def test_results_have_scikit_learns_columns():
    X, y, trial = labelled()
    ours = AugmentedCovarianceSearchCV(SVC(), ORDERS, LAGS, {"C": [1, 2]}, cv=3)
    results = ours.fit(X, y, groups=trial).cv_results_
    theirs = grid_search(SVC(), {"C": [1, 2]}, cv=StratifiedGroupKFold(3))
    theirs = theirs.fit(X, y, groups=trial).cv_results_
    renamed = {name.replace("cov__", "").replace("final__", "") for name in theirs}
    assert set(results) == renamed
    for name, column in results.items():
        assert len(column) == 12
        if name.startswith("mean_") and "time" in name:
            assert (column > 0).all()
    by_params = dict(
        zip(map(str, results["params"]), results["rank_test_score"], strict=True)
    )
    for params, rank in zip(theirs["params"], theirs["rank_test_score"], strict=True):
        key = str({k: plain(params)[k] for k in ("order", "lag", "C")})
        assert by_params[key] == rank


def test_finds_the_delay():
    X, y, trial = labelled(20, 128)
    search = AugmentedCovarianceSearchCV(orders=(1, 2), lags=(1, 3, 4, 7), cv=4)
    search.fit(X, y, groups=trial)
    assert search.best_params_ == {"order": 2, "lag": 4}
    assert search.best_score_ > 0.9
    assert search.best_estimator_[0].lag == 4


def test_ties_go_to_the_first():
    X, y, trial = labelled()
    X[y == "tense", 0] *= 10  # all candidates are perfect
    search = AugmentedCovarianceSearchCV(orders=(3, 1), lags=(2, 1), cv=3)
    search.fit(X, y, groups=trial)
    assert search.best_score_ == 1
    assert search.best_params_ == {"order": 3, "lag": 2}


def test_folds_keep_groups_together():
    """Trials that can be told apart, and no class: chance by group, 1 by window."""
    rng = np.random.default_rng(0)
    trial = np.arange(60) // 5
    y = rng.permutation(12)[trial] % 2
    X = rng.standard_normal((60, 3, 64))
    X *= np.exp(2 * rng.standard_normal((12, 3, 1)))[trial]
    by_window = KFold(5, shuffle=True, random_state=0)
    leaky = AugmentedCovarianceSearchCV(SVC(), (1, 2), (1,), cv=by_window).fit(X, y)
    honest = AugmentedCovarianceSearchCV(SVC(), (1, 2), (1,)).fit(X, y, groups=trial)
    assert leaky.best_score_ > 0.9
    assert honest.best_score_ < 0.7


def test_mean_does_not_know_windows_outside_the_fold():
    """Scores of a fold stay the same when windows in no other role are changed."""
    X, y, _ = labelled()
    first = (np.arange(0, 20), np.arange(20, 30))
    other = (np.arange(30, 42), np.arange(42, 48))
    changed = X.copy()
    changed[30:] *= np.array([100, 1, 1, 0.01])[:, None]
    final = LogisticRegression()
    scores = []
    for data in (X, changed):
        search = AugmentedCovarianceSearchCV(
            final, (2,), (1, 4), cv=[other, first], scoring="neg_log_loss", refit=False
        ).fit(data, y)
        scores.append(search.cv_results_["split1_test_score"])
    # The search for the mean starts elsewhere; it ends within 1e-8 of the same point.
    assert_allclose(scores[0], scores[1], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_a_table(dtype, monkeypatch):
    """Too large a table is left out, and nothing else changes."""
    X, y, trial = labelled()
    X = X.astype(dtype)
    search = AugmentedCovarianceSearchCV(LogisticRegression(), ORDERS, LAGS, cv=3)
    search.set_params(scoring="neg_log_loss").fit(X, y, groups=trial)
    expected = search.cv_results_["mean_test_score"]
    monkeypatch.setattr(_search, "_TABLE", 0)
    again = clone(search).fit(X, y, groups=trial)
    assert_allclose(again.cv_results_["mean_test_score"], expected, rtol=1e-9)


def test_search_metric():
    X, y, trial = labelled()
    cheap = {"mean": "logeuclid", "map": "riemann"}
    search = AugmentedCovarianceSearchCV(
        None, ORDERS, LAGS, search_metric=cheap, cv=3
    ).fit(X, y, groups=trial)
    expected = AugmentedCovarianceSearchCV(None, ORDERS, LAGS, metric=cheap, cv=3)
    expected.fit(X, y, groups=trial)
    for name in ("mean_test_score", "rank_test_score"):
        assert_array_equal(search.cv_results_[name], expected.cv_results_[name])
    assert search.best_estimator_["tangent"].metric == "riemann"


def test_jobs_agree():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(None, ORDERS, LAGS, cv=3)
    serial = search.fit(X, y, groups=trial).cv_results_["mean_test_score"]
    search.set_params(n_jobs=2).fit(X, y, groups=trial)
    assert_array_equal(search.cv_results_["mean_test_score"], serial)


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
def test_jobs_agree_on_large_data(monkeypatch):
    """joblib hands arrays beyond 1 MB to its workers as read-only maps."""
    X, y, trial = labelled(n_times=1000)
    search = AugmentedCovarianceSearchCV(None, (1, 8), range(1, 60), cv=3)
    table, delays = search._table(X, [(8, lag) for lag in search.lags])
    assert X.nbytes > 2**20 and table.nbytes > 2**20
    search.set_params(lags=(1, 39), metric="logeuclid")
    monkeypatch.setattr(search, "_table", lambda X, pairs: (table, delays))
    serial = search.fit(X, y, groups=trial).cv_results_["mean_test_score"]
    search.set_params(n_jobs=2).fit(X, y, groups=trial)
    assert_array_equal(search.cv_results_["mean_test_score"], serial)


@pytest.mark.parametrize("wrap", [False, True])
def test_inside_cross_validation(wrap):
    """Groups reach the inner folds through scikit-learn's routing."""
    X, y, trial = labelled(n_trials=16)
    with config_context(enable_metadata_routing=True):
        search = AugmentedCovarianceSearchCV(None, (1, 2), (1, 4), cv=_NeedsGroups())
        search.set_fit_request(groups=True)
        scores = cross_val_score(
            make_pipeline(search) if wrap else search,
            X,
            y,
            cv=GroupKFold(3),
            params={"groups": trial},
            error_score="raise",
        )
    assert scores.mean() > 0.8


class _NeedsGroups(GroupKFold):
    def __init__(self):
        super().__init__(3)

    def split(self, X, y, groups):
        assert groups is not None
        return super().split(X, y, groups)


def nan_below_one(estimator, X, y):
    return 0.7 if estimator.C >= 1 else np.nan


def test_scores_that_are_not_finite_come_last():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(
        SVC(), (1,), (1,), {"C": [0.1, 1.0]}, cv=3, scoring=nan_below_one
    )
    with pytest.warns(UserWarning, match="1 of 2 candidates have a score that is not"):
        search.fit(X, y, groups=trial)
    assert search.best_params_["C"] == 1.0
    assert list(search.cv_results_["rank_test_score"]) == [2, 1]
    with pytest.raises(ValueError, match="Every candidate has a score that is not fin"):
        search.set_params(param_grid={"C": [0.1]}).fit(X, y, groups=trial)


@pytest.mark.parametrize("table", [2**27, 0])
def test_products_of_vectors_change_nothing(table, monkeypatch):
    """Linear machines are fitted on products, unless vectors are short or many."""
    X, y, trial = labelled()
    monkeypatch.setattr(_pair_scores, "_PRODUCTS", table)
    vectors = np.random.default_rng(0).standard_normal((48, 5))
    assert (_pair_scores._gram(vectors) is None) == (table == 0 or 5 < 48 / 8)
    scores = [
        AugmentedCovarianceSearchCV(svc(kernel="linear"), ORDERS, LAGS, cv=3)
        .fit(X, y, groups=trial)
        .cv_results_["mean_test_score"]
        for svc in (SVC, _Subclass)
    ]
    assert_array_equal(*scores)


class _Subclass(SVC):
    """To which the shortcut does not apply."""


def test_splits_as_masks():
    X, y, trial = labelled()
    masks = [(trial % 3 != k, trial % 3 == k) for k in range(3)]
    indices = [(np.flatnonzero(a), np.flatnonzero(b)) for a, b in masks]
    scores = [
        AugmentedCovarianceSearchCV(None, ORDERS, LAGS, cv=cv)
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for cv in (masks, indices)
    ]
    assert_array_equal(*scores)


def test_flat_channel_has_no_correlation():
    X, y, trial = labelled()
    X[5, 2] = 1.0
    search = AugmentedCovarianceSearchCV(orders=(1, 2), estimator="corr", cv=3)
    with pytest.raises(ValueError, match="Channel 2 of window 5 is flat"):
        search.fit(X, y, groups=trial)


def test_orders_from_an_array():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(orders=np.array([1]), lags=np.array([1]), cv=3)
    best = search.fit(X, y, groups=trial).best_params_
    assert type(best["order"]) is type(best["lag"]) is int


def test_epochs():
    X, y, trial = labelled()
    info = mne.create_info(["Fz", "Cz", "Pz", "Oz"], 128, "eeg")
    epochs = mne.EpochsArray(X, info, verbose=False)
    search = AugmentedCovarianceSearchCV(orders=(2,), lags=(4,), cv=3)
    search.fit(epochs, y, groups=trial)
    assert list(search.channel_names_in_) == ["Fz", "Cz", "Pz", "Oz"]
    assert_array_equal(search.predict(epochs), clone(search).fit(X, y).predict(X))
    with pytest.raises(ValueError, match="same channels"):
        search.predict(epochs.copy().reorder_channels(["Cz", "Fz", "Pz", "Oz"]))


def test_methods_follow_the_final_estimator():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(LogisticRegression(), (1,), (1,), cv=3)
    assert hasattr(search, "predict_proba")
    search.fit(X, y, groups=trial)
    assert_allclose(search.predict_proba(X).sum(axis=1), 1)
    assert search.decision_function(X).shape == (48,)
    search = AugmentedCovarianceSearchCV(SVC(kernel="linear"), (1,), (1,), cv=3)
    assert not hasattr(search, "predict_proba")
    search.set_params(refit=False).fit(X, y, groups=trial)
    assert not hasattr(search, "predict")
    assert not hasattr(search, "best_estimator_")
    assert search.best_params_ == {"order": 1, "lag": 1}


def test_scoring_is_that_of_score():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(
        LogisticRegression(), (1,), (1,), cv=3, scoring="neg_log_loss"
    ).fit(X, y, groups=trial)
    assert search.score(X, y) < 0


@pytest.mark.parametrize(
    "params, error, message",
    [
        ({"orders": 3}, TypeError, "orders should be a sequence of integers, got 3"),
        ({"lags": "mdop"}, TypeError, "lags should be a sequence"),
        ({"orders": ()}, ValueError, "orders is empty"),
        ({"lags": (0,)}, ValueError, "lags == 0, must be >= 1"),
        ({"orders": (2.5,)}, TypeError, "orders must be an instance of"),
        ({"orders": (1, 4), "lags": (32,)}, ValueError, "order=4 and lag=32 need win"),
        ({"final_estimator": LinearRegression()}, TypeError, "should be a classifier"),
        ({"metric": "riemannian"}, ValueError, "Unknown metric 'riemannian'"),
        ({"search_metric": "no"}, ValueError, "Unknown metric 'no'"),
        ({"param_grid": {"c": [1]}}, ValueError, "Invalid parameter 'c'"),
        ({"scoring": ["accuracy"]}, TypeError, "a single score"),
        ({"estimator": "ledoit"}, ValueError, "Unknown covariance estimator"),
    ],
)
def test_bad_parameters(params, error, message):
    X, y, trial = labelled()
    with pytest.raises(error, match=message):
        AugmentedCovarianceSearchCV(**{"cv": 3} | params).fit(X, y, groups=trial)


def test_bad_groups():
    X, y, trial = labelled()
    search = AugmentedCovarianceSearchCV(orders=(1,), lags=(1,))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search.fit(X, y, groups=trial[:-1])
    with pytest.raises(ValueError, match="1d array"):
        search.fit(X, y, groups=np.stack([trial, trial], axis=1))


def test_singular_matrices_name_the_pair():
    X, y, trial = labelled()
    X -= X.mean(axis=1, keepdims=True)
    search = AugmentedCovarianceSearchCV(
        orders=(1, 2), lags=(4,), estimator="scm", cv=3
    )
    message = r"At order 1 and lag 1: Matrix 0 is not positive.*estimator='oas'"
    with pytest.raises(ValueError, match=message):
        search.fit(X, y, groups=trial)
    search.set_params(estimator="oas").fit(X, y, groups=trial)
