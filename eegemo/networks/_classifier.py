"""What all networks are to scikit-learn."""

import warnings
from contextlib import contextmanager
from copy import deepcopy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, check_scalar, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from .._input import check_classes, check_sample_weight
from ._layer import unflatten
from ._loss import soft_targets
from ._optimizer import (
    OPTIMIZERS,
    Adam,
    check_finite,
    check_schedule,
    learning_rate,
)
from ._threads import one_blas_thread
from ._training import Trainer, probabilities
from ._validation import validation_split
from ._weights import WeightsMixin


class NetworkClassifier(WeightsMixin, ClassifierMixin, BaseEstimator):
    """A network that is trained in float32 and predicts in float64.

    Subclasses store the parameters of :meth:`_train`, and make their layers in
    ``_network``.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    network_ : Layer
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_curve_ : list of float
        Loss of the validation windows after each epoch; with ``early_stopping``.
    n_iter_ : int
        Number of epochs.
    n_parameters_ : int
        Number of weights that are trained.
    """

    __metadata_request__fit = {"groups": True}  # where routing is enabled
    _at_a_time = 64  # samples to predict
    _train_at_a_time = None  # of a batch; None takes it whole
    _dtype = np.float32  # of training
    _beside_layers = (  # parameters that no layer is made with
        "max_epochs",
        "batch_size",
        "learning_rate",
        "optimizer",
        "weight_decay",
        "schedule",
        "label_smoothing",
        "class_weight",
        "early_stopping",
        "validation_fraction",
        "patience",
        "warm_start",
        "random_state",
        "verbose",
    )

    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : array-like, or mne.Epochs
            Windows of shape (n_samples, n_channels, n_times), in any unit; but features
            of shape (n_samples, n_features) for :class:`DGCNN`,
            :class:`MultilayerPerceptron` and :class:`RBTransformer`, and matrices of
            shape (n_samples, n_channels, n_channels) for :class:`SPDNet`.
        y : array-like of shape (n_samples,)
            Labels, of two classes or more.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the loss; a sample of weight zero is left out.
        groups : array-like of shape (n_samples,), default=None
            Trial, or subject, of each sample. With ``early_stopping``, no group is both
            trained and validated with; nothing else uses them.

        Returns
        -------
        self : estimator
            The estimator, fitted.

        Raises
        ------
        ValueError
            X or a parameter is not what is expected, or y has one class.
        FloatingPointError
            The loss is no longer finite; the weights of the best epoch are kept.
        """
        with _as_before_if_refused(self):
            self._fit(X, y, sample_weight, groups)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one epoch, from where the last call ended.

        A schedule stands at its beginning. ``class_weight="balanced"`` is of this call.

        Parameters
        ----------
        X : array-like, or mne.Epochs
            As in ``fit``.
        y : array-like of shape (n_samples,)
            Labels; not every class has to be there.
        classes : array-like of shape (n_classes,), default=None
            All classes; needed at the first call unless y has them all.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the loss; a sample of weight zero is left out.

        Returns
        -------
        self : estimator
            The estimator, trained one epoch further.
        """
        with _as_before_if_refused(self):
            self._partial_fit(X, y, classes, sample_weight)
        return self

    def predict(self, X):
        """Most probable class.

        Parameters
        ----------
        X : array-like, or mne.Epochs
            As in ``fit``.

        Returns
        -------
        y_pred : array of shape (n_samples,)
            One of ``classes_`` for each sample.
        """
        highest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[highest]

    def predict_proba(self, X):
        """Probability of each class, by the softmax of the last layer.

        Parameters
        ----------
        X : array-like, or mne.Epochs
            As in ``fit``.

        Returns
        -------
        probabilities : float64 array of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; each row sums to one.
        """
        X = self._check_again(X)
        with one_blas_thread():
            return probabilities(
                self.network_, self._scaled(X, np.float64), self._at_a_time
            )

    @property
    def n_iter_(self):
        """Number of epochs."""
        return len(self.loss_curve_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "network_")

    # Of kinds of input; these are for features.

    def _check(self, X, y, *, reset):
        return validate_data(self, X, y, reset=reset, dtype=(np.float64, np.float32))

    def _check_again(self, X):
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=(np.float64, np.float32))

    def _scaled(self, X, dtype):
        """Return X as the network takes it."""
        return np.asarray(X, dtype)

    def _choose_scale(self, X):
        """Look at the training data, for :meth:`_scaled`."""

    # Training.

    def _fit(self, X, y, sample_weight, groups):
        warm = self.warm_start and hasattr(self, "network_")
        X, y = self._check(X, y, reset=not warm)
        check_classification_targets(y)
        check_consistent_length(y, groups)
        weight = self._weights(y, sample_weight)
        kept = weight > 0
        if not kept.all():
            X, y, weight = X[kept], y[kept], weight[kept]
            groups = None if groups is None else np.asarray(groups)[kept]
        classes = check_classes(self, y)
        if not warm:
            self._begin(X, classes)
        self._check_continues(X, classes)
        train, validate = np.arange(len(y)), np.arange(0)
        if self.early_stopping:
            train, validate = self._split(y, groups)
        self._train(X, y, weight, train, validate, self.max_epochs)

    def _split(self, y, groups):
        """Keep the same groups apart in all fits that go on from each other."""
        if groups is not None and self._validation_groups is not None:
            kept = np.isin(groups, self._validation_groups)
            if kept.any() and not kept.all():
                return np.flatnonzero(~kept), np.flatnonzero(kept)
            warnings.warn(
                "This fit goes on from one that kept other groups apart, so the groups "
                "that early_stopping validates with now were trained with before.",
                UserWarning,
                stacklevel=4,
            )
        train, validate = validation_split(
            y, groups, self.validation_fraction, self._rng
        )
        if groups is not None:
            self._validation_groups = np.unique(np.asarray(groups)[validate])
        return train, validate

    def _partial_fit(self, X, y, classes, sample_weight):
        first = not hasattr(self, "network_")
        X, y = self._check(X, y, reset=first)
        check_classification_targets(y)
        weight = self._weights(y, sample_weight)
        kept = weight > 0
        if not kept.all():
            X, y, weight = X[kept], y[kept], weight[kept]
        if first:
            self._begin(X, check_classes(self, y if classes is None else classes))
        known = self.classes_ if classes is None else classes
        self._check_continues(X, np.union1d(np.unique(y), known))
        self._train(X, y, weight, np.arange(len(y)), np.arange(0), 1)

    def _weights(self, y, sample_weight):
        """Weight of each sample, one on average of those that have any."""
        weight = check_sample_weight(sample_weight, y)
        weight = np.ones(len(y)) if weight is None else weight
        if self.class_weight is not None:
            kept = weight > 0  # others do not count in what is balanced
            factor = np.zeros(len(y))
            factor[kept] = compute_sample_weight(self.class_weight, y[kept])
            weight = weight * factor
        if not (weight > 0).any():
            raise ValueError(
                f"class_weight={self.class_weight} leaves no sample with a weight."
            )
        return weight / weight[weight > 0].mean()

    def _begin(self, X, classes):
        """Draw new weights."""
        self._choose_scale(X)
        self._build(X.shape[1:], classes)

    def _build(self, shape, classes):
        seeds = check_random_state(self.random_state).randint(2**31, size=4)
        self._rng = np.random.default_rng(seeds)
        network = self._network(shape, len(classes))
        network.build(shape, self._rng)
        self.classes_, self.network_, self._shape = classes, network, shape
        self._made_with = self._of_layers()
        self._optimizer = self._validation_groups = None
        self.loss_curve_, self.validation_curve_ = [], []

    def _check_sizes(self, *names):
        """Raise TypeError or ValueError unless parameters are integers from one on."""
        for name in names:
            check_scalar(getattr(self, name), name, Integral, min_val=1)

    def _of_layers(self):
        """Return the parameters that layers are made with."""
        parameters = self.get_params(deep=False).items()
        return {k: deepcopy(v) for k, v in parameters if k not in self._beside_layers}

    def _restore(self, shape, classes, weights):
        """Be fitted, with given weights instead of training."""
        self._build(shape, classes)
        missing = self._state().keys() - weights
        if missing:
            raise ValueError(
                f"The file lacks the weights {', '.join(sorted(missing))} of "
                f"{type(self).__name__} with these parameters."
            )
        self.set_weights(weights)

    def _check_continues(self, X, classes):
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{type(self).__name__} was fitted on the classes "
                f"{self.classes_.tolist()}, got {classes.tolist()}. Give partial_fit "
                "all classes at its first call, or fit anew with warm_start=False."
            )
        for name, value in self._of_layers().items():
            if not np.array_equal(value, self._made_with[name]):
                raise ValueError(
                    f"The layers of {type(self).__name__} were made with "
                    f"{name}={self._made_with[name]!r}, now it is {value!r}: training "
                    "goes on with the former, or fit anew with warm_start=False."
                )
        self._check_shape_again(X)

    def _check_shape_again(self, X):
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"{type(self).__name__} was fitted on samples of shape {self._shape}, "
                f"got {X.shape[1:]}: cut windows of the same length."
            )

    def _set_optimizer(self):
        check_scalar(self.weight_decay, "weight_decay", Real, min_val=0)
        check_finite(self.weight_decay, "weight_decay")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"optimizer should be one of {', '.join(OPTIMIZERS)}, got "
                f"{self.optimizer!r}."
            )
        if self._optimizer is None:
            self._optimizer = Adam(self.n_parameters_, self._dtype)
        self._optimizer.decoupled = self.optimizer == "adamw"
        self._optimizer.weight_decay = self.weight_decay

    def _train(self, X, y, weight, train, validate, max_epochs):
        """Train for some epochs, or until validation no longer gets better."""
        check_scalar(max_epochs, "max_epochs", Integral, min_val=1)
        check_scalar(self.batch_size, "batch_size", Integral, min_val=1)
        check_scalar(
            self.learning_rate,
            "learning_rate",
            Real,
            min_val=0,
            include_boundaries="neither",
        )
        check_finite(self.learning_rate, "learning_rate")
        check_schedule(self.schedule)
        if len(validate):
            check_scalar(self.patience, "patience", Integral, min_val=1)
        labels = np.searchsorted(self.classes_, y)
        targets = soft_targets(labels, len(self.classes_), self.label_smoothing)
        targets, weight = targets.astype(self._dtype), weight.astype(self._dtype)
        self._set_optimizer()
        # More threads sum in another order, and the numbers would depend on them.
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with one_blas_thread(), quiet:
            prepared = self.network_.prepare(self._scaled(X, self._dtype))
            trainer = Trainer(
                self.network_,
                self._optimizer,
                self._rng,
                self._dtype,
                self._train_at_a_time,
            )
            try:
                self._run(
                    trainer, prepared, targets, weight, train, validate, max_epochs
                )
            finally:
                unflatten(self.network_)

    def _run(self, trainer, prepared, targets, weight, train, validate, max_epochs):
        best, best_loss, since = trainer.snapshot(), np.inf, 0
        for epoch in _progress(max_epochs, self.verbose, type(self).__name__):
            rate = learning_rate(self.schedule, self.learning_rate, epoch, max_epochs)
            before = trainer.snapshot()
            loss = trainer.epoch(
                prepared, train, targets, weight, self.batch_size, rate
            )
            judged = loss if trainer.is_finite() else np.nan
            if len(validate) and np.isfinite(judged):
                judged = trainer.loss(prepared, validate, targets, weight)
            if not np.isfinite(judged):
                trainer.restore(best)
                self._optimizer = None  # whose running means may be infinite
                raise FloatingPointError(
                    f"The loss of {type(self).__name__} became {judged} in epoch "
                    f"{epoch + 1}. The weights of the best epoch before are kept. "
                    f"Lower learning_rate={self.learning_rate:g}."
                )
            self.loss_curve_.append(loss)
            if len(validate):
                self.validation_curve_.append(judged)
            since += 1
            if judged < best_loss:
                # The training loss is of weights before the steps of its epoch, the
                # last of which may have gone astray.
                best = trainer.snapshot() if len(validate) else before
                best_loss, since = judged, 0
            if len(validate) and since >= self.patience:
                break
        if len(validate):
            trainer.restore(best)


@contextmanager
def _as_before_if_refused(estimator):
    """Put back all attributes if data or parameters turn out to be wrong.

    Else an estimator would seem to be fitted, with first weights that nobody trained.
    """
    before = vars(estimator).copy()
    try:
        yield
    except (TypeError, ValueError):
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _progress(n_epochs, verbose, name):
    epochs = range(n_epochs)
    if not verbose:
        return epochs
    from tqdm import tqdm

    return tqdm(epochs, desc=name, unit="epoch")
