"""Servers that are really started: each test gets a state folder of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder. As root it lies where the servers' accounts cannot reach it: pytest's folder is 0700."""
    return tmp_path / ".lineside"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder every account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="lineside-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: shows what happens to another account")
