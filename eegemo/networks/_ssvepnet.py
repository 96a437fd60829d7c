"""SSVEPNet."""

from numbers import Integral

from sklearn.utils import check_scalar

from .._sfreq import resolve_sfreq
from ._convolution import Convolution, Pointwise
from ._dense import Flatten, Linear
from ._kinds import WindowNetwork
from ._layer import Sequential, arrays
from ._pointwise import Dropout, ReLU
from ._subbands import Subbands

_HIGH = 90.0  # Hz
_STEP = 8.0  # Hz; sub-bands begin at its multiples
_SPREAD = 0.01  # of the first weights


class SSVEPNet(WindowNetwork):
    """Network of sub-bands, for steady-state visually evoked potentials [1]_.

    A weighted sum of sub-bands, 120 filters over channels, 120 over pairs of samples,
    which halve their number, ReLU, 120 over 10 samples, and a linear layer, with
    dropout: 414283 weights for 40 classes of 9 channels and 0.4 s at 250 Hz.

    For the paper's second stage, in which it is fine-tuned to each subject, see
    :class:`GlobalThenSubject`.

    Parameters
    ----------
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    n_subbands : int, default=3
        Number of bands. They begin at 8, 16, 24, ... Hz and end at 90 Hz, or at nine
        tenths of the Nyquist frequency where that is less.
    n_filters : int, default=120
        Number of filters over channels, over pairs of samples, and over 10 samples.
    dropout : float, default=0.1
        Share of the first and second filters' outputs that are set to zero in training;
        the paper's second stage has 0.6.
    last_dropout : float, default=0.95
        Share of the last filters' outputs.
    max_epochs : int, default=1000
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=100
        Windows in a step, at most: batches are of nearly equal size.
    learning_rate : float, default=1e-4
        Step size of the optimiser, where ``schedule`` begins.
    optimizer : {"adam", "adamw"}, default="adam"
        AdamW decays the weights apart from the gradients.
    weight_decay : float, default=1e-3
        Of all weights.
    schedule : {"constant", "cosine"} or dict, default="constant"
        Course of the learning rate: a cosine down to a thousandth of it, or a dict of
        epochs, counted from 0, and the learning rate from each on.
    label_smoothing : float or "ordinal", default=0.0
        Share of each label that is spread evenly over the classes, or a Gaussian of
        width 0.5 around it, for classes in order.
    class_weight : dict or "balanced", default=None
        Factors of the loss by class; "balanced" is the inverse of its frequency.
    early_stopping : bool, default=False
        Whether to end when the loss of windows apart no longer falls, with the weights
        of its minimum. Give ``fit`` the groups.
    validation_fraction : float, default=0.1
        Share of the windows kept apart for that.
    patience : int, default=20
        Epochs without a lower loss before the end.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one.
    random_state : int or RandomState, default=None
        Of first weights, order of the windows, dropout and validation split.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    input_scale_ : float
        Root mean square of the training windows, their channels centred.
    loss_curve_, validation_curve_ : list of float
        Mean loss of the training and validation windows, for each epoch.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of trained weights.
    n_features_in_ : int
        Number of channels.

    Notes
    -----
    Unlike in the paper, the channels of each window are centred and divided by
    ``input_scale_``, so that offsets and units do not matter; weight decay is of
    biases, too; and at 180 Hz or less, at which windows have no 90 Hz, bands end lower.
    The sub-bands are filtered in here, forwards and backwards, each window by itself,
    as in the paper.

    References
    ----------
    .. [1] O. B. Guney, M. Oblokulov and H. Ozkan, "A deep neural network for
       SSVEP-based brain-computer interfaces", IEEE Transactions on Biomedical
       Engineering 69(2), 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import SSVEPNet
    >>> times = np.arange(64) / 250
    >>> X = np.random.default_rng(0).standard_normal((32, 2, 64))
    >>> y = np.array([10, 15] * 16)
    >>> X += 2 * np.sin(2 * np.pi * y[:, None, None] * times)
    >>> network = SSVEPNet(250, max_epochs=5, learning_rate=0.003, random_state=0)
    >>> network.fit(X, y).predict(X[:2])
    array([10, 15])
    """

    def __init__(
        self,
        sfreq=None,
        n_subbands=3,
        n_filters=120,
        dropout=0.1,
        last_dropout=0.95,
        *,
        max_epochs=1000,
        batch_size=100,
        learning_rate=1e-4,
        optimizer="adam",
        weight_decay=1e-3,
        schedule="constant",
        label_smoothing=0.0,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        patience=20,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.sfreq = sfreq
        self.n_subbands = n_subbands
        self.n_filters = n_filters
        self.dropout = dropout
        self.last_dropout = last_dropout
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _rate(self):
        return getattr(self, "sfreq_in_", None) if self.sfreq is None else self.sfreq

    def _check(self, X, y, *, reset):
        checked = super()._check(X, y, reset=reset)
        resolve_sfreq(X, self.sfreq if reset else self._rate)
        return checked

    def _check_again(self, X):
        checked = super()._check_again(X)
        resolve_sfreq(X, self._rate)
        return checked

    def _network(self, shape, n_classes):
        self._check_sizes("n_filters")
        return _Narrow(
            subbands=Subbands(subband_edges(self.n_subbands, self._rate), self._rate),
            spatial=Pointwise(self.n_filters, bias=True),
            dropout1=Dropout(self.dropout),
            pairs=Convolution(self.n_filters, 2, stride=2),
            dropout2=Dropout(self.dropout),
            relu=ReLU(),
            temporal=Convolution(self.n_filters, 10, padding="same"),
            dropout3=Dropout(self.last_dropout),
            flatten=Flatten(),
            output=Linear(n_classes),
        )


class _Narrow(Sequential):
    """Layers whose first weights are close to zero, but for those of the sub-bands."""

    def build(self, shape, rng):
        """Draw from a normal distribution; biases are zero."""
        shape = super().build(shape, rng)
        for name, weight in arrays(self, "weights").items():
            if name.endswith("bias"):
                weight[...] = 0
            elif not name.startswith("subbands"):
                weight[...] = rng.normal(0, _SPREAD, weight.shape)
        return shape


def subband_edges(n_subbands, sfreq):
    """Return the edges of the sub-bands in Hz.

    Parameters
    ----------
    n_subbands : int
    sfreq : float

    Returns
    -------
    edges : list of (low, high)

    Raises
    ------
    ValueError
        The last band would begin where all end.
    """
    check_scalar(n_subbands, "n_subbands", Integral, min_val=1)
    high = min(_HIGH, 0.45 * sfreq)
    if _STEP * n_subbands >= high:
        raise ValueError(
            f"Sub-band {n_subbands} would be from {_STEP * n_subbands:g} to {high:g} "
            f"Hz at sfreq={sfreq:g}: lower n_subbands, or give a higher sampling rate."
        )
    return [(_STEP * (i + 1), high) for i in range(n_subbands)]
