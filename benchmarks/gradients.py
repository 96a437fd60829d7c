"""Compare the gradients of eegemo's layers and networks with torch's, in float64.

    python benchmarks/gradients.py

For each layer, torch computes the same function of the same input and weights and
differentiates it by itself; so it does each whole network, on a batch of tiny data and
without dropout. Prints the largest difference of an output or gradient over its largest
number. Exits with an error if one is more than 1e-11, or if a layer is not compared.
"""

import os
import sys

TOLERANCE = 1e-11
LEAST = 1e-3  # of a network's largest gradient: one of zero is rounding


def main():
    from _layer_twins import TWINS
    from networks import choose

    right = True
    print("| layer | difference | of |\n|---|---|---|")
    for name, twin in TWINS.items():
        right &= report(name, compare_layer(twin))
    for name in missing(TWINS.values()):
        right = False
        print(f"| {name} | NOT COMPARED | |")
    print("\n| network | difference | of |\n|---|---|---|")
    for key, case in choose(None).items():
        right &= report(key, compare_network(case))
    return right


def report(name, differences):
    worst = max(differences, key=differences.get)
    fits = differences[worst] <= TOLERANCE
    mark = "" if fits else " DIFFERS"
    print(f"| {name} | {differences[worst]:.0e}{mark} | {worst} |", flush=True)
    return fits


def compare_layer(twin):
    """Largest differences of output and gradients, by name, of a layer alone."""
    import numpy as np
    import torch

    from eegemo.networks._layer import Pass, arrays, flatten, walk

    rng = np.random.default_rng(0)
    layer, X = twin.make(), twin.data(rng)
    layer.build(X.shape[1:], rng)
    flatten(layer, np.float64)
    weights = arrays(layer, "weights")
    for weight in weights.values():  # not ones and zeros
        weight += 0.1 * rng.standard_normal(weight.shape)
    for _, part in walk(layer):
        part.constrain()
    run = Pass(np.random.default_rng(1))
    x = layer.gather(layer.prepare(X.copy()), np.arange(len(X)), run)
    out = layer.forward(x, run).copy()
    direction = rng.standard_normal(out.shape)
    by_input = layer.backward(direction.copy(), run, needs_input=not twin.first)
    found = arrays(layer, "gradients") | {"output": out}

    leaves = {k: torch.tensor(w, requires_grad=True) for k, w in weights.items()}
    x = torch.tensor(X, requires_grad=True)
    y = twin.call(x, leaves, layer)
    if y.requires_grad:
        y.backward(torch.from_numpy(direction))
    expected = {k: leaf.grad for k, leaf in leaves.items()} | {"output": y.detach()}
    if not twin.first:
        found["input"], expected["input"] = by_input, x.grad
    if twin.kind == "spd":  # either may have put the gradient of a pair on one side
        found["input"] = by_input + by_input.mT
        expected["input"] = x.grad + x.grad.mT
    return differences(found, {k: v.numpy() for k, v in expected.items()}, 0)


def compare_network(case):
    """Largest differences of gradients, by name of the twin's weights."""
    import numpy as np
    from _sides import Eegemo, Torch
    from learning import twin

    from eegemo.networks._layer import arrays

    X, y = case.make(tiny=True, dtype=np.float64)
    ours, theirs = Eegemo(case, X, y, False), Torch(case, X, y, twin(case))
    theirs.prepare()
    theirs.load(arrays(ours.network, "weights"))
    ours.prepare()
    rows = np.arange(len(X))
    expected = theirs.gradients(rows)
    found = case.layout(ours.gradients(rows))
    return differences(found, expected, LEAST)


def differences(found, expected, least):
    """Largest difference over the largest number, for each name."""
    import numpy as np

    size = {name: np.abs(array).max() for name, array in expected.items()}
    floor = least * max(size.values()) or np.finfo(float).tiny
    return {
        name: np.abs(np.reshape(found[name], array.shape) - array).max()
        / max(size[name], floor)
        for name, array in expected.items()
    }


def missing(twins):
    """Names of layers with gradients of their own that no twin has."""
    from eegemo import networks  # noqa: F401
    from eegemo.networks._layer import Layer

    made = tuple(type(twin.make()) for twin in twins)
    return sorted(
        kind.__name__
        for kind in subclasses(Layer)
        if "backward" in vars(kind) and not any(issubclass(m, kind) for m in made)
    )


def subclasses(kind):
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is imported
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    sys.exit(not main())
