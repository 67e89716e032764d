import os
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_server.embedded.broker import Broker, Credentials, running_broker
from plant_server.embedded.child_process import owner_of
from plant_server.embedded.errors import ProgramNotFound
from plant_server.embedded.mosquitto import PAYLOAD_BYTES_MAX, find_mosquitto
from plant_server.security.access_control import Host
from plant_server.security.certificate_authority import CertificateAuthority
from tests.plant_server.embedded.mqtt_client import MqttClient

EDGE = ("demo", "press-shop")
CONNECT = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab"
CONNECTION_ACCEPTED = b"\x20\x02\x00\x00"


@pytest.fixture
def broker(home: Path) -> Iterator[Broker]:
    try:
        find_mosquitto()
    except ProgramNotFound as missing:
        pytest.skip(str(missing))
    hosts = [Host("plant", ("demo",)), Host("second", ("other",))]
    with running_broker(
        home, prefer="mosquitto", port=0, edges=[EDGE, ("other", "e")], hosts=hosts, die_with_parent=True
    ) as running:
        yield running


def answer_to(broker: Broker, context: ssl.SSLContext) -> bytes:
    """What the broker says to an MQTT CONNECT on this TLS context. Raises ConnectionError when it hangs up."""
    with (
        socket.create_connection(("127.0.0.1", broker.port), timeout=20) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        secured.sendall(CONNECT)
        answer = secured.recv(4)
    if not answer:
        raise ConnectionResetError("the broker hung up")
    return answer


def plain_answer(broker: Broker) -> bytes:
    """What the broker says without TLS. Raises ConnectionError when it hangs up."""
    with socket.create_connection(("127.0.0.1", broker.port), timeout=20) as plain:
        plain.sendall(CONNECT)
        answer = plain.recv(4)
    if not answer:
        raise ConnectionResetError("the broker hung up")
    return answer


def context_of(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(credentials.ca))
    context.load_cert_chain(str(credentials.certificate), str(credentials.key))
    return context


def test_only_a_certificate_of_the_plant_opens_the_door(broker: Broker, tmp_path: Path) -> None:
    good = broker.credentials_for_edge(*EDGE)
    assert answer_to(broker, context_of(good)) == CONNECTION_ACCEPTED

    with pytest.raises((ssl.SSLError, ConnectionError)):
        answer_to(broker, ssl.create_default_context(cafile=str(good.ca)))
    with pytest.raises(ConnectionError):
        plain_answer(broker)

    foreign = CertificateAuthority(tmp_path / "foreign").client_pair(good.identity)
    posing = Credentials(good.identity, ca=good.ca, certificate=foreign.certificate, key=foreign.key)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        answer_to(broker, context_of(posing))
    server = broker.home / "ca/server.pem", broker.home / "ca/server.key"
    with pytest.raises((ssl.SSLError, ConnectionError)):  # It may serve, not ask.
        answer_to(broker, context_of(Credentials("x", ca=good.ca, certificate=server[0], key=server[1])))


def test_a_client_that_trusts_another_authority_refuses_the_broker(broker: Broker, tmp_path: Path) -> None:
    good = broker.credentials_for_edge(*EDGE)
    other = CertificateAuthority(tmp_path / "foreign").certificate
    trusting = context_of(Credentials("x", ca=other, certificate=good.certificate, key=good.key))
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        answer_to(broker, trusting)


def test_a_host_of_other_groups_neither_hears_nor_commands_this_one(broker: Broker) -> None:
    with (
        MqttClient(broker, broker.credentials_for_host("second")) as second,
        MqttClient(broker, broker.credentials_for_host("plant")) as plant,
        MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge,
        MqttClient(broker, broker.credentials_for_edge("other", "e")) as other_edge,
    ):
        second.subscribe("spBv1.0/#")
        edge.subscribe("spBv1.0/demo/NCMD/press-shop")
        edge.publish("spBv1.0/demo/NDATA/press-shop", "not for second")
        other_edge.publish("spBv1.0/other/NDATA/e", "for second")
        assert second.next_message() == ("spBv1.0/other/NDATA/e", b"for second")
        second.publish("spBv1.0/demo/NCMD/press-shop", "not second's to say")
        plant.publish("spBv1.0/demo/NCMD/press-shop", "rebirth")
        assert edge.next_message() == ("spBv1.0/demo/NCMD/press-shop", b"rebirth")


def test_a_known_certificate_without_rights_may_say_and_hear_nothing(broker: Broker) -> None:
    stranger_credentials = broker.credentials_for_edge("demo", "dismissed")
    with (
        MqttClient(broker, broker.credentials_for_host()) as host,
        MqttClient(broker, stranger_credentials) as stranger,
        MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge,
    ):
        host.subscribe("spBv1.0/demo/#")
        stranger.publish("spBv1.0/demo/NDATA/dismissed", "still here")
        edge.publish("spBv1.0/demo/NDATA/press-shop", "true")
        assert host.next_message() == ("spBv1.0/demo/NDATA/press-shop", b"true")


def test_a_payload_of_10_mb_is_refused_and_the_broker_lives(broker: Broker) -> None:
    pid = broker.pid
    with MqttClient(broker, broker.credentials_for_host()) as host:
        host.subscribe("spBv1.0/demo/#")
        with MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge:
            edge.send("spBv1.0/demo/NDATA/press-shop", bytes(10_000_000))
            assert edge.disconnected.wait(20)
        with MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge:
            edge.publish("spBv1.0/demo/NDATA/press-shop", bytes(PAYLOAD_BYTES_MAX))
        topic, payload = host.next_message()
        assert (topic, len(payload)) == ("spBv1.0/demo/NDATA/press-shop", PAYLOAD_BYTES_MAX)
    assert broker.pid == pid


def test_retained_state_survives_a_restart(broker: Broker) -> None:
    with MqttClient(broker, broker.credentials_for_host()) as host:
        host.publish("spBv1.0/STATE/plant", '{"online":true}', retain=True)
    broker.restart()
    with MqttClient(broker, broker.credentials_for_edge(*EDGE)) as edge:
        edge.subscribe("spBv1.0/STATE/plant")
        assert edge.next_message() == ("spBv1.0/STATE/plant", b'{"online":true}')


def test_it_runs_without_rights_in_a_folder_of_its_own(broker: Broker, as_root: None) -> None:
    owner = os.stat(f"/proc/{broker.pid}").st_uid
    assert owner != 0
    folder = broker.home / "broker/mosquitto"
    assert owner_of(folder).uid == owner
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {(owner_of(path).uid, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()} == {
        (owner, 0o600)
    }
    assert owner_of(broker.home / "ca/ca.key").uid == 0


AS_NOBODY = """
import os, sys
from pathlib import Path
from plant_server.embedded.errors import DataFolderRefused
from plant_server.embedded.mosquitto import Mosquitto
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    Mosquitto(Path(sys.argv[1]), tls=False, bind="127.0.0.1", server_names=())
except DataFolderRefused as refused:
    print(refused)
"""


def test_a_folder_of_an_earlier_start_as_root_is_told_to_a_user(
    open_folder: Path, as_root: None, broker: Broker
) -> None:
    folder = open_folder / "broker/mosquitto"
    folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(open_folder)], capture_output=True, text=True, timeout=60
    )
    assert "belongs to the account root" in done.stdout, done.stderr


def test_it_serves_another_address_of_this_machine_by_certificate(home: Path) -> None:
    try:
        find_mosquitto()
    except ProgramNotFound as missing:
        pytest.skip(str(missing))
    with running_broker(
        home, port=0, edges=[EDGE], bind="127.0.0.2", server_names=["127.0.0.2"], die_with_parent=True
    ) as broker:
        assert broker.url == f"mqtts://127.0.0.2:{broker.port}"
        context = context_of(broker.credentials_for_edge(*EDGE))
        with (
            socket.create_connection(("127.0.0.2", broker.port), timeout=20) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.2") as secured,
        ):
            secured.sendall(CONNECT)
            assert secured.recv(4) == CONNECTION_ACCEPTED
