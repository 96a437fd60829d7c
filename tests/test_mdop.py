"""The choice of order and lag by maximising derivatives on projection."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from eegemo._kernels.embedding import (
    beta_statistic,
    first_minimum,
)
from eegemo.covariance import AugmentedCovariances, _augmented
from eegemo.covariance._mdop import (
    choose_embedding,
    digitise,
    false_fraction,
    neighbours,
    select_delays,
    standardise,
    theiler_window,
)
from eegemo.riemann import MDM


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def smooth(*shape, seed=0):
    """Noise with a memory of a few samples, as EEG has."""
    return np.cumsum(noise(*shape, seed=seed), axis=-1) + noise(*shape, seed=seed + 1)


def lorenz(n, dt=0.03, seed=0):
    def flow(_, u):
        x, y, z = u
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    return trajectory(flow, [1, 1, 20 + seed], 20, n, dt)


def roessler(n, dt=0.15, seed=0):
    def flow(_, u):
        x, y, z = u
        return [-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)]

    return trajectory(flow, [1, seed, 0], 100, n, dt)


def trajectory(flow, start, transient, n, dt):
    t = transient + dt * np.arange(n)
    return solve_ivp(flow, (0, t[-1]), start, t_eval=t, rtol=1e-8, atol=1e-8).y


SERIES = {
    "noise": noise(3, 70),
    "smooth": smooth(3, 70),
    "quantised": np.round(2 * noise(3, 70)),
    "two values": np.sign(noise(3, 70)),
    "periodic": np.sin(2 * np.pi * (np.arange(70) + [[0], [1], [2]]) / 7),
    "spike": np.eye(3, 70),
    "offset": 1e6 + noise(3, 70),
}
every_series = pytest.mark.parametrize("X", SERIES.values(), ids=SERIES)


class TestKernels:
    @every_series
    @pytest.mark.parametrize("max_delay, n_bins", [(1, 2), (20, 3), (40, 2)])
    def test_first_minimum(self, X, max_delay, n_bins):
        """Exact on series without near ties of information, as these are."""
        for x in X:
            got = first_minimum(digitise(x, n_bins), max_delay, n_bins)
            assert got == reference.first_minimum(x, max_delay, n_bins)
            assert 1 <= got <= max_delay

    def test_first_minimum_of_a_flat_series(self):
        assert first_minimum(np.zeros(50, int), 20, 4) == 1

    def test_first_minimum_of_a_gaussian_process(self):
        """There the information is -log(1 - rho^2) / 2: least where rho is zero.

        Within a sample, for the correlation rho of 2e4 samples is known to 0.03, and
        changes by 0.15 a sample at the zero.
        """
        e = noise(20_000)
        x = np.zeros_like(e)
        for t in range(2, len(x)):
            x[t] = 2 * 0.97 * np.cos(0.16) * x[t - 1] - 0.97**2 * x[t - 2] + e[t]
        rho = np.array([x[:-50] @ x[d : len(x) - 50 + d] for d in range(20)])
        zero = int(np.argmin(abs(rho)))
        assert rho[0] > 0 > rho[-1]
        assert abs(first_minimum(digitise(x, 8), 50, 8) - zero) <= 1

    def test_first_minimum_that_does_not_come(self):
        x = np.arange(90.0)  # ever fewer pairs share a bin
        assert first_minimum(digitise(x, 3), 15, 3) == 15

    @every_series
    @pytest.mark.parametrize("n_dims", [1, 2, 3])
    @pytest.mark.parametrize("theiler", [0, 1, 30])
    def test_nearest_neighbours(self, X, n_dims, theiler):
        Y = standardise(X)[:n_dims]
        index, distance = neighbours(Y, theiler)
        expected = reference.nearest_neighbours(Y, theiler)
        assert_array_equal(index, expected[0])
        assert_allclose(distance, expected[1], rtol=1e-14)  # sums of squares, rounded
        assert (abs(index - np.arange(70)) > theiler).all()

    @every_series
    @pytest.mark.parametrize(
        "n_points, max_delay", [(50, 20), (48, 0), (49, 3), (1, 9)]
    )
    def test_beta_statistic(self, X, n_points, max_delay):
        S = standardise(X)
        index = np.arange(n_points)[::-1].copy()
        distance = np.linspace(1e-6, 5, n_points)
        step = np.array([1e-6, 1e-3, 0.1])
        assert_allclose(
            beta_statistic(S, index, distance, step, max_delay),
            reference.beta_statistic(S, index, distance, step, max_delay),
            rtol=1e-12,  # rounding of 1e2 logarithms, and of 48 factors in each
            atol=1e-12,
        )

    def test_beta_of_extremes(self):
        """Products neither underflow nor overflow."""
        S = np.zeros((1, 300))
        index = np.arange(200)[::-1].copy()
        least = beta_statistic(S, index, np.ones(200), np.array([2.0**-20]), 5)
        assert_allclose(least, -20 * np.log10(2))
        S[0, ::2] = 60
        index = np.arange(200) + 1
        most = beta_statistic(S, index, np.ones(200), np.array([1e-6]), 5)
        assert_allclose(most, np.log10(60))

    def test_beta_of_a_known_derivative(self):
        """A future twice as steep as the present has a derivative of 2."""
        y = noise(60)
        S = np.stack([y, 2 * y])
        index, distance = neighbours(S[:1], 3)
        beta = beta_statistic(S, index, distance, np.full(2, 1e-9), 0)
        assert_allclose(beta[:, 0], [0, np.log10(2)], atol=1e-12)


def test_false_fraction():
    distance = np.array([0.1, 0.1, 0.1, 0.49, 0.5, 3.0])
    gap = np.array([0.17, 0.18, -0.18, 0.1, 9.0, 9.0])  # the root of 3 is 1.73
    assert false_fraction(distance, gap) == 0.5
    assert reference.false_fraction(distance, gap) == 0.5


def test_false_fraction_of_distant_neighbours():
    assert false_fraction(np.array([0.6, 0.7]), np.array([9.0, 9.0])) == 0


class TestSelection:
    @pytest.mark.parametrize("name", ["noise", "smooth", "quantised", "offset"])
    @pytest.mark.parametrize("n_channels", [1, 3])
    @pytest.mark.parametrize("max_order, max_delay", [(10, 6), (2, 1), (10, 50)])
    def test_reference(self, name, n_channels, max_order, max_delay):
        window = SERIES[name][:n_channels, :60]
        got = select_delays(window, max_order, max_delay)
        assert got == reference.select_delays(window, max_order, max_delay)
        delays, channels = got
        assert delays[0] == 0 and len(delays) == len(channels) <= max_order
        assert max(delays) <= min(max_delay, 30) and max(channels) < n_channels

    def test_gain_and_offset_of_the_channels(self):
        """The selection is the same: also in volts, far from zero, and in integers."""
        window = smooth(3, 80)
        expected = select_delays(window, 10, 10)
        assert len(expected[0]) > 2
        gain = np.array([[1e-6], [3.7], [1e5]])
        assert select_delays(gain * window, 10, 10) == expected
        assert select_delays(window + [[100], [-1e4], [0]], 10, 10) == expected
        assert select_delays(1e-200 * window, 10, 10) == expected

    def test_order_of_the_channels(self):
        window = smooth(4, 80)
        delays, channels = select_delays(window, 10, 10)
        order = [2, 0, 3, 1]
        permuted = select_delays(window[order], 10, 10)
        assert permuted == (delays, [order.index(c) for c in channels])

    def test_flat_channels_are_left_out(self):
        window = smooth(4, 80)
        window[[0, 2]] = 7.0
        delays, channels = select_delays(window, 10, 10)
        without, among = select_delays(window[[1, 3]], 10, 10)
        assert delays == without and channels == [[1, 3][c] for c in among]
        assert select_delays(np.ones((2, 80)), 10, 10) == ([], [])

    def test_copies_of_a_channel_add_nothing(self):
        window = smooth(1, 80)
        delays, _ = select_delays(np.repeat(window, 3, axis=0), 10, 10)
        assert delays == select_delays(window, 10, 10)[0]

    @pytest.mark.parametrize("n_times", [16, 17, 20, 33])
    @pytest.mark.parametrize("slow", [False, True])
    def test_short_windows(self, n_times, slow):
        """Also a ramp, whose Theiler window would leave no neighbours."""
        window = np.arange(2.0 * n_times).reshape(2, -1) if slow else noise(2, n_times)
        delays, _ = select_delays(window, 10, 50)
        assert 1 <= len(delays) <= 10 and max(delays) <= n_times // 2


class TestKnownSystems:
    """Dimension and delays of systems whose embedding is in the literature.

    Both flows live in three dimensions, on attractors of dimension little over two: by
    false neighbours, three coordinates unfold them. Windows are short and end within
    the tolerance of 5 %, so one more or less is let pass; the median is three. The
    first minimum of mutual information lies near 0.17 time units for Lorenz's x, and
    near a quarter of the period of 5.9 for Roessler's.
    """

    @pytest.mark.parametrize(
        "flow, n, dt", [(lorenz, 500, 0.03), (roessler, 400, 0.15)]
    )
    def test_one_coordinate(self, flow, n, dt):
        orders = []
        for seed in range(3):
            delays, _ = select_delays(flow(n, dt, seed)[:1], 10, 10)
            orders.append(len(delays))
            assert len(set(delays)) == len(delays)  # no coordinate twice
        assert min(orders) >= 2 and max(orders) <= 4 and np.median(orders) == 3

    @pytest.mark.parametrize(
        "flow, n, dt", [(lorenz, 500, 0.03), (roessler, 400, 0.15)]
    )
    def test_all_coordinates(self, flow, n, dt):
        delays, channels = select_delays(flow(n, dt), 10, 10)
        assert 3 <= len(delays) <= 4
        assert len(set(channels)) >= 2

    def test_theiler_window(self):
        lorenz_x = standardise(lorenz(1000, 0.02)[:1])
        assert 0.13 <= 0.02 * theiler_window(lorenz_x) <= 0.23
        roessler_x = standardise(roessler(1000, 0.15)[:1])
        assert 1.0 <= 0.15 * theiler_window(roessler_x) <= 1.8

    @pytest.mark.parametrize("rate", [5, 6])
    def test_sine(self, rate):
        """Two dimensions, a quarter of the period apart: there the ellipse is a circle.

        Around it the statistic is flat, so a window is let pass where the ellipse is
        half as wide as long; the mean over phases is within a sample. The lag is the
        mean with the delay of zero, so an eighth of the period.
        """
        phase = np.arange(8) * np.pi / 4
        X = np.sin(np.arange(300) / rate + phase[:, None, None])
        order, lag, delays = choose_embedding(X, 10, 3 * rate)
        assert order == 2 and {len(d) for d in delays} == {2}
        second = np.array(delays)[:, 1]
        assert (np.sin(second / rate) > 0.8).all()
        assert second.mean() == pytest.approx(rate * np.pi / 2, abs=1)
        assert lag == pytest.approx(rate * np.pi / 4, abs=1)

    def test_sine_of_a_whole_number_of_samples(self):
        """Its states are as many as the samples of a period, and each has its value."""
        x = np.sin(2 * np.pi * np.arange(200) / 20 + 0.1)
        assert select_delays(x[None], 10, 15) == ([0], [0])

    def test_noise_has_no_order(self):
        """The order of an autoregressive process is not found: know what you choose.

        Without an attractor to unfold, neighbours stay false until all are far, which
        more samples put off. Delays spread over what is allowed, so that the lag is
        about half of it.
        """
        e = noise(6, 1, 400)
        X = np.zeros_like(e)
        for t in range(1, 400):
            X[:, :, t] = 0.9 * X[:, :, t - 1] + e[:, :, t]
        few, many = X[:, :, 100:180], X[:, :, 100:]
        for max_delay in (4, 12):
            order, lag, _ = choose_embedding(few, 10, max_delay)
            assert order > 2
            assert lag == pytest.approx(max_delay / 2, abs=2)
        few_delays = choose_embedding(few, 10, 4)[2]
        many_delays = choose_embedding(many, 10, 4)[2]
        assert sum(map(len, many_delays)) > sum(map(len, few_delays))


class TestChoice:
    def test_is_the_mean(self):
        X = smooth(9, 2, 80)
        order, lag, delays = choose_embedding(X, 10, 10)
        assert delays == [select_delays(x, 10, 10)[0] for x in X]
        assert order == round(np.mean([len(d) for d in delays]))
        assert lag == round(np.mean([round(sum(d) / len(d)) for d in delays]))

    def test_order_of_the_windows(self):
        X = smooth(9, 2, 60)
        order, lag, delays = choose_embedding(X, 10, 10)
        assert len({tuple(d) for d in delays}) > 1
        assert choose_embedding(X[::-1], 10, 10) == (order, lag, delays[::-1])

    def test_sixty_four_windows_are_looked_at(self, monkeypatch):
        seen = []
        module = "eegemo.covariance._mdop.select_delays"
        monkeypatch.setattr(
            module, lambda w, *_: (seen.append(w[0, 0]) or [0, 3], None)
        )
        X = np.broadcast_to(np.arange(200.0)[:, None, None], (200, 1, 16))
        assert choose_embedding(X)[:2] == (2, 2)  # of 1.5, the even neighbour
        assert len(seen) == len(set(seen)) == 64
        assert seen[0] == 0 and seen[-1] == 199 and set(np.diff(seen)) <= {3, 4}

    def test_flat_windows_do_not_count(self):
        X = smooth(4, 2, 80)
        expected = choose_embedding(X, 10, 10)
        X = np.concatenate([np.ones((2, 2, 80)), X])
        order, lag, delays = choose_embedding(X, 10, 10)
        assert (order, lag) == expected[:2] and delays == [[], [], *expected[2]]
        with pytest.raises(ValueError, match="is flat.*give order and lag as integers"):
            choose_embedding(np.ones((2, 2, 80)))

    def test_lag_is_at_least_one(self):
        """Where the delays are all zero: the coordinates are channels as they are."""
        X = noise(2, 3, 60)
        X[:, 1, 1:] = X[:, 0, :-1]
        X[:, 2, 1:] = X[:, 0, :-1] ** 2
        assert choose_embedding(X, 1, 10)[:2] == (1, 1)


class TestEstimator:
    X = smooth(6, 2, 64)

    def chosen(self, order="mdop", lag="mdop", X=X, max_order=10, max_delay=8):
        fitted = AugmentedCovariances(
            order, lag, max_order=max_order, max_delay=max_delay
        ).fit(X)
        C = fitted.transform(X)
        again = AugmentedCovariances(fitted.order_, fitted.lag_).transform(X)
        assert_array_equal(C, again)
        return fitted.order_, fitted.lag_

    def test_both(self):
        order, lag, _ = choose_embedding(self.X, 10, 8)
        assert order > 2 and lag > 1
        assert self.chosen() == (order, lag)

    def test_one(self):
        order, lag, _ = choose_embedding(self.X, 10, 8)
        assert self.chosen(order=2) == (2, lag)
        assert self.chosen(lag=2) == (order, 2)

    def test_at_least_half_a_window_is_kept(self):
        assert self.chosen(lag=30) == (2, 30)
        assert self.chosen(lag=33) == (1, 33)
        assert self.chosen(order=17) == (17, 2)
        assert self.chosen(order=40) == (40, 1)
        X = noise(3, 2, 160)
        order, lag, _ = choose_embedding(X, 10, 80)
        assert (order - 1) * lag > 80
        assert self.chosen(X=X, max_delay=80) == (80 // lag + 1, lag)

    def test_impossible_order(self):
        with pytest.raises(ValueError, match="order=64 and lag=1 need windows of at"):
            self.chosen(order=64)

    def test_max_order(self):
        assert self.chosen(max_order=2)[0] == 2
        assert self.chosen(max_order=1)[0] == 1

    def test_integers_are_kept(self):
        fitted = AugmentedCovariances(3, 2).fit(self.X)
        assert (fitted.order_, fitted.lag_) == (3, 2)

    def test_names(self):
        fitted = AugmentedCovariances("mdop", 3, max_order=2).fit(self.X)
        names = fitted.get_feature_names_out(["a", "b"])
        assert list(names) == ["a", "b", "a+3", "b+3"]

    @pytest.mark.parametrize("order, lag", [("mdop", 1), (2, "mdop")])
    def test_not_fitted(self, order, lag):
        with pytest.raises(NotFittedError):
            AugmentedCovariances(order, lag).transform(self.X)

    def test_transform_needs_long_enough_windows(self):
        fitted = AugmentedCovariances("mdop", 20, max_order=2, max_delay=8).fit(self.X)
        assert fitted.transform(self.X[:, :, :22]).shape == (6, 4, 4)
        with pytest.raises(ValueError, match="order=2 and lag=20 need windows of at"):
            fitted.transform(self.X[:, :, :21])

    def test_short_windows(self):
        with pytest.raises(ValueError, match="at least 16 samples per window, got 15"):
            AugmentedCovariances("mdop").fit(self.X[:, :, :15])
        assert AugmentedCovariances("mdop", "mdop").fit(self.X[:, :, :16]).order_ >= 1

    def test_flat_windows(self):
        with pytest.raises(ValueError, match="is flat"):
            AugmentedCovariances("mdop").fit(np.ones_like(self.X))

    @pytest.mark.parametrize("name", ["order", "lag", "max_order", "max_delay"])
    def test_bad_parameters(self, name):
        options = {"order": "mdop", "lag": "mdop"}
        with pytest.raises(ValueError, match=f"{name} == 0, must be >= 1"):
            AugmentedCovariances(**options | {name: 0}).fit(self.X)
        with pytest.raises(TypeError, match=f"{name} must be an instance of int"):
            AugmentedCovariances(**options | {name: 1.5}).fit(self.X)

    @pytest.mark.parametrize("name", ["order", "lag"])
    def test_unknown_method(self, name):
        with pytest.raises(
            ValueError, match=f"{name} should be an integer or 'mdop', g"
        ):
            AugmentedCovariances(**{name: "fnn"}).fit(self.X)

    def test_transform_changes_nothing(self):
        fitted = AugmentedCovariances("mdop", "mdop", max_delay=8).fit(self.X)
        before = fitted.order_, fitted.lag_
        shape = fitted.transform(self.X).shape[1:]
        assert fitted.transform(noise(3, 2, 64, seed=5)).shape[1:] == shape
        assert (fitted.order_, fitted.lag_) == before

    def test_only_training_windows_are_seen(self, monkeypatch):
        """In cross-validation, each choice is made of that fold's training windows."""
        seen = []

        def spy(X, *args):
            seen.append(X.copy())
            return choose_embedding(X, *args)

        monkeypatch.setattr(_augmented, "choose_embedding", spy)
        X, y = smooth(8, 2, 64), np.arange(8) % 2
        pipeline = make_pipeline(
            AugmentedCovariances("mdop", "mdop", max_delay=8), MDM()
        )
        cv = KFold(4)
        cross_val_score(pipeline, X, y, cv=cv, error_score="raise")
        assert len(seen) == 4
        for got, (train, _) in zip(seen, cv.split(X), strict=True):
            assert_array_equal(got, X[train])
