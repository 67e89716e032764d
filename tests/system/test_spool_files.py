"""Spool files that are rolled back, cloned or damaged: the edge notices, says so, and counts each part once."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from plant_server.demo.child import Child
from tests.system.conftest import OpensWorkshop
from tests.system.workshop import Workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

RUNNING_AGAIN_WITHIN_S = 5.0
ALARM = "SELECT count(*) FROM plant.alarm WHERE kind = 'two_epochs' AND subject LIKE %(subject)s"
CORRUPT_GAPS = "SELECT count(*) FROM plant.gap WHERE reason = 'corrupt' AND epoch = %(epoch)s"
EPOCH_STORED = "SELECT coalesce(max(committed), 0) FROM plant.edge_cursor WHERE epoch = %(epoch)s"


class Files:
    """The spool file of a stopped edge, and copies of it."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self.shop = shop
        self.all: list[Path] = []
        self._folder = folder

    def copy(self) -> Path:
        """A copy that the judge will know of."""
        copy = self._folder / f"spool-{len(self.all)}.db"
        copy_spool(self.shop.floor.spool_path, copy)
        self.all.append(copy)
        return copy

    def put_back(self, copy: Path) -> None:
        copy_spool(copy, self.shop.floor.spool_path)


@pytest.fixture(scope="module")
def files(open_workshop: OpensWorkshop, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """One factory through all of it: what one test did to the files must not disturb the judgement of the next."""
    return Files(open_workshop(), tmp_path_factory.mktemp("copies"))


@pytest.fixture(autouse=True)
def producing(files: Files) -> None:
    files.shop.edge.start()
    files.shop.produce()
    files.shop.wait_until_moving()


def test_a_rolled_back_file_begins_a_new_epoch(files: Files) -> None:
    shop = files.shop
    old_epoch = roll_back(files)
    shop.edge.start()
    epoch = shop.wait_until("a new epoch", lambda: changed_epoch(shop, old_epoch))
    shop.wait_until("the new epoch stored", lambda: shop.value(EPOCH_STORED, epoch=epoch) > 0)
    verdict = shop.verdict(earlier=files.all)
    assert verdict.good, str(verdict)


def test_what_a_rolled_back_file_read_before_it_heard_the_plant_is_delivered(files: Files) -> None:
    """The broker is down until the rolled-back file has more entries than the plant has of it."""
    shop = files.shop
    old_epoch = roll_back(files)
    plant_has = int(shop.value(EPOCH_STORED, epoch=old_epoch))
    shop.plant.broker.stop()
    shop.edge.start()
    shop.wait_until("as many entries as the plant has", lambda: shop.head()[1] > plant_has + 10, 60)
    shop.plant.broker.start()
    shop.wait_until("a new epoch", lambda: changed_epoch(shop, old_epoch))
    verdict = shop.verdict(earlier=files.all)
    assert verdict.good, str(verdict)
    assert verdict.entries > 10, "what was read before the new epoch is not in it"


def test_a_cloned_edge_is_an_alarm(files: Files, tmp_path: Path) -> None:
    shop = files.shop
    shop.edge.stop()
    clone_path = tmp_path / "clone.db"
    copy_spool(shop.floor.spool_path, clone_path)
    shop.edge.start()
    shop.wait_until_moving()
    old_epoch, _ = shop.head()
    shop.edge.stop()
    subject = f"%{shop.floor.options.edge[1]}%"
    assert shop.value(ALARM, subject=subject) == 0
    with cloned_edge(shop, clone_path) as clone:
        clone.start()
        shop.wait_until_moving()
    files.all.append(clone_path)
    shop.edge.start()
    shop.wait_until_moving()
    shop.wait_until("an alarm", lambda: shop.value(ALARM, subject=subject) == 1)
    assert shop.head()[0] == old_epoch
    verdict = shop.verdict(earlier=files.all)
    assert verdict.good, str(verdict)


def test_a_corrupt_file_is_set_aside_and_counting_goes_on(files: Files) -> None:
    shop = files.shop
    shop.wait_until_drained()
    shop.edge.kill()
    with_garbage(shop.floor.spool_path, files.copy())
    shop.edge.start()
    shop.wait_until("readings in a new file", lambda: readable_head(shop) > 3, RUNNING_AGAIN_WITHIN_S)
    epoch, _ = shop.head()
    shop.wait_until("its gap record in the plant", lambda: shop.value(CORRUPT_GAPS, epoch=epoch) == 1)
    shop.wait_until_moving()
    verdict = shop.verdict(earlier=files.all)
    assert verdict.good, str(verdict)


def roll_back(files: Files) -> str:
    """Let the edge deliver beyond a copy of its file, then put the copy back. Returns the epoch; the edge is stopped."""
    shop = files.shop
    shop.edge.stop()
    earlier = files.copy()
    shop.edge.start()
    shop.wait_until_moving()
    shop.wait_until_moving()
    shop.edge.stop()
    files.copy()
    files.put_back(earlier)
    epoch, head = shop.head()
    assert shop.value(EPOCH_STORED, epoch=epoch) > head, "the plant is not ahead of the file"
    return epoch


def changed_epoch(shop: Workshop, old_epoch: str) -> str | None:
    epoch, _ = shop.head()
    return epoch if epoch != old_epoch else None


def copy_spool(source: Path, target: Path) -> None:
    """File and write-ahead log, in place of what is there."""
    for suffix in ("", "-wal", "-shm"):
        part, copy = source.with_name(source.name + suffix), target.with_name(target.name + suffix)
        copy.unlink(missing_ok=True)
        if part.exists() and suffix != "-shm":
            shutil.copyfile(part, copy)


def with_garbage(path: Path, copy: Path) -> None:
    """Garbage over the header. `copy` keeps what was there, for the judge."""
    assert copy.exists()
    with path.open("r+b") as file:
        file.write(bytes(range(256)) * 16)


def readable_head(shop: Workshop) -> int:
    """0 as long as the file there cannot be read."""
    try:
        return shop.head()[1]
    except sqlite3.Error:
        return 0


@contextmanager
def cloned_edge(shop: Workshop, spool_path: Path) -> Iterator[Child]:
    """A second edge with the same identity, on a copy of the spool."""
    config = yaml.safe_load(shop.floor.edge_config.read_text(encoding="utf-8"))
    config["spool"]["path"] = str(spool_path)
    path = shop.floor.edge_config.with_name("clone.yaml")
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    arguments = ["edge", "run", "--config", str(path)]
    clone = Child(
        "clone",
        arguments,
        log=shop.edge.log.with_name("clone.log"),
        environment=shop.edge.environment,
        cwd=shop.plant.home,
    )
    try:
        yield clone
    finally:
        clone.stop()
