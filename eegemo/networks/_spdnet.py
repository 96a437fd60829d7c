"""SPDNet."""

from numbers import Integral

import numpy as np

from ._dense import Linear
from ._kinds import MatrixNetwork
from ._layer import Sequential
from ._spd_layers import BiMap, LogEig, ReEig, UpperTriangle


class SPDNet(MatrixNetwork):
    """SPD matrices, smaller from layer to layer, then their logarithms [1]_.

    Each layer multiplies by orthonormal filters from both sides and raises small
    eigenvalues to a threshold. The logarithm of the last matrix is a vector to a linear
    layer. With one layer, augmented covariances and the defaults, it is the network of
    Phase-SPDNet [2]_.

    Training and prediction are in float64, as logarithms need the digits of small
    eigenvalues.

    Parameters
    ----------
    n_filters : int or tuple of int, default=None
        Rows of the matrix that each layer puts out; by default one layer of half the
        channels.
    threshold : float, default=1e-4
        Least eigenvalue after a layer, in units of ``input_scale_``.
    max_epochs : int, default=300
        Passes over the training matrices; fewer with ``early_stopping``.
    batch_size : int, default=64
        Matrices in a step, at most: batches are of nearly equal size.
    learning_rate : float, default=1e-2
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
        Whether to end when the loss of matrices apart no longer falls, with the weights
        of its minimum. Give ``fit`` the groups. Phase-SPDNet does so, without groups.
    validation_fraction : float, default=0.1
        Share of the matrices kept apart for that.
    patience : int, default=75
        Epochs without a lower loss before the end.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last one.
    random_state : int or RandomState, default=None
        Of first weights, order of the matrices and validation split.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    input_scale_ : float
        Mean of the diagonals of the training matrices.
    loss_curve_, validation_curve_ : list of float
        Mean loss of the training and validation matrices, for each epoch.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of trained weights.
    n_features_in_ : int
        Number of channels.

    Notes
    -----
    Matrices are divided by ``input_scale_``, so that units do not matter, to the
    threshold either.

    The filters follow their gradient along the Stiefel manifold, and a QR decomposition
    makes them orthonormal again. [1]_ does this by stochastic gradient descent and [2]_
    by a Riemannian Adam. Here it is the Adam of all networks, which scales each number
    alone: steps may leave the tangent space before the decomposition.

    Unlike in [2]_, windows are not standardised across channels at each sample, which
    makes their covariance singular.

    References
    ----------
    .. [1] Z. Huang and L. Van Gool, "A Riemannian network for SPD matrix learning",
       AAAI 2017.
    .. [2] I. Carrara et al., "Geometric neural network based on phase space for BCI-EEG
       decoding", arXiv:2403.05645, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> from eegemo.networks import SPDNet
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 64))
    >>> y = ["calm", "tense"] * 16
    >>> X[1::2, 0] *= 5
    >>> network = SPDNet(max_epochs=30, random_state=0)
    >>> C = Covariances("oas").fit_transform(X)
    >>> network.fit(C, y).predict(C[:2])
    array(['calm', 'tense'], dtype='<U5')
    """

    _dtype = np.float64

    def __init__(
        self,
        n_filters=None,
        threshold=1e-4,
        *,
        max_epochs=300,
        batch_size=64,
        learning_rate=1e-2,
        optimizer="adam",
        weight_decay=0.0,
        schedule="constant",
        label_smoothing=0.0,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        patience=75,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.n_filters = n_filters
        self.threshold = threshold
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

    def _choose_scale(self, X):
        trace = np.einsum("ijj->i", X, dtype=np.float64)
        self.input_scale_ = float(trace.mean() / X.shape[1])

    def _scaled(self, X, dtype):
        return np.multiply(X, 1 / self.input_scale_, dtype=np.float64)

    def _network(self, shape, n_classes):
        if not self.threshold > 0:
            raise ValueError(f"threshold should be positive, got {self.threshold!r}.")
        *firsts, last = self._sizes(shape[-1])
        layers = {}
        for i, size in enumerate(firsts):
            layers[f"bimap{i}"] = BiMap(size)
            layers[f"reeig{i}"] = ReEig(self.threshold)
        return Sequential(
            **layers,
            **{f"bimap{len(firsts)}": BiMap(last)},
            logeig=LogEig(self.threshold),
            upper=UpperTriangle(),
            output=Linear(n_classes),
        )

    def _sizes(self, n_channels):
        sizes = max(1, n_channels // 2) if self.n_filters is None else self.n_filters
        sizes = tuple(sizes) if np.iterable(sizes) else (sizes,)
        pairs = zip((n_channels, *sizes), sizes, strict=False)
        if not sizes or any(
            not isinstance(size, Integral) or not 1 <= size <= before
            for before, size in pairs
        ):
            raise ValueError(
                "n_filters should be integers that are positive and do not increase, "
                f"from the number of channels, {n_channels}, on; got "
                f"{self.n_filters!r}."
            )
        return sizes
