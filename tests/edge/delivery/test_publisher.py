"""Delivery over a real broker, to a plant that keeps the contract: births, numbers, order, leaving."""

import asyncio
import time

import pytest

from edge.contract import spool_metrics as names
from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import Metric
from edge.contract.topics import MessageType
from edge.delivery.entries import Readings
from edge.delivery.sparkplug_session import NODE_METRICS
from edge.delivery.window import MESSAGE_BYTES_MAX
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import (
    COUNT,
    NOTE,
    SPEED,
    now_ms,
    opened,
    reading,
    running_edge,
    settings_for,
)
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

OF_EDGE = (
    MessageType.NBIRTH,
    MessageType.DBIRTH,
    MessageType.NDATA,
    MessageType.DDATA,
    MessageType.DDEATH,
)


def _bd_seq(told: Told) -> object:
    return next(metric.value for metric in told.payload.metrics if metric.name == names.BD_SEQ)


async def test_births_wait_until_the_host_is_online(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: edge.publisher.statistics.connects == 1)
        await eventually(lambda: edge.spool.head == 3)
        assert plant.told == []
        plant.say_online()
        await eventually(lambda: plant.values("count") == [1, 2, 3])
        kinds = [told.type for told in plant.told]
        assert kinds[:3] == [MessageType.NBIRTH, MessageType.DBIRTH, MessageType.DDATA]


async def test_without_a_primary_host_births_come_at_once(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, None, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: plant.values("count") == [1, 2, 3])


async def test_a_birth_declares_every_tag_with_alias_type_meaning_and_newest_value(
    place: Place, plant: ScriptedPlant
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.read("press", reading(COUNT, 7, 123_456), reading(NOTE, "x" * 5000))
        plant.say_online()
        await eventually(lambda: plant.of(MessageType.DBIRTH))
        by_name = {metric.name: metric for metric in plant.of(MessageType.DBIRTH)[0].payload.metrics}
        aliases = [metric.alias for told in plant.told[:2] for metric in told.payload.metrics if metric.alias]
        assert len(aliases) == len(set(aliases)) == len(NODE_METRICS) + 3 + 3
        count = by_name["count"]
        assert (count.value, count.timestamp_ms, count.datatype) == (7, 123_456, DataType.UINT32)
        assert count.properties["role"] == "counter"
        assert (by_name["speed"].value, by_name["speed"].quality) == (None, Quality.STALE)
        assert (by_name["note"].value, by_name["note"].quality) == (None, Quality.STALE)
        node = {metric.name: metric for metric in plant.births()[0].payload.metrics}
        assert node[names.REBIRTH].value is False
        assert node[names.REBIRTH].alias is None
        assert node[names.EPOCH].value == edge.spool.epoch
        assert names.COMMITTED in node


async def test_seq_counts_everything_and_bd_seq_every_connect(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press", "oven") as edge:
        for number in range(1, 301):
            await edge.count("press" if number % 2 else "oven", range(number, number + 1))
            if number % 30 == 0:
                await eventually(lambda n=number: len(plant.values("count")) == n)  # type: ignore[misc]
        plant.ask_rebirth()
        await eventually(lambda: len(plant.births()) == 2)
        await edge.count("press", range(301, 302))
        await eventually(lambda: len(plant.values("count")) == 301)
    async with running_edge(settings, "press", "oven"):
        await eventually(lambda: len(plant.births()) == 3)
    await eventually(lambda: len(plant.of(MessageType.NDEATH)) == 2)
    expected = None
    for told in plant.of(*OF_EDGE):
        if told.type is MessageType.NBIRTH:
            expected = 0
        assert told.payload.seq == expected
        expected = (told.payload.seq + 1) % 256
    assert [_bd_seq(told) for told in plant.births()] == [0, 0, 1]
    deaths = plant.of(MessageType.NDEATH)
    assert [_bd_seq(told) for told in deaths] == [0, 1]
    assert [told.payload.seq for told in deaths] == [None, None]
    assert all(len(told.payload.metrics) == 1 for told in deaths)


async def test_a_device_is_born_before_its_data_and_numbers_are_gapless(
    place: Place, plant: ScriptedPlant
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press", "oven", online=False) as edge:
        for number in range(1, 41):
            await edge.count("oven" if number % 3 else "press", range(number, number + 1))
        await eventually(lambda: len(plant.values("count")) == 40)
        assert plant.values("count") == list(range(1, 41))
        ranges = plant.ranges(edge.spool.epoch)
        assert ranges[0][0] == 1
        assert [first for first, _ in ranges[1:]] == [last + 1 for _, last in ranges[:-1]]
        born: set[str | None] = set()
        for told in plant.told:
            if told.type is MessageType.DBIRTH:
                born.add(told.device)
            if told.type is MessageType.DDATA:
                assert told.device in born


async def test_nothing_is_sent_before_the_plant_said_where_it_stands(
    place: Place, plant: ScriptedPlant
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.answers = lambda _: None
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 6))
        # A birth that nobody answers is repeated; that takes a second, in which data had time to come.
        await eventually(lambda: len(plant.births()) == 2)
        assert plant.with_entries() == []
        assert plant.transient() == []
        plant.answers = lambda committed: committed
        await eventually(lambda: plant.values("count") == [1, 2, 3, 4, 5])


async def test_a_silent_plant_is_sent_everything_again(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 3))
        await eventually(lambda: plant.values("count") == [1, 2])
        plant.is_silent = True
        await edge.count("press", range(3, 200))
        await eventually(lambda: edge.publisher.statistics.times_gone_back >= 2)
        plant.is_silent = False
        await eventually(lambda: plant.values("count") == list(range(1, 200)))
    assert plant.values("count") == list(range(1, 200))


async def test_lost_messages_and_lost_answers_change_nothing(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    turns = iter(range(10**9))
    plant.stores = lambda _: next(turns) % 7 not in (2, 3)
    plant.answers = lambda committed: committed if next(turns) % 5 else None
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        for first in range(1, 401, 20):
            await edge.count("press", range(first, first + 20))
            await asyncio.sleep(0)
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == edge.spool.head == 400)
    assert plant.values("count") == list(range(1, 401))


async def test_never_more_than_64_messages_are_unanswered(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.answers = lambda committed: 0 if committed < 64 else committed
    plant.say_online()
    async with running_edge(settings, "press", "oven") as edge:
        for number in range(200):  # Two devices in turn: every entry is a message.
            await edge.count("oven" if number % 2 else "press", range(number, number + 1))
        await eventually(lambda: len(plant.values("count")) >= 64)
        first = [told.first for told in plant.with_entries()[:64]]
        assert first == list(range(1, 65))
        await eventually(lambda: len(plant.values("count")) == 200)


async def test_a_rebirth_repeats_bd_seq_and_loses_nothing(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await eventually(plant.births)
        for turn in range(3):
            await edge.count("press", range(turn * 50, turn * 50 + 50))
            plant.ask_rebirth()
            plant.ask_rebirth()  # At once again: one birth answers both.
            await eventually(lambda n=turn: len(plant.births()) == n + 2)  # type: ignore[misc]
        await eventually(lambda: plant.values("count") == list(range(150)))
        assert {_bd_seq(told) for told in plant.births()} == {0}
        assert len(plant.births()) == 4


async def test_commands_nobody_understands_are_passed_over(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await eventually(plant.births)
        plant.command([Metric(5, DataType.INT32, "Paint it blue")])
        plant.command([Metric(True, DataType.BOOLEAN, names.COMMITTED)])
        plant.command([Metric(10**6, DataType.UINT64, names.COMMITTED)])  # Of no epoch.
        plant.say_committed("another epoch", 10**6)
        plant._client.publish(f"spBv1.0/demo/NCMD/{place.edge}", b"\xff\xff\xff")
        plant._client.publish(f"spBv1.0/STATE/{place.host}", b"online, more or less", qos=1)
        await edge.count("press", range(1, 4))
        await eventually(lambda: plant.values("count") == [1, 2, 3])
        assert edge.publisher.statistics.epochs_begun == 0
        assert len(plant.births()) == 1


async def test_a_device_that_is_lost_dies_after_its_last_entry_and_is_born_again(
    place: Place, plant: ScriptedPlant
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press", online=False) as edge:
        await edge.writer.contact("press", True, now_ms())
        await edge.count("press", range(1, 3))
        await edge.writer.contact("press", False, now_ms())
        await eventually(lambda: plant.of(MessageType.DDEATH))
        await edge.writer.contact("press", True, now_ms())
        await edge.count("press", range(3, 4))
        await eventually(lambda: plant.values("count") == [1, 2, 3])
        contacts = [
            metric.value
            for told in plant.stored
            for metric in told.payload.metrics
            if metric.name == names.CONTACT
        ]
        assert contacts == [True, False, True]
        kinds = [told.type for told in plant.told if told.device == "press"]
        death = kinds.index(MessageType.DDEATH)
        assert MessageType.DBIRTH in kinds[death:]


async def test_a_gap_record_travels_whole(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.writer.gap("press", "overflow", ["speed", "note"], 1000, 2000)
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == 1)
        assert plant.stored[0].gap == names.Gap(
            "overflow",
            1000,
            2000,
            (names.GapTag("press", "speed", 1000, 2000), names.GapTag("press", "note", 1000, 2000)),
        )


async def test_retired_tags_that_are_still_in_the_spool_are_delivered(
    place: Place, plant: ScriptedPlant
) -> None:
    with opened(place.spool, "press", "gone") as spool:
        ids = {(tag.device, tag.name): tag_id for tag_id, tag in spool.tags.items()}
        spool.append([Readings("gone", now_ms(), [ids["gone", "count"]], [0], [n]) for n in range(5)])
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(5, 8))
        await eventually(lambda: plant.values("count") == list(range(8)))


async def test_large_messages_are_cut_and_a_text_too_large_is_bad(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        long = "字" * 21_000  # 63 000 bytes
        for _ in range(10):
            await edge.read("press", reading(NOTE, long), reading(NOTE, long), reading(NOTE, "字" * 22_000))
        await edge.read("press", reading(NOTE, "\ud800"), reading(COUNT, 1 << 64), reading(COUNT, -1))
        await edge.read("press", *[reading(SPEED, n / 7) for n in range(30_000)])
        await eventually(lambda: len(plant.values("speed")) == 30_000)
        assert plant.values("speed") == [n / 7 for n in range(30_000)]
        assert plant.values("note") == [long, long, None] * 10 + [None]
        assert plant.values("count") == [None, None]
        bad = [m.quality for told in plant.stored for m in told.readings if m.value is None]
        assert set(bad) == {Quality.BAD}
        assert max(told.size_bytes for told in plant.told) <= MESSAGE_BYTES_MAX


async def test_stopping_is_orderly_and_quick(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 11))
        await eventually(lambda: plant.values("count") == list(range(1, 11)))
        started = time.monotonic()
        await edge.stop(drain_s=10)
        assert time.monotonic() - started < 5, "it had nothing to wait for"
        await eventually(lambda: plant.of(MessageType.NDEATH))
        assert edge.spool.committed == 10
    assert [told.type for told in plant.told][-1] is MessageType.NDEATH
    assert len(plant.of(MessageType.NDEATH)) == 1, "a will after DISCONNECT: it did not leave in order"


async def test_an_edge_without_news_says_that_it_is_there(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press"):
        await eventually(lambda: len(plant.of(MessageType.NDATA)) >= 4, within_s=30)
        beats = [told for told in plant.of(MessageType.NDATA) if told.first is None]
        assert len(beats) >= 2
        born = {metric.alias: metric.name for metric in plant.of(MessageType.NBIRTH)[-1].payload.metrics}
        for told in beats:
            (beat,) = told.payload.metrics
            assert born[beat.alias] == names.HEARTBEAT
        clocks = [int(str(told.payload.metrics[0].value)) for told in beats]
        assert clocks == sorted(clocks)
        seqs = [told.payload.seq for told in plant.told if told.type is not MessageType.NDEATH]
        assert seqs == list(range(len(seqs)))


async def test_stopping_does_not_wait_for_a_plant_that_is_silent(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    async with running_edge(settings, "press") as edge:
        await eventually(lambda: plant.committed)
        plant.is_silent = True
        await edge.count("press", range(1, 11))
        await eventually(plant.with_entries)
        await edge.stop(drain_s=0.2)
        await eventually(lambda: plant.of(MessageType.NDEATH))
    assert plant.of(MessageType.NDATA, MessageType.DDATA, MessageType.NDEATH)[-1].type is MessageType.NDEATH


@pytest.mark.parametrize("kind", ["entries", "values"])
async def test_a_value_its_type_cannot_hold_is_bad_and_stops_nothing(
    place: Place, plant: ScriptedPlant, kind: str
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    if kind == "entries":
        plant.say_online()
    async with running_edge(settings, "press") as edge:
        await edge.read("press", reading(COUNT, -5), reading(COUNT, 1 << 40), reading(SPEED, "fast"))
        await edge.read("press", reading(NOTE, 5), reading(COUNT, 7))
        plant.say_online()
        await eventually(lambda: plant.committed.get(edge.spool.epoch) == 2)
        assert plant.values("count") == [None, None, 7]
        assert plant.values("speed") == [None]
        assert plant.values("note") == [None]
