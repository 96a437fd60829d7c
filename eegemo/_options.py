"""The options of the ``eegemo`` command."""

import argparse
import json
import math

from . import __version__


def make_parser():
    """Make the parser of all commands.

    Returns
    -------
    parser : argparse.ArgumentParser
        What it parses has ``run``, the name of what to do.
    """
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
        "--n-splits",
        type=_count,
        metavar="N",
        help="folds of stimuli, or of subjects (default: 5, fewer where a class has "
        "fewer stimuli; one for each subject)",
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
        help="see 'eegemo pipelines' (default: a few; the trivial one is always run)",
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
    command.set_defaults(run="benchmark")
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
    command.set_defaults(run="audit")
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
    command.set_defaults(run="merge")
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
    command.set_defaults(run="report")
    return command


def _add_data_options(command):
    data = command.add_argument_group("data")
    data.add_argument(
        "--dataset",
        default="SimulatedEmotion",
        metavar="NAME",
        help="see 'eegemo datasets', or MODULE:CLASS of your own "
        "(default: SimulatedEmotion)",
    )
    _add_folder_options(data)
    data.add_argument(
        "--task", metavar="NAME", help="what to recognise (default: the set's first)"
    )
    data.add_argument(
        "--target",
        choices=("class", "rating"),
        help="recognise classes, or predict ratings (default: classes, if there are)",
    )
    data.add_argument(
        "--threshold",
        type=_threshold,
        metavar="R",
        help="a rating above R is high; 'median': of the subject's own ratings "
        "(default: the middle of the scale)",
    )
    data.add_argument(
        "--ties",
        choices=("high", "low", "leave-out"),
        default="high",
        help="what a rating is that equals the threshold (default: high)",
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
        "--backend",
        metavar="NAME",
        help="of joblib: loky, threading, dask or ray (default: joblib's own)",
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
    command.set_defaults(run="list_datasets")
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
    check.set_defaults(run="check_dataset")
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
    command.set_defaults(run="list_pipelines")
    return command


def _add_protocols(commands):
    command = commands.add_parser("protocols", help="list the protocols")
    command.set_defaults(run="list_protocols")
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
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number")
    return number


def _threshold(text):
    """Read a finite number or "median"."""
    if text == "median":
        return text
    try:
        return _number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor 'median'") from None


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
