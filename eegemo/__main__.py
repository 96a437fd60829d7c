"""The ``eegemo`` command."""

import argparse
import json
import math
import os
import sys

from . import __version__

_EXTRA = (
    "moabb",
    "tqdm",
    "h5py",
    "pandas",
    "psutil",
    "jinja2",
    "matplotlib",
)  # what only the benchmark needs


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        None means those of the process.

    Returns
    -------
    status : int
        0 for success, 1 for an error, 2 for a misuse, 130 if interrupted.
    """
    options = _parser().parse_args(arguments)
    if options.debug:
        return options.run(options)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        _complain("interrupted; run the same command again to go on from here")
        return 130
    except BrokenPipeError:  # as when the output is piped into head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # one clear line; --debug shows where
        message = " ".join(str(error).split()) or type(error).__name__
        package = (getattr(error, "name", None) or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and package in _EXTRA:
            message = f"{package} is missing: pip install 'eegemo[benchmark]'"
        _complain(message)
        return 1


def _complain(message):
    print(f"eegemo: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(
        prog="eegemo",
        description="Recognise emotion from EEG, and benchmark it honestly.",
    )
    parser.add_argument("--version", action="version", version=f"eegemo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_benchmark,
        _add_audit,
        _add_merge,
        _add_report,
        _add_datasets,
        _add_pipelines,
        _add_protocols,
    ):
        command = add(commands)
        command.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _add_benchmark(commands):
    command = commands.add_parser(
        "benchmark",
        help="score pipelines on a data set, with folds that do not leak",
        description="Score pipelines on a data set. With no options: five pipelines on "
        "the built-in simulation, within sessions and across subjects; no download.",
        epilog="Examples:\n"
        "  eegemo benchmark\n"
        "  eegemo benchmark --dataset DASPS --root ~/dasps --task valence "
        "--protocol cross-subject\n"
        "  eegemo benchmark --pipelines cov-mdm,de-svm --window 2 --stride 1\n\n"
        "An interrupted run goes on where it stopped. Nothing old is reused when an "
        "option, the data or a version changes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_data_options(command)
    command.add_argument(
        "--protocol",
        type=_names,
        metavar="NAME,...",
        default=None,
        help="see 'eegemo protocols' (default: within-session,cross-subject; where "
        "clips repeat, cross-subject-stimulus is shown beside cross-subject)",
    )
    command.add_argument(
        "--calibration",
        type=_count,
        default=1,
        metavar="N",
        help="trials of the tested subject to train with, in cross-subject-calibrated "
        "(default: 1)",
    )
    command.add_argument(
        "--pipelines",
        type=_names,
        metavar="NAME,...",
        default=None,
        help="see 'eegemo pipelines' (default: five; the trivial one is always run)",
    )
    command.add_argument(
        "--param-grid",
        type=_grid,
        metavar="FILE",
        help="JSON file of parameters to choose in grouped folds of the training set, "
        'such as {"de-svm": {"svm__C": [0.01, 0.1, 1]}}',
    )
    command.add_argument(
        "--permutations",
        type=_count,
        default=0,
        metavar="N",
        help="repeat all with N permutations of the trials' labels, for a p-value",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the folds and of the first permutation (default: 0)",
    )
    command.add_argument(
        "--output",
        default="eegemo-results",
        metavar="DIR",
        help="folder for scores.csv and protocol.json of this run, and for the folds "
        "of all runs, from which to go on (default: eegemo-results)",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="compute again what DIR already holds"
    )
    command.set_defaults(run=_benchmark)
    return command


def _add_audit(commands):
    command = commands.add_parser(
        "audit",
        help="show what leakage gains on a data set",
        description="Run the same pipelines under shuffled folds of windows, which "
        "leak, and under grouped folds, with true and with permuted labels of trials.",
    )
    _add_data_options(command)
    command.add_argument(
        "--pipelines",
        type=_names,
        metavar="NAME,...",
        default=None,
        help="see 'eegemo pipelines' (default: de-1nn,de-svm,cov-ts-lr)",
    )
    command.add_argument(
        "--permutations",
        type=_count,
        default=1,
        metavar="N",
        help="permutations of the labels (default: 1)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of folds and permutations",
    )
    command.add_argument(
        "--output",
        metavar="DIR",
        help="also write audit.csv and audit.json there, as into the folder of a "
        "benchmark, whose report then shows them (default: nothing is written)",
    )
    command.set_defaults(run=_audit)
    return command


def _add_merge(commands):
    command = commands.add_parser(
        "merge",
        help="join the results of runs that shared the work",
        description="Join the results of runs of some subjects each, where these are "
        "independent, or of some pipelines each.",
    )
    command.add_argument("folders", nargs="+", metavar="DIR", help="of each run")
    command.add_argument(
        "--output", required=True, metavar="DIR", help="for the results of all"
    )
    command.set_defaults(run=_merge)
    return command


def _add_report(commands):
    command = commands.add_parser(
        "report",
        help="write results as one HTML page",
        description="Write the results of benchmarks as one HTML page that needs no "
        "network: tables, points of each subject, paired tests, confusion matrices, "
        "time and memory, the leakage audit if there is one, and the whole protocol.",
    )
    command.add_argument(
        "results",
        nargs="*",
        metavar="RESULTS",
        default=["eegemo-results"],
        help="folders that 'eegemo benchmark' wrote, one or several "
        "(default: eegemo-results)",
    )
    command.add_argument(
        "--output",
        default="report.html",
        metavar="FILE",
        help="the page (default: report.html)",
    )
    command.set_defaults(run=_report)
    return command


def _add_data_options(command):
    data = command.add_argument_group("data")
    data.add_argument(
        "--dataset",
        default="SimulatedEmotion",
        metavar="NAME",
        help="see 'eegemo datasets' (default: SimulatedEmotion)",
    )
    _add_folder_options(data)
    data.add_argument(
        "--task", metavar="NAME", help="what to recognise (default: the set's first)"
    )
    data.add_argument(
        "--threshold",
        type=_number,
        metavar="R",
        help="a rating of at least R is high (default: the middle of the scale)",
    )
    data.add_argument(
        "--subjects",
        type=_subjects,
        metavar="LIST",
        help="such as 1,2,5-8 (default: all)",
    )
    data.add_argument(
        "--window",
        type=_number,
        default=4.0,
        metavar="S",
        help="length of a window in seconds; 0: whole trials (default: 4)",
    )
    data.add_argument(
        "--stride",
        type=_number,
        metavar="S",
        help="from window to window in seconds (default: the window's length)",
    )
    data.add_argument(
        "--fmin", type=_number, default=0.5, metavar="HZ", help="default: 0.5; 0: none"
    )
    data.add_argument(
        "--fmax", type=_number, default=50.0, metavar="HZ", help="default: 50; 0: none"
    )
    data.add_argument(
        "--sfreq", type=_number, metavar="HZ", help="resample to (default: as recorded)"
    )
    data.add_argument(
        "--n-jobs",
        type=int,
        default=1,
        metavar="N",
        help="folds at a time (default: 1)",
    )
    data.add_argument(
        "--timeout",
        type=_number,
        metavar="S",
        help="end with an error if no fold is finished for S seconds, as when workers "
        "died (default: wait)",
    )


def _add_datasets(commands):
    command = commands.add_parser(
        "datasets", help="list the data sets, or check the folder of one"
    )
    command.set_defaults(run=_list_datasets)
    actions = command.add_subparsers(title="commands", metavar="COMMAND")
    check = actions.add_parser(
        "check",
        help="tell file by file what is right, missing or wrong in a folder",
        description="Tell file by file what is right, missing or wrong in the folder "
        "of a data set, without reading the recordings. The status is 0 if the folder "
        "is complete and right, and 1 if not; files that are not of the data set "
        "('odd') do no harm.",
    )
    check.add_argument("dataset", metavar="NAME", help="see 'eegemo datasets'")
    _add_folder_options(check)
    check.add_argument(
        "--subjects",
        type=_subjects,
        metavar="LIST",
        help="such as 1,2,5-8 (default: all that the data set has)",
    )
    check.add_argument("--debug", action="store_true", default=argparse.SUPPRESS)
    check.set_defaults(run=_check_dataset)
    return command


def _add_folder_options(command):
    command.add_argument("--root", metavar="DIR", help="folder that holds the data set")
    command.add_argument(
        "--follow-links",
        action="store_true",
        help="let symbolic links lead out of that folder",
    )


def _add_pipelines(commands):
    command = commands.add_parser("pipelines", help="list the ready-made pipelines")
    command.set_defaults(run=_list_pipelines)
    return command


def _add_protocols(commands):
    command = commands.add_parser("protocols", help="list the protocols")
    command.set_defaults(run=_list_protocols)
    return command


def _names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def _subjects(text):
    """Read ``1,2,5-8``."""
    subjects = []
    for part in _names(text) or [text]:
        first, dash, last = part.partition("-")
        try:
            several = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            several = ()
        if not several:
            raise argparse.ArgumentTypeError(
                f"{part!r} is no number or range of numbers, such as 1,2,5-8"
            )
        subjects += several
    return subjects


def _number(text):
    """Read a finite number."""
    number = float(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number")
    return number


def _count(text):
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _grid(path):
    """Read a JSON file of pipelines and their grids."""
    try:
        with open(path, encoding="utf-8") as file:
            grid = json.load(file)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"{path} is no file of JSON: {error}"
        ) from None
    if not isinstance(grid, dict):
        raise argparse.ArgumentTypeError(
            f"{path} should hold an object of pipelines and their grids, such as "
            '{"de-svm": {"svm__C": [0.01, 0.1, 1]}}'
        )
    return grid


def _benchmark(options):
    from .evaluation import run_benchmark
    from .evaluation._runner import DEFAULT_PROTOCOLS

    scores = run_benchmark(
        _dataset(options),
        options.pipelines,
        paradigm=_paradigm(options),
        protocols=options.protocol or DEFAULT_PROTOCOLS,
        n_calibration=options.calibration,
        param_grid=options.param_grid,
        random_state=options.seed,
        n_permutations=options.permutations,
        n_jobs=options.n_jobs,
        timeout=options.timeout,
        output=options.output,
        overwrite=options.overwrite,
        progress=sys.stderr.isatty(),
    )
    return _show(scores, options.output)


def _merge(options):
    from .evaluation import merge_results

    return _show(merge_results(options.folders, options.output), options.output)


def _show(scores, folder):
    """Print a summary, and return the status: 1 if a pipeline failed."""
    from .evaluation import summarize
    from .evaluation._summary import format_summary

    summary = summarize(scores)
    skipped = [s for run in scores.attrs["runs"] for s in run["skipped"]]
    print(format_summary(summary, skipped))
    print(
        f"\nWritten: {folder}/scores.csv (every fold) and protocol.json "
        "(everything the scores depend on).\n"
        f"As one page: eegemo report {folder}"
    )
    failed = summary[summary["n_failed"] > 0]
    for row in failed.itertuples():
        errors = scores.query("pipeline == @row.pipeline and error != ''")["error"]
        _complain(
            f"{row.pipeline} failed in {row.n_failed} test sets: {errors.iloc[0]}"
        )
    return 1 if len(failed) else 0


def _audit(options):
    from .evaluation._audit import (
        AUDIT_PIPELINES,
        audit_leakage,
        format_audit,
        save_audit,
    )

    audit = audit_leakage(
        _dataset(options),
        options.pipelines or AUDIT_PIPELINES,
        paradigm=_paradigm(options),
        n_permutations=options.permutations,
        random_state=options.seed,
        n_jobs=options.n_jobs,
        timeout=options.timeout,
        progress=sys.stderr.isatty(),
    )
    print(format_audit(audit))
    if options.output is not None:
        save_audit(audit, options.output)
        print(f"\nWritten: {options.output}/audit.csv and audit.json.")
    return 0


def _report(options):
    from .evaluation import make_report

    make_report(options.results, options.output)
    print(f"Written: {options.output}")
    return 0


def _dataset(options):
    """Build the data set that the options name, with the subjects they choose."""
    dataset = _make_dataset(options)
    if options.subjects is not None:
        unknown = set(options.subjects) - set(dataset.subject_list)
        if unknown:
            raise ValueError(
                f"{options.dataset} has no subject "
                f"{', '.join(map(str, sorted(unknown)))}; it has "
                f"{', '.join(map(str, dataset.subject_list))}"
            )
        dataset.subject_list = sorted(set(options.subjects))
    return dataset


def _make_dataset(options):
    from . import datasets

    if options.dataset not in datasets.list_datasets():
        raise ValueError(
            f"unknown data set {options.dataset!r}: choose from "
            f"{', '.join(datasets.list_datasets())}"
        )
    make = getattr(datasets, options.dataset)
    if options.dataset == "SimulatedEmotion":
        if options.root is not None:
            raise ValueError("SimulatedEmotion reads no files: leave --root out")
        return make()
    return make(root=options.root, follow_links=options.follow_links)


def _paradigm(options):
    from .paradigm import EmotionParadigm

    return EmotionParadigm(
        task=options.task,
        window=options.window or None,
        stride=options.stride,
        fmin=options.fmin or None,
        fmax=options.fmax or None,
        sfreq=options.sfreq,
        threshold=options.threshold,
    )


def _list_datasets(options):
    from . import datasets

    for name in datasets.list_datasets():
        dataset = getattr(datasets, name)()
        first_line = type(dataset).__doc__.strip().splitlines()[0]
        print(f"{name:<18} {first_line}")
        print(f"{'':<18} tasks: {', '.join(dataset.tasks)}")
    return 0


def _check_dataset(options):
    if options.dataset == "SimulatedEmotion":
        raise ValueError("SimulatedEmotion reads no files: there is nothing to check")
    counts = {}
    for finding in _make_dataset(options).check(options.subjects):
        counts[finding.status] = counts.get(finding.status, 0) + 1
        print(f"{finding.status:<8} {finding.file}: {finding.message}")
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 1 if "missing" in counts or "wrong" in counts else 0


def _list_pipelines(options):
    from .pipelines import list_pipelines

    return _print_all(list_pipelines())


def _list_protocols(options):
    from .evaluation import list_protocols

    return _print_all(list_protocols())


def _print_all(summaries):
    width = max(map(len, summaries))
    for name, summary in summaries.items():
        print(f"{name:<{width}} {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
