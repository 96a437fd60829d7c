"""What the README and the pages show works."""

import re
from pathlib import Path

import pytest
from numba import config

from eegemo import networks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_first_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names = {}
    exec(example, names)
    assert names["scores"].shape == (3,)
    assert names["scores"].mean() > 1 / 3


def test_table_is_the_measured_one():
    page = (ROOT / "docs" / "results" / "leakage.md").read_text()
    table = re.search(r"\n\| \| .*?\n\n", page, flags=re.DOTALL).group()
    assert table.count("±") == 16 and table in README


def test_there_are_two_commands():
    commands = re.findall(r"```bash\n(.*?)\n```", README)
    assert [command.startswith("pip install") for command in commands] == [True, True]
    assert "eegemo benchmark" in commands[0] and "pytest" in commands[1]


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
def test_page_of_networks_runs():
    page = (ROOT / "docs" / "guide" / "networks.md").read_text()
    names = {}
    for example in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(example, names)
    assert names["explanation"].exceeded.shape == (2, 8, 256)


def test_page_of_networks_names_all():
    page = (ROOT / "docs" / "guide" / "networks.md").read_text()
    public = {name for name in networks.__all__ if name[0].isupper()}
    assert all(f"`{name}`" in page for name in public)
