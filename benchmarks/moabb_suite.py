"""Run MOABB's own benchmark with eegemo's pipelines beside those of pyRiemann.

    MNE_DATA=FOLDER python benchmarks/moabb_suite.py

The pipelines are the YAML files of benchmarks/moabb/pipelines, as moabb.benchmark() and
python -m moabb.run read them. Only recordings that are on disk are used, laid out below
FOLDER as MOABB stores them: a data set without any is skipped, and nothing is fetched.
Pipelines of the same steps must have the same scores, or the command fails.
"""

import argparse
import contextlib
import fnmatch
import os
import shutil
import socket
import sys
import tempfile
import warnings
from collections import namedtuple
from pathlib import Path
from unittest import mock

PIPELINES = Path(__file__).parent / "moabb" / "pipelines"
PACKAGES = "numpy scipy scikit-learn numba pyriemann mne moabb"
EVALUATIONS = ("WithinSession", "CrossSession", "CrossSubject")
OURS, PEER = ", eegemo", ", pyRiemann"  # what the names of a pair end with
# MOABB's embedding leaves out ``lag`` more samples at the end of each window than ours.
INEXACT = ("ACM*",)
TOLERANCE = 1e-9
FAULT = "DIFFERS by"
CONDITIONS = "one process, one thread of BLAS; float64, MOABB's seed 42"
# Without a country, CodeCarbon asks three servers for it, for every fold.
NO_LOOKUP = {"country_iso_code": "FRA", "save_to_file": False, "log_level": "error"}
HEADER = (
    "| data set | evaluation, score | pipeline | eegemo | pyRiemann | largest "
    "difference | seconds a fit, eegemo | pyRiemann | times faster |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
NOTES = """\
- Scores: mean of the subjects, each the mean of its sessions, and their standard
  deviation (ddof 1) where there are several. Folds and seed (42) are those of
  `moabb.benchmark()`; so are the paradigms, with all their defaults.
- Chance is that of MOABB's score: half for an area under the curve, else one over the
  number of classes. "trivial" answers with the most frequent class (scikit-learn).
- Largest difference: of the scores of a subject and session. It should be rounding,
  except for ACM, whose embedding in MOABB leaves out more samples of a window.
- Seconds a fit: MOABB's `time`, of one training fold; the mean of all. Kernels are
  compiled before. Times faster: the median of the rounds, from the least to the
  greatest where there are several.
"""

# files() gives those of a subject, below the folder of MOABB's data.
Source = namedtuple("Source", "paradigm sign files without", defaults=((),))


def physionet(subject):
    folder = "MNE-eegbci-data/files/eegmmidb/1.0.0"
    runs = (4, 6, 8, 10, 12, 14)
    return [f"{folder}/S{subject:03d}/S{subject:03d}R{run:02d}.edf" for run in runs]


def kalunga(subject):
    folder = "MNE-ssvepexo-data/zenodo/2392979"
    runs = range(1, 1 + {7: 3, 10: 4, 12: 5}.get(subject, 2))
    return [f"{folder}/subject{subject:02d}_run{run}_raw.fif" for run in runs]


def bnci(subject):
    folder = "MNE-bnci-data/~bci/database/001-2014"
    return [f"{folder}/A{subject:02d}{session}.mat" for session in "TE"]


SOURCES = {
    # Subject 88 was recorded at another rate.
    "PhysionetMI": Source("LeftRightImagery", "EEGBCI", physionet, (88,)),
    "Kalunga2016": Source("SSVEP", "SSVEPEXO", kalunga),
    "BNCI2014_001": Source("LeftRightImagery", "BNCI", bnci),
}


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", nargs="+", choices=SOURCES, default=[*SOURCES])
    parser.add_argument(
        "--evaluations", nargs="+", choices=EVALUATIONS, default=[*EVALUATIONS]
    )
    parser.add_argument(
        "--only", metavar="PATTERN", nargs="+", help="pipelines, such as '*MDM*'"
    )
    parser.add_argument("--rounds", type=int, default=1, help="of everything")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("MNE_DATA"),
        help="folder of MOABB's data; by default that named by the environment "
        "variable MNE_DATA",
    )
    parser.add_argument("--tiny", action="store_true", help="tiny data, to test this")
    parser.add_argument("--output", type=Path, help="Markdown file")
    options = parser.parse_args(arguments)
    if options.data is None and not options.tiny:
        parser.error("--data or the environment variable MNE_DATA is needed")
    return options


def main(options, arguments):
    """Print the page, and write it; tell whether equal pipelines have equal scores."""
    from speed import describe

    facts = describe(options, arguments, "moabb_suite", PACKAGES, CONDITIONS)
    jobs, skipped = plan(options)
    with tempfile.TemporaryDirectory() as folder, quiet(), offline():
        files = choose(options.only, Path(folder))
        warm_up(files)
        tables = [(job, suite(*job, files, options.rounds)) for job in jobs]
    lines = [line for job, results in tables for line in lines_of(*job, results)]
    text = page(facts, lines, skipped)
    print(text)
    if options.output is not None:
        options.output.write_text(text)
    return FAULT not in text


def plan(options):
    """List paradigm, data set and evaluation of each job, and what is skipped, why."""
    jobs, skipped = [], []
    for name, (paradigm, dataset, reason) in find(options).items():
        if dataset is None:
            skipped.append(f"{name}: {reason}")
            continue
        for evaluation in options.evaluations:
            if evaluation == "CrossSession" and dataset.n_sessions < 2:
                skipped.append(f"{name}, CrossSession: there is one session")
            elif evaluation == "CrossSubject" and len(dataset.subject_list) < 2:
                skipped.append(f"{name}, CrossSubject: one subject is on disk")
            else:
                jobs.append((paradigm, dataset, evaluation))
    return jobs, skipped


def find(options):
    """Paradigm, data set with the subjects on disk or None, and reason, by name."""
    import moabb.datasets
    from moabb.datasets.fake import FakeDataset

    if options.tiny:
        common = {"n_subjects": 2, "n_sessions": 2, "n_runs": 1, "seed": 0}
        common |= {"n_events": 20, "duration": 70}
        hands = FakeDataset(["left_hand", "right_hand"], paradigm="imagery", **common)
        return {"FakeDataset": ("LeftRightImagery", hands, "")}
    folder = Path(options.data)
    os.environ["MNE_DATA"] = str(folder)
    os.environ["MOABB_DOWNLOAD_PROVIDER"] = "upstream"  # or it asks another one first
    found = {}
    for name in options.datasets:
        source = SOURCES[name]
        os.environ[f"MNE_DATASETS_{source.sign}_PATH"] = str(folder)
        dataset = getattr(moabb.datasets, name)()
        dataset.subject_list = [
            subject
            for subject in dataset.subject_list
            if subject not in source.without
            and all((folder / file).is_file() for file in source.files(subject))
        ]
        reason = f"no subject has all files, such as {source.files(1)[0]}"
        found[name] = source.paradigm, dataset if dataset.subject_list else None, reason
    return found


def choose(patterns, folder):
    """Copy the files of pipelines, as MOABB leaves locks beside those it reads."""
    import yaml

    files = folder / "pipelines"
    files.mkdir()
    for path in sorted(PIPELINES.glob("*.yml")):
        name = yaml.safe_load(path.read_text())["name"]
        if not patterns or any(fnmatch.fnmatch(name, one) for one in patterns):
            shutil.copy(path, files)
    return files


def warm_up(files):
    """Compile the kernels of all pipelines."""
    import numpy as np
    from moabb.pipelines.utils import parse_pipelines_from_directory

    X = np.random.default_rng(0).standard_normal((12, 4, 256))
    y = np.arange(12) % 2
    for config in parse_pipelines_from_directory(str(files)):
        config["pipeline"].fit(X, y).predict(X)


@contextlib.contextmanager
def quiet():
    """Keep MOABB from printing, and from warnings that only it can mend."""
    import mne

    with (
        warnings.catch_warnings(),
        mne.use_log_level("ERROR"),  # MOABB sets it for good
        contextlib.redirect_stdout(sys.stderr),
    ):
        # MNE 1.13 renames a montage; h5py 3.16 deprecates how MOABB makes its file.
        warnings.filterwarnings("ignore", "Montage name", FutureWarning)
        warnings.filterwarnings("ignore", "Creating a dataset without passing")
        # Matplotlib deprecates how MOABB makes its colours.
        warnings.filterwarnings("ignore", "The set_(under|over) function")
        yield


@contextlib.contextmanager
def offline():
    """Make whatever asks for a server fail at once."""

    def refuse(host, *args, **kwargs):
        # not an OSError, which would be tried again
        raise RuntimeError(f"{host} was asked for, but nothing should be fetched")

    with mock.patch.object(socket, "getaddrinfo", refuse):
        yield


def suite(paradigm, dataset, evaluation, files, n_rounds):
    """Run MOABB's benchmark; return its table of results, with the round."""
    import moabb.paradigms
    import pandas as pd
    from moabb import benchmark

    class Local(getattr(moabb.paradigms, paradigm)):
        # benchmark() takes all subjects of the data sets that its paradigm names.
        datasets = [dataset]

    tables = []
    for round_ in range(n_rounds):
        with (
            tempfile.TemporaryDirectory() as folder,  # or old scores could come back
            mock.patch.object(moabb.paradigms, paradigm, Local),
        ):
            table = benchmark(
                pipelines=str(files),
                evaluations=[evaluation],
                paradigms=[paradigm],
                results=f"{folder}/results",
                output=f"{folder}/output",
                n_jobs=1,
                codecarbon_config=NO_LOOKUP,
            )
        tables.append(table.assign(round=round_))
    return pd.concat(tables, ignore_index=True)


def lines_of(paradigm, dataset, evaluation, results):
    """Make the lines of the table: pairs, pipelines alone, and chance."""
    import moabb.paradigms

    paradigm = getattr(moabb.paradigms, paradigm)()
    n = len(dataset.subject_list)
    data = f"{type(dataset).__name__}, {n} subject{'s' if n > 1 else ''}"
    of_area = paradigm.scoring == "roc_auc"
    chance = 0.5 if of_area else 1 / len(paradigm.used_events(dataset))
    rows = [*pair(results), ["chance", f"{chance:.3f}", *["-"] * 5]]
    head = [data, f"{evaluation}, {paradigm.scoring}"]
    return [f"| {' | '.join(head + row)} |" for row in rows]


def pair(results):
    """Yield name and cells of each pipeline, those of the peer beside ours."""
    from speed import short

    keys = ["round", "subject", "session"]
    scores = results.pivot(index=keys, columns="pipeline", values="score")
    seconds = results.pivot(index=keys, columns="pipeline", values="time")
    for ours in scores:
        name = ours.removesuffix(OURS)
        peer = name + PEER
        if peer in scores:
            apart = (scores[ours] - scores[peer]).abs().max()
            difference = f"{apart:.0e}" if apart else "0"
            exact = not any(fnmatch.fnmatch(name, one) for one in INEXACT)
            if exact and not apart <= TOLERANCE:
                difference = f"{FAULT} {difference}"
            times = seconds.groupby("round").sum()
            theirs = average(scores[peer]), difference, short(seconds[peer].mean())
            faster = ratio(times[peer] / times[ours])
        elif ours.endswith(PEER) and ours.replace(PEER, OURS) in scores:
            continue  # it stands beside ours
        else:
            theirs, faster = ("-", "-", "-"), "-"
        beside, difference, their_seconds = theirs
        our_seconds = short(seconds[ours].mean())
        cells = [average(scores[ours]), beside, difference, our_seconds]
        yield [name, *cells, their_seconds, faster]


def ratio(ratios):
    """Median, and from the least to the greatest."""
    from speed import short

    text = f"**{short(ratios.median())}**"
    if len(ratios) > 1:
        text += f" ({short(ratios.min())}-{short(ratios.max())})"
    return text


def average(scores):
    """Mean over subjects, and their standard deviation."""
    subjects = scores.groupby("subject").mean()
    spread = f" ± {subjects.std():.3f}" if len(subjects) > 1 else ""
    return f"{subjects.mean():.3f}{spread}"


def page(facts, lines, skipped):
    """Make the Markdown page."""
    table = "\n".join([HEADER, *lines])
    text = f"# MOABB's benchmark\n\n{facts}\n\n{table}\n\n{NOTES}"
    return text + "".join(f"- Skipped: {reason}.\n" for reason in skipped)


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is imported
        os.environ[f"{library}_NUM_THREADS"] = "1"
    sys.exit(not main(parse(), sys.argv[1:]))
