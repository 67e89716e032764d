"""The MQTT broker of the trial plant: mosquitto where it is installed, else the trial broker.

with running_broker(home, edges=[("demo", "press-shop")]) as broker:
    broker.url                                          # mqtts://127.0.0.1:8883
    broker.credentials_for_edge("demo", "press-shop")   # files or user and password
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plant_server.embedded.amqtt_broker import Amqtt
from plant_server.embedded.child_process import (
    log_tail,
    only_starter_of,
    processes_working_in,
    start_child,
    stop_child,
)
from plant_server.embedded.errors import AlreadyRunning, ProgramNotFound, StartFailed
from plant_server.embedded.free_port import free_port
from plant_server.embedded.mosquitto import Mosquitto, password_of
from plant_server.security.access_control import EdgeNode, Host, rights_by_identity, user_name
from plant_server.security.certificate_authority import CertificateAuthority

Kind = Literal["mosquitto", "amqtt"]
_TLS_PORT = 8883
_PLAIN_PORT = 1883
_ORPHAN_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Credentials:
    """What a client needs to be let in: either the three files (mqtts) or user and password (mqtt)."""

    identity: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password: str | None = None


class Broker:
    """One broker on one port. Made by `running_broker`; start, stop and kill as often as you like: the URL stays."""

    def __init__(
        self,
        home: Path,
        program: Mosquitto | Amqtt,
        port: int,
        *,
        edges: Iterable[EdgeNode],
        hosts: Iterable[Host],
    ) -> None:
        self.home = home
        self.port = port
        self.log = home / f"log/{program.kind}.log"
        self._host = "127.0.0.1" if program.bind == "0.0.0.0" else program.bind  # noqa: S104 - compared, not bound
        self._program = program
        self._edges = {node.identity: node for node in edges}
        self._hosts = {host.identity: host for host in hosts}
        self._process: subprocess.Popen[bytes] | None = None
        self.signal_with_parent: signal.Signals | None = None

    @property
    def kind(self) -> str:
        """`mosquitto` or `amqtt`."""
        return self._program.kind

    @property
    def notice(self) -> str | None:
        """What a user has to know about this broker, if anything."""
        return self._program.notice

    @property
    def url(self) -> str:
        """Where clients on this machine find it: mqtts://… with certificates, mqtt://… with user and password."""
        return f"{'mqtts' if self._program.tls else 'mqtt'}://{self._host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process id; None while it is down."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def credentials_for_edge(self, group: str, edge: str) -> Credentials:
        """For an edge node; issued at first. It may do nothing unless it was given in `edges` or to `allow`."""
        return self._credentials(EdgeNode(group, edge).identity)

    def credentials_for_host(self, shard: str = "plant") -> Credentials:
        """For a host application (an ingest shard)."""
        return self._credentials(Host(shard).identity)

    def _credentials(self, identity: str) -> Credentials:
        if not self._program.tls:
            return Credentials(
                identity, username=user_name(identity), password=password_of(self.home, identity)
            )
        authority = CertificateAuthority(self.home / "ca")
        pair = authority.client_pair(identity)
        return Credentials(identity, ca=authority.certificate, certificate=pair.certificate, key=pair.key)

    def allow(self, *, edges: Iterable[tuple[str, str]] = (), hosts: Iterable[Host | str] = ()) -> None:
        """Give rights to more clients; a running broker takes them over within a second, without a disconnect."""
        self._edges |= {node.identity: node for node in _edge_nodes(edges)}
        self._hosts |= {host.identity: host for host in _hosts(hosts)}
        self._program.write_rights(rights_by_identity(self._edges.values(), self._hosts.values()))
        if self._process and self.pid and self._program.kind == "mosquitto":
            self._process.send_signal(signal.SIGHUP)

    def start(self, *, patience_s: float = 30) -> None:
        """Start and wait until the port answers. No effect when it runs. Raises StartFailed, AlreadyRunning."""
        if self.pid is not None:
            return
        _end_orphans(self._program)
        self._program.configure(self.port, rights_by_identity(self._edges.values(), self._hosts.values()))
        self._process = start_child(
            self._program.command,
            account=self._program.account,
            log=self.log,
            cwd=self._program.folder,
            signal_with_parent=self.signal_with_parent,
        )
        deadline = time.monotonic() + patience_s
        while not self._answers():
            if self._process.poll() is not None:
                raise StartFailed(f"{self.kind} ended at its start:\n{log_tail(self.log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise StartFailed(f"{self.kind} does not answer after {patience_s} s:\n{log_tail(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Orderly end. No effect when it is down."""
        if self._process:
            stop_child(self._process, signal.SIGTERM, patience_s=10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL, as a power cut does to it."""
        if self._process:
            self._process.kill()
            self._process.wait(30)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self._host, self.port), timeout=1).close()
        except OSError:
            return False
        return self.pid is not None


@contextmanager
def running_broker(
    home: Path,
    *,
    prefer: Kind | None = None,
    edges: Iterable[tuple[str, str]] = (),
    hosts: Iterable[Host | str] = ("plant",),
    port: int | None = None,
    tls: bool = True,
    bind: str = "127.0.0.1",
    server_names: Iterable[str] = (),
    die_with_parent: bool = False,
) -> Iterator[Broker]:
    """A running broker on `home`/broker, stopped at exit.

    prefer: None takes mosquitto, else amqtt. edges: (group, edge) pairs that may connect. hosts: shard names, each for
    every group, or `Host`s. port: None is 8883 (1883 without TLS) or the next free one, 0 any. tls=False: mosquitto with
    user and password on a plain port, for tests; amqtt never has TLS. bind: an IPv4 address of this machine, 0.0.0.0
    for all. server_names: further names of this machine for the certificate. die_with_parent: it ends when the calling
    thread dies, however it dies.
    Raises ProgramNotFound, DataFolderRefused, AlreadyRunning, StartFailed, InvalidSparkplugId.
    """
    home = home.resolve()
    program = _program(home, prefer, tls=tls, bind=bind, server_names=tuple(server_names))
    wanted = port if port is not None else (_TLS_PORT if program.tls else _PLAIN_PORT)
    with only_starter_of(home / "broker"):
        _end_orphans(program)
        broker = Broker(home, program, free_port(wanted, bind), edges=_edge_nodes(edges), hosts=_hosts(hosts))
        broker.signal_with_parent = signal.SIGTERM if die_with_parent else None
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


def _program(
    home: Path, prefer: Kind | None, *, tls: bool, bind: str, server_names: tuple[str, ...]
) -> Mosquitto | Amqtt:
    if prefer != "amqtt":
        try:
            return Mosquitto(home, tls=tls, bind=bind, server_names=server_names)
        except ProgramNotFound:
            if prefer == "mosquitto":
                raise
    if bind != "127.0.0.1":
        raise ProgramNotFound("the trial broker serves this machine only: install mosquitto for others")
    return Amqtt(home, bind=bind)


def _edge_nodes(edges: Iterable[tuple[str, str]]) -> list[EdgeNode]:
    return [EdgeNode(group, edge) for group, edge in edges]


def _hosts(hosts: Iterable[Host | str]) -> list[Host]:
    return [host if isinstance(host, Host) else Host(host) for host in hosts]


def _end_orphans(program: Mosquitto | Amqtt) -> None:
    """End a broker whose starter died: it holds the port and the folder, and nobody is going to stop it."""
    deadline = time.monotonic() + _ORPHAN_PATIENCE_S
    while orphans := processes_working_in(program.folder, *program.process_names):
        for pid in orphans:
            with suppress(ProcessLookupError):  # It ended by itself meanwhile.
                os.kill(pid, signal.SIGTERM)
        if time.monotonic() > deadline:
            raise AlreadyRunning(
                f"{program.kind} (process {orphans[0]}) still runs in {program.folder}: stop it"
            )
        time.sleep(0.1)
