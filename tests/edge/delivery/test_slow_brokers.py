"""Brokers that hang: nothing is lost, nothing piles up, and the edge still ends when it is told to."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.delivery import mqtt_link
from edge.errors import BrokerTrouble
from plant_server.embedded.broker import Broker, running_broker
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import NOTE, reading, running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, eventually


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(
        tmp_path / "own", prefer="mosquitto", tls=False, port=0, edges=[("demo", "edge")], hosts=["plant"]
    ) as broker:
        yield broker


@contextmanager
def _stopped(broker: Broker) -> Iterator[None]:
    """The broker's process is frozen: its connections stay, nobody reads them."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


@contextmanager
def _mute_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_broker_that_says_nothing_is_followed_by_the_next(
    place: Place, plant: ScriptedPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_link, "CONNECT_TIMEOUT_S", 0.5)
    plant.say_online()
    with _mute_port() as port:
        urls = [f"mqtt://127.0.0.1:{port}", place.broker.url]
        settings = settings_for(place.broker, place.edge, place.host, place.spool, urls=urls)
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(5))
            await eventually(lambda: plant.values("count") == list(range(5)))
            silent = edge.publisher.brokers.known[0]
            assert (silent.trouble, "no answer" in silent.reason) == (BrokerTrouble.SILENT, True)


async def test_the_edge_ends_while_it_waits_for_a_broker_that_says_nothing(place: Place) -> None:
    with _mute_port() as port:
        urls = [f"mqtt://127.0.0.1:{port}"]
        settings = settings_for(place.broker, place.edge, place.host, place.spool, urls=urls)
        async with running_edge(settings, "press") as edge:
            await eventually(lambda: edge.spool._bd_seq == 0)
            publishing = edge.tasks[1]
            publishing.cancel()
            await asyncio.wait([publishing], timeout=20)
            assert publishing.cancelled()
            edge.tasks[1] = asyncio.create_task(asyncio.sleep(0))


async def test_a_broker_that_hangs_for_a_while_costs_nothing_and_piles_up_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    with ScriptedPlant(broker, "plant", "edge") as plant:
        plant.say_online()
        settings = settings_for(broker, "edge", "plant", tmp_path / "spool.db")
        async with running_edge(settings, "press", "oven") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: plant.values("count") == list(range(10)))
            with _stopped(broker):
                gone_back = edge.publisher.statistics.times_gone_back
                for number in range(10, 1000):
                    device = "oven" if number % 2 else "press"
                    await edge.count(device, range(number, number + 1))
                    await edge.read(device, reading(NOTE, "x" * 7_000))
                await eventually(lambda: edge.publisher.statistics.times_gone_back >= gone_back + 2)
                # A window's worth and what waited when paho stopped writing, not one more for every time it went back.
                assert edge.publisher.statistics.messages < 10 + 64 + 2 * mqtt_link.UNWRITTEN_MAX
            await eventually(lambda: plant.values("count") == list(range(1000)))


async def test_the_edge_ends_although_its_broker_hangs(broker: Broker, tmp_path: Path) -> None:
    with ScriptedPlant(broker, "plant", "edge") as plant:
        plant.say_online()
        settings = settings_for(broker, "edge", "plant", tmp_path / "spool.db")
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: plant.values("count") == list(range(10)))
            with _stopped(broker):
                for _ in range(200):
                    await edge.read("press", reading(NOTE, "x" * 60_000))
                await eventually(lambda: edge.publisher.statistics.times_gone_back >= 1)
                await asyncio.wait_for(edge.stop(drain_s=0.1), 20)
