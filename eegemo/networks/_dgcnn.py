"""DGCNN."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from ._classifier import NetworkClassifier
from ._dense import Flatten, Linear
from ._graph import LearnedPropagation
from ._layer import Layer, Sequential
from ._normalization import BatchNorm
from ._pointwise import Dropout


class DGCNN(NetworkClassifier):
    """Dynamical graph convolutional network of electrodes [1]_.

    For features such as differential entropies, ordered by channel, then band. Batch
    normalisation of each band; Chebyshev polynomials of a graph of all electrodes that
    is learned with the rest, each with filters of the bands; ReLU; a dense layer with
    ReLU; and a linear layer.

    Parameters
    ----------
    n_bands : int, default=5
        Number of features of each channel.
    n_filters : int, default=32
        Outputs of each electrode.
    n_polynomials : int, default=2
        Number of Chebyshev polynomials, from degree zero on.
    n_hidden : int, default=64
        Outputs of the dense layer.
    dropout : float, default=0.0
        Share set to zero in training, of what the two last layers get.
    max_epochs : int, default=80
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=32
        Windows in a step, at most: batches are of nearly equal size.
    learning_rate : float, default=1.5e-3
        Step size of the optimiser, where ``schedule`` begins.
    optimizer : {"adam", "adamw"}, default="adamw"
        AdamW decays the weights apart from the gradients.
    weight_decay : float, default=1e-4
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
    adjacency_ : array of shape (n_channels, n_channels)
        Weights of the edges of the learned graph, symmetric and not negative.
    loss_curve_, validation_curve_ : list of float
        Mean loss of the training and validation windows, for each epoch.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of trained weights.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    Sizes are those of torcheeg, not taken from the paper, and so is the number of
    weights, with three more choices of its: batch normalisation of the input, a dense
    layer, no bias of filters. Epochs, learning rate and decay are those of LibEER for
    SEED.

    Edges below zero are cut, and polynomials are those of the scaled Laplacian,
    2 L / largest eigenvalue - I. Unlike in these libraries, edges
    have no direction: an edge's weight is the mean of both. The normalised Laplacian
    then has eigenvalues from 0 to 2, and 2 stands for the largest, so that Chebyshev
    polynomials are taken where they are bounded. torcheeg takes powers of the
    normalised adjacency instead, and LibEER the Laplacian itself, not scaled, with ones
    in place of the input as the first of two terms. All edges start positive, since one
    that is cut gets no gradient.

    References
    ----------
    .. [1] T. Song, W. Zheng, P. Song and Z. Cui, "EEG emotion recognition using
       dynamical graph convolutional neural networks", IEEE Trans. Affective Computing
       11(3), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import DGCNN
    >>> X = np.random.default_rng(0).standard_normal((128, 4 * 5))
    >>> y = np.where(X[:, 0] > X[:, 5], "calm", "tense")
    >>> network = DGCNN(n_bands=5, max_epochs=30, random_state=0).fit(X, y)
    >>> network.adjacency_.shape
    (4, 4)
    >>> network.predict(X[4:6])
    array(['tense', 'calm'], dtype='<U5')
    """

    def __init__(
        self,
        n_bands=5,
        n_filters=32,
        n_polynomials=2,
        n_hidden=64,
        dropout=0.0,
        *,
        max_epochs=80,
        batch_size=32,
        learning_rate=1.5e-3,
        optimizer="adamw",
        weight_decay=1e-4,
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
        self.n_bands = n_bands
        self.n_filters = n_filters
        self.n_polynomials = n_polynomials
        self.n_hidden = n_hidden
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

    @property
    def adjacency_(self):
        """Weights of the edges of the learned graph."""
        check_is_fitted(self)
        return self.network_.layers["propagation"].graph()

    def _network(self, shape, n_classes):
        for name in ("n_bands", "n_filters", "n_polynomials", "n_hidden"):
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        if shape[0] % self.n_bands:
            raise ValueError(
                f"DGCNN with n_bands={self.n_bands} takes n_bands features of each "
                f"channel, got {shape[0]} features in all: give the number of features "
                "per channel, in the order channel, then band."
            )
        return Sequential(
            electrodes=Electrodes(self.n_bands),
            normalization=BatchNorm(),
            propagation=LearnedPropagation(self.n_filters, self.n_polynomials),
            flatten=Flatten(),
            dropout=Dropout(self.dropout),
            hidden=Linear(self.n_hidden, rectified=True),
            dropout_2=Dropout(self.dropout),
            output=Linear(n_classes),
        )


class Electrodes(Layer):
    """Vectors of features become one row of channels for each band.

    It must be the first layer.
    """

    def __init__(self, n_bands):
        super().__init__()
        self.n_bands = n_bands

    def build(self, shape, rng):
        """Count the channels."""
        return self.n_bands, shape[0] // self.n_bands

    def prepare(self, X):
        """Split and transpose the vectors."""
        by_channel = X.reshape(len(X), -1, self.n_bands)
        return np.ascontiguousarray(by_channel.swapaxes(1, 2))
