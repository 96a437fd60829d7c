"""The ``eegemo`` command."""

import os
import sys
from importlib import import_module

from ._options import make_parser

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
    options = make_parser().parse_args(arguments)
    run = _COMMANDS[options.run]
    if options.debug:
        return run(options)
    try:
        return run(options)
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


def _benchmark(options):
    from .evaluation import run_benchmark
    from .evaluation._runner import DEFAULT_PROTOCOLS

    scores = run_benchmark(
        _dataset(options),
        options.pipelines,
        paradigm=_paradigm(options),
        protocols=options.protocol or DEFAULT_PROTOCOLS,
        n_splits=options.n_splits,
        n_calibration=options.calibration,
        param_grid=options.param_grid,
        random_state=options.seed,
        n_permutations=options.permutations,
        n_jobs=options.n_jobs,
        backend=options.backend,
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
    print(format_summary(summary, scores.attrs["runs"]))
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
    from .evaluation._audit import audit_leakage, format_audit, save_audit

    audit = audit_leakage(
        _dataset(options),
        options.pipelines,
        paradigm=_paradigm(options),
        n_permutations=options.permutations,
        random_state=options.seed,
        n_jobs=options.n_jobs,
        backend=options.backend,
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

    if ":" in options.dataset:
        return _make_own_dataset(options)
    if options.dataset not in datasets.list_datasets():
        raise ValueError(
            f"unknown data set {options.dataset!r}: choose from "
            f"{', '.join(datasets.list_datasets())}, or name a class of your own as "
            "MODULE:CLASS"
        )
    make = getattr(datasets, options.dataset)
    if options.dataset == "SimulatedEmotion":
        if options.root is not None:
            raise ValueError("SimulatedEmotion reads no files: leave --root out")
        return make()
    return make(root=options.root, follow_links=options.follow_links)


def _make_own_dataset(options):
    """Import a class by MODULE:CLASS, from the current folder too, and make it."""
    from .datasets import EmotionDataset

    module, _, name = options.dataset.partition(":")
    sys.path.insert(0, os.getcwd())  # as python -m has it
    try:
        make = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{options.dataset} cannot be imported ({error}): give MODULE:CLASS, such "
            "as my_clips:MyClips for the class MyClips in the file my_clips.py here"
        ) from error
    if not (isinstance(make, type) and issubclass(make, EmotionDataset)):
        raise ValueError(
            f"{options.dataset} should be a class that derives from "
            "eegemo.datasets.EmotionDataset"
        )
    if options.follow_links:
        raise ValueError("--follow-links is for the data sets of this package")
    return make() if options.root is None else make(root=options.root)


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
        ties=options.ties,
        target=options.target,
    )


def _list_datasets(options):
    from . import datasets

    for name in datasets.list_datasets():
        dataset = getattr(datasets, name)()
        first_line = type(dataset).__doc__.strip().splitlines()[0]
        print(f"{name:<18} {first_line}")
        tasks = [
            task if classes else f"{task} (ratings only)"
            for task, classes in dataset.tasks.items()
        ]
        print(f"{'':<18} tasks: {', '.join(tasks)}")
    return 0


def _check_dataset(options):
    if options.dataset == "SimulatedEmotion":
        raise ValueError("SimulatedEmotion reads no files: there is nothing to check")
    dataset, counts = _make_dataset(options), {}
    if not hasattr(dataset, "check"):
        raise ValueError(f"{options.dataset} has no method check(subjects)")
    for finding in dataset.check(options.subjects):
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


_COMMANDS = {
    "benchmark": _benchmark,
    "audit": _audit,
    "merge": _merge,
    "report": _report,
    "list_datasets": _list_datasets,
    "check_dataset": _check_dataset,
    "list_pipelines": _list_pipelines,
    "list_protocols": _list_protocols,
}

if __name__ == "__main__":
    sys.exit(main())
