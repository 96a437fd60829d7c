"""Train eegemo's networks and their twins in torch from the same weights.

    python benchmarks/learning.py

Both take the same batches in the same order, without dropout; after each of 20 steps
the losses of float64 and of float32 are compared. Without --only and --tiny, the table
of the largest differences goes to docs/results/learning.md, and the curves to
learning.png beside it. Exits with an error where a difference is larger than its
tolerance.
"""

import argparse
import os
import sys
from pathlib import Path

N_STEPS = 20
# Of the first loss, and of all of them: rounding grows with each step of Adam, which
# divides by the size of the gradient. In float32 the twins round in other places.
TOLERANCES = {"float64": (1e-12, 1e-8), "float32": (1e-5, 1e-2)}
HEAD = """\
# Networks learn as in torch

Written by a command; do not edit.
"""
NOTES = """\
![Losses over {n} steps; the two curves of each network lie on each other]({image})

- Each network and the same one written in torch start from the same weights and take
  the same batches in the same order, without dropout; {n} steps of Adam.
- Loss: cross-entropy of the batch in torch, before the first step and before the last.
- Differences are over the loss in torch: before the first step, and the largest of all
  steps. They grow with each step, since Adam divides by the size of the gradient.
- Allowed: {allowed}.
"""
HEADER = """\
| network | data | dtype | loss before, after | first difference | largest | allowed |
|---|---|---|---|---|---|---|"""
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
    parser.add_argument("--output", type=Path, help="Markdown file; PNG is put beside")
    options = parser.parse_args(arguments)
    if options.output is None and not (options.only or options.tiny):
        options.output = Path(__file__).parents[1] / "docs" / "results" / "learning.md"
    return options


def main(options, arguments):
    from networks import PACKAGES, choose
    from speed import describe

    print(HEADER)
    curves, lines, right = {}, [], True
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
            lines.append(
                f"| {name} | {data} | {dtype} | {theirs[0]:.4f}, {theirs[-1]:.4f} | "
                f"{found[0]:.0e} | {found[1]:.0e} | {'yes' if fits else 'DIFFERS'} |"
            )
            print(lines[-1], flush=True)
    if options.output is not None and curves:
        image = options.output.with_suffix(".png")
        draw(curves, image)
        facts = describe(options, arguments, "learning", PACKAGES, "seed 0")
        allowed = "; ".join(
            f"{dtype} {first:.0e} and {largest:.0e}"
            for dtype, (first, largest) in TOLERANCES.items()
        )
        notes = NOTES.format(n=options.steps, image=image.name, allowed=allowed)
        table = "\n".join([HEADER, *lines])
        options.output.write_text(f"{HEAD}\n{facts}\n\n{table}\n\n{notes}")
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
    sys.exit(not main(parse(), sys.argv[1:]))
