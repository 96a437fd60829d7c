"""Show what shuffling windows instead of trials, subjects and clips gains.

    python benchmarks/leakage.py

Three simulations: without any emotion; without emotion, but each clip has a signature
that all subjects share; and with emotion. Writes docs/results/leakage.md and
leakage.png, unless --tiny.
"""

import argparse
import os
import sys
from pathlib import Path

from speed import ROOT, describe

PROTOCOLS = ("window-leaky", "within-session", "cross-subject")
PACKAGES = "numpy scipy scikit-learn numba pyriemann mne moabb"
BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"  # of Okabe and Ito
NOTES = """\
- Balanced accuracy of windows of 4 s, mean ± SD over {n_subjects} subjects; {n_trials}
  trials. Chance is {chance:.3f}, and a guess exceeds {chance_95:.3f} in one run of
  twenty. The trivial baseline, the most frequent class of the training data, is a row
  of its own.
- Shuffling windows puts windows of the same trial on both sides of a split, so that a
  pipeline which recognises trials looks as if it recognised emotions.
- Each clip shows one emotion and is seen by all subjects: who recognises clips seems to
  recognise emotions in new subjects, until the clips are new, too.
"""


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument("--output", type=Path, help="Markdown file; PNG is put beside")
    options = parser.parse_args(arguments)
    if options.output is None and not options.tiny:
        options.output = ROOT / "docs" / "results" / "leakage.md"
    return options


def main(options, arguments):
    from eegemo.evaluation import run_benchmark, subject_scores, summarize

    results = {}
    for title, pipeline, dataset in cases(options.tiny):
        scores = run_benchmark(dataset, [pipeline], protocols=PROTOCOLS)
        key = f"{title}: {pipeline}"
        results[key] = summarize(scores), subject_scores(scores)
    conditions = "seed 0, one thread of BLAS, float64, one run"
    facts = describe(options, arguments, "leakage", PACKAGES, conditions)
    text = page(results, facts)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text)
        draw(results, options.output.with_suffix(".png"))
    return results


def cases(tiny):
    """Make the simulations: title, pipeline, data set."""
    from eegemo.datasets import SimulatedEmotion

    size = {"n_subjects": 3, "n_sessions": 1, "n_trials": 12} if tiny else {}
    yield "nothing to find", "de-1nn", SimulatedEmotion(effect=0, **size)
    signatures = SimulatedEmotion(effect=0, clip_effect=3, **size)
    yield "no emotion, but known clips", "de-svm", signatures
    yield "emotion", "acm-ts-svm", SimulatedEmotion(**size)


def page(results, facts):
    """Make the page of all numbers."""
    cells, lines = {}, []
    for key, (summary, _) in results.items():
        for row in summary.itertuples():
            name = "trivial" if row.pipeline == "trivial" else key
            score = f"{row.balanced_accuracy:.3f} ± {row.sd:.3f}"
            cells.setdefault(row.protocol, {})[name] = score
    for protocol, row in cells.items():
        scores = [row[key] for key in [*results, "trivial"]]
        lines.append(f"| `{protocol}` | {' | '.join(scores)} |")
    header = f"| | {' | '.join(results)} | trivial |"
    rule = "|---" * (len(results) + 2) + "|"
    (summary, _), *_ = results.values()
    notes = NOTES.format(**summary.iloc[0])
    return "\n".join(
        [
            "# What leakage gains\n\nWritten by a command; do not edit.\n",
            f"{facts}\n",
            "![Scores of subjects under each protocol](leakage.png)\n",
            *(header, rule, *lines, "", notes),
        ]
    )


def draw(results, path):
    """Draw each subject's score under each protocol, with the mean."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots(
        1, len(results), figsize=(10, 3.6), sharey=True, layout="constrained"
    )
    for ax, (key, (summary, subjects)) in zip(axes, results.items(), strict=True):
        protocols = list(summary["protocol"].unique())
        for x, protocol in enumerate(protocols):
            color = ORANGE if "leaky" in protocol else BLUE
            rows = subjects[subjects["protocol"] == protocol]
            own = rows.loc[rows["pipeline"] != "trivial", "balanced_accuracy"]
            shift = np.linspace(-0.25, 0.25, len(own))
            marker = "X" if "leaky" in protocol else "o"
            ax.plot(x + shift, own, marker, ms=5, color=color, alpha=0.7, mew=0)
            ax.hlines(own.mean(), x - 0.35, x + 0.35, color=color, lw=2.5)
        chance, chance_95 = summary[["chance", "chance_95"]].iloc[0]
        ax.axhline(chance, color=BLACK, lw=1, ls="--", label="chance")
        label = "a guess exceeds this\nin one run of twenty"
        ax.axhline(chance_95, color=BLACK, lw=1, ls=":", label=label)
        title, _, pipeline = key.rpartition(": ")
        ax.set_title(f"{title[0].upper()}{title[1:]}\n({pipeline})", fontsize=10)
        labels = [name.replace("-", "-\n", 1) for name in protocols]
        labels = [name.replace("subject-s", "subject-\ns") for name in labels]
        ax.set_xticks(range(len(protocols)), labels, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_ylim(0, 1.02)
    axes[0].set_ylabel("Balanced accuracy of windows")
    axes[-1].legend(frameon=False, fontsize=8, loc="lower right")
    figure.savefig(path, dpi=140)
    plt.close(figure)


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is imported
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    main(parse(), sys.argv[1:])
