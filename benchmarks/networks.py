"""Time the training of eegemo's networks against torch and braindecode.

    python benchmarks/networks.py

The torch networks are written as the papers write them, braindecode's as they are. An
epoch of each is timed in turn, with the same batches, after one that is not timed. Then
follow whole fits, from nothing; and, each in a process of its own, the first epoch with
numba's cache empty and peak memory. Each number of threads has a process of its own
too. Without --only and --tiny the table goes to docs/results/speed-networks.md, and
every time in it to docs/results/speed-networks.json.
"""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from speed import ROOT, describe, mebibytes, short

PEERS = ("torch", "braindecode")
PACKAGES = "numpy scipy scikit-learn numba torch braindecode"
LIBRARIES = ("OMP", "OPENBLAS", "MKL")
LEAST = 0.05  # seconds; shorter epochs are repeated, and their mean taken
LONG = 1.0  # seconds; longer epochs are warmed up once, and there is one fit
N_FITS = 3
HEADER = (
    "| network | data | threads | peer | times faster, epoch | ours | peer | "
    "times faster, {n} epochs | ours | peer | extra memory, ours / peer |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
NOTES = """\
- Threads: of torch and of BLAS. eegemo trains with one thread of BLAS at all times.
- Times faster, epoch: the median time of the peer over ours, and from the least to the
  greatest ratio in a round. Epochs shorter than 0.05 s are repeated within a round.
  The batches are in memory for both, and the same; so is the optimiser, for which torch
  takes its fused one.
- {n} epochs: a whole fit from nothing, with all that is done once, such as the
  transform of the windows; ours with `fit`, which also validates the input. The median
  of three, or one if an epoch takes a second.
- With `--resume`, rows that were there are kept: the facts above are of the last run.
- Extra memory: peak resident memory of a fit of two epochs on one thread, beyond that
  with the data loaded and a fit of some windows done. Each in a process of its own.
"""
FIRST = "| network | data | ours, cold | ours, warm | torch | ours, once per fit |"


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10, help="of a whole fit")
    parser.add_argument(
        "--only", metavar="PATTERN", nargs="+", help="rows, such as 'EEGNet, MI*'"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument("--list", action="store_true", help="list the rows")
    parser.add_argument("--output", type=Path, help="Markdown file; JSON is put beside")
    parser.add_argument(
        "--resume", action="store_true", help="measure what the output does not have"
    )
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.output is None and not (options.only or options.tiny):
        options.output = ROOT / "docs" / "results" / "speed-networks.md"
    return options


def main(options, arguments):
    from tqdm import tqdm

    chosen = choose(options.only)
    if options.list or not chosen:
        print(*chosen, sep="\n")
        return []
    rows, first = known(options) if options.resume else ([], [])
    order = list(choose(None))
    for key in (bar := tqdm(chosen)):
        bar.set_description(key)
        done = {row.get("threads"): row for row in rows if row["key"] == key}
        try:
            if key not in [row["key"] for row in first]:
                with tempfile.TemporaryDirectory() as folder:
                    cold = ask(options, 1, "first", key, cache=folder)
                    warm = ask(options, 1, "first", key, cache=folder)
                first.append({"key": key, "cold": cold, "warm": warm})
            memory = next((row["memory"] for row in done.values()), None) or {
                side: ask(options, 1, "memory", key, side)
                for side in ("eegemo", *chosen[key].peers())
            }
            for n_threads in options.threads:
                if n_threads not in done:
                    row = ask(options, n_threads, "times", key)
                    rows.append(row | {"threads": n_threads, "memory": memory})
        except RuntimeError as error:  # one that breaks should not cost the table
            rows.append({"key": key, "status": str(error)})
        rows.sort(key=lambda row: (order.index(row["key"]), row.get("threads", 0)))
        write(options, arguments, rows, first)  # lest it be interrupted
    if options.output is None:
        print(write(options, arguments, rows, first))
    return rows


def known(options):
    """Return the rows that an earlier run has measured."""
    found = json.loads(options.output.with_suffix(".json").read_text())
    return [row for row in found["rows"] if not row["status"]], found["first"]


def choose(patterns):
    """Cases of networks that there are, by key."""
    from _network_cases import CASES

    from eegemo import networks

    return {
        case.key: case
        for case in CASES
        if case.network in networks.__all__
        and (not patterns or any(fnmatch.fnmatch(case.key, one) for one in patterns))
    }


def ask(options, n_threads, *task, cache=None):
    """Have a task done in a process of its own, with a number of threads."""
    command = [sys.executable, __file__, "--task", *task]
    command += ["--rounds", str(options.rounds), "--epochs", str(options.epochs)]
    command += ["--tiny"] if options.tiny else []
    environment = os.environ | {f"{x}_NUM_THREADS": str(n_threads) for x in LIBRARIES}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"FAILS: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def perform(options):
    """Do a task, and print what was found."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    warnings.simplefilter("ignore")
    task, key, *rest = options.task
    case = choose(None)[key]
    found = {"times": time_sides, "first": time_first, "memory": measure_memory}
    print(json.dumps(found[task](case, options, *rest)))


def sides_of(case, X, y):
    from _sides import Eegemo, Torch

    sides = {"eegemo": Eegemo(case, X, y)}
    for name, make in case.peers().items():
        as_float32 = name.endswith("float32")
        sides[name] = Torch(case, X.astype("float32") if as_float32 else X, y, make)
    return sides


def time_sides(case, options):
    """Seconds of epochs, round by round, and of whole fits."""
    import numpy as np
    from _sides import split

    X, y = case.make(options.tiny)
    rng = np.random.default_rng(1)
    sides = sides_of(case, X, y)
    once = {}
    for name, side in sides.items():
        side.prepare()
        batches = split(rng.permutation(len(X)), case.batch)
        side.epoch(batches[:1])  # which compiles
        once[name] = clock(side.epoch, batches)
        if once[name] < LONG:
            once[name] = clock(side.epoch, batches)
    long = max(once.values()) > LONG
    epochs = {name: [] for name in sides}
    for _ in range(options.rounds):
        batches = split(rng.permutation(len(X)), case.batch)
        for name, side in sides.items():
            n_calls = 1 if options.tiny else int(np.ceil(LEAST / once[name]))
            seconds = [clock(side.epoch, batches) for _ in range(n_calls)]
            epochs[name].append(float(np.mean(seconds)))
    fits = {name: [] for name in sides}
    for _ in range(1 if long else N_FITS):
        for name, side in sides.items():
            fits[name].append(clock(side.fit, options.epochs))
    return {"key": case.key, "status": "", "epochs": epochs, "fits": fits}


def time_first(case, options):
    """Seconds that a first epoch takes longer than a second, and of preparation."""
    import numpy as np
    from _sides import split

    X, y = case.make(options.tiny)
    sides = sides_of(case, X, y)
    found = {}
    for name in ("eegemo", "torch"):
        side = sides[name]
        few = split(np.arange(case.batch) % len(X), case.batch)
        prepare, epoch = clock(side.prepare), clock(side.epoch, few)
        again = clock(side.prepare)
        longer = prepare + epoch - again - clock(side.epoch, few)
        found[name] = {"first": longer, "prepare": again}
    return found


def measure_memory(case, options, name):
    """Peak bytes of a fit of two epochs, beyond those before it; None without /proc."""
    X, y = case.make(options.tiny)
    few = case.n_classes * -(-case.batch // case.n_classes)
    sides_of(case, X[:few], y[:few])[name].fit(1)
    side = sides_of(case, X, y)[name]
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
        before = _status("VmRSS")
        side.fit(2)
        return _status("VmHWM") - before
    except OSError:
        return None


def _status(key):
    with open("/proc/self/status") as file:
        return 1024 * next(int(x.split()[1]) for x in file if x.startswith(key))


def clock(call, *arguments):
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def write(options, arguments, rows, first):
    """Make the page, and write it and the times unless there is no file."""
    facts = describe(options, arguments, "networks", PACKAGES, "seed 0")
    head = f"# Speed of networks\n\nWritten by a command; do not edit.\n\n{facts}"
    table = [HEADER.format(n=options.epochs), *(x for row in rows for x in lines(row))]
    text = "\n\n".join([head, "\n".join(table), NOTES.format(n=options.epochs)])
    if first:
        text += (
            "\nSeconds that the first batch takes longer than the second, with numba's "
            "cache empty (cold) and in the\nnext process (warm), and that of each fit "
            f"go into what needs no weights:\n\n{FIRST}\n|---|---|---|---|---|---|\n"
            + "\n".join(map(first_line, first))
            + "\n"
        )
    if options.output is not None:
        options.output.write_text(text)
        everything = {"facts": facts, "rows": rows, "first": first}
        options.output.with_suffix(".json").write_text(json.dumps(everything, indent=1))
    return text


def lines(row):
    """Make a line for each peer."""
    import numpy as np

    network, data = row["key"].split(", ", 1)
    if row["status"]:
        return [f"| {network} | {data} | | | {row['status']} | | | | | | |"]
    found = []
    for peer in row["epochs"]:
        if peer == "eegemo":
            continue
        cells = [network, data, str(row["threads"]), peer]
        for what in row["epochs"], row["fits"]:
            ours, theirs = np.array(what["eegemo"]), np.array(what[peer])
            ratio, ratios = np.median(theirs) / np.median(ours), theirs / ours
            spread = f" ({short(ratios.min())}-{short(ratios.max())})"
            cells.append(f"**{short(ratio)}**{spread if len(ratios) > 1 else ''}")
            cells += [seconds(np.median(ours)), seconds(np.median(theirs))]
        memory = row["memory"]
        cells.append(f"{mebibytes(memory['eegemo'])} / {mebibytes(memory[peer])} MiB")
        found.append(f"| {' | '.join(cells)} |")
    return found


def first_line(row):
    network, data = row["key"].split(", ", 1)
    numbers = [
        row["cold"]["eegemo"]["first"],
        row["warm"]["eegemo"]["first"],
        row["warm"]["torch"]["first"],
        row["warm"]["eegemo"]["prepare"],
    ]
    cells = [network, data, *(f"{number:.2f}" for number in numbers)]
    return f"| {' | '.join(cells)} |"


def seconds(number):
    return f"{short(number)} s" if number >= 1 else f"{short(1e3 * number)} ms"


if __name__ == "__main__":
    options = parse()
    if options.task:
        perform(options)
    else:
        found = main(options, sys.argv[1:])
        sys.exit(any(row["status"] for row in found))
