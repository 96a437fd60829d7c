"""What each layer computes, in torch, for its gradients to be compared."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from eegemo.networks import _dense, _normalization, _pointwise, _power, _spectral
from eegemo.networks._layer import Residual


@dataclass
class Twin:
    """A layer and its function in torch.

    Attributes
    ----------
    make : callable
        Makes the layer.
    shape : tuple of int
        Of its input.
    call : callable
        Makes the output of a torch input, weights by name and the layer.
    first : bool, default=False
        Whether the layer is a first one, without gradient of its input.
    positive : bool, default=False
        Whether its input must be.
    """

    make: object
    shape: tuple
    call: object
    first: bool = False
    positive: bool = False

    def data(self, rng):
        X = rng.standard_normal(self.shape)
        return np.abs(X) + 0.1 if self.positive else X


def _linear(x, w, layer):
    return x @ w["weight"] + w["bias"]


def _residual(x, w, layer):
    return x + functional.relu(x @ w["linear.weight"] + w["linear.bias"])


def _dropout(x, w, layer):
    mask = _pointwise.draw_mask(
        np.random.default_rng(1), tuple(x.shape), layer.rate, np.dtype(float)
    )
    return x * torch.from_numpy(mask)


def _batch_norm(x, w, layer):
    return functional.batch_norm(
        x, None, None, w["scale"], w["shift"], training=True, eps=layer.eps
    )


def _layer_norm(x, w, layer):
    return functional.layer_norm(x, x.shape[-1:], w["scale"], w["shift"], layer.eps)


def _mean_power(x, w, layer):
    return functional.avg_pool1d(
        _batch_norm(x, w, layer) ** 2, layer.size, layer.stride
    )


def _temporal_spatial(x, w, layer):
    x = functional.conv2d(x[:, None], w["temporal"][:, None, None])
    return functional.conv2d(x, w["spatial"].permute(2, 0, 1)[..., None])[:, :, 0]


def _spatial_temporal(x, w, layer):
    x = functional.conv1d(x, w["spatial"].T[..., None], w["spatial_bias"])
    return functional.conv1d(
        x, w["temporal"].T[:, None], w["temporal_bias"], groups=layer.n_spatial
    )


TWINS = {
    "Linear": Twin(lambda: _dense.Linear(4), (6, 5, 3), _linear),
    "Flatten": Twin(_dense.Flatten, (6, 5, 3), lambda x, w, layer: x.flatten(1)),
    "Residual": Twin(
        lambda: Residual(linear=_dense.Linear(5), relu=_pointwise.ReLU()),
        (6, 5),
        _residual,
    ),
    "ReLU": Twin(_pointwise.ReLU, (6, 5), lambda x, w, layer: functional.relu(x)),
    "ELU": Twin(_pointwise.ELU, (6, 5), lambda x, w, layer: functional.elu(x)),
    "GELU": Twin(_pointwise.GELU, (6, 5), lambda x, w, layer: functional.gelu(x)),
    "Square": Twin(_pointwise.Square, (6, 5), lambda x, w, layer: x * x),
    "Log": Twin(_pointwise.Log, (6, 5), lambda x, w, layer: x.log(), positive=True),
    "Dropout": Twin(lambda: _pointwise.Dropout(0.3), (6, 50), _dropout),
    "BatchNorm": Twin(_normalization.BatchNorm, (6, 4, 50), _batch_norm),
    "LayerNorm": Twin(_normalization.LayerNorm, (6, 4, 5), _layer_norm),
    "MeanPower": Twin(lambda: _power.MeanPower(15, 6), (6, 4, 50), _mean_power),
    "TemporalThenSpatial": Twin(
        lambda: _spectral.TemporalThenSpatial(4, 7, 3),
        (6, 5, 40),
        _temporal_spatial,
        True,
    ),
    "SpatialThenTemporal": Twin(
        lambda: _spectral.SpatialThenTemporal(4, 7, 2),
        (6, 5, 40),
        _spatial_temporal,
        True,
    ),
}
