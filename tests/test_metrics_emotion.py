import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import confusion_matrix, make_scorer, top_k_accuracy_score
from sklearn.model_selection import KFold, cross_val_score

from eegemo.metrics import (
    concordance_ccc,
    concordance_scorer,
    information_transfer_rate,
    itr_score,
    seq2hr_score,
    seq2hr_scorer,
    tri_p_score,
    tri_p_scorer,
)

RATINGS = np.array([1, 2, 3, 4, 5])
PROBABILITIES = np.array(
    [
        [0.5, 0.3, 0.1, 0.1, 0.0],  # 1, 2
        [0.3, 0.5, 0.1, 0.1, 0.0],  # 2, 1
        [0.5, 0.1, 0.3, 0.1, 0.0],  # 1, 3: no neighbours
        [0.1, 0.1, 0.1, 0.4, 0.3],  # 4, 5
    ]
)


def random_ratings(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 6, n), rng.integers(1, 6, n), rng.dirichlet(np.ones(5), n)


# Concordance.


def test_ccc_by_hand():
    """Deviations -1, 0, 1 and -2, 0, 2; means 2 and 3: 2 * 4/3 / (2/3 + 8/3 + 1)."""
    assert_allclose(concordance_ccc([1, 2, 3], [1, 3, 5]), 8 / 13, rtol=1e-15)
    assert concordance_ccc([1, 2, 3], [1, 2, 3]) == 1
    assert concordance_ccc([1, 2, 3], [3, 2, 1]) == -1
    assert concordance_ccc([1, 2, 3], [2, 2, 2]) == 0
    assert concordance_ccc([2, 2], [2, 2]) == 1  # as R squared is
    assert concordance_ccc([2, 2], [3, 3]) == 0


def test_ccc_is_a_lowered_correlation():
    """Lin: Pearson's correlation, times 2 / (v + 1 / v + u**2)."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal(50)
    y = 0.5 * x + rng.standard_normal(50) + 0.3
    v, u = x.std() / y.std(), (x.mean() - y.mean()) / np.sqrt(x.std() * y.std())
    expected = np.corrcoef(x, y)[0, 1] * 2 / (v + 1 / v + u**2)
    assert_allclose(concordance_ccc(x, y), expected, rtol=1e-12)
    assert_allclose(concordance_ccc(y, x), expected, rtol=1e-12)
    assert_allclose(concordance_ccc(3 * x + 1e6, 3 * y + 1e6), expected, rtol=1e-8)


def test_ccc_in_cross_validation():
    X = np.random.default_rng(0).standard_normal((60, 2))
    y = X[:, 0] + 0.01 * X[:, 1] ** 2
    scores = cross_val_score(LinearRegression(), X, y, scoring=concordance_scorer)
    assert scores.min() > 0.99


# The two likeliest classes.


def test_seq2hr_by_hand():
    """Of the truths 2, 3, 3, 4: in {1, 2}; not in {1, 2}; {1, 3} is split; {4, 5}."""
    y = [2, 3, 3, 4]
    score = seq2hr_score(y, PROBABILITIES, labels=RATINGS)
    assert score == 0.5
    weighted = seq2hr_score(
        y, PROBABILITIES, labels=RATINGS, sample_weight=[1, 0, 1, 2]
    )
    assert weighted == 0.75
    assert seq2hr_score([1, 1, 2, 2], [[1, 0]] * 4) == 1


def test_seq2hr_is_bounded_by_the_accuracy_in_two():
    y, _, proba = random_ratings()
    score = seq2hr_score(y, proba)
    assert 0 < score < top_k_accuracy_score(y, proba, k=2)
    # chance is 4 / 25; five standard errors
    y, _, proba = random_ratings(10000)
    assert abs(seq2hr_score(y, proba) - 0.16) < 5 * np.sqrt(0.16 * 0.84 / 10000)


def test_seq2hr_takes_columns_in_any_order():
    y, _, proba = random_ratings()
    expected = seq2hr_score(y, proba)
    order = np.array([2, 0, 4, 1, 3])
    got = seq2hr_score(y, proba[:, order], labels=RATINGS[order])
    assert got == expected
    assert seq2hr_score(y.astype(float), proba, labels=RATINGS.astype(float)) == got


def test_seq2hr_neighbours_differ_by_one():
    """Ratings 2 and 4 are no neighbours, even if there is no 3."""
    proba = [[0.1, 0.5, 0.4, 0.0]]
    assert seq2hr_score([2], proba, labels=[1, 2, 4, 5]) == 0
    assert seq2hr_score([2], proba, labels=[1, 2, 3, 4]) == 1


def test_seq2hr_ties_go_to_the_lower_class():
    assert seq2hr_score([3], [[0.25] * 4], labels=[1, 2, 3, 4]) == 0
    assert seq2hr_score([3], [[0.25] * 4], labels=[4, 3, 2, 1]) == 0
    assert seq2hr_score([1], [[0.25] * 4], labels=[4, 3, 2, 1]) == 1


def test_seq2hr_scorer_when_a_fold_lacks_a_class():
    X = np.repeat(RATINGS, 10)[:, None] + 0.1 * np.random.default_rng(0).random((50, 1))
    y = np.repeat(RATINGS, 10)
    model = LogisticRegression(C=100.0, max_iter=1000)
    scores = cross_val_score(
        model, X, y, cv=KFold(10, shuffle=True, random_state=0), scoring=seq2hr_scorer
    )
    assert scores.shape == (10,) and scores.mean() > 0.9
    fitted = model.fit(X, y)
    expected = seq2hr_score(y, fitted.predict_proba(X))
    assert seq2hr_scorer(fitted, X, y) == expected
    weight = np.arange(50) % 3
    expected = seq2hr_score(y, fitted.predict_proba(X), sample_weight=weight)
    assert seq2hr_scorer(fitted, X, y, sample_weight=weight) == expected


@pytest.mark.parametrize(
    ("y", "proba", "labels", "message"),
    [
        (["low", "high"], [[0.5, 0.5]] * 2, None, "classes in order, as integers"),
        ([1.5, 2.0], [[0.5, 0.5]] * 2, None, "number them from low to high"),
        ([1, 2], [[0.5, 0.5]] * 2, ["low", "high"], "labels should be classes in"),
        ([1, 2], [[0.2, 0.3, 0.5]] * 2, None, r"classes \[1, 2\], got 3 columns"),
        ([1, 2], [[0.5, 0.5]] * 2, [1, 1], "two or more different"),
        ([1, 1], [[1.0], [1.0]], None, "two or more different"),
        ([1, 6], [[0.5, 0.5]] * 2, [1, 2], r"among the labels \[1, 2\]: \[6\]"),
        ([1, 2], [[0.5, np.nan]] * 2, None, "NaN"),
        ([1, 2], [0.5, 0.5], None, "2D array"),
        ([1, 2, 2], [[0.5, 0.5]] * 2, None, "inconsistent numbers of samples"),
    ],
)
def test_seq2hr_input(y, proba, labels, message):
    with pytest.raises(ValueError, match=message):
        seq2hr_score(y, proba, labels=labels)


# Three classes in a row.


def test_tri_p_by_hand():
    assert tri_p_score([1, 2, 3, 5], [1, 3, 1, 4]) == 0.75
    assert tri_p_score([1, 2, 3, 5], [1, 3, 1, 4], sample_weight=[1, 1, 2, 0]) == 0.5
    assert tri_p_score([-1, 0, 1], [1, 0, -1]) == 1 / 3
    unsigned = np.array([0, 255], np.uint8)
    assert tri_p_score(unsigned, unsigned[::-1]) == 0  # nor does 0 - 255 wrap around


def test_tri_p_is_a_share_of_the_confusion_matrix():
    y_true, y_pred, _ = random_ratings()
    table = confusion_matrix(y_true, y_pred)
    band = np.abs(np.subtract.outer(RATINGS, RATINGS)) <= 1
    assert_allclose(tri_p_score(y_true, y_pred), table[band].sum() / 200, rtol=1e-12)


def test_tri_p_in_cross_validation():
    X = np.repeat(RATINGS, 10)[:, None] * 1.0
    y = np.repeat(RATINGS, 10)
    scores = cross_val_score(LogisticRegression(), X, y, scoring=tri_p_scorer)
    assert scores.min() > 0.8


def test_tri_p_input():
    with pytest.raises(ValueError, match="y_pred should be classes in order"):
        tri_p_score([1, 2], ["1", "2"])
    with pytest.raises(ValueError, match="inconsistent"):
        tri_p_score([1, 2], [1, 2, 3])


# Information.


def test_information_by_hand():
    """Of two classes at 3/4: 1 + 0.75 log2(0.75) + 0.25 log2(0.25) bits a time."""
    bits = 1 + 0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)
    assert_allclose(information_transfer_rate(0.75, 2, 10), 6 * bits, rtol=1e-14)
    assert information_transfer_rate(1, 8, 1.5) == 120
    assert information_transfer_rate(0.25, 4, 1) == 0
    assert information_transfer_rate(0.0, 4, 1) == 0  # though wrong for sure
    assert information_transfer_rate(0.1, 4, 1) == 0


def test_information_of_many_accuracies():
    rates = information_transfer_rate(np.array([[0.2, 0.7], [0.9, 1]]), 40, 0.9)
    assert rates.shape == (2, 2) and (np.diff(rates.ravel()) > 0).all()
    assert rates[1, 0] == information_transfer_rate(0.9, 40, 0.9)


def test_information_of_labels():
    y_true, y_pred = ["a", "b", "c", "a"], ["a", "b", "a", "a"]
    expected = information_transfer_rate(0.75, 3, 2)
    assert itr_score(y_true, y_pred, seconds=2) == expected
    weighted = itr_score(y_true, y_pred, seconds=2, sample_weight=[0, 1, 1, 0])
    assert weighted == information_transfer_rate(0.5, 3, 2)
    scoring = make_scorer(itr_score, seconds=6.0, n_classes=5)
    X, y = np.repeat(RATINGS, 10)[:, None] * 1.0, np.repeat(RATINGS, 10)
    model = LogisticRegression(C=1e4, max_iter=5000).fit(X, y)
    assert_allclose(scoring(model, X[:10], y[:10]), 10 * np.log2(5), rtol=1e-12)


@pytest.mark.parametrize(
    ("accuracy", "n_classes", "seconds", "message"),
    [
        (1.1, 2, 1, "between 0 and 1"),
        ([0.5, np.nan], 2, 1, "between 0 and 1"),
        (0.5, 1, 1, "n_classes"),
        (0.5, 2, 0, "seconds"),
    ],
)
def test_information_input(accuracy, n_classes, seconds, message):
    with pytest.raises(ValueError, match=message):
        information_transfer_rate(accuracy, n_classes, seconds)


@pytest.mark.parametrize("weight", [[0, 0], [1, -1], [1, np.nan], [1], [[1, 1]]])
@pytest.mark.parametrize("score", [tri_p_score, concordance_ccc])
def test_weights(score, weight):
    with pytest.raises(ValueError):
        score([1, 2], [1, 2], sample_weight=weight)


@pytest.mark.parametrize("score", [tri_p_score, concordance_ccc])
def test_weights_are_repetitions(score):
    y_true, y_pred, _ = random_ratings()
    weight = np.random.default_rng(2).integers(0, 4, len(y_true))
    repeated = score(np.repeat(y_true, weight), np.repeat(y_pred, weight))
    weighted = score(y_true, y_pred, sample_weight=weight)
    assert_allclose(weighted, repeated, rtol=1e-12)


def test_more_classes_than_can_be_selected():
    with pytest.raises(ValueError, match="of 4 classes, and n_classes=2"):
        itr_score([0, 1, 2, 3], [0, 1, 2, 3], seconds=1, n_classes=2)
