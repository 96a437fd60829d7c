"""What each layer computes, in torch, for its gradients to be compared."""

from dataclasses import dataclass

import numpy as np
import torch
from _torch_networks import same
from torch.nn import functional

from eegemo.networks import (
    _convolution,
    _dense,
    _normalization,
    _normalized_filters,
    _pointwise,
    _pooling,
    _power,
    _spectral,
)
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


def _normalized(x, w, layer):
    x = functional.conv2d(_padded(x, layer)[:, None], w["temporal"].T[:, None, None])
    w = w | {"scale": w["norm.scale"], "shift": w["norm.shift"]}
    x = _batch_norm(x, w, layer.norm)
    spatial = w["spatial"].T[:, None, :, None]
    return functional.conv2d(x, spatial, groups=layer.n_temporal)[:, :, 0]


def _padded(x, layer):
    return same(x, layer.n_taps) if layer.padding == "same" else x


def _convolve(x, w, layer):
    x = _padded(x, layer)
    return functional.conv1d(x, w["weight"], w["bias"], layer.stride)


def _depthwise(x, w, layer):
    x, weight = _padded(x, layer), w["weight"][:, None]
    return functional.conv1d(x, weight, w.get("bias"), groups=x.shape[1])


def _pointwise_mix(x, w, layer):
    return functional.conv1d(x, w["weight"][..., None], w.get("bias"))


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
    "NormalizedTemporalThenSpatial": Twin(
        lambda: _normalized_filters.NormalizedTemporalThenSpatial(4, 8, 2, 1.0),
        (6, 5, 40),
        _normalized,
        True,
    ),
    "Convolution": Twin(
        lambda: _convolution.Convolution(4, 5, 2), (6, 3, 41), _convolve
    ),
    "Convolution, same": Twin(
        lambda: _convolution.Convolution(4, 6, padding="same"), (6, 3, 41), _convolve
    ),
    "DepthwiseConvolution": Twin(
        lambda: _convolution.DepthwiseConvolution(5, multiplier=2, bias=True),
        (6, 3, 41),
        _depthwise,
    ),
    "DepthwiseConvolution, same": Twin(
        lambda: _convolution.DepthwiseConvolution(16, "same", max_norm=1.0),
        (6, 3, 41),
        _depthwise,
    ),
    "Pointwise": Twin(
        lambda: _convolution.Pointwise(4, True), (6, 3, 41), _pointwise_mix
    ),
    "MeanPool": Twin(
        lambda: _pooling.MeanPool(6, 4),
        (6, 3, 41),
        lambda x, w, layer: functional.avg_pool1d(x, 6, 4),
    ),
    "GlobalMean": Twin(_pooling.GlobalMean, (6, 3, 41), lambda x, w, layer: x.mean(-1)),
}
