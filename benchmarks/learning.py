"""Train eegemo's networks and their twins in torch from the same weights.

    python benchmarks/learning.py

Both take the same batches in the same order, without dropout; after each of 20 steps
the losses of float64 and of float32 are compared. Prints the largest differences, and
draws the curves to docs/results/networks-loss.png unless --only or --tiny. Exits with
an error where a difference is larger than its tolerance.
"""

import argparse
import os
import sys
from pathlib import Path

N_STEPS = 20
# Of the first loss, and of all of them: rounding grows with each step of Adam, which
# divides by the size of the gradient. In float32 the twins round in other places.
TOLERANCES = {"float64": (1e-12, 1e-8), "float32": (1e-5, 1e-2)}
BLUE, ORANGE = "#0072B2", "#E69F00"  # told apart by all eyes


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", metavar="PATTERN", nargs="+", help="rows, such as 'EEGNet, MI*'"
    )
    parser.add_argument("--steps", type=int, default=N_STEPS)
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument("--output", type=Path, help="PNG file")
    options = parser.parse_args(arguments)
    if options.output is None and not (options.only or options.tiny):
        options.output = (
            Path(__file__).parents[1] / "docs" / "results" / "networks-loss.png"
        )
    return options


def main(options):
    from networks import choose

    print("| network | data | dtype | loss before, after | first | largest | |")
    print("|---|---|---|---|---|---|---|")
    curves, right = {}, True
    for key, case in choose(options.only).items():
        for dtype, tolerances in TOLERANCES.items():
            ours, theirs = losses(case, dtype, options)
            if dtype == "float32":
                curves[key] = ours, theirs
            apart = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
            found = apart[0], max(apart)
            fits = all(x <= y for x, y in zip(found, tolerances, strict=True))
            right &= fits
            name, data = key.split(", ", 1)
            print(
                f"| {name} | {data} | {dtype} | {theirs[0]:.4f}, {theirs[-1]:.4f} | "
                f"{found[0]:.0e} | {found[1]:.0e} | {'' if fits else 'DIFFERS'} |",
                flush=True,
            )
    if options.output is not None and curves:
        draw(curves, options.output)
    return right


def losses(case, dtype, options):
    """Loss before each step, of both."""
    import numpy as np
    from _sides import Eegemo, Torch

    from eegemo.networks._layer import arrays

    X, y = case.make(options.tiny, dtype)
    ours, theirs = Eegemo(case, X, y, False), Torch(case, X, y, twin(case))
    theirs.prepare()
    theirs.load(arrays(ours.network, "weights"))
    ours.prepare()
    batches = list(take(len(X), case.batch, options.steps, np.random.default_rng(1)))
    return ours.epoch(batches), theirs.epoch(batches)


def twin(case):
    """Make the twin without dropout."""
    return lambda shape, n_classes: case.twin(shape, n_classes, dropout=0.0)


def take(n, batch_size, n_batches, rng):
    """Batches of random rows, epoch after epoch."""
    from _sides import split

    taken = 0
    while True:
        for rows in split(rng.permutation(n), batch_size):
            if taken == n_batches:
                return
            yield rows
            taken += 1


def draw(curves, path):
    """Draw the float32 losses of each network over each other."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    n_columns = min(4, len(curves))
    n_rows = -(-len(curves) // n_columns)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(3 * n_columns, 2.4 * n_rows),
        layout="constrained",
        squeeze=False,
    )
    for ax in axes.flat[len(curves) :]:
        ax.axis("off")
    for ax, (key, (ours, theirs)) in zip(axes.flat, curves.items(), strict=False):
        name, data = key.split(", ", 1)
        steps = range(1, len(ours) + 1)
        ax.plot(steps, theirs, color=ORANGE, linewidth=4, label="torch")
        ax.plot(steps, ours, "--", color=BLUE, linewidth=1.5, label="eegemo")
        ax.set_title(f"{name}\n{data}", fontsize=7)
        ax.tick_params(labelsize=7)
    axes.flat[0].legend(fontsize=7)
    figure.supxlabel("Steps of Adam", fontsize=9)
    figure.supylabel("Cross-entropy of the batch (nats)", fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is imported
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    sys.exit(not main(parse()))
