"""Where the real recordings are; tests that need them are skipped without them.

The environment variable EEGEMO_TEST_DATA names their folder; without it, folders called
data are looked for in the neighbours of this repository.
"""

import os
from pathlib import Path

import pytest

_NEIGHBOURS = Path(__file__).resolve().parents[2].glob("*/data")
_DEFAULT = next((path for path in _NEIGHBOURS if (path / "dasps").is_dir()), "data")


def recordings(*parts):
    """Return the folder of some recordings, or skip the test and say why."""
    root = Path(os.environ.get("EEGEMO_TEST_DATA") or _DEFAULT)
    folder = root.joinpath(*parts).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}: set EEGEMO_TEST_DATA")
    return folder
