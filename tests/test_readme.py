"""What the README and the pages of the documentation show works."""

import re
import sys
from itertools import product
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from numba import config

import eegemo
from eegemo import networks
from eegemo.bands import BANDS

ROOT = Path(__file__).parents[1]
MADE = {"_build", "auto_examples", "generated", "backreferences"}  # by Sphinx
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not MADE & set(path.relative_to(ROOT).parts)
}
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def folds_are_apart(subject_and_stimulus_folds, **_):
    """Neither subject nor clip on both sides, and each row is tested once."""
    rows = list(product(range(3), range(7)))
    metadata = pd.DataFrame(rows, columns=["subject", "stimulus"])
    tested = []
    for train, test in subject_and_stimulus_folds(metadata):
        assert len(train) and len(test)
        for column in metadata:
            values = metadata[column].to_numpy()
            assert not set(values[train]) & set(values[test])
        tested += test.tolist()
    return sorted(tested) == list(range(len(rows)))


# What a page says comes out.
COMES_OUT = {
    "README.md": lambda scores, **_: scores.shape == (3,) and scores.mean() > 1 / 3,
    "docs/guide/datasets.md": folds_are_apart,
    "docs/guide/moabb.md": lambda results, **_: (
        set(results["pipeline"]) == {"OAS + MDM, eegemo", "trivial"}
    ),
    "docs/guide/networks.md": lambda explanation, **_: (
        explanation.exceeded.shape == (2, 8, 256)
    ),
}


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(PAGES[page])])
def test_page_runs(page, tmp_path, monkeypatch):
    """From top to bottom, in a new folder that has the benchmarks of a clone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    module = ModuleType("page_" + re.sub(r"\W", "_", page))  # so that classes pickle
    module.__file__ = str(ROOT / page)  # a source, for caches of kernels and results
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in BLOCK.finditer(PAGES[page]):
        lines = PAGES[page].count("\n", 0, block.start(1))  # tracebacks show the page
        exec(compile("\n" * lines + block[1], module.__file__, "exec"), vars(module))
    if page in COMES_OUT:
        assert COMES_OUT[page](**vars(module))


@pytest.mark.parametrize("page", PAGES)
def test_links_point_to_files(page):
    """Of the README too, which is no page of the site, so that Sphinx does not look."""
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(\s*<?([^)>\s]+)", text)
    targets += re.findall(r"^\[[^]]+\]:\s+(\S+)", text, flags=re.MULTILINE)
    targets += re.findall(r"<(?:a|img)\b[^>]*\b(?:href|src)=\"([^\"]+)", text)
    targets = [target.split("#")[0] for target in targets if "://" not in target]
    folder = (ROOT / page).parent
    committed = [target for target in targets if not MADE & set(target.split("/"))]
    assert [target for target in committed if not (folder / target).exists()] == []


def test_table_is_the_measured_one():
    table = re.search(
        r"\n\| \| .*?\n\n", PAGES["docs/results/leakage.md"], flags=re.DOTALL
    ).group()
    assert table.count("±") == 16 and table in PAGES["README.md"]


def test_there_are_two_commands():
    commands = re.findall(r"```bash\n(.*?)\n```", PAGES["README.md"])
    assert [command.startswith("pip install") for command in commands] == [True, True]
    assert "eegemo benchmark" in commands[0] and "pytest" in commands[1]


def test_page_of_networks_names_all():
    public = {name for name in networks.__all__ if name[0].isupper()}
    assert all(f"`{name}`" in PAGES["docs/guide/networks.md"] for name in public)


def test_page_of_leakage_names_all():
    pytest.importorskip("moabb")
    from eegemo.evaluation import list_protocols
    from eegemo.evaluation._summary import MARKS

    page = PAGES["docs/guide/leakage.md"]
    assert all(f"`{name}`" in page for name in [*list_protocols(), *MARKS])


def test_page_of_differential_entropy_has_the_bands():
    for name, bands in BANDS.items():
        edges = [f"{low:g}-{high:g}" for low, high in bands.values()]
        row = " | ".join(["none"] * (5 - len(edges)) + edges)
        assert f'| `"{name}"` | {row} |' in PAGES["docs/guide/differential_entropy.md"]


def test_version_to_cite():
    assert f"version = {{{eegemo.__version__}}}" in PAGES["docs/citing.md"]
