"""Time and peak memory of a benchmark with and without the hoisted head.

    python benchmarks/hoisting_memory.py

Each setting runs in a process of its own, whose peak resident memory the operating
system reports; a process that only imports the package is the baseline.
"""

import argparse
import resource
import subprocess
import sys
import time

SETTINGS = ("import", "hoisted", "whole")
DATA = {
    "n_subjects": 6,
    "n_sessions": 2,
    "n_trials": 15,
    "trial_seconds": 60.0,
    "sfreq": 200.0,
}


def measure(setting, pipeline):
    """Run one setting in this process; print seconds, peak memory and mean score."""
    from eegemo.datasets import SimulatedEmotion
    from eegemo.evaluation import run_benchmark, summarize

    start, score = time.perf_counter(), float("nan")
    if setting != "import":
        scores = run_benchmark(
            SimulatedEmotion(**DATA),
            [pipeline],
            protocols=["cross-subject"],
            hoist=setting == "hoisted",
        )
        summary = summarize(scores).query("pipeline == @pipeline")
        score = summary["balanced_accuracy"].iloc[0]
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"{seconds:.1f} {peak:.0f} {score:.6f}")


def main():
    """Measure every setting and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipeline", default="de-svm")
    parser.add_argument("--setting", choices=SETTINGS, help="measure in this process")
    options = parser.parse_args()
    if options.setting:
        measure(options.setting, options.pipeline)
        return
    print(f"{options.pipeline} on SimulatedEmotion{DATA}")
    print(f"{'setting':<10} {'seconds':>8} {'peak MiB':>9} {'balanced accuracy':>18}")
    for setting in SETTINGS:
        command = [sys.executable, __file__, "--setting", setting]
        command += ["--pipeline", options.pipeline]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds, peak, score = out.split()
        print(f"{setting:<10} {seconds:>8} {peak:>9} {score:>18}")


if __name__ == "__main__":
    main()
