"""A plant that is restored from an earlier state asks its edges for what it lost, and gets it, or is told."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from edge.delivery.spool import SpoolLimits
from tests.system.conftest import OpensWorkshop
from tests.system.workshop import Workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

NOT_KEPT = "SELECT first, last FROM plant.gap WHERE reason = 'not_kept'"


@pytest.fixture(scope="module")
def shop(open_workshop: OpensWorkshop) -> Workshop:
    return open_workshop()


def test_a_restored_plant_is_fed_again(shop: Workshop, tmp_path: Path) -> None:
    shop.produce()
    shop.wait_until_moving()
    backup = tmp_path / "backup"
    save(shop, backup)
    before = shop.stored()
    shop.wait_until("work since the backup", lambda: shop.stored() > before + 20)
    restore(shop, backup)
    assert shop.stored() < before + 20, "nothing was rolled back"
    shop.wait_until_drained()
    shop.wait_until_moving()
    verdict = shop.verdict()
    assert verdict.good, str(verdict)


def test_what_the_edge_no_longer_keeps_is_one_gap_record(shop: Workshop, tmp_path: Path) -> None:
    shop.edge.start()
    shop.produce()
    shop.wait_until_moving()
    backup = tmp_path / "backup"
    save(shop, backup)
    had = shop.committed()
    shop.wait_until("work since the backup", lambda: shop.stored() > had + 20)
    shop.edge.stop()
    forget_committed(shop)
    restore(shop, backup)
    had = shop.committed()
    shop.edge.start()
    shop.wait_until_drained()
    shop.wait_until_moving()
    verdict = shop.verdict()
    assert verdict.good, str(verdict)
    [(first, last)] = shop.rows(NOT_KEPT)
    assert first == had + 1
    assert last > first


def save(shop: Workshop, backup: Path) -> None:
    """Copy the data folder of the stopped server, with owners and modes."""
    database = shop.plant.database
    database.stop()
    subprocess.run(["cp", "-a", str(database.data), str(backup)], check=True, timeout=60)
    database.start()
    shop.wait_until_moving()


def restore(shop: Workshop, backup: Path) -> None:
    """Put the copy in its place. Edge, broker and ingest go on meanwhile, or find it so."""
    database = shop.plant.database
    database.stop()
    shutil.rmtree(database.data)
    subprocess.run(["cp", "-a", str(backup), str(database.data)], check=True, timeout=60)
    database.start()


def forget_committed(shop: Workshop) -> None:
    """As the edge does by itself when `keep_h` is over."""
    with shop.spool(SpoolLimits(keep_h=0)) as spool:
        spool.tidy(time.time_ns() // 1_000_000 + 1)
        assert spool.oldest > spool.committed
