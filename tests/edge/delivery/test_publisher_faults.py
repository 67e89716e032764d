"""Delivery when brokers die, hosts go, plants are restored, files are rolled back and entries are poison."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge.contract.spool_metrics import Gap
from edge.contract.topics import MessageType
from edge.delivery.entries import Readings
from edge.delivery.spool import SpoolLimits
from plant_server.embedded.broker import Broker, Kind, running_broker
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import COUNT, SPEED, now_ms, opened, reading, running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

OLD_MS = 60_000
"""Older than what counts as live."""


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """One that a test may kill."""
    home = tmp_path / "own"
    with running_broker(
        home, prefer="mosquitto", tls=False, port=0, edges=[("demo", "edge")], hosts=["plant"]
    ) as broker:
        yield broker


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
@pytest.mark.parametrize("acknowledge", ["plant", "none"])
async def test_both_brokers_deliver(tmp_path: Path, kind: Kind, acknowledge: str) -> None:
    edges, hosts = [("demo", "edge")], ["plant"]
    with (
        running_broker(
            tmp_path / "home", prefer=kind, tls=kind == "mosquitto", port=0, edges=edges, hosts=hosts
        ) as broker,
        ScriptedPlant(broker, "plant", "edge") as plant,
    ):
        plant.say_online()
        settings = settings_for(broker, "edge", "plant", tmp_path / "spool.db", acknowledge=acknowledge)
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(1, 101))
            await eventually(lambda: plant.values("count") == list(range(1, 101)))
            await eventually(lambda: edge.spool.committed == 100)


async def test_a_broker_killed_in_the_middle_costs_nothing(own_broker: Broker, tmp_path: Path) -> None:
    with ScriptedPlant(own_broker, "plant", "edge") as plant:
        plant.say_online()
        settings = settings_for(own_broker, "edge", "plant", tmp_path / "spool.db")
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(500))
            await eventually(lambda: plant.stored)
            await asyncio.to_thread(own_broker.kill)
            await edge.count("press", range(500, 1000))
            await eventually(lambda: edge.spool.head == 1000)
            await asyncio.to_thread(own_broker.start)
            await eventually(lambda: plant._client.is_connected())
            plant.say_online()
            await eventually(lambda: plant.values("count") == list(range(1000)))
            assert edge.publisher.statistics.connects >= 2


async def test_a_host_that_goes_offline_is_left_in_order_for_the_next_broker(
    place: Place, plant: ScriptedPlant, own_broker: Broker
) -> None:
    plant.say_online()
    urls = [place.broker.url, place.broker.url.replace("127.0.0.1", "localhost")]
    settings = settings_for(place.broker, place.edge, place.host, place.spool, urls=urls)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: plant.values("count") == [1, 2, 3])
        plant.say_online(False)
        await eventually(lambda: plant.of(MessageType.NDEATH))
        await eventually(lambda: edge.publisher.statistics.connects >= 2)
        await edge.count("press", range(4, 7))
        await eventually(lambda: edge.spool.head == 6)
        assert len(plant.births()) == 1
        plant.say_online(False, timestamp_ms=1)  # Said long ago: retained where nobody cleaned up.
        plant._online_ms = now_ms()
        plant.say_online()
        await eventually(lambda: plant.values("count") == [1, 2, 3, 4, 5, 6])
        bd_seqs = [told.payload.metrics[0].value for told in plant.births()]
        assert bd_seqs[0] == 0
        assert bd_seqs[-1] == edge.publisher.statistics.connects - 1


async def test_a_broker_that_refuses_is_followed_by_the_next(place: Place, plant: ScriptedPlant) -> None:
    plant.say_online()
    urls = ["mqtt://127.0.0.1:9", place.broker.url]
    settings = settings_for(place.broker, place.edge, place.host, place.spool, urls=urls)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: plant.values("count") == [1, 2, 3])
    (birth,) = plant.births()
    assert birth.payload.metrics[0].value == 0, "bdSeq counts CONNECTs; to the first broker there was none"


async def test_a_wrong_password_is_tried_again_until_it_is_right(place: Place, plant: ScriptedPlant) -> None:
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    assert settings.broker.password_file is not None
    right = settings.broker.password_file.read_text()
    settings.broker.password_file.write_text("wrong")
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: edge.spool.head == 3)
        await eventually(lambda: edge.spool._bd_seq >= 1)
        settings.broker.password_file.write_text(right)
        await eventually(lambda: plant.values("count") == [1, 2, 3])


async def test_a_restored_plant_is_fed_again_from_where_it_stands(place: Place, plant: ScriptedPlant) -> None:
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        for number in range(1, 31):
            await edge.count("press", range(number, number + 1))
            await eventually(lambda n=number: plant.committed.get(edge.spool.epoch) == n)  # type: ignore[misc]
        plant.stored[10:] = []
        plant.committed[edge.spool.epoch] = 10
        plant.ask_rebirth()
        await eventually(lambda: plant.values("count") == list(range(1, 31)))
        assert plant.ranges(edge.spool.epoch)[-1][1] == 30


async def test_what_a_restored_plant_asks_for_too_late_is_one_gap_record(
    place: Place, plant: ScriptedPlant
) -> None:
    with opened(place.spool, "press", limits=SpoolLimits(keep_h=0)) as spool:
        for number in range(1, 21):
            spool.append([Readings("press", now_ms() - OLD_MS, [1], [0], [number])])
        spool.commit_up_to(15)
        spool.tidy(now_ms())
        assert spool.oldest == 16
        plant.committed[spool.epoch] = 4
        epoch = spool.epoch
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press"):
        await eventually(lambda: plant.committed[epoch] == 20)
    first = plant.stored[0]
    assert (first.type, first.first, first.last) == (MessageType.NDATA, 5, 15)
    assert first.gap == Gap("not_kept", None, None)
    assert plant.values("count") == [16, 17, 18, 19, 20]


async def test_a_rolled_back_file_begins_a_new_epoch_with_what_was_read_since(
    place: Place, plant: ScriptedPlant
) -> None:
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 11))
        await eventually(lambda: plant.values("count") == list(range(1, 11)))
        old_epoch = edge.spool.epoch
    snapshot = place.spool.with_name("snapshot.db")
    shutil.copy(place.spool, snapshot)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(11, 21))
        await eventually(lambda: plant.values("count") == list(range(1, 21)))
    shutil.copy(snapshot, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(21, 26))
        await eventually(lambda: plant.values("count") == list(range(1, 26)))
        assert edge.spool.epoch != old_epoch
        assert edge.publisher.statistics.epochs_begun == 1
        assert plant.committed[edge.spool.epoch] == 5
        assert plant.committed[old_epoch] == 20


async def test_a_rolled_back_file_that_read_on_before_it_heard_the_plant_loses_nothing(
    place: Place, plant: ScriptedPlant
) -> None:
    """It gives out numbers a second time, more of them than the plant has."""
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    with opened(place.spool, "press") as spool:
        old_epoch = spool.epoch
    snapshot = place.spool.with_name("snapshot.db")
    shutil.copy(place.spool, snapshot)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 21))
        await eventually(lambda: plant.values("count") == list(range(1, 21)))
    shutil.copy(snapshot, place.spool)
    plant.say_online(False)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(21, 71))
        await eventually(lambda: edge.spool.head == 50)
        plant.say_online()
        await eventually(lambda: plant.values("count") == list(range(1, 71)))
        assert plant.committed == {old_epoch: 20, edge.spool.epoch: 50}


async def test_a_plant_that_claims_more_than_was_sent_gets_a_new_epoch(
    place: Place, plant: ScriptedPlant
) -> None:
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 6))
        await eventually(lambda: plant.values("count") == [1, 2, 3, 4, 5])
        plant.is_silent = True
        plant.say_committed(edge.spool.epoch, 6)
        await eventually(lambda: edge.publisher.statistics.epochs_begun == 1)
        plant.is_silent = False
        await edge.count("press", range(6, 8))
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == 7)
        assert plant.values("count") == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7]


async def test_a_file_found_corrupt_while_running_is_replaced_and_born_anew(
    place: Place, plant: ScriptedPlant
) -> None:
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 11))
        await eventually(lambda: plant.values("count") == list(range(1, 11)))
        old_epoch = edge.spool.epoch
        _break_under(place.spool)
        await edge.count("press", range(11, 21))
        await eventually(lambda: edge.spool.epoch != old_epoch)
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == edge.spool.head)
        await edge.count("press", range(21, 31))
        await eventually(lambda: plant.values("count") == list(range(1, 31)))
        gaps = [told.gap for told in plant.stored if told.gap is not None]
        assert [gap.reason for gap in gaps] == ["corrupt"]
        assert [told.payload.metrics[0].value for told in plant.births()] == [0] * len(plant.births())


def _break_under(path: Path) -> None:
    """As a failing disk does it: SQLite finds a tree that does not hold together."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 99999 WHERE name = 'batch'")
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        connection.execute(f"PRAGMA schema_version = {version + 1}")
    connection.close()


async def test_a_poison_entry_is_set_aside_and_the_others_flow(place: Place, plant: ScriptedPlant) -> None:
    def stores(told: Told) -> bool:
        return not any(metric.name == "count" and metric.value == 13 for metric in told.readings)

    plant.stores = stores
    settings = settings_for(place.broker, place.edge, place.host, place.spool, back_off_max_s=0.2)
    async with running_edge(settings, "press", poison_after_s=0.5) as edge:
        await edge.count("press", range(1, 41))
        await eventually(lambda: edge.spool.head == 40)
        plant.say_online()
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == 40, within_s=60)
        assert plant.values("count") == [n for n in range(1, 41) if n != 13]
        (gap,) = [told for told in plant.stored if told.gap is not None]
        assert (gap.first, gap.last) == (13, 13)
        assert gap.gap is not None
        assert gap.gap.reason == "set_aside"
        alone = [told for told in plant.with_entries() if told.first == told.last == 13]
        assert len(alone) >= 5
    with opened(place.spool, "press") as spool:
        kept = spool.file.connection.execute("SELECT first, last FROM set_aside").fetchall()
        assert kept == [(13, 13)]


async def test_a_plant_that_is_down_makes_no_entry_poison(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool, back_off_max_s=0.2)
    plant.say_online()
    async with running_edge(settings, "press", poison_after_s=0.0) as edge:
        await eventually(lambda: plant.committed)
        plant.is_silent = True
        await edge.count("press", range(1, 4))
        await eventually(lambda: edge.publisher.statistics.times_gone_back >= 6, within_s=60)
        plant.is_silent = False
        await eventually(lambda: plant.values("count") == [1, 2, 3])


async def test_a_backlog_is_historical_and_screens_see_new_values_meanwhile(
    place: Place, plant: ScriptedPlant
) -> None:
    """Two devices in turn: every entry is a message of its own, and the backlog is many windows long."""
    with opened(place.spool, "press", "oven") as spool:
        ids = {(tag.device, tag.name): tag_id for tag_id, tag in spool.tags.items()}
        spool.append(
            [
                Readings(device, now_ms() - OLD_MS, [ids[device, "count"]], [0], [number])
                for number in range(1, 1001)
                for device in [("press", "oven")[number % 2]]
            ]
        )
    settings = settings_for(place.broker, place.edge, place.host, place.spool, back_off_max_s=0.5)
    plant.stores = lambda told: len(plant.transient()) >= 3 or (told.last or 0) <= 200
    plant.say_online()
    async with running_edge(settings, "press", "oven") as edge:
        number = 1000
        while len(plant.transient()) < 3:
            number += 1
            await edge.count("press", range(number, number + 1))
            await asyncio.sleep(0.02)
        await eventually(lambda: plant.values("count") == list(range(1, number + 1)))
        await eventually(lambda: edge.spool.committed == edge.spool.head)
        transient = plant.transient()
        await edge.count("press", range(number + 1, number + 2))
        await eventually(lambda: plant.values("count")[-1] == number + 1)
    for told in plant.with_entries():
        assert len({metric.is_historical for metric in told.readings}) <= 1
    old = [told for told in plant.stored if (told.last or 0) <= 1000]
    assert all(metric.is_historical for told in old for metric in told.readings)
    assert not plant.stored[-1].readings[-1].is_historical
    for told in transient:
        assert all(metric.is_transient and not metric.is_historical for metric in told.readings)
        assert (told.epoch, told.first, told.last) == (None, None, None)
    for device in ("press", "oven"):
        times = [told.payload.timestamp_ms or 0 for told in transient if told.device == device]
        assert all(later - earlier > 900 for earlier, later in pairwise(times)), "more than once a second"
    _assert_live_values_never_go_back(plant)


def _assert_live_values_never_go_back(plant: ScriptedPlant) -> None:
    newest: dict[tuple[str | None, str | None], int] = {}
    for told in plant.told:
        if told.type is MessageType.NBIRTH:
            newest.clear()
        for metric in told.readings if told.type in (MessageType.DBIRTH, MessageType.DDATA) else []:
            if metric.is_historical or metric.value is None:
                continue
            key = (told.device, metric.name)
            assert (metric.timestamp_ms or 0) >= newest.get(key, 0), f"{metric.name} goes back in time"
            newest[key] = metric.timestamp_ms or 0


async def test_readings_older_than_what_a_birth_says_are_history(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        start_ms = now_ms()
        for number in range(5):
            await edge.read("press", reading(COUNT, number, start_ms + number), reading(SPEED, 1.0, start_ms))
        plant.say_online()
        await eventually(lambda: plant.values("count") == list(range(5)))
        await edge.read("press", reading(COUNT, 5, now_ms() + 10))
        await eventually(lambda: len(plant.values("count")) == 6)
    _assert_live_values_never_go_back(plant)
    assert not plant.stored[-1].readings[0].is_historical


async def test_without_acknowledgement_nothing_is_lost_when_the_broker_dies(
    own_broker: Broker, tmp_path: Path
) -> None:
    with ScriptedPlant(own_broker, "plant", "edge") as plant:
        plant.say_online()
        settings = settings_for(own_broker, "edge", None, tmp_path / "spool.db", acknowledge="none")
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(2000))
            await eventually(plant.with_entries)
            await asyncio.to_thread(own_broker.kill)
            await edge.count("press", range(2000, 2100))
            await asyncio.to_thread(own_broker.start)
            await eventually(lambda: edge.spool.committed == 2100)


async def test_without_acknowledgement_the_window_still_bounds_what_is_on_its_way(
    place: Place, plant: ScriptedPlant
) -> None:
    with opened(place.spool, "press", "oven") as spool:
        ids = {(tag.device, tag.name): tag_id for tag_id, tag in spool.tags.items()}
        for number in range(2000):
            device = "oven" if number % 2 else "press"
            spool.append([Readings(device, now_ms(), [ids[device, "count"]], [0], [number])])
    settings = settings_for(place.broker, place.edge, None, place.spool, acknowledge="none")
    plant.is_silent = True
    async with running_edge(settings, "press", "oven") as edge:
        await eventually(lambda: edge.spool.committed == 2000)
        await eventually(lambda: len(plant.with_entries()) == 2000)
        assert edge.publisher.statistics.times_gone_back == 0
        plant.say_committed(edge.spool.epoch, 10**6)  # Nobody asked.
        await edge.count("press", range(2000, 2001))
        await eventually(lambda: edge.spool.committed == 2001)
        assert edge.publisher.statistics.epochs_begun == 0
