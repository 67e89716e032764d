"""The plant of the demo: database, broker, and the processes ingest, keeper and api, on one folder."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from plant_server.demo.child import Child
from plant_server.embedded.broker import Broker, Credentials, Kind, running_broker
from plant_server.embedded.free_port import free_port
from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.embedded.postgres_binaries import Source
from plant_server.schema.migrate import migrate
from plant_server.settings import load_settings
from plant_server.shifts.pattern_file import read_pattern
from plant_server.shifts.service import read_here, state_here

SHIFTS = Path(__file__).parent / "shifts.yaml"
"""When the plant of the demo is meant to work."""


@dataclass(frozen=True, slots=True)
class PlantOptions:
    """How the plant is made. `edges` are the (group, edge) pairs that may connect."""

    edges: tuple[tuple[str, str], ...] = (("demo", "press-shop"),)
    shard: str = "plant"
    postgres: Source | None = None
    broker: Kind | None = None
    tls: bool = True
    any_ports: bool = False
    accept_equipment: bool = True  # A new machine is taken as it proposes itself; else a person is asked.
    backoff_max_s: float = 30.0
    tuning: dict[str, str] = field(default_factory=dict)
    shifts: Path | None = None  # A file of shifts for a plant in which nobody stated any.


class Plant:
    """A running plant. `ingest`, `keeper` and `api` may be killed and started again."""

    def __init__(
        self, home: Path, options: PlantOptions, database: PostgresServer, broker: Broker, api_port: int
    ) -> None:
        self.home = home
        self.options = options
        self.database = database
        self.broker = broker
        self.api_url = f"http://127.0.0.1:{api_port}"
        self.ingest = self.make_ingest("ingest")
        self.keeper = self._child("keeper", ["keeper"])
        self.api = self._child("api", ["api", "--port", str(api_port)])

    @property
    def children(self) -> tuple[Child, ...]:
        return self.ingest, self.keeper, self.api

    def make_ingest(self, name: str) -> Child:
        """Another ingest process of the same shard: a standby."""
        return self._child(name, ["ingest", "--shard", self.options.shard])

    def _child(self, name: str, arguments: list[str]) -> Child:
        log = self.home / "log" / f"{name}.log"
        return Child(name, arguments, log=log, environment=self.environment(), cwd=self.home)

    def environment(self) -> dict[str, str]:
        credentials = self.broker.credentials_for_host(self.options.shard)
        return {
            "LINESIDE_HOME": str(self.home),
            "LINESIDE_DATABASE_URL": self.database.url("lineside_plant"),
            "LINESIDE_MQTT__URL": self.broker.url,
            "LINESIDE_ACCEPT_EQUIPMENT": str(self.options.accept_equipment).lower(),
            "LINESIDE_BACKOFF_MAX_S": str(self.options.backoff_max_s),
            "LINESIDE_BACKOFF_MIN_S": str(min(0.5, self.options.backoff_max_s)),
            **{f"LINESIDE_MQTT__{key.upper()}": value for key, value in self._files(credentials).items()},
        }

    def _files(self, credentials: Credentials) -> dict[str, str]:
        return credential_files(credentials, self.home)


def credential_files(credentials: Credentials, home: Path) -> dict[str, str]:
    """Settings of a client, `ca cert key` or `username password_file`, as files below `home`."""
    if credentials.certificate is not None:
        return {"ca": str(credentials.ca), "cert": str(credentials.certificate), "key": str(credentials.key)}
    secret = home / "secrets" / f"mqtt-{(credentials.username or '').replace('/', '-')}.password"
    secret.touch(mode=0o600)
    secret.write_text(f"{credentials.password}\n", encoding="utf-8")
    return {"username": credentials.username or "", "password_file": str(secret)}


@contextmanager
def running_plant(
    home: Path, options: PlantOptions, *, say: Callable[[str], None] = lambda _: None
) -> Iterator[Plant]:
    """Start database, broker, ingest, keeper and api on `home`; stop them in reverse order.

    Raises EmbeddedServerError when a server cannot be started here.
    """
    with (
        running_postgres(
            home, prefer=options.postgres, die_with_parent=True, tuning=options.tuning
        ) as database,
        running_broker(
            home,
            prefer=options.broker,
            edges=options.edges,
            hosts=[options.shard],
            port=0 if options.any_ports else None,
            tls=options.tls,
            die_with_parent=True,
        ) as broker,
    ):
        say(f"database {database.binaries}, broker {broker.kind}")
        migrate(database.url(), say=lambda _: None)
        if options.shifts is not None:
            state_shifts(database.url("lineside_plant"), options.shifts)
        plant = Plant(home, options, database, broker, free_port(0 if options.any_ports else 8080))
        try:
            start_all(plant.children)
            yield plant
        finally:
            stop_all(plant.children)


def state_shifts(database_url: str, file: Path) -> None:
    """As `lineside shifts set` does, unless somebody stated some. Before the keeper lays out days that nobody stated."""
    zone = load_settings(database_url=database_url).time_zone
    if not asyncio.run(read_here(database_url, zone)).is_stated:
        asyncio.run(state_here(database_url, read_pattern(file), zone))


def start_all(children: Iterable[Child]) -> None:
    for child in children:
        child.start()


def stop_all(children: Iterable[Child]) -> None:
    for child in children:
        child.stop()
