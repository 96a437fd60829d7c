"""ShallowConvNet."""

from ._dense import Flatten, Linear
from ._explain import LinearFiltersMixin
from ._kinds import WindowNetwork
from ._layer import Sequential
from ._pointwise import Dropout, Log
from ._power import MeanPower
from ._spectral import TemporalThenSpatial


class ShallowConvNet(LinearFiltersMixin, WindowNetwork):
    """Log power of learned spatial and temporal filters [1]_.

    Filters over time, filters over all of their outputs and channels, batch
    normalisation, square, mean over time, logarithm, dropout, and a linear layer. The
    first two make one linear filter, and are trained as such, in the frequency domain:
    the network is the same, and much faster.

    Parameters
    ----------
    n_filters : int, default=40
        Number of temporal filters, and of spatial ones.
    filter_length : int, default=25
        Samples of a temporal filter; the paper's is 100 ms at 250 Hz.
    pool_length, pool_stride : int, default=75, 15
        Samples of a mean, and from one to the next. Windows that are shorter, after
        filtering, have one mean.
    dropout : float, default=0.5
        Share of the log powers that are set to zero in training.
    max_epochs : int, default=100
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=64
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
    ``input_scale_``, so that offsets and units do not matter; training takes whole
    windows, no crops, and a fixed number of epochs; the temporal filters have no bias,
    which batch normalisation would remove.

    References
    ----------
    .. [1] R. T. Schirrmeister et al., "Deep learning with convolutional neural networks
       for EEG decoding and visualization", Human Brain Mapping 38, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import ShallowConvNet
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 128))
    >>> y = ["calm", "tense"] * 16
    >>> X[1::2, 0] *= 3
    >>> network = ShallowConvNet(8, max_epochs=20, random_state=0).fit(X, y)
    >>> network.predict(X[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(
        self,
        n_filters=40,
        filter_length=25,
        pool_length=75,
        pool_stride=15,
        dropout=0.5,
        *,
        max_epochs=100,
        batch_size=64,
        learning_rate=1e-3,
        optimizer="adam",
        weight_decay=0.0,
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
        self.n_filters = n_filters
        self.filter_length = filter_length
        self.pool_length = pool_length
        self.pool_stride = pool_stride
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

    def _network(self, shape, n_classes):
        self._check_sizes("n_filters", "filter_length", "pool_length", "pool_stride")
        self._check_length(shape, self.filter_length, "filter_length")
        length = min(self.pool_length, shape[1] - self.filter_length + 1)
        return Sequential(
            filters=TemporalThenSpatial(
                self.n_filters, self.filter_length, self.n_filters
            ),
            power=MeanPower(length, self.pool_stride),
            log=Log(),
            dropout=Dropout(self.dropout),
            flatten=Flatten(),
            output=Linear(n_classes),
        )

    def _linear_filters(self):
        return self.network_.layers["filters"].composite()
