"""EEGNet."""

from ._convolution import DepthwiseConvolution, Pointwise
from ._dense import Flatten, Linear
from ._explain import LinearFiltersMixin
from ._kinds import WindowNetwork
from ._layer import Sequential
from ._normalized_elu import NormalizedELU
from ._normalized_filters import NormalizedTemporalThenSpatial
from ._pointwise import Dropout
from ._pooling import MeanPool

_SPATIAL_NORM, _OUTPUT_NORM = 1.0, 0.25


class EEGNet(LinearFiltersMixin, WindowNetwork):
    """Temporal, spatial and separable convolutions, few weights [1]_.

    Temporal filters, batch normalisation, spatial filters for each of them, batch
    normalisation, ELU, mean over 4 samples, dropout; a separable convolution, batch
    normalisation, ELU, mean over 8, dropout; and a linear layer. Up to the spatial
    filters all is linear, but for statistics that follow from the windows' lagged
    products, and is trained as one filter: the network is the same, and much faster.

    Parameters
    ----------
    n_temporal : int, default=8
        Number of temporal filters, the paper's F1.
    n_each : int, default=2
        Spatial filters for each of them, the paper's D.
    n_separable : int, default=None
        Outputs of the separable convolution, the paper's F2; by default ``n_temporal *
        n_each``.
    filter_length : int, default=64
        Samples of a temporal filter; the paper's is half a second.
    separable_length : int, default=16
        Samples of a filter of the separable convolution, at a quarter of the rate.
    dropout : float, default=0.5
        Share of numbers set to zero in training. The paper takes 0.25 across subjects.
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
    ``input_scale_``, so that offsets and units do not matter, and training takes a
    fixed number of epochs, of all windows. Windows too short for both means have
    shorter ones.

    References
    ----------
    .. [1] V. J. Lawhern et al., "EEGNet: a compact convolutional neural network for
       EEG-based brain-computer interfaces", Journal of Neural Engineering 15, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import EEGNet
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 64))
    >>> y = ["calm", "tense"] * 16
    >>> X[1::2, 0] *= 5
    >>> network = EEGNet(4, filter_length=16, max_epochs=30, random_state=0)
    >>> network.fit(X, y).predict(X[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    def __init__(
        self,
        n_temporal=8,
        n_each=2,
        n_separable=None,
        filter_length=64,
        separable_length=16,
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
        self.n_temporal = n_temporal
        self.n_each = n_each
        self.n_separable = n_separable
        self.filter_length = filter_length
        self.separable_length = separable_length
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
        self._check_sizes("n_temporal", "n_each", "filter_length", "separable_length")
        n_separable = self.n_temporal * self.n_each
        if self.n_separable is not None:
            self._check_sizes("n_separable")
            n_separable = self.n_separable
        first = min(4, shape[1])
        second = min(8, shape[1] // first)
        return Sequential(
            filters=NormalizedTemporalThenSpatial(
                self.n_temporal, self.filter_length, self.n_each, _SPATIAL_NORM
            ),
            norm1=NormalizedELU(),
            pool1=MeanPool(first),
            dropout1=Dropout(self.dropout),
            depthwise=DepthwiseConvolution(self.separable_length, "same"),
            pointwise=Pointwise(n_separable),
            norm2=NormalizedELU(),
            pool2=MeanPool(second),
            dropout2=Dropout(self.dropout),
            flatten=Flatten(),
            output=Linear(n_classes, max_norm=_OUTPUT_NORM),
        )

    def _linear_filters(self):
        return self.network_.layers["filters"].composite()
