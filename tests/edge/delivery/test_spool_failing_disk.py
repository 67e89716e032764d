"""A disk that turns read-only, or fails, under a spool: nothing that was read is lost or there twice, and it is said."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.delivery.spool_disk import WHAT_TO_DO
from tests.edge.command_line import lineside_edge
from tests.edge.delivery.failing_disk_worker import BUFFER_BYTES, FIRST
from tests.edge.delivery.power_cut import HERE, build_shim
from tests.edge.delivery.small_disk import small_disk

needs_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("cc") is None,
    reason="no C compiler: the shim cannot be built",
)
CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1:1"], primary_host: null}}
spool: {{path: {path}}}
devices:
  - {{name: meter, profile: eastron_sdm630, url: "modbus://127.0.0.1:1", path: demo, unit_id: 1}}
"""


def _lived_through(tmp_path: Path, error_number: int, entries: int) -> dict[str, Any]:
    folder = tmp_path / "spool"
    folder.mkdir()
    environment = {
        "LD_PRELOAD": str(build_shim(tmp_path, "failing_disk")),
        "FAILING_DISK": str(folder),
        "FAILING_DISK_ERRNO": str(tmp_path / "errno"),
    }
    command = [sys.executable, "-m", "tests.edge.delivery.failing_disk_worker"]
    ran = subprocess.run(
        [*command, str(folder), str(error_number), str(entries)],
        cwd=HERE.parents[2],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@needs_compiler
@pytest.mark.parametrize("name", ["EROFS", "EIO", "ENOSPC"])
def test_readings_wait_in_memory_and_are_there_once_when_the_disk_is_back(tmp_path: Path, name: str) -> None:
    number = getattr(errno, name)
    found = _lived_through(tmp_path, number, entries=300)
    assert found["counts"] == list(range(FIRST + 301))
    assert (found["speeds"], found["gone"]) == (FIRST + 301, 0)
    assert found["head_then"] == found["durable_then"] == FIRST, (
        "said to be durable on a disk that took nothing"
    )
    assert WHAT_TO_DO[number] in found["failure"]
    assert found["failure_after"] == ""
    assert found["told"].count("spool_unavailable") == found["told"].count("spool_available") == 1
    assert "spool_thinned" not in found["told"], (
        "what is on the disk is not to be thinned for a disk that fails"
    )


@needs_compiler
def test_what_outgrows_the_memory_is_thinned_told_and_loses_no_count(tmp_path: Path) -> None:
    found = _lived_through(tmp_path, errno.EROFS, entries=6000)
    assert found["waited"] < 2 * BUFFER_BYTES
    assert "buffer_thinned" in found["told"]
    assert (found["counts"][0], found["counts"][-1]) == (0, FIRST + 6000)
    assert found["counts"] == sorted(set(found["counts"])), "a count is there twice, or goes back"
    assert found["gone"] > 0
    assert found["speeds"] + found["gone"] == FIRST + 6001


def test_an_edge_that_is_started_on_a_read_only_disk_says_what_to_do(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8 << 20) as disk:
        config = tmp_path / "edge.yaml"
        config.write_text(CONFIG.format(path=disk / "new" / "spool.db"))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, timeout=30)
        ran = lineside_edge("run", "--config", str(config))
        assert ran.exit_code == 1
        assert str(disk / "new" / "spool.db") in ran.stderr
        assert "remount,rw" in ran.stderr
        assert "Traceback" not in ran.stderr
