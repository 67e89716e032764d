"""What the integrator sees: is everything delivered, from the edge to the ERP, and what to do where it is not.

The checks are the doctor's, so that page and command say the same.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from edge.contract.spool_fill import FULL_RATIO
from plant_server.database import load_queries
from plant_server.installation.backup import FOLDER
from plant_server.installation.check_database import check_database
from plant_server.installation.check_files import LAST_BACKUP, check_backups, check_certificates, check_disk
from plant_server.installation.doctor_texts import words
from plant_server.installation.finding import Finding

QUERIES = load_queries(__package__, "integrator.sql")
WAITS_FOR_A_PERSON = frozenset({"refused", "unknown", "modified"})
WORST_FIRST = {"bad": 0, "warn": 1, "ok": 2}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A check in words. `action` is empty where there is nothing to do."""

    check: str
    level: str
    what: str
    action: str


@dataclass(frozen=True, slots=True)
class Health:
    read_time: datetime
    checks: list[Told]
    edges: Sequence[Row]
    spools: Sequence[Row]
    devices: Sequence[Row]
    quarantine: Sequence[Row]
    gaps: Sequence[Row]
    deliveries: Sequence[Row]

    @property
    def to_do(self) -> list[Told]:
        return [one for one in self.checks if one.level != "ok"]

    @property
    def devices_left(self) -> int:
        """How many devices the list has no room for. Those without contact stand first."""
        return self.devices[0]["total"] - len(self.devices) if self.devices else 0

    @property
    def silent_left(self) -> int:
        shown = sum(not one["contact"] for one in self.devices)
        return self.devices[0]["silent"] - shown if self.devices else 0

    @property
    def some_device_lost(self) -> bool:
        """An edge is heard, and has no contact with a device."""
        return bool(self.devices) and self.devices[0]["some_device_lost"]

    @property
    def some_edge_lost(self) -> bool:
        return bool(self.devices) and self.devices[0]["some_edge_lost"]


async def health_of(connection: AsyncConnection, database_url: str, language: str) -> Health:
    """Asks the database, and looks at this machine's files beside it."""
    found = await asyncio.to_thread(_examine, database_url)
    checks = [Told(one.check, one.level, *words(one, language)) for one in found]
    return Health(
        datetime.now(UTC),
        sorted(checks, key=lambda one: WORST_FIRST[one.level]),
        await _rows(connection, "edges"),
        await _rows(connection, "spools", full_ratio=FULL_RATIO),
        await _rows(connection, "devices"),
        await _rows(connection, "quarantine"),
        await _rows(connection, "gaps"),
        await _rows(connection, "deliveries"),
    )


def _examine(database_url: str) -> list[Finding]:
    home = Path(os.environ.get("LINESIDE_HOME", ".lineside")).resolve()
    now = datetime.now(UTC)
    return [
        *check_disk(home),
        *check_certificates(home, now),
        *check_database(database_url),
        *check_backups(home / FOLDER, now, home / LAST_BACKUP),
    ]


async def _rows(connection: AsyncConnection, name: str, **values: Any) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[name], values or None)
        return await cursor.fetchall()
