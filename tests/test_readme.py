"""What the README shows works."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_first_example_runs():
    example, _ = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names = {}
    exec(example, names)
    assert names["scores"].shape == (3,)
    assert names["scores"].mean() > 1 / 3


def test_there_are_two_commands():
    commands = re.findall(r"```bash\n(.*?)\n```", README)
    assert [command.startswith("pip install") for command in commands] == [True, True]
    assert "eegemo benchmark" in commands[0] and "pytest" in commands[1]
