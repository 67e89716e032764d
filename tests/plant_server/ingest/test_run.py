"""The whole process against a real broker and a real database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from edge.contract.payloads import encode_state
from plant_server.embedded.broker import Broker, running_broker
from plant_server.ingest import store as store_module
from plant_server.settings import MqttSettings, Settings
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.mqtt_edge import MqttClient, eventually
from tests.plant_server.ingest.running_ingest import running
from tests.plant_server.ingest.wire_edge import EPOCH_1, WireEdge

EDGE_TOPICS = ("spBv1.0/demo/NCMD/press-shop", "spBv1.0/STATE/#")


@pytest.fixture(scope="module", params=["mosquitto", "amqtt"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = tmp_path_factory.mktemp("broker")
    with running_broker(home, prefer=request.param, edges=[("demo", "press-shop")], port=0) as broker:
        yield broker


@pytest.fixture
def settings(broker: Broker, plant_database: PlantDatabase, tmp_path: Path) -> Settings:
    credentials = broker.credentials_for_host("plant")
    password_file = tmp_path / "password"
    password_file.write_text(credentials.password or "")
    mqtt = MqttSettings(
        url=broker.url,
        ca=credentials.ca,
        cert=credentials.certificate,
        key=credentials.key,
        username=credentials.username,
        password_file=password_file if credentials.username else None,
    )
    return Settings(database_url=plant_database.url, mqtt=mqtt, backoff_min_s=0.1, backoff_max_s=1)


def start_process(settings: Settings, **environment: str) -> subprocess.Popen[bytes]:
    mqtt = settings.mqtt
    values = {
        "LINESIDE_DATABASE_URL": settings.database_url,
        "LINESIDE_MQTT__URL": mqtt.url,
        "LINESIDE_BACKOFF_MIN_S": "0.1",
    }
    for name in ("ca", "cert", "key", "username", "password_file"):
        if getattr(mqtt, name) is not None:
            values[f"LINESIDE_MQTT__{name.upper()}"] = str(getattr(mqtt, name))
    program = "from plant_server.ingest.run import run; from plant_server.settings import load_settings; run(load_settings())"
    return subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **values, **environment})


@contextmanager
def an_edge(broker: Broker) -> Iterator[MqttClient]:
    with MqttClient(broker, broker.credentials_for_edge("demo", "press-shop"), EDGE_TOPICS) as client:
        yield client


def backends(database: PlantDatabase, session: psycopg.Connection[Any]) -> list[int]:
    rows = session.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'lineside ingest plant'",
        [database.name],
    ).fetchall()
    return [pid for (pid,) in rows]


def test_what_an_edge_publishes_is_stored_and_answered(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    edge = WireEdge(plant.now_ms)
    with an_edge(broker) as client, running(settings):
        client.wait_online()
        client.send(*edge.births())
        client.wait_for(lambda: (EPOCH_1, 0) in client.committed(), "Committed 0 after the NBIRTH")
        for number in range(1, 301):
            client.send(
                edge.data(number, edge.reading("temperature", float(number)), edge.reading("good", number))
            )
        client.wait_committed(300)
        assert plant.samples() == [float(n) for n in range(1, 301)]
        numbers = [number for _, number in client.committed()]
        assert numbers == sorted(numbers)
    assert client.rebirths() == 0


def test_a_gap_in_seq_is_answered_with_rebirth(plant: Plant, broker: Broker, settings: Settings) -> None:
    edge = WireEdge(plant.now_ms)
    quick = settings.model_copy(update={"reorder_timeout_s": 0.2})
    with an_edge(broker) as client, running(quick):
        client.wait_online()
        client.send(*edge.births())
        edge.data(1)
        client.send(edge.data(2, edge.reading("temperature", 2.0)))
        client.wait_for(lambda: client.rebirths() == 1, "Rebirth")
        client.send(*edge.births(), edge.data(1, edge.reading("temperature", 1.0)))
        client.wait_committed(1)
        assert plant.samples() == [1]


def test_state_says_online_while_it_listens_and_offline_when_it_leaves(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    """host-topic-phid-birth-*, -death-*"""
    with an_edge(broker) as client:
        with running(settings):
            client.wait_online()
            _, born_ms = client.states()[-1]
        client.wait_for(lambda: not client.states()[-1][0], "STATE offline")
        assert client.states()[-1][1] >= born_ms
    with an_edge(broker) as late:
        late.wait_for(lambda: bool(late.states()), "the retained STATE")
        assert late.states()[0][0] is False


def test_an_offline_of_its_own_id_is_answered_with_online(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    """message-flow-hid-sparkplug-state-message-delivered; and when it is newer than the birth, with a newer birth."""
    host = MqttClient(broker, broker.credentials_for_host("plant"), ["spBv1.0/STATE/plant"])
    with an_edge(broker) as client, host, running(settings):
        client.wait_online()
        _, born_ms = client.states()[-1]
        count = len(client.states())
        host.client.publish(
            "spBv1.0/STATE/plant", encode_state(online=False, timestamp_ms=born_ms - 5), 1, True
        )
        client.wait_for(
            lambda: client.states()[count:] == [(False, born_ms - 5), (True, born_ms)], "online again"
        )
        newer_ms = born_ms + 1
        host.client.publish("spBv1.0/STATE/plant", encode_state(online=False, timestamp_ms=newer_ms), 1, True)
        client.wait_for(
            lambda: client.states()[-1][0] and client.states()[-1][1] >= newer_ms, "a birth that is not old"
        )


def test_a_death_said_by_who_left_while_it_came_is_outlived(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    """The owner before says goodbye later than the CONNECT of the next: edges must not take the next for old."""
    host = MqttClient(broker, broker.credentials_for_host("plant"), ["spBv1.0/STATE/plant"])
    with host, an_edge(broker) as client:
        death_ms = int(time.time() * 1000) + 60_000
        host.client.publish("spBv1.0/STATE/plant", encode_state(online=False, timestamp_ms=death_ms), 1, True)
        client.wait_for(lambda: (False, death_ms) in client.states(), "the death of the owner before")
        with running(settings):
            client.wait_for(
                lambda: client.states()[-1][0] and client.states()[-1][1] > death_ms,
                "a birth that is not old",
            )
        client.wait_for(lambda: not client.states()[-1][0], "STATE offline")
        assert client.states()[-1][1] > death_ms
        host.client.publish("spBv1.0/STATE/plant", b"", 1, True).wait_for_publish(
            5
        )  # For the tests after this.


def test_it_starts_over_when_its_database_session_is_ended(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    edge = WireEdge(plant.now_ms)
    with an_edge(broker) as client, running(settings):
        client.wait_online()
        client.send(*edge.births(), edge.data(1, edge.reading("temperature", 1.0)))
        client.wait_committed(1)
        [pid] = backends(plant.database, plant.session)
        births = len([state for state in client.states() if state[0]])
        plant.session.execute("SELECT pg_terminate_backend(%s)", [pid])
        client.wait_for(
            lambda: len([state for state in client.states() if state[0]]) > births, "online again"
        )
        client.send(*edge.births(), edge.data(1), edge.data(2, edge.reading("temperature", 2.0)))
        client.wait_committed(2)
        assert plant.samples() == [1, 2]


def test_a_standby_takes_over_when_the_owner_is_killed(
    plant: Plant, broker: Broker, settings: Settings
) -> None:
    edge = WireEdge(plant.now_ms)
    with an_edge(broker) as client:
        owner = start_process(settings)
        try:
            client.wait_online()
            client.send(*edge.births(), edge.data(1, edge.reading("temperature", 1.0)))
            client.wait_committed(1)
            standby = start_process(settings)
            try:
                eventually(lambda: len(backends(plant.database, plant.session)) == 2, "two sessions")
                heard = len(client.states())
                owner.send_signal(signal.SIGKILL)
                client.wait_for(
                    lambda: any(online for online, _ in client.states()[heard:]), "the standby's birth"
                )
                client.send(*edge.births())
                client.send(
                    edge.data(1, edge.reading("temperature", 1.0)),
                    edge.data(2, edge.reading("temperature", 2.0)),
                )
                client.wait_committed(2)
                assert plant.samples() == [1, 2]
            finally:
                standby.terminate()
                assert standby.wait(30) == 0
        finally:
            owner.kill()
            owner.wait(30)


@pytest.mark.parametrize("failpoint", ["ingest.before_commit", "ingest.after_commit"])
def test_killed_around_its_commit_it_stores_each_entry_once(
    plant: Plant, broker: Broker, settings: Settings, failpoint: str
) -> None:
    edge = WireEdge(plant.now_ms)
    with an_edge(broker) as client:
        doomed = start_process(settings, LINESIDE_FAILPOINT=f"{failpoint}:2")
        client.wait_online()
        client.send(*edge.births())
        for number in (1, 2, 3):
            client.send(edge.data(number, edge.reading("good", 10 * number, plant.now_ms + 1000 * number)))
            eventually(
                lambda number=number: plant.committed() >= number or doomed.poll() is not None,
                f"{number} or death",
            )
        assert doomed.wait(30) == -signal.SIGKILL
        client.wait_for(lambda: not client.states()[-1][0], "the will of the dead")
        successor = start_process(settings)
        try:
            client.wait_for(lambda: client.states()[-1][0], "the successor's birth")
            client.send(*edge.births())
            for number in (1, 2, 3):
                client.send(
                    edge.data(number, edge.reading("good", 10 * number, plant.now_ms + 1000 * number))
                )
            client.wait_committed(3)
            assert plant.samples("good") == [10, 20, 30]
            assert plant.total() == 20
        finally:
            successor.terminate()
            assert successor.wait(30) == 0


def test_a_zombie_cannot_commit(plant: Plant, edge: WireEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its session, and with it the shard's lock, is gone just before COMMIT."""
    plant.store(*edge.births())

    def end_session(name: str) -> None:
        if name == "ingest.before_commit":
            plant.session.execute("SELECT pg_terminate_backend(%s)", [plant.connection.info.backend_pid])

    monkeypatch.setattr(store_module, "failpoint", end_session)
    with pytest.raises(psycopg.OperationalError):
        plant.store(edge.data(1, edge.reading("temperature", 1.0)))
    assert plant.samples() == []
    assert plant.committed() == 0
