"""The multilayer perceptron."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from ._classifier import NetworkClassifier
from ._dense import Linear
from ._layer import Sequential
from ._pointwise import Dropout


class MultilayerPerceptron(NetworkClassifier):
    """Dense layers with ReLU, for features such as differential entropies.

    Unlike :class:`sklearn.neural_network.MLPClassifier` it has dropout, label smoothing
    and class weights, and validates on whole groups.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(64,)
        Outputs of each hidden layer, from the first on.
    dropout : float, default=0.0
        Share of the outputs of each hidden layer that are set to zero in training.
    max_epochs : int, default=50
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=32
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
    loss_curve_, validation_curve_ : list of float
        Mean loss of the training and validation windows, for each epoch.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of trained weights.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import MultilayerPerceptron
    >>> X = np.random.default_rng(0).standard_normal((64, 10))
    >>> y = np.where(X[:, 0] + X[:, 1] > 0, "calm", "tense")
    >>> network = MultilayerPerceptron((8,), random_state=0).fit(X, y)
    >>> network.n_parameters_
    106
    >>> network.predict(X[:2])
    array(['tense', 'calm'], dtype='<U5')
    """

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        dropout=0.0,
        *,
        max_epochs=50,
        batch_size=32,
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
        self.hidden_layer_sizes = hidden_layer_sizes
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
        sizes, layers = self.hidden_layer_sizes, {}
        if not np.iterable(sizes) or isinstance(sizes, str):
            raise ValueError(
                "hidden_layer_sizes should be a sequence, such as (64,), got "
                f"{sizes!r}."
            )
        for i, size in enumerate(sizes):
            check_scalar(size, "A size of hidden_layer_sizes", Integral, min_val=1)
            layers[f"linear{i}"] = Linear(size, rectified=True)
            layers[f"dropout{i}"] = Dropout(self.dropout)
        return Sequential(**layers, output=Linear(n_classes))
