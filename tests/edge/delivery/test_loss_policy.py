"""edge/LOSS_POLICY.md says what the code does: each test it names is there, each figure is the code's."""

import re
import shutil
from pathlib import Path

import pytest

from edge.delivery import spool_writer
from edge.delivery.spool_disk import RESERVE_BYTES
from edge.delivery.spool_opening import ASIDE_MAX
from edge.delivery.spool_room import SpoolLimits
from edge.run import COMMIT_EVERY_S
from tests.benchmarks.spool_figures import measured

ROOT = Path(__file__).parents[3]
POLICY = (ROOT / "edge" / "LOSS_POLICY.md").read_text(encoding="utf-8")
MIB = 1 << 20


def test_each_test_that_the_policy_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", POLICY))
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", written))
    assert len(named) > 20
    assert named <= there


def test_each_word_that_the_policy_says_is_logged_is_in_the_code() -> None:
    said = {
        word
        for line in re.findall(r"log ((?:`\w+`(?: and )?)+)", POLICY)
        for word in re.findall(r"`(\w+)`", line)
    }
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "edge").rglob("*.py"))
    assert len(said) > 6
    assert {word for word in said if f'"{word}"' not in code} == set()


def test_the_bounds_that_the_policy_states_are_those_of_the_code() -> None:
    limits = SpoolLimits()
    assert COMMIT_EVERY_S == {"disk": 0.05, "flash": 0.25}
    assert (limits.max_bytes, limits.max_age_h, limits.keep_h) == (2 << 30, 168, 72)
    assert (spool_writer.BUFFER_BYTES_MAX, spool_writer.COUNTS_BYTES_MAX) == (8 * MIB, 32 * MIB)
    assert (RESERVE_BYTES, ASIDE_MAX) == (2 * MIB, 2)
    for words in ("50 ms", "250 ms", "168 h", "72 h", "8 MiB", "32 MiB", "2 MiB", "2 GiB", "newest two"):
        assert words in POLICY


@pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("cc") is None,
    reason="no C compiler: the shim cannot be built",
)
def test_flash_is_written_less_and_as_the_policy_says() -> None:
    disk, flash = (measured(1_000, storage, seconds=20) for storage in ("disk", "flash"))
    assert flash.syncs_per_s < 0.4 * disk.syncs_per_s
    assert flash.written_bytes_per_s < 0.6 * disk.written_bytes_per_s
    for one in (disk, flash):
        row = re.search(rf"\| 1 000 \| `{one.storage}` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) GB", POLICY)
        assert row is not None
        stated = [float(number) for number in row.groups()]
        assert [one.commits_per_s, one.syncs_per_s, one.gb_per_day] == pytest.approx(stated, rel=0.15)
    row = re.search(r"\| 1 000 \| (\d+) \| \d+ h \|", POLICY)
    assert row is not None
    assert disk.kept_bytes_per_reading == pytest.approx(float(row[1]), rel=0.15)
