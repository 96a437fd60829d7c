"""RBTransformer: attention between electrodes."""

import numpy as np

from ._attention import Attention, ElectrodeEmbedding, MeanToken
from ._classifier import NetworkClassifier
from ._dense import Linear
from ._layer import Layer, Pass, Residual, Sequential
from ._normalization import LayerNorm
from ._pointwise import GELU, Dropout
from ._threads import one_blas_thread


class RBTransformer(NetworkClassifier):
    """A transformer whose tokens are electrodes, with an entropy for each band [1]_.

    The entropies of an electrode are mapped to ``width`` numbers, and a vector that is
    learned for the electrode is added. In each of four blocks, the electrodes attend to
    each other and then pass two dense layers, both normalised before and added to their
    input. The mean over electrodes goes to dense layers of two, two and one ``width``.

    The authors change the size of batches to 64 after half of the epochs, drop a tenth
    of the windows, and oversample the classes by SMOTE; this does none of it. They
    compute the entropies of all data as if sampled at 128 Hz;
    :meth:`eegemo.features.DifferentialEntropy.from_preset` has the bands at the rate it
    is given. Where dropout stands is a choice of this class: it follows the
    embedding, the weights and the output of attention, and all dense layers.

    .. warning:: The published accuracies, of 99 %, are of overlapping windows that were
       split over training and test at random. Such a split comes to them even if the
       labels of the trials are random.

    Parameters
    ----------
    n_bands : int, default=4
        Features of each channel.
    dropout : float, default=0.1
        Share of numbers that are set to zero in training.
    n_blocks : int, default=4
        Pairs of attention and dense layers.
    n_heads : int, default=6
        Attentions side by side, with queries, keys and values of 32 numbers.
    width : int, default=128
        Numbers of each token.
    max_epochs : int, default=300
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=256
        Windows in a step, at most: batches are of nearly equal size.
    learning_rate : float, default=1e-3
        Step size of the optimiser, where ``schedule`` begins.
    optimizer : {"adam", "adamw"}, default="adamw"
        AdamW decays the weights apart from the gradients.
    weight_decay : float, default=1e-3
        Of all weights.
    schedule : {"constant", "cosine"} or dict, default="cosine"
        Course of the learning rate: a cosine down to a thousandth of it, or a dict of
        epochs, counted from 0, and the learning rate from each on.
    label_smoothing : float or "ordinal", default=0.12
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
    loss_curve_, validation_curve_ : list of float
        Mean loss of the training and validation windows, for each epoch.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of trained weights.

    See Also
    --------
    eegemo.features.DifferentialEntropy : The features, by its preset "rbtransformer".

    References
    ----------
    .. [1] N. Kumar, P. Bhandari and G. Maragatham, "A brain wave encodes a thousand
       tokens: modeling inter-cortical neural interactions for effective EEG-based
       emotion recognition", arXiv:2511.13954, 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import RBTransformer
    >>> entropies = np.random.default_rng(0).standard_normal((40, 8 * 4))
    >>> y = np.where(entropies[:, 0] > entropies[:, 4], "left", "right")
    >>> network = RBTransformer(width=16, max_epochs=3, random_state=0)
    >>> network.fit(entropies, y).predict(entropies).shape
    (40,)
    >>> network.attention(entropies).shape
    (40, 8, 8)
    """

    _train_at_a_time = 32  # so that what lies between layers stays in the cache

    def __init__(
        self,
        n_bands=4,
        dropout=0.1,
        n_blocks=4,
        n_heads=6,
        width=128,
        *,
        max_epochs=300,
        batch_size=256,
        learning_rate=1e-3,
        optimizer="adamw",
        weight_decay=1e-3,
        schedule="cosine",
        label_smoothing=0.12,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        patience=20,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.n_bands = n_bands
        self.dropout = dropout
        self.n_blocks = n_blocks
        self.n_heads = n_heads
        self.width = width
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

    def attention(self, X, average=True):
        """How much each electrode takes of each, in the attention of windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels * n_bands)
            Entropies ordered by channel, then band, as in ``fit``.
        average : bool, default=True
            Over blocks and heads.

        Returns
        -------
        attention : float64 array of shape (n_windows, n_channels, n_channels)
            A row is of the electrode that attends, and sums to one. Without
            ``average``, of shape (n_windows, n_blocks, n_heads, n_channels,
            n_channels).
        """
        X = self._scaled(self._check_again(X), np.float64)
        parts = range(0, len(X), self._at_a_time)
        with one_blas_thread():
            maps = [self._maps(X[i : i + self._at_a_time], average) for i in parts]
        return np.concatenate(maps)

    def explain(self, X):
        """Return :meth:`attention`, averaged over blocks and heads.

        :func:`eegemo.networks.explain_with_null` compares it with that of networks that
        learned nothing.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels * n_bands)
            Entropies ordered by channel, then band, as in ``fit``.

        Returns
        -------
        attention : float64 array of shape (n_windows, n_channels, n_channels)
            A row is of the electrode that attends, and sums to one.
        """
        return self.attention(X)

    def _maps(self, x, average):
        run, maps = Pass(), []
        for name, layer in self.network_.layers.items():
            if name.startswith("attend"):
                normed = layer.layers["norm"].forward(x.copy(), run)
                maps.append(layer.layers["attention"].attention(normed))
            x = layer.forward(x, run)
        maps = np.stack(maps, axis=1)
        return maps.mean(axis=(1, 2)) if average else maps

    def _network(self, shape, n_classes):
        self._check_sizes("n_bands", "n_blocks", "n_heads", "width")
        (n_features,) = shape
        if n_features % self.n_bands:
            raise ValueError(
                f"RBTransformer(n_bands={self.n_bands}) takes {self.n_bands} features "
                f"of each channel, channel by channel, got {n_features} features. Set "
                "n_bands to the number of bands of DifferentialEntropy."
            )
        return Sequential(
            tokens=Tokens(self.n_bands),
            linear=Linear(self.width),
            electrodes=ElectrodeEmbedding(),
            dropout=Dropout(self.dropout),
            **_blocks(self.n_blocks, self.n_heads, self.width, self.dropout),
            mean=MeanToken(),
            norm=LayerNorm(),
            **_dense(2 * self.width, "0", self.dropout),
            **_dense(2 * self.width, "1", self.dropout),
            **_dense(self.width, "2", self.dropout),
            output=Linear(n_classes),
        )


class Tokens(Layer):
    """Features, channel by channel, become the tokens of channels.

    Parameters
    ----------
    n_features : int
        Of each token.
    """

    def __init__(self, n_features):
        super().__init__()
        self.n_features = n_features

    def build(self, shape, rng):
        """Divide."""
        return shape[0] // self.n_features, self.n_features

    def forward(self, x, run):
        """Reshape."""
        return x.reshape(len(x), -1, self.n_features)

    def backward(self, gradient, run, needs_input=True):
        """Reshape back."""
        return gradient.reshape(len(gradient), -1) if needs_input else None


def _blocks(n_blocks, n_heads, width, dropout):
    layers = {}
    for i in range(n_blocks):
        layers[f"attend{i}"] = Residual(
            norm=LayerNorm(),
            attention=Attention(n_heads, 32, dropout),
            dropout=Dropout(dropout),
        )
        layers[f"feed{i}"] = Residual(
            norm=LayerNorm(),
            **_dense(width, "0", dropout),
            linear1=Linear(width),
            dropout1=Dropout(dropout),
        )
    return layers


def _dense(n_outputs, number, dropout):
    return {
        f"linear{number}": Linear(n_outputs),
        f"gelu{number}": GELU(),
        f"dropout{number}": Dropout(dropout),
    }
