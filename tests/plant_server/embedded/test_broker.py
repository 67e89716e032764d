import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from plant_server.embedded.amqtt_broker import TRIAL_NOTICE
from plant_server.embedded.broker import Broker, Kind, running_broker
from plant_server.embedded.errors import AlreadyRunning, ProgramNotFound
from plant_server.embedded.mosquitto import find_mosquitto
from tests.plant_server.embedded.mqtt_client import MqttClient, Refused

EDGE, OTHER = ("demo", "press-shop"), ("demo", "paint-shop")
FLAVOURS: dict[str, tuple[Kind, bool]] = {
    "mosquitto-certificates": ("mosquitto", True),
    "mosquitto-passwords": ("mosquitto", False),
    "amqtt": ("amqtt", False),
}


def starting(home: Path, kind: Kind, *, tls: bool = True, port: int = 0) -> AbstractContextManager[Broker]:
    if kind == "mosquitto":
        try:
            find_mosquitto()
        except ProgramNotFound as missing:
            pytest.skip(str(missing))
    return running_broker(home, prefer=kind, tls=tls, port=port, edges=[EDGE, OTHER], die_with_parent=True)


@pytest.fixture(params=FLAVOURS)
def broker(request: pytest.FixtureRequest, home: Path) -> Iterator[Broker]:
    kind, tls = FLAVOURS[request.param]
    with starting(home, kind, tls=tls) as running:
        yield running


def test_edge_and_host_talk_and_nobody_says_what_is_anothers_to_say(broker: Broker) -> None:
    with (
        MqttClient(broker, broker.credentials_for_host()) as host,
        MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge,
        MqttClient(broker, broker.credentials_for_edge(*OTHER)) as other,
    ):
        host.subscribe("spBv1.0/demo/#")
        edge.publish("spBv1.0/demo/NDATA/paint-shop", "forged")
        edge.publish("spBv1.0/demo/NCMD/paint-shop", "forged")
        edge.publish("spBv1.0/STATE/plant", "forged")
        edge.publish("spBv1.0/demo/DDATA/press-shop/press1", "true")
        assert host.next_message() == ("spBv1.0/demo/DDATA/press-shop/press1", b"true")

        other.subscribe("spBv1.0/demo/NCMD/paint-shop")
        other.subscribe("spBv1.0/demo/NCMD/press-shop")
        other.subscribe("spBv1.0/#")
        edge.subscribe("spBv1.0/demo/NCMD/press-shop")
        host.publish("spBv1.0/demo/NCMD/press-shop", "for press-shop")
        host.publish("spBv1.0/demo/NDATA/paint-shop", "forged")
        host.publish("spBv1.0/demo/NCMD/paint-shop", "for paint-shop")
        assert edge.next_message() == ("spBv1.0/demo/NCMD/press-shop", b"for press-shop")
        assert other.next_message() == ("spBv1.0/demo/NCMD/paint-shop", b"for paint-shop")


def test_the_hosts_retained_state_reaches_an_edge_that_comes_later(broker: Broker) -> None:
    with MqttClient(broker, broker.credentials_for_host()) as host:
        host.publish("spBv1.0/STATE/plant", '{"online":true}', retain=True)
        with MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge:
            edge.subscribe("spBv1.0/STATE/plant")
            assert edge.next_message() == ("spBv1.0/STATE/plant", b'{"online":true}')


def test_it_comes_back_on_the_same_port_after_stop_restart_and_kill(broker: Broker) -> None:
    url = broker.url
    credentials = broker.credentials_for_edge(*EDGE)
    for end in (broker.stop, broker.kill, broker.restart):
        end()
        broker.start()
        assert broker.url == url
        assert broker.credentials_for_edge(*EDGE) == credentials
        with MqttClient(broker, credentials):
            pass
    broker.kill()
    broker.kill()
    assert broker.pid is None
    with pytest.raises(Refused), MqttClient(broker, credentials):
        pass


def test_an_edge_that_joins_later_is_let_in_without_a_restart(broker: Broker) -> None:
    pid = broker.pid
    with MqttClient(broker, broker.credentials_for_host()) as host:
        host.subscribe("spBv1.0/demo/#")
        broker.allow(edges=[("demo", "new-shop")])
        deadline = time.monotonic() + 20
        while host.messages.empty():
            assert time.monotonic() < deadline, "the new edge is not let in within 20 s"
            try:
                with MqttClient(broker, broker.credentials_for_edge("demo", "new-shop")) as edge:
                    edge.publish("spBv1.0/demo/NBIRTH/new-shop", "here I am")
            except Refused:
                time.sleep(0.05)  # By password it is not even known yet.
        assert host.next_message() == ("spBv1.0/demo/NBIRTH/new-shop", b"here I am")
        assert not host.disconnected.is_set()
    assert broker.pid == pid


def test_a_wrong_or_missing_password_is_refused(home: Path) -> None:
    for kind in ("mosquitto", "amqtt"):
        with starting(home, kind, tls=False) as broker:
            good = broker.credentials_for_edge(*EDGE)
            for user, password in (
                (good.username, "wrong"),
                (good.username, broker.credentials_for_host().password),
                (good.username, ""),
                ("nobody", good.password),
                (None, None),
            ):
                wrong = type(good)(good.identity, username=user, password=password)
                with (
                    pytest.raises(Refused, match=r"(?i)not authorized|disconnected"),
                    MqttClient(broker, wrong),
                ):
                    pass
            with MqttClient(broker, good):
                pass


def test_the_port_is_the_preferred_one_or_the_next_free(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with starting(home, "amqtt", port=port) as broker:
            assert port < broker.port < port + 100
            assert broker.url == f"mqtt://127.0.0.1:{broker.port}"


def test_the_trial_broker_says_what_it_is(home: Path) -> None:
    with starting(home, "amqtt") as broker:
        assert broker.notice == TRIAL_NOTICE
        assert TRIAL_NOTICE.startswith("trial broker: ")
        assert TRIAL_NOTICE in broker.log.read_text()


def test_without_mosquitto_the_trial_broker_serves_this_machine_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: str) -> None:
        return None

    monkeypatch.setattr("plant_server.embedded.mosquitto.program_on_path", none)
    with running_broker(home, port=0, die_with_parent=True) as broker:
        assert broker.kind == "amqtt"
    with (
        pytest.raises(ProgramNotFound, match="apt-get install mosquitto"),
        running_broker(home, prefer="mosquitto"),
    ):
        pass
    with pytest.raises(ProgramNotFound, match="this machine only"), running_broker(home, bind="0.0.0.0"):  # noqa: S104
        pass


def test_a_second_starter_on_the_same_folder_is_refused(broker: Broker) -> None:
    with pytest.raises(AlreadyRunning, match="another process"), running_broker(broker.home, port=0):
        pass


STARTER = """
import sys
from pathlib import Path
from plant_server.embedded.broker import running_broker
with running_broker(Path(sys.argv[1]), prefer=sys.argv[2], port=0, die_with_parent=sys.argv[3] == "die") as broker:
    print(broker.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
@pytest.mark.parametrize("wish", ["die", "live"])
def test_a_broker_whose_starter_was_killed_ends_or_is_ended_by_the_next_start(
    home: Path, kind: Kind, wish: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), kind, wish],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
        starter.wait(10)
    if wish == "live":
        assert is_alive(pid)
        with starting(home, kind):
            assert not is_alive(pid)
        return
    deadline = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < deadline, "the broker outlives its parent by 20 s"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
