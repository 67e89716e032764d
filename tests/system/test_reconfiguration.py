"""Counters run while the configuration changes, through a real broker into a real database: what was made is stored once."""

import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest

from edge import reconfiguration
from edge.contract.spool_metrics import REDEFINED
from plant_server.embedded.broker import Broker, running_broker
from plant_server.ingest.run import run_until as ingest_until
from plant_server.settings import MqttSettings, Settings
from tests.edge.changeable_edge import OTHER_PARTS, Machine, changeable, counter, measured
from tests.edge.delivery.scripted_plant import eventually
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database

__all__ = ["database_server", "plant_database"]

pytestmark = pytest.mark.system

STORED = """SELECT device.name, odometer.total, (SELECT count(*) FROM plant.odometer_case WHERE tag_id = tag.tag_id)
FROM plant.odometer JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id) WHERE tag.name = 'parts'"""
SHOWN = """SELECT value FROM plant.last_value JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
WHERE device.name = %s AND tag.name = %s"""
FIRST = 1_000_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = tmp_path_factory.mktemp("broker")
    with running_broker(home, prefer="mosquitto", edges=[("demo", "e1")], port=0) as broker:
        yield broker


@pytest.fixture
def ingest(broker: Broker, plant_database: PlantDatabase) -> Iterator[psycopg.Connection]:
    """Running; a session of a reader."""
    credentials = broker.credentials_for_host("plant")
    mqtt = MqttSettings(url=broker.url, ca=credentials.ca, cert=credentials.certificate, key=credentials.key)
    settings = Settings(database_url=plant_database.url, mqtt=mqtt, backoff_min_s=0.1, backoff_max_s=1)
    stop = threading.Event()
    thread = threading.Thread(target=ingest_until, args=(settings, stop))
    thread.start()
    try:
        with psycopg.connect(plant_database.url, autocommit=True) as session:
            yield session
    finally:
        stop.set()
        thread.join(30)


async def test_what_counters_made_while_the_configuration_changed_is_stored_once(
    broker: Broker, ingest: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconfiguration, "LOOK_EVERY_S", 0.05)
    edge = changeable(tmp_path, broker, "e1", "plant")

    def shown(device: str, tag: str = "parts") -> float | None:
        row = ingest.execute(SHOWN, (device, tag)).fetchone()
        return None if row is None else row[0]

    async def counts_on(device: str, machine: Machine, beyond: int = 0) -> None:
        seen = machine.parts + 5
        await eventually(lambda: (shown(device) or 0) >= seen + beyond, f"{device} at {seen + beyond}")

    async with AsyncExitStack() as stack:
        steady, press, oven = (Machine(FIRST) for _ in range(3))
        for machine in (steady, press, oven):
            await machine.open()
            stack.push_async_callback(machine.close)
            machine.works = True
        edge.write(edge.device("steady", steady), edge.device("press", press))
        async with edge.running():
            await counts_on("steady", steady)
            await counts_on("press", press)
            edge.profile(
                "wider", counter(), measured("speed")
            )  # A tag more, at another pace, and a machine more.
            edge.write(
                edge.device("steady", steady),
                edge.device("press", press, "wider.yaml", period_s=0.1),
                edge.device("oven", oven),
            )
            await edge.changed()
            await eventually(lambda: shown("press", "speed") == 7)
            for device, machine in (("steady", steady), ("press", press), ("oven", oven)):
                await counts_on(device, machine)
            edge.profile("wider", counter(OTHER_PARTS))  # Another number, 40 higher: nobody made those.
            edge.write(edge.device("steady", steady), edge.device("press", press, "wider.yaml"))
            await edge.changed()
            await counts_on("steady", steady)
            await counts_on("press", press, beyond=40)
            for machine in (steady, press):
                machine.works = False
            await eventually(lambda: shown("steady") == steady.parts and shown("press") == press.parts + 40)
            await eventually(lambda: shown("oven") == oven.parts)
    made = {
        name: machine.parts - FIRST - 1
        for name, machine in (("steady", steady), ("press", press), ("oven", oven))
    }
    stored = {name: (int(total), cases) for name, total, cases in ingest.execute(STORED)}
    assert stored["steady"] == (made["steady"], 0)
    assert stored["oven"] == (made["oven"], 0)
    assert stored["press"] == (made["press"] - 1, 0), "the part that the first poll by the new register found"
    gaps = ingest.execute("SELECT DISTINCT device, tag, reason FROM bi.gap").fetchall()
    assert gaps == [("press", "parts", REDEFINED)]
    assert steady.connections == 1
