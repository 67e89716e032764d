"""The edge's disk is full, or turns read-only: no part is lost or counted twice, and what had to go is told."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plant_server.demo.plant import Plant
from tests.edge.delivery.power_cut import build_shim
from tests.system.small_disk import SmallDisk, small_disk
from tests.system.workshop import Wiring, Workshop, workshop

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root"),
]

DISK_BYTES = 12 << 20
LEFT_BYTES = 256 << 10
MADE_ON_FULL_DISK = 500  # Parts; 46 a second.
MADE_READ_ONLY = 100
PERIOD_S = 0.1
GAPS = "SELECT count(DISTINCT first) FROM plant.gap WHERE reason IN ('dropped', 'too_old')"


@dataclass(frozen=True, slots=True)
class OnASmallDisk:
    shop: Workshop
    disk: SmallDisk

    def keep_full(self) -> bool:
        """What the edge gives up to gain room, others take at once."""
        self.disk.leave(LEFT_BYTES)
        return True


@pytest.fixture
def small(tmp_path: Path) -> Iterator[OnASmallDisk]:
    with ExitStack() as open_:
        disk = open_.enter_context(small_disk(tmp_path / "spool", DISK_BYTES))
        scenario = Path(__file__).with_name("counters.yaml")
        wiring = Wiring(scenario=str(scenario), rewire=poll_quickly)
        yield OnASmallDisk(open_.enter_context(workshop(tmp_path, wiring)), disk)


def poll_quickly(config: dict[str, Any], _: Plant) -> None:
    for device in config["devices"]:
        device["period_s"] = PERIOD_S


def test_a_full_disk_costs_samples_but_no_parts(small: OnASmallDisk) -> None:
    shop = small.shop
    shop.produce()
    shop.wait_until_moving()
    shop.plant.broker.stop()
    small.disk.leave(LEFT_BYTES)
    shop.wait_until("a full disk", lambda: "spool_disk_full" in edge_log(shop), 90)
    made = shop.made()
    shop.wait_until(
        "production on a full disk", lambda: small.keep_full() and shop.made() > made + MADE_ON_FULL_DISK, 60
    )
    shop.plant.broker.start()
    shop.wait_until_drained()
    shop.wait_until("something dropped and told", lambda: shop.value(GAPS) > 0)
    small.disk.relieve()
    shop.wait_until_moving()
    verdict = shop.verdict()
    assert verdict.good, str(verdict)


@pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("cc") is None,
    reason="no C compiler: the shim cannot be built",
)
def test_a_disk_that_turns_read_only_costs_no_part_and_is_found_well_again(tmp_path: Path) -> None:
    scenario = Path(__file__).with_name("counters.yaml")
    with workshop(tmp_path, Wiring(scenario=str(scenario), rewire=poll_quickly)) as shop:
        fault = tmp_path / "errno"
        shop.edge.stop()
        shop.edge.start(
            LD_PRELOAD=str(build_shim(tmp_path, "failing_disk")),
            FAILING_DISK=str(shop.floor.spool_path.parent),
            FAILING_DISK_ERRNO=str(fault),
        )
        shop.produce()
        shop.wait_until_moving()
        fault.write_text(str(errno.EROFS))
        shop.wait_until("a word about it", lambda: "spool_unavailable" in edge_log(shop))
        head, made = shop.head(), shop.made()
        shop.wait_until("production meanwhile", lambda: shop.made() > made + MADE_READ_ONLY)
        assert shop.head() == head, "something was written to a disk that takes nothing"
        fault.unlink()
        shop.wait_until("a word that it is over", lambda: "spool_available" in edge_log(shop))
        assert "remount,rw" in edge_log(shop)
        shop.wait_until_moving()
        verdict = shop.verdict()
        assert verdict.good, str(verdict)


def edge_log(shop: Workshop) -> str:
    return shop.edge.log.read_text(encoding="utf-8", errors="replace")
