"""Time every kernel of eegemo against its peers, and write the table.

    python benchmarks/speed.py

For each row, our result and the peers' are compared first; then all are timed in turn,
round by round. Peers that are not installed are named in the table. Without --only and
--tiny the table goes to docs/results/speed.md, and every time in it to speed.json.
"""

import argparse
import datetime
import fnmatch
import json
import os
import platform
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = "numpy scipy scikit-learn numba pyriemann moabb torcheeg LibEER torch"
NAMES = ("NumPy", "SciPy", "pyRiemann", "MOABB", "torcheeg", "LibEER")
HEADER = (
    "| work | data | peer | times faster | ours | of bound | extra memory, ours / "
    "peer | difference |\n|---|---|---|---|---|---|---|---|"
)
NOTES = """\
- Times faster: the median time of the peer over ours, and from the least to the
  greatest ratio in a round. Calls shorter than 0.05 s are repeated within a round. From
  5 s on, there are three rounds. The first call of each, which compiles, is not timed.
- A peer marked * is timed on its first {sample} windows, and its time scaled up.
- Of bound: the least time that a copy of all numbers in and out, or the least
  arithmetic we know of at the rate of dgemm, would take, as a fraction of ours; the
  longer of the two, which is named. Measured in the same run: a copy reads and writes
  {copy:.1f} GB/s, dgemm makes {dgemm:.1f} Gflop/s.
- Extra memory: peak resident memory of one call in a forked process, result included,
  beyond that before it. Some MiB are those of the code that is loaded.
- Difference: the largest of the results, over the largest number in the peer's; "-"
  where the peer computes something else.
"""


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        nargs="+",
        help="rows whose work or data match one, such as 'DE*'",
    )
    parser.add_argument(
        "--threads",
        choices=("1", "default"),
        default="1",
        help="of BLAS and OpenMP: one, or what they take by themselves, of which the "
        "table goes to docs/results/speed-default-threads.md",
    )
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument("--list", action="store_true", help="list the rows")
    parser.add_argument("--output", type=Path, help="Markdown file; JSON is put beside")
    options = parser.parse_args(arguments)
    if options.output is None and not (options.only or options.tiny):
        name = "speed" if options.threads == "1" else "speed-default-threads"
        options.output = ROOT / "docs" / "results" / f"{name}.md"
    return options


def main(options, arguments):
    from _cases import cases
    from _startup import startup
    from _timing import bound_of, bounds, measure
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread beside the forks
    chosen = {
        key: make
        for key, make in cases(options.tiny).items()
        if not options.only
        or any(fnmatch.fnmatch(k, one) for k in key for one in options.only)
    }
    if options.list or not chosen:
        print(*map(" | ".join, chosen), sep="\n")
        return []
    facts = describe(options, arguments)
    copy, dgemm = bounds(2**16, 64) if options.tiny else bounds()
    rows, seconds = [], []
    for (work, data), make in (bar := tqdm(chosen.items())):
        bar.set_description(f"{work}, {data}")
        case = make()
        bound, bound_name = bound_of(case, copy, dgemm)
        for row in measure(case, options.rounds, 0 if options.tiny else 0.05):
            row.update(work=work, data=data, bound=bound, bound_name=bound_name)
            rows.append(row)
        write(options, facts, rows, seconds, (copy, dgemm))  # lest it be interrupted
    if not options.only:
        seconds = startup()
    text = write(options, facts, rows, seconds, (copy, dgemm))
    if options.output is None:
        print(text)
    return rows


def write(options, facts, rows, seconds, rates):
    """Make the page, and write it and the times unless there is no file."""
    from _cases import SAMPLE

    copy, dgemm = (rate / 1e9 for rate in rates)
    notes = NOTES.format(sample=SAMPLE, copy=copy, dgemm=dgemm)
    table = "\n".join([HEADER, *map(line, rows)])
    head = f"# Speed\n\nWritten by a command; do not edit.\n\n{facts}"
    text = f"{head}\n\n{table}\n\n{notes}"
    if seconds:
        text += "\n" + startup_table(seconds)
    if options.output is not None:
        options.output.write_text(text)
        everything = {
            "facts": facts,
            "copy_GB_per_s": copy,
            "dgemm_Gflop_per_s": dgemm,
            "rows": rows,
            "startup": seconds,
        }
        options.output.with_suffix(".json").write_text(json.dumps(everything, indent=1))
    return text


def describe(options, arguments, script="speed", packages=PACKAGES, conditions=None):
    """What the numbers depend on."""
    from threadpoolctl import threadpool_info

    import eegemo

    command = shlex.join(["python", f"benchmarks/{script}.py", *arguments])
    # Not by metadata, which an editable clone on the path has none of.
    versions = [f"Python {platform.python_version()}", f"eegemo {eegemo.__version__}"]
    for name in packages.split():
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    if conditions is None:
        pools = {f"{p['internal_api']} {p['num_threads']}" for p in threadpool_info()}
        conditions = f"threads of {', '.join(sorted(pools))}; float64, seed 0"
    if "rounds" in options:  # of interleaved times
        conditions = f"{conditions}, {options.rounds} rounds"
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return "\n".join(
        [
            f"- command: `{command}`",
            f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
            f"- commit: {git.stdout.strip() or 'unknown'}",
            f"- machine: {cpu()}, {os.cpu_count()} cores, {platform.system()}",
            f"- versions: {', '.join(versions)}",
            f"- {conditions}",
        ]
    )


def cpu():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(x.partition(": ")[2] for x in lines if x.startswith("model name"))


def line(row):
    """Make a line of the table."""
    import numpy as np

    ours = np.median(row["ours"])
    faster = row["status"] or "no peer"
    if row["times"]:
        ratios = np.divide(row["times"], row["ours"])
        median = np.median(row["times"]) / ours
        faster = f"**{short(median)}** ({short(ratios.min())}-{short(ratios.max())})"
    bound = f"{row['bound'] / ours:.0%} {row['bound_name']}" if row["bound"] else "-"
    difference = "-" if row["difference"] is None else f"{row['difference']:.0e}"
    cells = [
        row["work"],
        row["data"],
        (versioned(row) or "-") + ("*" if row.get("part") else ""),
        faster,
        f"{short(ours)} s" if ours >= 1 else f"{short(1e3 * ours)} ms",
        bound,
        f"{mebibytes(row['our_memory'])} / {mebibytes(row.get('memory'))} MiB",
        difference,
    ]
    return f"| {' | '.join(cells)} |"


def short(number):
    """Three digits, or as many as it has before the point."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def versioned(row):
    """Name of the peer, with the versions of the packages in it."""
    name = row["peer"]
    for package in NAMES:
        if package in name and "not installed" not in row["status"]:
            name = name.replace(package, f"{package} {metadata.version(package)}")
    return name


def mebibytes(n_bytes):
    return "-" if n_bytes is None else f"{n_bytes / 2**20:.0f}"


def startup_table(rows):
    return "\n".join(
        [
            "Seconds that the import of eegemo takes once its dependencies are loaded, "
            "and that first calls take longer\nthan second ones, with numba's cache "
            "empty and in the next process:\n",
            "| | cold | warm |\n|---|---|---|",
            *(f"| {what} | {cold:.2f} | {warm:.2f} |" for what, cold, warm in rows),
            "",
        ]
    )


if __name__ == "__main__":
    options = parse()
    if options.threads == "1":  # before NumPy is imported
        for library in ("OMP", "OPENBLAS", "MKL"):
            os.environ[f"{library}_NUM_THREADS"] = "1"
    found = main(options, sys.argv[1:])
    sys.exit(any(row["status"].startswith(("DIFFERS", "FAILS")) for row in found))
