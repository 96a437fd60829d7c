"""HiSTN."""

from numbers import Integral

from sklearn.utils import check_scalar

from ..montage import neighbours, regions
from ._convolution import DepthwiseConvolution
from ._dense import Linear
from ._kinds import WindowNetwork
from ._layer import Sequential
from ._levels import Levels, SqueezedFilters
from ._normalized_elu import NormalizedELU
from ._pointwise import Dropout
from ._pooling import MeanPool

_N_TAPS = 5
_FEWEST_SAMPLES = 6  # of which five taps and a mean over two leave one


class HiSTN(WindowNetwork):
    """Hierarchical spatial-temporal network of electrodes, regions and the head [1]_.

    One filter over time for each electrode, made of a few that all share; short
    filters; mean of two samples. Then electrodes of a region exchange signals along the
    edges between neighbours; regions, as weighted means of their electrodes, along a
    ring; and the head is a weighted mean of the regions. The means over time of all
    three levels go to a linear layer. Some 1,200 weights.

    Parameters
    ----------
    channels : sequence of str, default=None
        Names of the channels in the 10-20 system or its extensions, if X is an array;
        :class:`mne.Epochs` bring their own. See :func:`eegemo.montage.regions` and
        :func:`eegemo.montage.neighbours` for what is made of them.
    n_filters : int, default=8
        Number of shared filters over time.
    filter_length : int, default=64
        Samples of each; the paper's is half a second at 128 Hz.
    order : int, default=2
        How many edges a signal may go: the degree of the Chebyshev polynomials.
    dropout : float, default=0.5
        Share set to zero in training, of the signals of electrodes, and of the means.
    max_epochs : int, default=50
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=256
        Windows in a step, at most: batches are of nearly equal size.
    learning_rate : float, default=1e-3
        Step size of the optimiser, where ``schedule`` begins.
    optimizer : {"adam", "adamw"}, default="adam"
        AdamW decays the weights apart from the gradients.
    weight_decay : float, default=0.0
        Of all weights.
    schedule : {"constant", "cosine"} or dict, default="constant"
        Course of the learning rate: a cosine down to a thousandth of it, or a dict of
        epochs, counted from 0, and the learning rate from each on.
    label_smoothing : float or "ordinal", default="ordinal"
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
    regions_ : dict of str to list of str
        Channels of each region.
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
    On the 14 channels of DREAMER, windows of 128 samples and five classes it is the
    network of the paper, with 1,181 weights, and 1,265 numbers with the statistics of
    batch normalisation.

    Unlike in the paper, the channels of each window are centred and divided by
    ``input_scale_``, one number of the training windows; there, each channel is divided
    by its maximum over the whole trial, which tells of the test samples. Windows are
    taken as they are, not cropped at random from trials and balanced by class: give
    ``class_weight="balanced"``. The learning rate is constant; the paper's is
    ``schedule={30: 5e-4}``. The paper takes the epoch of the least loss on other
    seconds of the same trials; ``early_stopping`` keeps whole groups apart. Statistics
    of batch normalisation follow new batches with a weight of 0.1. At most 1 is the
    norm of the weights that mix the shared filters of an electrode, of its short
    filter, and of those that mix electrodes.

    The default ``label_smoothing`` takes sorted classes to be in order, as ratings are;
    of classes without order, set it to a number.

    References
    ----------
    .. [1] D. Kuang, X. Song and C. Michoski, "Emotion classification from
       multi-channel EEG signals using HiSTN: a hierarchical graph-based
       spatial-temporal approach", arXiv:2408.15255, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import HiSTN
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 64))
    >>> y = np.tile([1, 5], 16)
    >>> X[1::2, 0] *= 3
    >>> network = HiSTN(
    ...     ["AF3", "T7", "T8", "AF4"], filter_length=16, max_epochs=60, batch_size=16,
    ...     learning_rate=0.01, random_state=0,
    ... )
    >>> network.fit(X, y).predict(X[:2])
    array([1, 5])
    >>> network.regions_["left frontal"]
    ['AF3']
    """

    def __init__(
        self,
        channels=None,
        n_filters=8,
        filter_length=64,
        order=2,
        dropout=0.5,
        *,
        max_epochs=50,
        batch_size=256,
        learning_rate=1e-3,
        optimizer="adam",
        weight_decay=0.0,
        schedule="constant",
        label_smoothing="ordinal",
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        patience=20,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.channels = channels
        self.n_filters = n_filters
        self.filter_length = filter_length
        self.order = order
        self.dropout = dropout
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

    def _names(self, n_channels):
        """Names of the channels; raise ValueError unless they are known."""
        brought = getattr(self, "channel_names_in_", None)
        if self.channels is None and brought is None:
            raise ValueError(
                "HiSTN makes regions of electrodes from the names of the channels: fit "
                "it on mne.Epochs, or give channels=['AF3', 'F7', ...]."
            )
        names = list(brought if self.channels is None else self.channels)
        if brought is not None and names != list(brought):
            raise ValueError(
                f"channels={names}, but the Epochs have {list(brought)}: leave it to "
                "the Epochs."
            )
        if len(names) != n_channels:
            raise ValueError(
                f"channels should name all {n_channels} channels, got {len(names)} "
                "names."
            )
        return names

    def _network(self, shape, n_classes):
        if shape[1] < _FEWEST_SAMPLES:
            raise ValueError(
                f"HiSTN needs at least {_FEWEST_SAMPLES} samples per window, got "
                f"{shape[1]}: use longer windows."
            )
        self._check_sizes("n_filters", "filter_length")
        check_scalar(self.order, "order", Integral, min_val=0)
        names = self._names(shape[0])
        self.regions_ = regions(names)
        quarters = list(self.regions_.values())
        graphs = [
            (len(q), [(q.index(a), q.index(b)) for a, b in neighbours(q)])
            for q in quarters
        ]
        n = len(quarters)
        ring = [(i, (i + 1) % n) for i in range(n if n > 2 else n - 1)]
        return Sequential(
            filters=SqueezedFilters(
                self.n_filters,
                self.filter_length,
                [names.index(name) for q in quarters for name in q],
                max_norm=1.0,
            ),
            normalization=NormalizedELU(),
            taps=DepthwiseConvolution(_N_TAPS, max_norm=1.0),
            normalization_2=NormalizedELU(),
            pool=MeanPool(2),
            dropout=Dropout(self.dropout),
            levels=Levels(graphs, ring, self.order, _N_TAPS),
            dropout_2=Dropout(self.dropout),
            output=Linear(n_classes),
        )
