"""What the README and the pages of the documentation show works."""

import re
import sys
from pathlib import Path

import pytest
from numba import config

from eegemo import networks

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
# What Sphinx makes is in folders of their own.
MADE = {"_build", "auto_examples", "generated"}
PAGES = [README] + [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if not MADE & set(page.relative_to(ROOT).parts)
]


def name(page):
    return page.relative_to(ROOT).as_posix()


def blocks(page):
    """Return the Python code of a page, block by block, at the lines where it stands."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return ["\n" * text[: block.start(1)].count("\n") + block[1] for block in found]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the blocks of a page in a new folder, and return the names they define."""
    monkeypatch.chdir(tmp_path)
    # Pages that are for those who have cloned the repository open files of it.
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")

    def run_page(page):
        names = {"__name__": "__main__"}
        for block in blocks(page):
            exec(compile(block, page, "exec"), names)
        return names

    yield run_page
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")
@pytest.mark.parametrize("page", filter(blocks, PAGES), ids=name)
def test_page_runs(page, run):
    names = run(page)
    if page == README:
        assert names["scores"].shape == (3,)
        assert names["scores"].mean() > 1 / 3
    if page.name == "networks.md":
        assert names["explanation"].exceeded.shape == (2, 8, 256)


def test_there_are_two_commands():
    commands = re.findall(r"```bash\n(.*?)\n```", README.read_text(encoding="utf-8"))
    assert [command.startswith("pip install") for command in commands] == [True, True]
    assert "eegemo benchmark" in commands[0] and "pytest" in commands[1]


def test_page_of_networks_names_all():
    page = (ROOT / "docs" / "guide" / "networks.md").read_text(encoding="utf-8")
    public = {name for name in networks.__all__ if name[0].isupper()}
    assert all(f"`{name}`" in page for name in public)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_point_to_files(page):
    text = page.read_text(encoding="utf-8")
