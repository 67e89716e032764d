"""A running edge over HTTP: what its local port says while devices, brokers, the plant, the disk and its own loops are away."""

import asyncio
import http.client
import json
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.health_disk import DiskLook
from edge.health_server import REQUESTS_MAX
from edge.run import run_until
from edge.settings import Settings
from plant_server.embedded.broker import Broker, running_broker
from plant_server.embedded.free_port import free_port
from tests.edge.delivery.running_edge import settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant
from tests.edge.onboarding.foreign_machines import Machine, modbus_machine

WAIT_S = 30.0


@dataclass
class Watched:
    """Where the port of an edge is, and what is around it."""

    port: int
    broker: Broker
    plant: ScriptedPlant
    meter: Machine

    def ask(self, path: str, language: str = "en", method: str = "GET") -> tuple[int, dict[str, str], str]:
        """Status, headers, body."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)) as connection:
            connection.request(method, path, headers={"Accept-Language": language})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    async def until(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """/healthz once it fulfils the condition."""
        told: dict[str, Any] = {}
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    try:
                        told = json.loads((await asyncio.to_thread(self.ask, "/healthz"))[2])
                    except OSError:
                        told = {}
                    if told and condition(told):
                        return told
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(
                f"not within {WAIT_S:g} s: {told.get('status')} {told.get('reasons')}"
            ) from None


def codes(told: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in told["reasons"]]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Broker, ScriptedPlant, Machine]]:
    with (
        running_broker(
            tmp_path / "b", prefer="mosquitto", tls=False, port=0, edges=[("demo", "e1")], hosts=["plant"]
        ) as broker,
        ScriptedPlant(broker, "plant", "e1") as plant,
        modbus_machine(tmp_path) as meter,
    ):
        yield broker, plant, meter


@asynccontextmanager
async def watched(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path, *more: dict[str, Any]
) -> AsyncIterator[Watched]:
    """`more`: devices besides the meter."""
    broker, plant, meter = parts
    port = free_port(0)
    meter_at = {"profile": "eastron_sdm630", "path": "demo", "unit_id": 1, "period_s": 0.2}
    url = f"modbus://127.0.0.1:{meter.port}"
    settings = settings_for(broker, "e1", "plant", tmp_path / "spool.db").model_dump(mode="json")
    settings["devices"] = [{"name": "meter", "url": url, "timeout_s": 1, **meter_at}, *more]
    settings["metrics"] = {"port": port}
    settings["timing"]["heartbeat_s"] = 0.3
    stop = asyncio.Event()
    edge = asyncio.create_task(run_until(Settings.model_validate(settings), stop))
    try:
        yield Watched(port, broker, plant, meter)
    finally:
        stop.set()
        await asyncio.wait_for(edge, WAIT_S)


async def test_an_edge_that_is_well_says_so_and_shows_what_it_has(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path
) -> None:
    parts[1].say_online()
    async with watched(parts, tmp_path) as edge:
        told = await edge.until(lambda told: told["status"] == "ok" and told["spool"]["committed"] > 3)
        (broker,) = told["brokers"]
        assert (broker["url"], broker["host_online"], broker["trouble"]) == (edge.broker.url, True, "")
        assert told["brokers"][0]["connected_ms"] >= told["started_ms"]
        assert (told["edge"], told["group"], told["primary_host"]) == ("e1", "demo", "plant")
        assert abs(told["plant_ahead_s"]) < 2
        assert told["configured_ms"] == told["started_ms"] <= told["taken_ms"]
        (device,) = told["devices"]
        assert (device["name"], device["online"], device["error"]) == ("meter", True, "")
        assert device["answered_s_ago"] < WAIT_S
        assert 0 < told["spool"]["bytes"] < told["spool"]["max_bytes"]
        assert told["spool"]["free_bytes"] > 0
        assert told["rss_bytes"] > 1 << 20
        status, headers, shown = await asyncio.to_thread(edge.ask, "/")
        assert (status, headers["Content-Language"]) == (200, "en")
        assert "All is well" in shown
        assert "一切正常" in (await asyncio.to_thread(edge.ask, "/", "zh-CN,en;q=0.5"))[2]
        assert "一切正常" in (await asyncio.to_thread(edge.ask, "/?lang=zh-CN"))[2]


async def test_a_device_that_goes_is_told_with_the_next_action(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path
) -> None:
    parts[1].say_online()
    with socket.create_server(("127.0.0.1", 0)) as mute:  # Takes connections and never says a word.
        url = f"modbus://127.0.0.1:{mute.getsockname()[1]}"
        hung = {"name": "hung", "profile": "modbus_cell", "path": "demo", "url": url, "timeout_s": 1}
        async with watched(parts, tmp_path, hung) as edge:
            told = await edge.until(
                lambda told: told["devices"][0]["online"] and codes(told) == ["device_silent"]
            )
            (reason,) = told["reasons"]
            assert (told["status"], reason["about"]) == ("degraded", "hung")
            assert "lineside edge check" in reason["action"]
            edge.meter.stop()
            told = await edge.until(lambda told: codes(told) == ["device_silent"] * 2)
            meter = told["devices"][0]
            assert (meter["online"], meter["losses"]) == (False, 1)
            assert meter["error"]
            assert meter["answered_s_ago"] is not None
    assert told["status"] == "degraded"


async def test_the_port_answers_while_the_broker_hangs_and_lag_grows(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path
) -> None:
    parts[1].say_online()
    async with watched(parts, tmp_path) as edge:
        await edge.until(lambda told: told["status"] == "ok" and told["spool"]["committed"] > 0)
        assert edge.broker.pid is not None
        os.kill(edge.broker.pid, signal.SIGSTOP)
        try:
            told = await edge.until(
                lambda told: told["spool"]["backlog"] > 0 and (told["spool"]["lag_s"] or 0) > 2
            )
            assert told["devices"][0]["online"], "a hung broker slows no device"
            assert (await asyncio.to_thread(edge.ask, "/"))[0] == 200
        finally:
            os.kill(edge.broker.pid, signal.SIGCONT)
        await edge.until(lambda told: told["spool"]["backlog"] < 5)
        await asyncio.to_thread(edge.broker.kill)
        told = await edge.until(lambda told: "broker_unreachable" in codes(told))
        assert told["status"] == "degraded"
        assert told["brokers"][0]["connected_ms"] is None


async def test_a_plant_that_is_away_is_told_and_what_is_read_waits(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path
) -> None:
    async with watched(parts, tmp_path) as edge:
        await edge.until(lambda told: codes(told) == ["broker_host_absent"] and told["spool"]["backlog"] > 8)
        edge.plant.say_online(False)
        await edge.until(lambda told: codes(told) == ["broker_host_offline"])
        edge.plant.say_online()
        await edge.until(lambda told: told["status"] == "ok" and told["spool"]["backlog"] < 5)


async def test_a_disk_that_hangs_costs_the_page_a_second_and_is_told(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts[1].say_online()
    goes_on = threading.Event()
    monkeypatch.setattr(DiskLook, "_look", lambda _: goes_on.wait(WAIT_S))
    try:
        async with watched(parts, tmp_path) as edge:
            told = await edge.until(lambda told: codes(told) == ["disk_hangs"])
            assert told["spool"]["seen_s_ago"] is None
            threads = [thread for thread in threading.enumerate() if thread.name == "edge.health.disk"]
            assert len(threads) == 1, "one look at a time"
    finally:
        goes_on.set()


async def test_an_event_loop_that_is_stuck_is_told_from_outside_it(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts[1].say_online()
    monkeypatch.setattr("edge.health_turns.GRACE_S", -1_000.0)  # Every promise is broken before long.
    async with watched(parts, tmp_path) as edge:
        told = await edge.until(lambda told: "loop_hangs" in codes(told))
        seen: list[tuple[int, dict[str, str], str]] = []
        asking = threading.Thread(target=lambda: seen.append(edge.ask("/healthz")))
        asking.start()
        asking.join(WAIT_S)  # Nothing else runs in the loop meanwhile.
        assert seen[0][0] == 503
        assert told["status"] == "failed"


async def test_other_addresses_and_methods_are_refused(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path
) -> None:
    async with watched(parts, tmp_path) as edge:
        await edge.until(lambda told: told)
        asked = [
            await asyncio.to_thread(edge.ask, path, "en", method)
            for path, method in (("/nothing", "GET"), ("/", "POST"), ("/", "HEAD"), ("/metrics", "GET"))
        ]
    assert [status for status, _, _ in asked] == [404, 405, 200, 200]
    assert asked[2][2] == ""
    assert "lineside_edge_status" in asked[3][2]


async def test_who_asks_nothing_is_hung_up_on_and_does_not_keep_others_out(
    parts: tuple[Broker, ScriptedPlant, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.health_server._Handler.timeout", 0.5)
    async with watched(parts, tmp_path) as edge:
        await edge.until(lambda told: told)
        idle = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(REQUESTS_MAX + 4)]
        try:
            assert await edge.until(lambda told: told)
        finally:
            for one in idle:
                one.close()
