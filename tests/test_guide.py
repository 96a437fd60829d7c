"""The Python of the pages runs as it stands, each page from top to bottom."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import eegemo

ROOT = Path(__file__).parents[1]
BUILT = {"_build", "auto_examples", "generated", "backreferences"}
ELSEWHERE = {
    "networks",  # test_readme.py looks at what comes out
    "datasets",  # needs data under licence
}
PAGES = [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if "```python" in path.read_text()
    and path.stem not in ELSEWHERE
    and not BUILT & set(path.parts)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page, tmp_path, monkeypatch):
    """In a fresh folder, with the benchmarks of a clone, as a module of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    module = ModuleType(f"page_{page.stem}")  # a name by which classes pickle
    module.__file__ = str(page)  # a source, for caches of kernels and of results
    monkeypatch.setitem(sys.modules, module.__name__, module)
    text = page.read_text()
    for block in re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL):
        lines = text.count("\n", 0, block.start(1))  # so that tracebacks show the page
        exec(compile("\n" * lines + block[1], str(page), "exec"), vars(module))


def test_version_to_cite():
    page = (ROOT / "docs" / "citing.md").read_text()
    assert f"version = {{{eegemo.__version__}}}" in page
