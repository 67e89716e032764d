"""One broker for the tests of a worker; each test is an edge and a host of its own."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plant_server.embedded.broker import Broker, running_broker
from tests.edge.delivery.scripted_plant import ScriptedPlant

PLACES = 60


@dataclass(frozen=True)
class Place:
    """A broker, and names that no other test uses."""

    broker: Broker
    edge: str
    host: str
    spool: Path


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Iterator[int]]]:
    home = tmp_path_factory.mktemp("broker")
    edges, hosts = [("demo", f"edge{n}") for n in range(PLACES)], [f"plant{n}" for n in range(PLACES)]
    with running_broker(home, prefer="mosquitto", tls=False, port=0, edges=edges, hosts=hosts) as broker:
        yield broker, itertools.count()


@pytest.fixture
def place(places: tuple[Broker, Iterator[int]], tmp_path: Path) -> Place:
    broker, numbers = places
    number = next(numbers)
    return Place(broker, f"edge{number}", f"plant{number}", tmp_path / "spool.db")


@pytest.fixture
def plant(place: Place) -> Iterator[ScriptedPlant]:
    """Connected; it says nothing of itself yet."""
    with ScriptedPlant(place.broker, place.host, place.edge) as plant:
        yield plant
