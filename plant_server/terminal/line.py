"""What a line display shows of the stations of a line, in one query, since it is asked for every few seconds for ever."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.domain.machine_state import MachineState
from plant_server.domain.stop import STANDING_STILL
from plant_server.terminal.calls import CallOfPage, calls_below
from plant_server.terminal.reading import QUERIES

STATIONS_MOST = 24


@dataclass(frozen=True, slots=True)
class StationOfLine:
    """No person stands here. `as_of`: what is shown is known to be so at that time; None: the machine never said a word."""

    path: str
    name: str
    number: str | None
    item: str | None
    name_en: str | None
    name_zh: str | None
    good: Decimal | None
    target: Decimal | None
    state: str
    state_since: datetime | None
    stop_since: datetime | None
    stop_en: str | None
    stop_zh: str | None
    online: bool
    as_of: datetime | None

    @property
    def stands_still(self) -> bool:
        return MachineState(self.state) in STANDING_STILL


@dataclass(frozen=True, slots=True)
class Line:
    path: str
    stations: list[StationOfLine]
    calls: list[CallOfPage]
    """Of the stations and of the line itself."""

    def calls_at(self, path: str) -> list[CallOfPage]:
        return [one for one in self.calls if one.path == path]

    @property
    def calls_elsewhere(self) -> list[CallOfPage]:
        """At none of the stations shown: somebody called for the line."""
        shown = {one.path for one in self.stations}
        return [one for one in self.calls if one.path not in shown]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


async def line_of(connection: AsyncConnection, path: str) -> Line | None:
    """None: nothing below the path has a machine."""
    path = path.strip("/")
    values = {"path": path, "limit": STATIONS_MOST}
    async with connection.cursor(row_factory=class_row(StationOfLine)) as cursor:
        await cursor.execute(QUERIES["line"], values)
        stations = await cursor.fetchall()
    return Line(path, stations, await calls_below(connection, path)) if stations else None
