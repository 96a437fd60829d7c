"""Every pair of metrics that estimators take, against pyRiemann's.

Means that are iterated end elsewhere, see test_means.py, and what is seen from them.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.classification import MDM as PyRiemannMDM
from pyriemann.geometry.distance import distance_functions
from pyriemann.geometry.tangentspace import log_map_functions
from pyriemann.tangentspace import TangentSpace as PyRiemannTangentSpace
from sklearn.exceptions import NotFittedError

from eegemo.riemann import MDM, TangentSpace
from eegemo.riemann._mean import MEANS

TOLERANCE = {"riemann": 1e-6, "wasserstein": 1e-6, "logdet": 1e-2}
WEIGHT = np.array([1.0, 3, 2, 1, 5, 1, 2, 2])

pytestmark = pytest.mark.filterwarnings("ignore:Convergence not reached")


def matrices(n=3, n_matrices=8):
    A = np.random.default_rng(n).standard_normal((n_matrices, n, 4 * n))
    A[::2, 0] *= 2
    return A @ A.swapaxes(1, 2) / (4 * n)


def labels(n_classes):
    return np.array(["c", "a", "b"])[np.arange(8) % n_classes]


# No weights with "thompson", which has none.
CASES = [(mean, np.ones(8)) for mean in sorted(MEANS)]
CASES += [(mean, WEIGHT) for mean in sorted(MEANS - {"thompson"})]
both = pytest.mark.parametrize("mean, weight", CASES)


@both
@pytest.mark.parametrize("n_classes", [2, 3])
def test_mdm(mean, weight, n_classes):
    C, y = matrices(), labels(n_classes)
    new, tolerance = matrices()[::-1] + 0.1 * np.eye(3), TOLERANCE.get(mean, 1e-9)
    for distance in distance_functions:
        metric = {"mean": mean, "distance": distance}
        ours = MDM(metric).fit(C, y, sample_weight=weight)
        theirs = PyRiemannMDM(metric).fit(C, y, sample_weight=weight)
        assert_array_equal(ours.classes_, theirs.classes_)
        expected = theirs.transform(new)
        assert_allclose(ours.transform(new), expected, rtol=tolerance, atol=1e-7)
        assert_array_equal(ours.predict(new), theirs.predict(new))


@both
@pytest.mark.parametrize("tsupdate", [False, True])
def test_tangent_space(mean, weight, tsupdate):
    C, tolerance = matrices(), TOLERANCE.get(mean, 1e-9)
    for tangent_map in log_map_functions:
        metric = {"mean": mean, "map": tangent_map}
        ours = TangentSpace(metric, tsupdate=tsupdate)
        theirs = PyRiemannTangentSpace(metric, tsupdate=tsupdate)
        ours.fit(C, sample_weight=weight)
        theirs.fit(C, sample_weight=weight)
        expected = theirs.transform(C[:5])
        vectors = ours.transform(C[:5])
        assert_allclose(vectors, expected, rtol=tolerance, atol=tolerance)
        if not tsupdate:
            assert_allclose(ours.inverse_transform(vectors), C[:5], atol=1e-9)


def test_fitted_anew():
    """Nothing is left of the size and classes before."""
    C, y = matrices(), labels(3)
    smaller = C[:, :-1, :-1]
    ts, mdm = TangentSpace().fit(C), MDM().fit(C, y)
    assert ts.fit(smaller).transform(smaller).shape == (8, 3)
    assert_array_equal(ts.reference_, TangentSpace().fit(smaller).reference_)
    mdm.fit(smaller, labels(2))
    assert mdm.transform(smaller).shape == (8, 2)
    assert_array_equal(mdm.covmeans_, MDM().fit(smaller, labels(2)).covmeans_)


def test_unfitted():
    """pyRiemann projects at the identity then; here nothing is projected unseen."""
    for estimator in (TangentSpace(), MDM()):
        with pytest.raises(NotFittedError):
            estimator.transform(matrices())
    with pytest.raises(NotFittedError):
        TangentSpace().inverse_transform(np.zeros((1, 6)))


def test_probabilities_sum_to_one():
    probabilities = MDM().fit(matrices(), labels(3)).predict_proba(matrices())
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
