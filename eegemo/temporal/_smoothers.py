"""Smoothers of feature sequences."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_scalar

from .._kernels.smoothing import (
    learn_lds,
    moving_average,
    smooth_lds,
    smooth_learned,
)
from ._sequences import SequenceSmoother


class LDSSmoother(SequenceSmoother):
    r"""Smooth features over the windows of a trial, as a linear dynamical system [1]_.

    Each feature is a random walk seen through noise,

    .. math:: z_t = z_{t-1} + \mathcal{N}(0, Q), \quad x_t = z_t + \mathcal{N}(0, R),

    and is replaced by the mean of :math:`z_t` given the data of its trial: those up to
    t (Kalman filter), or all of them (Rauch-Tung-Striebel smoother). Stateless:
    ``transform`` needs no ``fit``, and no trial has a part in another.

    Smoothed windows of a trial resemble each other the more, so a split that parts
    them leaks the more: split by trials, or use :class:`TrialClassifier`.

    Parameters
    ----------
    process_noise : float, default=1e-4
        Q, in the squared unit of the features, per step. Only its ratio to
        ``observation_noise`` and that of ``initial_variance`` matter: the filter
        remembers about :math:`\sqrt{R / Q}` steps, by default 100.
    observation_noise : float, default=1.0
        R.
    initial_variance : float, default=0.01
        Variance of :math:`z_0` before any data.
    initial_mean : {"trial", "first"}, default="trial"
        Mean of :math:`z_0`: the mean of the whole trial, as usual in the literature, or
        its first window.
    backward : bool, default=False
        Use what comes later in the trial too.
    em_iterations : int, default=0
        How often to improve Q, R, the mean and the variance of :math:`z_0` by
        expectation maximisation, for each feature of each trial, starting from the
        values above. This takes trials of many windows.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in ``fit``.

    See Also
    --------
    MovingAverageSmoother : Simpler.

    Notes
    -----
    Causal, so that a window never depends on later ones, is
    ``initial_mean="first", backward=False, em_iterations=0``, and nothing else: all
    other settings need a trial to have ended.

    References
    ----------
    .. [1] L.-C. Shi and B.-L. Lu, "Off-line and on-line vigilance estimation based on
       linear dynamical system and manifold learning", IEEE EMBC, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.temporal import LDSSmoother
    >>> X = np.random.default_rng(0).standard_normal((15, 200, 310))
    >>> smoother = LDSSmoother(process_noise=0.01, initial_mean="first")
    >>> smoother.fit_transform(X).shape
    (15, 200, 310)

    The same of rows:

    >>> trial = np.repeat(np.arange(15), 200)
    >>> smoother.transform(X.reshape(3000, 310), trial=trial).shape
    (3000, 310)
    """

    def __init__(
        self,
        process_noise=1e-4,
        observation_noise=1.0,
        initial_variance=0.01,
        initial_mean="trial",
        backward=False,
        em_iterations=0,
    ):
        self.process_noise = process_noise
        self.observation_noise = observation_noise
        self.initial_variance = initial_variance
        self.initial_mean = initial_mean
        self.backward = backward
        self.em_iterations = em_iterations

    def _check_parameters(self):
        for name in ("process_noise", "observation_noise", "initial_variance"):
            value = getattr(self, name)
            check_scalar(value, name, Real, min_val=0, include_boundaries="neither")
            if not np.isfinite(value):
                raise ValueError(f"{name} should be finite, got {value}.")
        if self.initial_mean not in ("trial", "first"):
            raise ValueError(
                f"initial_mean should be 'trial' or 'first', got {self.initial_mean!r}."
            )
        check_scalar(self.em_iterations, "em_iterations", Integral, min_val=0)

    def _smooth(self, rows, bounds):
        noise = [self.process_noise, self.observation_noise, self.initial_variance]
        prior = [*map(float, noise), self.initial_mean == "trial"]
        backward = bool(self.backward)
        if self.em_iterations == 0:
            return smooth_lds(rows, bounds, *prior, backward)
        parameters = learn_lds(rows, bounds, *prior, int(self.em_iterations))
        return smooth_learned(rows, bounds, parameters, backward)


class MovingAverageSmoother(SequenceSmoother):
    """Smooth features by the mean of neighbouring windows of the trial.

    Near the start of a trial, and when not causal near its end, the mean is that of
    the neighbours that exist. Stateless: ``transform`` needs no ``fit``, and no trial
    has a part in another.

    Parameters
    ----------
    width : int, default=5
        Number of windows in a mean.
    causal : bool, default=True
        The last ``width`` windows; else as many before as after, of an odd width.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in ``fit``.

    See Also
    --------
    LDSSmoother : Weights that fade with distance.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.temporal import MovingAverageSmoother
    >>> X = np.arange(6.0).reshape(1, 6, 1)
    >>> MovingAverageSmoother(width=3).fit_transform(X).ravel()
    array([0. , 0.5, 1. , 2. , 3. , 4. ])
    >>> MovingAverageSmoother(width=3, causal=False).fit_transform(X).ravel()
    array([0.5, 1. , 2. , 3. , 4. , 4.5])
    """

    def __init__(self, width=5, causal=True):
        self.width = width
        self.causal = causal

    def _check_parameters(self):
        check_scalar(self.width, "width", Integral, min_val=1)
        if not self.causal and self.width % 2 == 0:
            raise ValueError(
                f"width={self.width} has no middle: with causal=False give an odd one."
            )

    def _smooth(self, rows, bounds):
        before = self.width - 1 if self.causal else self.width // 2
        after = 0 if self.causal else self.width // 2
        return moving_average(rows, bounds, int(before), int(after))
