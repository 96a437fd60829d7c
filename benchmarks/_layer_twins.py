"""What each layer computes, in torch, for its gradients to be compared."""

from dataclasses import dataclass

import numpy as np
import torch
from _torch_networks import same
from torch.nn import functional

from eegemo.networks import (
    _attention,
    _convolution,
    _dense,
    _dgcnn,
    _graph,
    _levels,
    _normalization,
    _normalized_elu,
    _normalized_filters,
    _pointwise,
    _pooling,
    _power,
    _rbtransformer,
    _rectified_mean,
    _regions,
    _spd_layers,
    _spectral,
    _subbands,
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
    kind : {"any", "positive", "spd"}, default="any"
        Of the input: numbers of any sign, positive ones, or SPD matrices, of which the
        function should use both halves alike.
    """

    make: object
    shape: tuple
    call: object
    first: bool = False
    kind: str = "any"

    def data(self, rng):
        X = rng.standard_normal(self.shape)
        if self.kind == "spd":
            return X @ X.swapaxes(1, 2)
        return np.abs(X) + 0.1 if self.kind == "positive" else X


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


def _rectified_mean_of(x, w, layer):
    return _batch_norm(functional.relu(x), w, layer).mean(-1)


def _attend(x, w, layer):
    shape = 3, layer.n_heads, layer.n_dims
    heads = (x @ w["weight"]).unflatten(-1, shape).permute(2, 0, 3, 1, 4)
    y = functional.scaled_dot_product_attention(*heads)
    return y.transpose(1, 2).flatten(2) @ w["output"] + w["bias"]


def _fixed(x, w, layer):
    polynomials = torch.from_numpy(layer.polynomials)
    of_nodes = w["coefficients"][torch.from_numpy(layer.graph_of)]
    return torch.einsum("ik,kij,njt->nit", of_nodes, polynomials, x)


def _learned(x, w, layer):
    graph = functional.relu(w["adjacency"])
    graph = (graph + graph.T) / 2
    root = (graph.sum(1) + 1e-10).rsqrt()
    scaled = -root[:, None] * graph * root
    terms = [x.mT, scaled @ x.mT]
    terms.append(2 * scaled @ terms[1] - terms[0])
    filtered = sum(t @ f for t, f in zip(terms, w["filters"], strict=True))
    return functional.relu(filtered).mT


def _squeezed(x, w, layer):
    x = x[:, list(layer.order), None].transpose(1, 2)
    x = functional.conv2d(same(x, layer.n_taps), w["temporal"][:, None, None])
    return torch.einsum("nfct,cf->nct", x, w["mixtures"])


def _blocks_of(weight, sizes):
    parts = weight.split([n * n for n in sizes])
    parts = zip(parts, sizes, strict=True)
    return torch.block_diag(*(part.reshape(n, n) for part, n in parts))


def _mix(x, w, layer):
    return _blocks_of(w["weight"], layer.sizes) @ x


def _fuse(x, w, layer):
    logits = x @ _blocks_of(w["weight"], layer.sizes).T + w["bias"]
    pairs = zip(logits.split(layer.sizes, 1), x.split(layer.sizes, 1), strict=True)
    return torch.stack([(a.softmax(1) * b).sum(1) for a, b in pairs], 1)


def _levels_of(x, w, layer):
    def of(name):
        return {k.removeprefix(name): v for k, v in w.items() if k.startswith(name)}

    steps = layer.electrodes.layers
    y = _fixed(x, of("electrodes.propagation."), steps["propagation"])
    y = _depthwise(y, of("electrodes.taps."), steps["taps"])
    y = _mix(y, of("electrodes.pointwise."), steps["pointwise"])
    y = _batch_norm(y, of("electrodes.normalization."), steps["normalization"])
    before, after = x.mean(-1), functional.elu(y).mean(-1)
    regions = _fuse(before, of("before."), layer.before)
    regions_after = _fuse(after, of("after."), layer.after)
    sent = _fixed(regions[..., None], of("ring."), layer.ring)[..., 0]
    head = _fuse(regions, of("head_before."), layer.head_before)
    head = head + _fuse(regions_after, of("head_after."), layer.head_after)
    return torch.cat([before + after, sent + regions_after, head], 1)


def _bimap(x, w, layer):
    W = w["weight"]
    inner = W.detach()
    W.register_hook(lambda G: G - inner @ (inner.T @ G + G.T @ inner) / 2)
    return W.T @ x @ W


def _of_eigenvalues(function):
    def call(x, w, layer):
        values, vectors = torch.linalg.eigh((x + x.mT) / 2)
        values = function(values.clamp(min=layer.threshold))
        return vectors * values[:, None] @ vectors.mT

    return call


def _upper(x, w, layer):
    rows, columns = torch.triu_indices(*x.shape[1:])
    x = (x + x.mT) / 2
    return x[:, rows, columns] * torch.where(rows == columns, 1, 2).double().sqrt()


def _sum_of_bands(x, w, layer):
    bands = torch.from_numpy(layer.prepare(x.detach().numpy()))
    return torch.einsum("b,nbct->nct", w["weight"], bands)


GRAPHS = [(3, [(0, 1), (1, 2)]), (2, [(0, 1)])]
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
    "Log": Twin(_pointwise.Log, (6, 5), lambda x, w, layer: x.log(), kind="positive"),
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
    "RectifiedMean": Twin(
        _rectified_mean.RectifiedMean, (6, 4, 50), _rectified_mean_of
    ),
    "ElectrodeEmbedding": Twin(
        _attention.ElectrodeEmbedding, (6, 5, 3), lambda x, w, layer: x + w["weight"]
    ),
    "MeanToken": Twin(_attention.MeanToken, (6, 5, 3), lambda x, w, layer: x.mean(1)),
    "Attention": Twin(lambda: _attention.Attention(3, 4, 0.0), (6, 5, 8), _attend),
    "Tokens": Twin(
        lambda: _rbtransformer.Tokens(3),
        (6, 15),
        lambda x, w, layer: x.unflatten(1, (-1, 3)),
    ),
    "Electrodes": Twin(
        lambda: _dgcnn.Electrodes(3),
        (6, 15),
        lambda x, w, layer: x.unflatten(1, (-1, 3)).mT,
        True,
    ),
    "FixedPropagation": Twin(
        lambda: _graph.FixedPropagation(GRAPHS, 2), (6, 5, 40), _fixed
    ),
    "LearnedPropagation": Twin(
        lambda: _graph.LearnedPropagation(4, 3), (6, 3, 5), _learned
    ),
    "SqueezedFilters": Twin(
        lambda: _levels.SqueezedFilters(3, 8, [2, 0, 1, 4, 3], 1.0),
        (6, 5, 40),
        _squeezed,
        True,
    ),
    "RegionPointwise": Twin(
        lambda: _regions.RegionPointwise([3, 2], 1.0), (6, 5, 40), _mix
    ),
    "RegionFusion": Twin(lambda: _regions.RegionFusion([3, 2]), (6, 5), _fuse),
    "Levels": Twin(
        lambda: _levels.Levels(GRAPHS, [(0, 1)], 2, 5), (6, 5, 40), _levels_of
    ),
    "BiMap": Twin(lambda: _spd_layers.BiMap(3), (6, 5, 5), _bimap, kind="spd"),
    "ReEig": Twin(
        lambda: _spd_layers.ReEig(0.5),
        (6, 5, 5),
        _of_eigenvalues(lambda x: x),
        kind="spd",
    ),
    "LogEig": Twin(
        lambda: _spd_layers.LogEig(0.5),
        (6, 5, 5),
        _of_eigenvalues(torch.log),
        kind="spd",
    ),
    "UpperTriangle": Twin(_spd_layers.UpperTriangle, (6, 5, 5), _upper, kind="spd"),
    "Subbands": Twin(
        lambda: _subbands.Subbands([(8, 40), (16, 40)], 100.0),
        (6, 5, 40),
        _sum_of_bands,
        True,
    ),
    "NormalizedELU": Twin(
        _normalized_elu.NormalizedELU,
        (6, 4, 50),
        lambda x, w, layer: functional.elu(_batch_norm(x, w, layer)),
    ),
}
