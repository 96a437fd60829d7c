"""Networks of eegemo, their twins in torch, and data of usual shapes."""

from dataclasses import dataclass, field

import numpy as np
from _torch_networks import (
    DGCNN,
    REGIONS,
    EEGNet,
    HiSTN,
    Interpretable,
    Perceptron,
    RBTransformer,
    Shallow,
    SPDNet,
    SSVEPNet,
    braindecode_models,
)
from scipy.signal import cheby1, sosfiltfilt


@dataclass
class Case:
    """A network and data.

    Attributes
    ----------
    network : str
        Class in ``eegemo.networks``.
    data : str
    shape, tiny : tuple of int
        Of X, and of X in tests.
    n_classes, batch : int
    twin : callable
        Makes the torch module of a shape, a number of classes and ``dropout``, by name.
    layout : callable
        Turns our weights, by name, into the twin's: they are only put in other order,
        so that it turns gradients too.
    parameters : dict
        Of the class.
    braindecode : callable, default=None
        Makes the module of a shape and a number of classes.
    filtered : callable, default=None
        What the twin takes of X, where our network filters it.
    kind : "normal" or "spd"
    dtype : "float32" or "float64"
        Of training.
    """

    network: str
    data: str
    shape: tuple
    tiny: tuple
    n_classes: int
    batch: int
    twin: object
    layout: object
    parameters: dict = field(default_factory=dict)
    braindecode: object = None
    filtered: object = None
    kind: str = "normal"
    dtype: str = "float32"

    @property
    def key(self):
        return f"{self.network}, {self.data}, batches of {self.batch}"

    def peers(self):
        """What makes the modules to compare with, by name."""
        theirs = {"torch": self.twin, "braindecode": self.braindecode}
        if self.dtype == "float64":
            theirs["torch, float32"] = self.twin
        return {name: make for name, make in theirs.items() if make}

    def make(self, tiny=False, dtype=None):
        """Data whose labels can be learnt a little: the variance tells them."""
        shape = self.tiny if tiny else self.shape
        rng = np.random.default_rng(0)
        y = np.arange(shape[0]) % self.n_classes
        louder = 1 + 0.5 * rng.random((self.n_classes, shape[1]))
        if self.kind == "spd":
            shape = (*shape[:2], 3 * shape[1])
        X = rng.standard_normal(shape, np.float32)
        X *= louder[y].reshape(*X.shape[:2], *[1] * (X.ndim - 2)).astype(np.float32)
        if X.ndim == 2:  # features differ in mean
            X += 2 * louder[y].astype(np.float32)
        if self.kind == "spd":
            X = X @ X.swapaxes(1, 2) / np.float32(shape[2])
        X /= np.sqrt(np.mean(np.square(X, dtype=float))).astype(np.float32)
        return X.astype(dtype or self.dtype), y

    def estimator(self, **parameters):
        """Our estimator; raises AttributeError if there is none yet."""
        from eegemo import networks

        parameters = self.parameters | {"batch_size": self.batch} | parameters
        return getattr(networks, self.network)(random_state=0, **parameters)


def linear(weights, ours, theirs):
    found = {f"{theirs}.weight": weights[f"{ours}.weight"].T}
    if f"{ours}.bias" in weights:
        found[f"{theirs}.bias"] = weights[f"{ours}.bias"]
    return found


def norm(weights, ours, theirs):
    return {
        f"{theirs}.weight": weights[f"{ours}.scale"],
        f"{theirs}.bias": weights[f"{ours}.shift"],
    }


def _shallow(w):
    return {
        "temporal.weight": w["filters.temporal"],
        "temporal.bias": np.zeros(len(w["filters.temporal"])),  # ours has none
        "spatial.weight": w["filters.spatial"].transpose(2, 0, 1),
        **norm(w, "power", "normalization"),
        **linear(w, "output", "linear"),
    }


def _eegnet(w):
    return {
        "temporal.weight": w["filters.temporal"].T,
        **norm(w, "filters.norm", "normalization"),
        "spatial.weight": w["filters.spatial"].T,
        **norm(w, "norm1", "normalization_2"),
        "depthwise.weight": w["depthwise.weight"],
        "pointwise.weight": w["pointwise.weight"],
        **norm(w, "norm2", "normalization_3"),
        **linear(w, "output", "linear"),
    }


def _interpretable(w):
    return {
        "spatial.weight": w["spatial.weight"],
        "spatial.bias": w["spatial.bias"],
        "temporal.weight": w["temporal.weight"],
        "temporal.bias": w["temporal.bias"],
        **norm(w, "mean", "normalization"),
        **linear(w, "output", "linear"),
    }


def _histn(w):
    inner = "levels.electrodes."
    found = {
        "temporal.weight": w["filters.temporal"],
        "squeeze": w["filters.mixtures"],
        **norm(w, "normalization", "normalization"),
        "depthwise.weight": w["taps.weight"],
        **norm(w, "normalization_2", "normalization_2"),
        **norm(w, f"{inner}normalization", "normalization_3"),
        "region_messages.weight": w["levels.ring.coefficients"],
        "whole.linear.weight": w["levels.head_before.weight"],
        "whole.linear.bias": w["levels.head_before.bias"],
        "whole_2.linear.weight": w["levels.head_after.weight"],
        "whole_2.linear.bias": w["levels.head_after.bias"],
        **linear(w, "output", "linear"),
    }
    ends = np.cumsum([len(region) for region in REGIONS])[:-1]
    squares = np.cumsum([len(region) ** 2 for region in REGIONS])[:-1]
    for ours, theirs, cuts in (
        (f"{inner}taps.weight", "taps.{}.weight", ends),
        (f"{inner}pointwise.weight", "points.{}.weight", squares),
        ("levels.before.weight", "early.{}.linear.weight", squares),
        ("levels.before.bias", "early.{}.linear.bias", ends),
        ("levels.after.weight", "late.{}.linear.weight", squares),
        ("levels.after.bias", "late.{}.linear.bias", ends),
        (f"{inner}propagation.coefficients", "messages.{}.weight", (1, 2, 3)),
    ):
        for i, part in enumerate(np.split(w[ours], cuts)):
            found[theirs.format(i)] = part
    return found


def _ssvepnet(w):
    return {
        "bands.weight": w["subbands.weight"],
        "spatial.weight": w["spatial.weight"],
        "spatial.bias": w["spatial.bias"],
        "halve.weight": w["pairs.weight"],
        "halve.bias": w["pairs.bias"],
        "temporal.weight": w["temporal.weight"],
        "temporal.bias": w["temporal.bias"],
        **linear(w, "output", "linear"),
    }


def _make_ssvepnet(shape, n_classes, dropout=None):
    rates = (0.1, 0.1, 0.95) if dropout is None else [dropout] * 3
    return SSVEPNet(3, *shape[1:], n_classes, rates)


def subbands(X):
    """Filter windows at 250 Hz into the bands of SSVEPNet."""
    edges = [(low, 90) for low in (8, 16, 24)]
    filters = [cheby1(2, 1, edge, "bandpass", output="sos", fs=250) for edge in edges]
    bands = [sosfiltfilt(sos, X.astype(float), padlen=15) for sos in filters]
    return np.stack(bands, axis=1).astype(X.dtype)


def _rbtransformer(w):
    found = {
        **linear(w, "linear", "project"),
        "electrodes": w["electrodes.weight"],
        **norm(w, "norm", "normalization"),
    }
    for i in range(4):
        ours, theirs = f"attend{i}", f"blocks.{i}"
        found |= norm(w, f"{ours}.norm", f"{theirs}.normalization")
        found |= {
            f"{theirs}.attention.joint.weight": w[f"{ours}.attention.weight"].T,
            f"{theirs}.attention.output.weight": w[f"{ours}.attention.output"].T,
            f"{theirs}.attention.output.bias": w[f"{ours}.attention.bias"],
        }
        ours = f"feed{i}"
        found |= norm(w, f"{ours}.norm", f"{theirs}.normalization_2")
        found |= linear(w, f"{ours}.linear0", f"{theirs}.feedforward.0")
        found |= linear(w, f"{ours}.linear1", f"{theirs}.feedforward.3")
    for i, name in enumerate(["linear0", "linear1", "linear2", "output"]):
        found |= linear(w, name, f"head.{3 * i}")
    return found


def _spdnet(w):
    return {"projection": w["bimap0.weight"], **linear(w, "output", "linear")}


def _dgcnn(w):
    n_filters = w["propagation.filters"].shape[-1]
    hidden = w["hidden.weight"]  # of filters, then channels; theirs the other way
    hidden = hidden.reshape(n_filters, -1, hidden.shape[1]).swapaxes(0, 1)
    w = w | {"hidden.weight": hidden.reshape(w["hidden.weight"].shape)}
    return {
        **norm(w, "normalization", "normalization"),
        "adjacency": w["propagation.adjacency"],
        "filters": w["propagation.filters"],
        **linear(w, "hidden", "hidden"),
        **linear(w, "output", "linear"),
    }


def _perceptron(w):
    return linear(w, "linear0", "hidden") | linear(w, "output", "linear")


def _windows(make):
    return lambda shape, n_classes, **more: make(*shape[1:], n_classes, **more)


def _without_dropout(make):
    return lambda shape, n_classes, dropout=0: make(*shape[1:], n_classes)


def _electrodes(make, n_bands):
    return lambda shape, n_classes, **more: make(
        shape[1] // n_bands, n_bands, n_classes, **more
    )


def _of_braindecode(name, **parameters):
    def make(shape, n_classes):
        return getattr(braindecode_models(), name)(
            n_chans=shape[1], n_times=shape[2], n_outputs=n_classes, **parameters
        )

    return make


MI = "MI 288x22x1000", (288, 22, 1000), (10, 3, 120), 4, 32
SEED = "SEED part 848x62x200", (848, 62, 200), (10, 3, 120), 3, 64
DROWSY = "drowsiness part 500x30x384", (500, 30, 384), (10, 3, 120), 2, 50
DREAMER = "DREAMER part 2048x14x128", (2048, 14, 128), (10, 14, 128), 5, 256
ELECTRODES = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()
CASES = []
for data in MI, SEED:
    CASES.append(
        Case(
            "ShallowConvNet",
            *data,
            _windows(Shallow),
            _shallow,
            braindecode=_of_braindecode("ShallowFBCSPNet"),
        )
    )
for data in MI, SEED:
    CASES.append(
        Case(
            "EEGNet",
            *data,
            _windows(EEGNet),
            _eegnet,
            braindecode=_of_braindecode(
                "EEGNet", drop_prob=0.5, final_layer_with_constraint=True
            ),
        )
    )
for data in DROWSY, MI:
    CASES.append(
        Case("InterpretableCNN", *data, _without_dropout(Interpretable), _interpretable)
    )
CASES.append(Case("HiSTN", *DREAMER, _windows(HiSTN), _histn, {"channels": ELECTRODES}))
CASES.append(
    Case(
        "RBTransformer",
        *("SEED part 1024x62x4", (1024, 248), (10, 12), 3, 256),
        _electrodes(RBTransformer, 4),
        _rbtransformer,
    )
)
for batch in 32, 64:
    CASES.append(
        Case(
            "DGCNN",
            *("SEED 3394x62x5", (3394, 310), (10, 15), 3, batch),
            lambda shape, n_classes, dropout=0: DGCNN(shape[1] // 5, 5, n_classes),
            _dgcnn,
        )
    )
for batch in 32, 128:
    CASES.append(
        Case(
            "MultilayerPerceptron",
            *("SEED 3394x310", (3394, 310), (10, 6), 3, batch),
            _without_dropout(Perceptron),
            _perceptron,
        )
    )
for n in 22, 62:
    CASES.append(
        Case(
            "SPDNet",
            *(f"288x{n}x{n}", (288, n, n), (10, 4, 4), 4, 64),
            lambda shape, n_classes, dropout=0: SPDNet(shape[1], n_classes),
            _spdnet,
            kind="spd",
            dtype="float64",  # ours trains in it
        )
    )
for n in 9, 64:
    CASES.append(
        Case(
            "SSVEPNet",
            f"Benchmark part 1000x{n}x100",
            *((1000, n, 100), (10, 3, 30), 40, 100),
            _make_ssvepnet,
            _ssvepnet,
            {"sfreq": 250},
            filtered=subbands,
        )
    )
