"""How full the spool is, as the edge tells it: over a broker, and never with a reading."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.contract.spool_fill import FILL_NAMES, FULL_RATIO, ON_ITS_WAY_S, SpoolFill
from edge.contract.spool_metrics import HEARTBEAT, HEARTBEAT_EVERY_S, Gap
from edge.contract.topics import MessageType
from edge.delivery.entries import Contact, Entry, GapEntry, Readings
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_fill import fill_of, is_news
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import COUNT, NOTE, now_ms, opened, reading, running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

LIMITS = SpoolLimits(max_bytes=1 << 20)
HOUR_MS = 3_600_000
GIB = 1 << 30
TOLD = SpoolFill(1000, 1_000_000, 500, 1000, 8 * GIB)


def fill_beyond(spool: Spool, ratio: float, oldest_ms: int) -> None:
    """Notes of 4 KiB, one a second, until so much of the bound is in use."""
    note = spool.register(list(spool.tags.values()))["press", "note"]
    for second in range(10_000):
        if spool.file.used_bytes() > ratio * spool.file.bound_bytes:
            return
        spool.append([Readings("press", oldest_ms + 1000 * second, [note], [0], [f"{second:04}" * 1024])])
    raise AssertionError("it does not fill")


def fills(plant: ScriptedPlant, *kinds: MessageType) -> list[SpoolFill]:
    found = []
    for told in plant.of(*kinds):
        values = {metric.name or "": metric.value for metric in told.payload.metrics}
        if values.keys() & FILL_NAMES:
            found.append(SpoolFill.of(values))
    return found


def tells_fill(told: Told) -> bool:
    return told.type is MessageType.NDATA and any(m.name in FILL_NAMES for m in told.payload.metrics)


async def test_after_an_outage_the_birth_says_what_the_spool_itself_says_and_then_that_nothing_waits(
    place: Place, plant: ScriptedPlant
) -> None:
    oldest_ms = now_ms() - HOUR_MS
    with opened(place.spool, "press", limits=LIMITS) as spool:
        fill_beyond(spool, FULL_RATIO, oldest_ms)
    plant.is_silent = True
    plant.say_online()
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press", limits=LIMITS) as edge:
        await eventually(plant.births)
        [born] = fills(plant, MessageType.NBIRTH)[:1]
        assert born.waiting == edge.spool.head - edge.spool.committed > 100
        assert born.used_bytes == edge.spool.file.used_bytes() > FULL_RATIO * born.bound_bytes
        assert (born.bound_bytes, born.oldest_ms) == (LIMITS.max_bytes, oldest_ms)
        assert born.disk_free_bytes is not None
        assert born.disk_free_bytes > 0
        plant.is_silent = False
        plant.ask_rebirth()
        await eventually(lambda: [f for f in fills(plant, MessageType.NDATA) if f.waiting == 0])
        assert edge.spool.committed == edge.spool.head
        assert fills(plant, MessageType.NDATA)[-1].oldest_ms is None
        assert not {m.name for told in plant.stored for m in told.payload.metrics} & FILL_NAMES


async def test_readings_that_flow_bring_no_more_messages_about_the_spool_than_heartbeats_would(
    place: Place, plant: ScriptedPlant
) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    plant.say_online()
    began = time.monotonic()
    async with running_edge(settings, "press", limits=LIMITS) as edge:
        for number in range(1, 121):  # Each a hundredth of the bound and more: news whenever somebody looks.
            await edge.read("press", reading(COUNT, number), reading(NOTE, "x" * 10_000))
            await eventually(lambda n=number: len(plant.values("count")) == n)  # type: ignore[misc]
        await eventually(lambda: any(tells_fill(told) for told in plant.told))
        about = [told for told in plant.told if tells_fill(told)]
        assert len(about) <= 1 + (time.monotonic() - began) / HEARTBEAT_EVERY_S
        assert all({m.name for m in told.payload.metrics} == FILL_NAMES for told in about)
        assert all(told.first is None for told in about)
        assert HEARTBEAT not in FILL_NAMES


@pytest.fixture
def spool(tmp_path: Path) -> Any:
    with opened(tmp_path / "spool.db", "press", limits=LIMITS) as spool:
        yield spool


def test_what_is_on_its_way_does_not_wait(spool: Spool) -> None:
    now = 1_000_000_000
    spool.append([Contact("press", True, now)])
    assert (fill_of(spool, now + 1000).waiting, fill_of(spool, now + 1000).oldest_ms) == (0, None)
    late = fill_of(spool, now + int(ON_ITS_WAY_S * 1000))
    assert (late.waiting, late.oldest_ms) == (1, now)
    spool.commit_up_to(1)
    done = fill_of(spool, now + HOUR_MS)
    assert (done.waiting, done.oldest_ms) == (0, None)
    assert done.used_bytes == spool.file.used_bytes()


@pytest.mark.parametrize(
    ("entries", "oldest_ms"),
    [
        ([Readings("press", 5_000, [1, 2], [70, 30], [1, 2.0])], 5_030),
        ([GapEntry(3, Gap("dropped", 4_000, 9_000)), Contact("press", True, 9_500)], 4_000),
        ([GapEntry(3, Gap("corrupt", None, None)), Contact("press", True, 9_500)], 9_500),
        ([GapEntry(3, Gap("corrupt", None, None))], None),
    ],
)
def test_the_oldest_is_the_first_entry_that_has_a_time(
    spool: Spool, entries: list[Entry], oldest_ms: int | None
) -> None:
    spool.append(entries)
    assert fill_of(spool, HOUR_MS).oldest_ms == oldest_ms
    assert fill_of(spool, HOUR_MS).waiting == sum(entry.span for entry in entries)


@pytest.mark.parametrize(
    ("now", "news"),
    [
        (TOLD, False),
        (replace(TOLD, used_bytes=509), False),
        (replace(TOLD, used_bytes=510), True),
        (replace(TOLD, bound_bytes=900), True),
        (replace(TOLD, waiting=901), False),
        (replace(TOLD, waiting=900), True),
        (replace(TOLD, waiting=0, oldest_ms=None), True),
        (replace(TOLD, oldest_ms=1_009_999), False),
        (replace(TOLD, oldest_ms=1_010_000), True),
        (replace(TOLD, disk_free_bytes=int(7.3 * GIB)), False),
        (replace(TOLD, disk_free_bytes=7 * GIB), True),
        (replace(TOLD, disk_free_bytes=None), True),
    ],
)
def test_what_a_person_would_not_notice_is_no_news(now: SpoolFill, news: bool) -> None:
    assert is_news(now, TOLD) is news
    assert is_news(TOLD, None)
