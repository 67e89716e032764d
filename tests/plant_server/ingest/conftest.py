import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from plant_server.database import connect
from plant_server.ingest.message import RawMessage
from plant_server.ingest.pipeline import Outcome, Pipeline
from plant_server.settings import Settings
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.plant_server.ingest.wire_edge import WireEdge

__all__ = ["database_server", "plant_database"]


class Plant:
    """A pipeline on a database of its own, clocks in the test's hand, and a second session to look."""

    def __init__(self, database: PlantDatabase, session: psycopg.Connection) -> None:
        self.database = database
        self.session = session
        self.now_ms = int(time.time() * 1000)
        self.monotonic_s = 1000.0
        self.accept_equipment = False
        self.settings = Settings(database_url=database.url)
        self.connection: psycopg.Connection
        self.pipeline: Pipeline
        self.restart()

    def restart(self, **settings: Any) -> None:
        """A new process: another session, nothing remembered."""
        if hasattr(self, "connection"):
            self.connection.close()
        self.settings = Settings(database_url=self.database.url, **settings)
        self.connection = connect(self.database.url, application="ingest under test")
        self.pipeline = Pipeline(
            self.connection,
            self.settings,
            monotonic=lambda: self.monotonic_s,
            clock=lambda: self.now_ms / 1000,
        )

    def store(self, *messages: RawMessage) -> Outcome:
        return self.pipeline.store_batch(messages)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.session.execute(query, parameters or None).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        [[value]] = self.rows(query, *parameters)
        return value

    def committed(self) -> int:
        return int(self.value("SELECT coalesce(max(committed), 0) FROM plant.edge_cursor"))

    def samples(self, tag: str = "temperature") -> list[float | None]:
        """The values of a tag in order of time."""
        rows = self.rows(
            "SELECT value FROM plant.sample JOIN plant.tag USING (tag_id) WHERE name = %s ORDER BY ts, value",
            tag,
        )
        return [value for (value,) in rows]

    def total(self, tag: str = "good") -> int:
        return int(
            self.value(
                "SELECT coalesce(sum(total), 0) FROM plant.odometer JOIN plant.tag USING (tag_id) WHERE name = %s",
                tag,
            )
        )

    def quarantined(self) -> Sequence[str]:
        return [
            reason for (reason,) in self.rows("SELECT reason FROM plant.quarantine ORDER BY quarantine_id")
        ]

    def alarms(self) -> list[tuple[str, str]]:
        """Kind and subject of the open ones."""
        return [
            (kind, subject)
            for kind, subject in self.rows(
                "SELECT kind, subject FROM plant.alarm WHERE cleared_time IS NULL ORDER BY alarm_id"
            )
        ]


@pytest.fixture
def plant(plant_database: PlantDatabase) -> Iterator[Plant]:
    with psycopg.connect(plant_database.url, autocommit=True) as session:
        plant = Plant(plant_database, session)
        yield plant
        plant.connection.close()


@pytest.fixture
def edge(plant: Plant) -> WireEdge:
    """An edge that the plant has not heard of yet."""
    return WireEdge(plant.now_ms)


@pytest.fixture
def born(plant: Plant, edge: WireEdge) -> WireEdge:
    """An edge with one press, born."""
    plant.store(*edge.births())
    return edge
