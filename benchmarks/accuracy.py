"""Score every named pipeline on every data set at hand, and write the table.

    python benchmarks/accuracy.py --root FOLDER --eegmat FOLDER --mne-data FOLDER

The folders of data may be given by the environment variables MNE_DATASETS_DASPS_PATH,
EEGMAT_PATH and MNE_DATA instead; nothing is fetched.

A cell is called DATA/PROTOCOL/PIPELINE, such as dasps-valence/cross-subject/de-svm.
Where subjects share clips, cross-subject-stimulus belongs to cross-subject. Slow
networks come last. Each finished fold is kept below --results, so that an
interrupted command goes on when it is given again; --page writes the table of what is
there, and computes nothing. Data that are not on disk are named in it; the command
says why.
"""

import argparse
import fnmatch
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = "numpy scipy scikit-learn numba pyriemann mne moabb"
CONDITIONS = "one process, one thread of BLAS; float64, seed 0"


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, variable, whose in (
        ("--root", "MNE_DATASETS_DASPS_PATH", "DASPS"),
        ("--eegmat", "EEGMAT_PATH", "EEGMAT"),
        ("--mne-data", "MNE_DATA", "MOABB's data"),
    ):
        parser.add_argument(
            option,
            type=Path,
            default=os.environ.get(variable),
            help=f"folder of {whose}; that of the variable {variable} by default",
        )
    for name, what in (("only", "compute no others"), ("skip", "do not compute them")):
        parser.add_argument(
            f"--{name}",
            metavar="PATTERN",
            nargs="+",
            default=[],
            help=f"cells, such as 'simulated/*/de-*': {what}",
        )
    parser.add_argument(
        "--results", type=Path, default=ROOT / "eegemo-results/accuracy"
    )
    parser.add_argument("--page", action="store_true", help="compute nothing")
    parser.add_argument("--list", action="store_true", help="list the cells")
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs/results/accuracy.md",
        help="Markdown file; JSON is put beside",
    )
    return parser.parse_args(arguments)


def main(options):
    from _accuracy_data import compute, find, warm_up
    from _accuracy_page import write
    from speed import describe

    data = find(options)
    for name, one in data.items():
        if one.dataset is None:
            print(f"{name} is not at hand: {one.reason}", file=sys.stderr)
    todo = [] if options.page else jobs(data, options)
    if options.list:
        for name, protocol, names in todo:
            print(*(f"{name}/{protocol}/{pipeline}" for pipeline in names), sep="\n")
        return
    if todo:
        warm_up(list(dict.fromkeys(name for _, _, names in todo for name in names)))
    for name, protocol, names in todo:
        # Whatever part of it this is, and wherever the folders are.
        facts = describe(options, [], "accuracy", PACKAGES, CONDITIONS)
        print(facts.splitlines()[1], name, protocol, *names, flush=True)
        place = options.results / name / protocol
        compute(data[name], protocol, names, place, facts)
    write(data, options)


def jobs(data, options):
    """List what is computed at once: fast pipelines together, then slow ones alone."""
    from _accuracy_data import SLOW, pipelines_of

    fast, slow = [], []
    for name, one in data.items():
        for protocol in one.protocols if one.dataset is not None else ():
            chosen = [
                pipeline
                for pipeline in pipelines_of(one)
                if is_chosen(f"{name}/{protocol}/{pipeline}", options)
            ]
            together = [pipeline for pipeline in chosen if pipeline not in SLOW]
            fast += [(name, protocol, together)] if together else []
            slow += [(name, protocol, [p]) for p in chosen if p in SLOW]
    family = [name.partition("-")[0] for name in data]

    def cost(job):
        name, _, (pipeline,) = job
        last = pipeline == SLOW[-1]
        return last, family.index(name.partition("-")[0]), SLOW.index(pipeline)

    return fast + sorted(slow, key=cost)


def is_chosen(cell, options):
    def matches(patterns):
        return any(fnmatch.fnmatch(cell, pattern) for pattern in patterns)

    return (not options.only or matches(options.only)) and not matches(options.skip)


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is imported
        os.environ[f"{library}_NUM_THREADS"] = "1"
    main(parse())
