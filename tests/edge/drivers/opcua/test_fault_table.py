"""The table of faults, row by row: a server of others (node-opcua), a proxy that does harm, and the edge's poller.

Before the fault the machine shows 41 parts, 61.25 degrees and state 6. During it one more part is made and the state
becomes 7; after it the edge must say so. What it said in between is the row: values, whether the contact was lost,
which gap records, and why a value was missing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest

from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Watch
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.contract.datatypes import DataType, Quality
from edge.drivers.opcua import OpcUaDriver
from edge.settings import Timing
from tests.edge.drivers.opcua.plc import plc
from tests.edge.drivers.opcua.tcp_proxy import TcpProxy

pytestmark = pytest.mark.system

FAST = Timing(backoff_first_s=0.05, backoff_max_s=0.1, heartbeat_s=3600)
WATCHED = Watch(sampling_ms=0, publishing_ms=50, queue=3)
NO_CONTACT = (("no_contact", ("state",)),)
OVERFLOW = (("overflow", ("state",)),)


@dataclass(frozen=True)
class Row:
    """`parts`, `degrees` (both polled), `state` (watched): what is told from the beginning to the end; None is BAD and has
    no value. `lost`: whether the contact is. `gaps`: reason and tags of each gap record. `why`: of the missing values.
    `harm`: what the proxy does to answers, or what is done to the server; `heal` ends it."""

    name: str
    harm: Any
    lost: bool = False
    parts: tuple = (41, 42)
    degrees: tuple = (61.25,)
    state: tuple = (6, 7)
    gaps: tuple = ()
    why: frozenset = frozenset()
    heal: Callable | None = None
    makes: bool = True  # Whether the machine goes on in the meantime; else only afterwards.


def lost(name: str, harm: Any, **more: Any) -> Row:
    """After a new contact everything is told again."""
    return Row(name, harm, lost=True, degrees=(61.25, 61.25), gaps=NO_CONTACT, **more)


def shown(name: str, count: Any, temperature: Any, *, status: str | None = None, **more: Any) -> Row:
    """The machine itself shows something else for a while."""
    told = {"parts": (41, None, 42), "degrees": (61.25, None, 61.25), "makes": False}
    values = (("count", count), ("temperature", temperature))
    return Row(name, lambda server: server.set(*values, status=status), **{**told, **more})


def closes(what: str) -> Callable:
    return lambda server: server.tell(close=what)


def swallows(keep: bool) -> Callable:
    return lambda server: server.tell(swallow=1, keep=keep)


BAD = "BadSensorFailure"
ROWS = [
    lost("connection cut", "cut"),
    lost("silence on the wire", "silence"),
    lost("bytes that are no OPC UA", "garbage"),
    lost("a message cut short", "cut short"),
    lost("answers later than the time-out", 2.0),
    Row("answers late, but in time", 0.15),
    lost("frozen", lambda server: server.freeze(), heal=lambda server: server.thaw(), makes=False),
    lost("restarted", lambda server: server.kill(), heal=lambda server: server.start(), makes=False),
    lost("the server closed the session", closes("sessions")),
    lost("the server closed the subscription", closes("subscriptions")),
    Row("a notification went lost, and is there still", swallows(True), state=(6, 7, 8, 7)),
    Row("a notification went lost for good", swallows(False), state=(6, 8), gaps=NO_CONTACT),
    Row(
        "more changes than the queue holds",
        lambda server: server.set(*(("state", number) for number in range(10, 20))),
        state=(6, 17, 18, 19, 7),
        gaps=OVERFLOW,
        makes=False,
    ),
    shown("Bad status with a value", 99, 99.0, status=BAD, why={BAD}),
    shown("Uncertain status", 41, 61.25, status="UncertainLastUsableValue", degrees=(61.25, 61.25, 61.25),
          why={"an uncertain count"}),
    shown("no number, and a count below 0", -1, "NaN", why={"no value that the tag can hold"}),
    # What is 0 for a moment is told as it is: the plant's odometer knows a glitch from a restart by the reading after it.
    shown("a momentary 0", 0, 0.0, parts=(41, 0, 42), degrees=(61.25, 0.0, 61.25)),
]  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("plc"), nodes=1) as machine:
        yield machine


@pytest.fixture
def server(shared):
    shared.revive()
    shared.set(("count", 41), ("temperature", 61.25), ("state", 6))
    return shared


@pytest.fixture
def edge_of(plc_device, plc_tag, plc_count, opcua_profile, recorder):
    """The edge's poller of this server, behind the proxy."""

    def make(proxy: TcpProxy) -> DevicePoller:
        tags = (
            plc_count("parts", node="count"),
            plc_tag("degrees", DataType.DOUBLE, node="temperature"),
            plc_tag("state", watch=WATCHED),
        )
        device, profile, clock = plc_device(proxy, timeout_s=0.8), opcua_profile(tags), ClockGuard()
        driver = OpcUaDriver(device, profile, clock.now_ms)
        return DevicePoller(device, profile, driver, recorder, clock, FAST)

    return make


async def harm(row: Row, server, proxy: TcpProxy) -> None:
    if row.harm == "cut":
        proxy.cut()
    elif callable(row.harm):
        await asyncio.to_thread(row.harm, server)
    else:
        proxy.mode = row.harm


async def go_on(row: Row, server, proxy: TcpProxy, recorder, until) -> None:
    """The machine makes its part while the fault lasts, the edge notices, and the fault ends."""
    if row.makes:
        server.set(("count", 42), ("state", 7))
    if row.lost:
        await until(lambda: False in recorder.online("plc"), "the loss of the contact")
    elif isinstance(row.harm, float):
        await until(lambda: proxy.harmed >= 5, "some late answers")
    elif row.gaps == NO_CONTACT or "notification" in row.name:
        await asyncio.to_thread(server.wait_until_swallowed)
        server.set(("state", 8), ("state", 7)) if not row.gaps else server.set(("state", 8))
    elif row.gaps == OVERFLOW:
        await until(lambda: recorder.values("plc", "state")[-1:] == [19], "what the queue held")
    elif not row.makes:
        await until(lambda: len(recorder.values("plc", "degrees")) >= 2, "what the machine shows")
    if row.heal is not None:
        await asyncio.to_thread(row.heal, server)
    proxy.mode = "pass"
    if not row.makes:
        server.set(("count", 42), ("temperature", 61.25), ("state", 7))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_the_table(row, server, edge_of, recorder, until, monkeypatch):
    monkeypatch.setattr("edge.drivers.opcua.subscribing.KEEP_ALIVE_MS", 200)
    async with TcpProxy(server.port) as proxy:
        task = asyncio.create_task(edge_of(proxy).run())
        try:
            await until(
                lambda: recorder.values("plc", "parts") == [41] and recorder.values("plc", "state") == [6]
            )
            await harm(row, server, proxy)
            await go_on(row, server, proxy, recorder, until)
            await until(lambda: recorder.values("plc", "parts")[-1:] == [42], "the part made meanwhile")
            await until(
                lambda: recorder.values("plc", "state")[-1:] == [row.state[-1]], "the state it came to"
            )
            await until(lambda: recorder.values("plc", "degrees")[-1:] == [61.25])
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    told = {name: tuple(recorder.values("plc", name)) for name in ("parts", "degrees", "state")}
    told["parts"] = tuple(value for value, _ in groupby(told["parts"]))  # A fall is told until it is settled.
    assert told == {"parts": row.parts, "degrees": row.degrees, "state": row.state}
    assert recorder.online("plc") == ([True, False, True] if row.lost else [True])
    assert tuple((gap.reason, tuple(gap.tags)) for gap in recorder.gaps) == row.gaps
    readings = [reading for _, readings in recorder.entries for reading in readings]
    assert all((one.value is None) == (one.quality is Quality.BAD) == bool(one.why) for one in readings)
    assert {one.why for one in readings if one.why} == row.why
    assert all(gap.from_ms <= gap.to_ms <= wall_clock_ms() for gap in recorder.gaps)
