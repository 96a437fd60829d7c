"""The networks in torch, as their papers write them: no two steps are made one."""

import importlib.machinery
import sys
import types

import torch
from torch import nn
from torch.nn import functional


class Shallow(nn.Module):
    """ShallowConvNet: two convolutions, square, mean, logarithm."""

    def __init__(self, n_channels, n_times, n_classes, dropout=0.5):
        super().__init__()
        self.temporal = nn.Conv2d(1, 40, (1, 25))
        self.spatial = nn.Conv2d(40, 40, (n_channels, 1), bias=False)
        self.normalization = nn.BatchNorm2d(40)
        self.pool = nn.AvgPool2d((1, 75), (1, 15))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(40 * ((n_times - 24 - 75) // 15 + 1), n_classes)

    def forward(self, x):
        x = self.normalization(self.spatial(self.temporal(x[:, None])))
        x = self.pool(x * x).clamp(min=1e-6).log()
        return self.linear(self.dropout(x).flatten(1))


class EEGNet(nn.Module):
    """EEGNet-8,2: temporal filters, two spatial ones of each, a separable one."""

    def __init__(self, n_channels, n_times, n_classes, dropout=0.5):
        super().__init__()
        self.temporal = nn.Conv2d(1, 8, (1, 64), bias=False)
        self.normalization = nn.BatchNorm2d(8)
        self.spatial = nn.Conv2d(8, 16, (n_channels, 1), groups=8, bias=False)
        self.normalization_2 = nn.BatchNorm2d(16)
        self.depthwise = nn.Conv2d(16, 16, (1, 16), groups=16, bias=False)
        self.pointwise = nn.Conv2d(16, 16, 1, bias=False)
        self.normalization_3 = nn.BatchNorm2d(16)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(16 * (n_times // 4 // 8), n_classes)

    def forward(self, x):
        x = self.temporal(same(x[:, None], 64))
        x = self.spatial(self.normalization(x))
        x = functional.elu(self.normalization_2(x))
        x = self.dropout(functional.avg_pool2d(x, (1, 4)))
        x = self.normalization_3(self.pointwise(self.depthwise(same(x, 16))))
        x = functional.avg_pool2d(functional.elu(x), (1, 8))
        return self.linear(self.dropout(x).flatten(1))

    def constrain(self):
        shrink(self.spatial.weight, 1)
        shrink(self.linear.weight, 0.25)


class Interpretable(nn.Module):
    """InterpretableCNN: 16 spatial filters, two temporal ones of each, their mean."""

    def __init__(self, n_channels, n_times, n_classes):
        super().__init__()
        self.spatial = nn.Conv2d(1, 16, (n_channels, 1))
        self.temporal = nn.Conv2d(16, 32, (1, 64), groups=16)
        self.normalization = nn.BatchNorm2d(32)
        self.linear = nn.Linear(32, n_classes)

    def forward(self, x):
        x = functional.relu(self.temporal(self.spatial(x[:, None])))
        return self.linear(self.normalization(x).mean((2, 3)))


# Of DREAMER's electrodes, and the edges within each.
REGIONS = (range(4), range(4, 7), range(7, 10), range(10, 14))
EDGES = (
    ((0, 2), (1, 2), (1, 3), (2, 3)),
    ((0, 1), (1, 2)),
    ((0, 1), (1, 2)),
    ((0, 1), (0, 2), (1, 2), (1, 3)),
)


def chebyshev(n, edges):
    """The polynomials of order 0 to 2 of a graph's scaled Laplacian."""
    adjacency, one = torch.zeros(n, n).double(), torch.eye(n).double()
    for a, b in edges:
        adjacency[a, b] = adjacency[b, a] = 1
    laplacian = torch.diag(adjacency.sum(0)) - adjacency
    scaled = 2 * laplacian / torch.linalg.eigvalsh(laplacian)[-1] - one
    return torch.stack([one, scaled, 2 * scaled @ scaled - one])


class Messages(nn.Module):
    """Messages along a graph's edges: a sum of Chebyshev polynomials."""

    def __init__(self, n, edges):
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), 1 / 3))
        self.register_buffer("polynomials", chebyshev(n, edges))

    def forward(self, x):
        return torch.tensordot(self.weight, self.polynomials, 1) @ x


class Fusion(nn.Module):
    """Signals summed with weights that depend on their means over time."""

    def __init__(self, n):
        super().__init__()
        self.linear = nn.Linear(n, n)

    def forward(self, x):
        weights = torch.softmax(self.linear(x.mean(-1)), -1)
        return (weights[:, :, None] * x).sum(1, keepdim=True)


class HiSTN(nn.Module):
    """HiSTN: electrodes, four regions of them, and all, for DREAMER's 14 electrodes."""

    def __init__(self, n_channels, n_times, n_classes, dropout=0.5):
        super().__init__()
        sizes = [len(region) for region in REGIONS]
        self.temporal = nn.Conv2d(1, 8, (1, 64), bias=False)
        self.squeeze = nn.Parameter(torch.randn(n_channels, 8) / 8**0.5)
        self.normalization = nn.BatchNorm1d(n_channels)
        self.depthwise = nn.Conv1d(
            n_channels, n_channels, 5, groups=n_channels, bias=False
        )
        self.normalization_2 = nn.BatchNorm1d(n_channels)
        self.dropout = nn.Dropout(dropout)
        self.messages = nn.ModuleList(map(Messages, sizes, EDGES))
        self.taps = nn.ModuleList(
            nn.Conv1d(n, n, 5, padding="same", groups=n, bias=False) for n in sizes
        )
        self.points = nn.ModuleList(nn.Conv1d(n, n, 1, bias=False) for n in sizes)
        self.normalization_3 = nn.BatchNorm1d(n_channels)
        self.early = nn.ModuleList(map(Fusion, sizes))
        self.late = nn.ModuleList(map(Fusion, sizes))
        self.region_messages = Messages(4, ((0, 1), (1, 2), (2, 3), (3, 0)))
        self.whole, self.whole_2 = Fusion(4), Fusion(4)
        self.linear = nn.Linear(n_channels + 5, n_classes)

    def forward(self, x):
        x = torch.einsum(
            "bfct,cf->bct", self.temporal(same(x[:, None], 64)), self.squeeze
        )
        x = functional.elu(self.normalization(x))
        x = functional.elu(self.normalization_2(self.depthwise(x)))
        x = self.dropout(functional.avg_pool1d(x, 2))
        parts = [x[:, list(region)] for region in REGIONS]
        steps = zip(self.messages, self.taps, self.points, parts, strict=True)
        nodes = [point(taps(send(part))) for send, taps, point, part in steps]
        after = functional.elu(self.normalization_3(torch.cat(nodes, 1)))
        early = torch.cat([f(p) for f, p in zip(self.early, parts, strict=True)], 1)
        parts = [after[:, list(region)] for region in REGIONS]
        late = torch.cat([f(p) for f, p in zip(self.late, parts, strict=True)], 1)
        regions = self.region_messages(early) + late
        whole = self.whole(early) + self.whole_2(late)
        means = torch.cat([x + after, regions, whole], 1).mean(-1)
        return self.linear(self.dropout(means))

    def constrain(self):
        shrink(self.squeeze, 1)
        shrink(self.depthwise.weight, 1)
        for point in self.points:
            shrink(point.weight, 1)


class Attention(nn.Module):
    """Self-attention of six heads."""

    def __init__(self, n, n_heads=6, n_inner=32, dropout=0.1):
        super().__init__()
        self.n_heads, self.rate = n_heads, dropout
        self.joint = nn.Linear(n, 3 * n_heads * n_inner, bias=False)
        self.output = nn.Linear(n_heads * n_inner, n)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        joint = (
            self.joint(x).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        )
        rate = self.rate if self.training else 0.0
        out = functional.scaled_dot_product_attention(*joint, dropout_p=rate)
        return self.dropout(self.output(out.transpose(1, 2).flatten(2)))


class Block(nn.Module):
    """Attention, then a network of each electrode, both added to their input."""

    def __init__(self, n, dropout=0.1):
        super().__init__()
        self.normalization, self.normalization_2 = nn.LayerNorm(n), nn.LayerNorm(n)
        self.attention = Attention(n, dropout=dropout)
        self.feedforward = nn.Sequential(
            *(nn.Linear(n, n), nn.GELU(), nn.Dropout(dropout)),
            *(nn.Linear(n, n), nn.Dropout(dropout)),
        )

    def forward(self, x):
        x = x + self.attention(self.normalization(x))
        return x + self.feedforward(self.normalization_2(x))


class RBTransformer(nn.Module):
    """RBTransformer: electrodes attend to each other."""

    def __init__(self, n_channels, n_bands, n_classes, dropout=0.1):
        super().__init__()
        self.project = nn.Linear(n_bands, 128)
        self.electrodes = nn.Parameter(torch.randn(n_channels, 128))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(128, dropout) for _ in range(4)))
        self.normalization = nn.LayerNorm(128)
        sizes = (128, 256, 256, 128)
        steps = []
        for n, m in zip(sizes, sizes[1:], strict=False):
            steps += [nn.Linear(n, m), nn.GELU(), nn.Dropout(dropout)]
        self.head = nn.Sequential(*steps, nn.Linear(128, n_classes))
        self.n_bands = n_bands

    def forward(self, x):
        x = self.project(x.unflatten(1, (-1, self.n_bands))) + self.electrodes
        x = self.blocks(self.dropout(x)).mean(1)
        return self.head(self.normalization(x))


class DGCNN(nn.Module):
    """DGCNN: Chebyshev polynomials of a learnt graph of electrodes."""

    def __init__(self, n_channels, n_bands, n_classes, n_filters=32, n_hidden=64):
        super().__init__()
        self.n_bands = n_bands
        self.normalization = nn.BatchNorm1d(n_bands)
        self.adjacency = nn.Parameter(torch.rand(n_channels, n_channels))
        self.filters = nn.Parameter(torch.randn(2, n_bands, n_filters) / n_bands**0.5)
        self.hidden = nn.Linear(n_channels * n_filters, n_hidden)
        self.linear = nn.Linear(n_hidden, n_classes)

    def forward(self, x):
        x = x.unflatten(1, (-1, self.n_bands))
        x = self.normalization(x.mT).mT
        graph = functional.relu(self.adjacency)
        graph = (graph + graph.T) / 2
        root = (graph.sum(1) + 1e-10).rsqrt()
        # The Laplacian, less one: two stands for its greatest eigenvalue.
        scaled = -root[:, None] * graph * root
        x = functional.relu(x @ self.filters[0] + scaled @ x @ self.filters[1])
        return self.linear(functional.relu(self.hidden(x.flatten(1))))


class Perceptron(nn.Module):
    """One hidden layer."""

    def __init__(self, n_features, n_classes, n_hidden=64):
        super().__init__()
        self.hidden = nn.Linear(n_features, n_hidden)
        self.linear = nn.Linear(n_hidden, n_classes)

    def forward(self, x):
        return self.linear(functional.relu(self.hidden(x)))


class SPDNet(nn.Module):
    """SPDNet: projection, floor of the eigenvalues, logarithm, classifier."""

    def __init__(self, n_channels, n_classes, floor=1e-4):
        super().__init__()
        n = n_channels // 2
        self.floor = floor
        self.projection = nn.Parameter(torch.linalg.qr(torch.randn(n_channels, n))[0])
        self.projection.register_hook(self.tangent)
        self.linear = nn.Linear(n * (n + 1) // 2, n_classes)
        self.places = torch.triu_indices(n, n)
        rows, columns = self.places
        self.register_buffer(
            "scale", torch.where(rows == columns, 1, 2).double().sqrt()
        )

    def forward(self, x):
        x = self.projection.T @ x @ self.projection
        values, vectors = torch.linalg.eigh(x)
        x = vectors * values.clamp(min=self.floor)[:, None] @ vectors.mT
        values, vectors = torch.linalg.eigh(x)
        x = vectors * values.log()[:, None] @ vectors.mT
        rows, columns = self.places
        return self.linear(x[:, rows, columns] * self.scale)

    def tangent(self, gradient):
        """Keep of a gradient what is tangent to the Stiefel manifold."""
        projection = self.projection.detach()
        inner = projection.T @ gradient
        return gradient - projection @ (inner + inner.T) / 2

    def constrain(self):
        with torch.no_grad():
            q, r = torch.linalg.qr(self.projection)
            self.projection.copy_(q * torch.sign(torch.diagonal(r)))


class SSVEPNet(nn.Module):
    """The deep network of Guney et al.: sub-bands, channels, time."""

    def __init__(self, n_bands, n_channels, n_times, n_classes, dropout):
        super().__init__()
        self.bands = nn.Conv2d(n_bands, 1, 1, bias=False)
        self.spatial = nn.Conv2d(1, 120, (n_channels, 1))
        self.halve = nn.Conv2d(120, 120, (1, 2), stride=(1, 2))
        self.temporal = nn.Conv2d(120, 120, (1, 10))
        self.drops = nn.ModuleList(map(nn.Dropout, dropout))
        self.linear = nn.Linear(120 * (n_times // 2), n_classes)

    def forward(self, x):
        x = self.drops[0](self.spatial(self.bands(x)))
        x = functional.relu(self.drops[1](self.halve(x)))
        return self.linear(self.drops[2](self.temporal(same(x, 10))).flatten(1))


def same(x, n_taps):
    """Add zeros, so that a filter leaves as many samples."""
    return functional.pad(x, ((n_taps - 1) // 2, n_taps // 2))


def shrink(weight, max_norm):
    """Scale down each output's weights whose norm exceeds ``max_norm``."""
    with torch.no_grad():
        norms = weight.flatten(1).norm(dim=1).clamp(min=max_norm)
        weight *= (max_norm / norms).reshape(-1, *[1] * (weight.ndim - 1))


def train(module, X, y, batches, optimizer, smoothing=0.0):
    """Step once for each batch of row numbers; return the loss of each."""
    losses = []
    for rows in batches:
        optimizer.zero_grad(set_to_none=True)
        logits = module(X[rows])
        loss = functional.cross_entropy(logits, y[rows], label_smoothing=smoothing)
        loss.backward()
        optimizer.step()
        if hasattr(module, "constrain"):
            module.constrain()
        losses.append(loss.detach())
    return [float(loss) for loss in losses]


def braindecode_models():
    """Import braindecode's models, without torchaudio where that does not load."""
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError):
        for name in ("", ".functional", ".transforms"):
            stub = _Stub(f"torchaudio{name}")
            stub.__spec__ = importlib.machinery.ModuleSpec(stub.__name__, None)
            sys.modules[stub.__name__] = stub
            if name:
                setattr(sys.modules["torchaudio"], name[1:], stub)
    from braindecode import models

    return models


class _Stub(types.ModuleType):
    """A module that has, by name, an empty class for everything."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})
