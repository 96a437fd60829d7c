"""InterpretableCNN."""

import numpy as np
from scipy.special import softmax

from ._class_activation import activation_maps
from ._convolution import DepthwiseConvolution, Pointwise
from ._dense import Linear
from ._explain import LinearFiltersMixin
from ._kinds import WindowNetwork
from ._layer import Pass, Sequential
from ._rectified_mean import RectifiedMean
from ._threads import one_blas_thread


class InterpretableCNN(LinearFiltersMixin, WindowNetwork):
    """Mean activity of learned spatial and temporal filters, with maps of why [1]_.

    Filters over channels, filters over time of each of their outputs, ReLU, batch
    normalisation, mean over the window, and a linear layer: 2706 weights for two
    classes of 30 channels and 384 samples. :meth:`explain` tells which electrodes, and
    when, made a window's label.

    Parameters
    ----------
    n_spatial : int, default=16
        Number of filters over channels.
    n_each : int, default=2
        Number of filters over time for each of them.
    filter_length : int, default=64
        Samples of a temporal filter; the paper's is 500 ms at 128 Hz.
    transductive : bool, default=False
        Whether batch normalisation in prediction uses the mean and variance of all
        windows that are predicted together, as the paper does, instead of those
        followed in training. A window's label then depends on the other windows, which
        in the paper are all of the test subject: results are not to be compared with
        those of methods that see a window at a time.
    max_epochs : int, default=11
        Passes over the training windows; fewer with ``early_stopping``.
    batch_size : int, default=50
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

    See Also
    --------
    explain_with_null : Tells which of an explanation random labels would give, too.

    Notes
    -----
    Unlike in the paper, the channels of each window are centred and divided by
    ``input_scale_``, so that offsets and units do not matter; training is in float32;
    and a window is predicted by itself, unless ``transductive``. The paper's 11 epochs
    were not chosen on data apart.

    References
    ----------
    .. [1] J. Cui, Z. Lan, O. Sourina and W. Müller-Wittig, "EEG-based cross-subject
       driver drowsiness recognition with an interpretable convolutional neural
       network", IEEE Transactions on Neural Networks and Learning Systems 34(10), 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.networks import InterpretableCNN
    >>> X = np.random.default_rng(0).standard_normal((32, 4, 128))
    >>> y = ["calm", "tense"] * 16
    >>> X[1::2, 2, 60:90] *= 5
    >>> network = InterpretableCNN(batch_size=8, max_epochs=30, random_state=0)
    >>> network.fit(X, y).predict(X[:2])
    array(['calm', 'tense'], dtype='<U5')
    >>> tense = network.explain(X[1:2])[0]
    >>> int(tense.mean(axis=1).argmax())
    2
    """

    _beside_layers = (*WindowNetwork._beside_layers, "transductive")

    def __init__(
        self,
        n_spatial=16,
        n_each=2,
        filter_length=64,
        transductive=False,
        *,
        max_epochs=11,
        batch_size=50,
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
        self.n_spatial = n_spatial
        self.n_each = n_each
        self.filter_length = filter_length
        self.transductive = transductive
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
        self._check_sizes("n_spatial", "n_each", "filter_length")
        self._check_length(shape, self.filter_length, "filter_length")
        return Sequential(
            spatial=Pointwise(self.n_spatial, bias=True),
            temporal=DepthwiseConvolution(
                self.filter_length, "valid", self.n_each, bias=True
            ),
            mean=RectifiedMean(),
            output=Linear(n_classes),
        )

    def predict_proba(self, X):
        """Probability of each class, by the softmax of the last layer.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            If ``transductive``, the windows that are normalised together.

        Returns
        -------
        probabilities : float64 array of shape (n_windows, n_classes)
            Columns in the order of ``classes_``; each row sums to one.
        """
        if not self.transductive:
            return super().predict_proba(X)
        X = self._check_again(X)
        with one_blas_thread():
            return softmax(self._logits(X, *self._statistics(X)), axis=1)

    def explain(self, X, label=None):
        """Show which electrodes, and when, speak for a class, window by window.

        As in the paper, of the filters' outputs, those 99 that say most for the class
        are each traced back to the electrode that contributes most, and mark it with a
        Gaussian about the middle of the filter.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows of the channels of ``fit``, in order and unit as there.
        label : class, default=None
            The class to explain; None for the one that is predicted of each window.

        Returns
        -------
        maps : float64 array of shape (n_windows, n_channels, n_times)
            Of mean zero and root mean square one in each window; zero where nothing
            speaks for the class. Means over time are a map of the scalp.

        Raises
        ------
        ValueError
            The label is none of ``classes_``, or X is not as in ``fit``.

        Notes
        -----
        A map looks no less convincing where there is nothing to learn. See
        :func:`~eegemo.networks.explain_with_null`.
        """
        X = self._check_again(X)
        if label is not None and label not in self.classes_:
            raise ValueError(
                f"label should be one of {self.classes_.tolist()}, got {label!r}."
            )
        with one_blas_thread():
            statistics = self._statistics(X)
            if label is None:
                numbers = self._logits(X, *statistics).argmax(axis=1)
            else:
                numbers = np.full(len(X), np.flatnonzero(self.classes_ == label)[0])
            parts = [
                activation_maps(self.network_.layers, part, numbers[rows], *statistics)
                for rows, part in self._parts(X)
            ]
        return np.concatenate(parts)

    def _linear_filters(self):
        layers = self.network_.layers
        spatial = layers["spatial"].weights["weight"].repeat(self.n_each, axis=0)
        return np.einsum("mc,mk->kcm", spatial, layers["temporal"].weights["weight"])

    def _parts(self, X):
        """Yield windows, as the network takes them, some at a time."""
        for start in range(0, len(X), self._at_a_time):
            rows = slice(start, start + self._at_a_time)
            yield rows, self._scaled(X[rows], np.float64)

    def _moments(self, X):
        """Means of the positive outputs of the filters, and of their squares."""
        layers, run, moments = self.network_.layers, Pass(), []
        for _, part in self._parts(X):
            filtered = layers["spatial"].forward(part, run)
            filtered = layers["temporal"].forward(filtered, run)
            moments.append(layers["mean"].moments(filtered))
        return [np.concatenate(moment) for moment in zip(*moments, strict=True)]

    def _statistics(self, X):
        """Mean and variance of the filters' positive outputs, to normalise with."""
        layer = self.network_.layers["mean"]
        if self.transductive:
            return layer.of_batch(*self._moments(X))
        return layer.statistics["mean"], layer.statistics["variance"]

    def _logits(self, X, mean, variance):
        layers = self.network_.layers
        means, _ = self._moments(X)
        pooled, *_ = layers["mean"].standardise(means, mean, variance)
        return layers["output"].forward(pooled, Pass())
