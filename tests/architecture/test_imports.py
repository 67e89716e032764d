"""The arrows between the packages are kept by import-linter, and import-linter itself is kept awake."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "plant_server", "erp_bridge", "simulators")
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

FORBIDDEN = {
    "the edge looks into the plant": ("edge/delivery/sneaky.py", "import plant_server.settings\n"),
    "the plant looks past the edge's contract": ("plant_server/sneaky.py", "import edge.delivery.spool\n"),
    "the bridge looks past the plant's contract": ("erp_bridge/sneaky.py", "import plant_server.database\n"),
    "the domain does I/O": ("plant_server/domain/sneaky.py", "import psycopg\n"),
    "the contract does I/O": ("edge/contract/sneaky.py", "import asyncio\n"),
    "a simulator asks the accused": ("simulators/sneaky.py", "import edge.contract.payloads\n"),
    "one driver knows another": ("edge/drivers/modbus/sneaky.py", "import edge.drivers.opcua\n"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `folder`, not on the installed ones."""
    return subprocess.run(
        LINT,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_code_as_it_stands_keeps_every_contract(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("why", FORBIDDEN)
def test_a_forbidden_import_is_refused(copy: Path, why: str) -> None:
    place, line = FORBIDDEN[why]
    (copy / place).write_text(line, encoding="utf-8")
    result = lint(copy)
    assert result.returncode == 1, f"{why}: not refused\n{result.stdout}"
    assert "sneaky" in result.stdout
