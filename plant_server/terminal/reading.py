"""What a terminal shows of its station, read in one go. Nothing here decides anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.domain.machine_state import MachineState
from plant_server.domain.stop import STANDING_STILL
from plant_server.hand_overs import service as hand_overs
from plant_server.hand_overs.schemas import HandOver
from plant_server.master_data.schemas import Drawing
from plant_server.runs import assigning, showing
from plant_server.runs.schemas import NotAssigned
from plant_server.stops import service as stops
from plant_server.stops.schemas import StopRow
from plant_server.terminal.calls import CallOfPage, calls_at
from plant_server.work_orders import service as work_orders
from plant_server.work_orders.schemas import DispatchRow

QUERIES = load_queries(__package__)
STOPS_MOST = 5
HAND_OVERS_MOST = 5
GIVEN_REASONS = ["machine_reject", "setup"]  # Given by the plant, never chosen by a person.
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class StationOfPage:
    station_id: int | None
    name: str
    equipment_id: int | None
    path: str | None
    equipment: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """The open run of the station. Quantities are the operation's, in the item's unit."""

    run_id: int
    work_order_id: int
    operation_id: int
    number: str
    item: str
    name_en: str
    name_zh: str
    operation_en: str
    operation_zh: str
    revision: str | None
    quantity: Decimal
    unit: str
    good: Decimal
    scrap: Decimal
    rework: Decimal
    from_time: datetime
    cycle_time_s: Decimal
    count_source: str
    order_state: str
    state: str
    due_time: datetime | None
    over_run: Decimal
    is_last: bool
    people: list[int]
    """Who works at it now."""
    since_report: Decimal = Decimal(0)
    """Good parts by the machine's count that no report has told."""


@dataclass(frozen=True, slots=True)
class Counter:
    """How far the machine's counter is. `ts`: when it last said so."""

    tag_id: int
    ts: datetime | None
    total: Decimal | None
    online: bool


@dataclass(frozen=True, slots=True)
class Machine:
    device_id: int
    state: str
    from_ts: datetime

    @property
    def stands_still(self) -> bool:
        return MachineState(self.state) in STANDING_STILL


@dataclass(frozen=True, slots=True)
class RunHere:
    run_id: int
    number: str
    from_time: datetime
    to_time: datetime | None


@dataclass(frozen=True, slots=True)
class ReasonTile:
    code: str
    name_en: str
    name_zh: str
    equipment: list[str]


@dataclass(frozen=True, slots=True)
class WaiverAsked:
    waiver_id: int
    number: str
    item: str
    lot: str | None
    reasons: list[str]
    changes: list[str]
    note: str
    name_en: str
    name_zh: str
    requested_by: int


@dataclass(frozen=True, slots=True)
class Unassigned:
    minutes: int


@dataclass(frozen=True, slots=True)
class Unread:
    hand_over_id: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What moves while one looks at it."""

    running: Running | None
    counter: Counter | None
    machine: Machine | None
    not_assigned: list[NotAssigned] = field(default_factory=list)

    stops: list[StopRow] = field(default_factory=list)
    """Those that nobody has explained, the newest first."""

    calls: list[CallOfPage] = field(default_factory=list)
    """Calls for help that go on, of the machine and of its line."""

    unassigned_min: int = 0
    """Whole minutes since the last shift began for which the station stood and nobody has said why."""

    @property
    def parts_not_assigned(self) -> int:
        return sum(one.steps for one in self.not_assigned)


@dataclass(frozen=True, slots=True)
class Agenda:
    """Operations with their state and their order's, in the order in which they should be done; open waivers; hand-overs
    that nobody has read."""

    operations: tuple[tuple[int, str, str], ...]
    waivers: tuple[int, ...]
    hand_overs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    station: StationOfPage
    counts: Counts
    dispatch: list[DispatchRow] = field(default_factory=list)
    paused_here: frozenset[int] = frozenset()
    reasons: dict[str, list[ReasonTile]] = field(default_factory=dict)
    waivers: list[WaiverAsked] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    runs_here: list[RunHere] = field(default_factory=list)

    hand_overs: list[HandOver] = field(default_factory=list)
    """Those that nobody has read, the newest first."""

    @property
    def agenda(self) -> Agenda:
        """As it is drawn here."""
        return _agenda(self.dispatch, self.waivers, self.hand_overs)


async def station_of(connection: AsyncConnection, name: str) -> StationOfPage | None:
    return await _one(connection, "station", StationOfPage, {"name": name})


async def counts_of(connection: AsyncConnection, station: StationOfPage) -> Counts:
    """A station that is no equipment yet has none."""
    if station.path is None:
        return Counts(None, None, None)
    values = {"equipment_id": station.equipment_id}
    return Counts(
        await _running(connection, values),
        await _one(connection, "counter", Counter, values),
        await _one(connection, "machine", Machine, values),
        await assigning.not_assigned(connection, station.path),
        (
            await stops.stops(
                connection, stops.Wanted(path=station.path, unassigned_only=True), None, STOPS_MOST
            )
        ).items,
        await calls_at(connection, station.path),
        (await _one(connection, "unassigned", Unassigned, values) or Unassigned(0)).minutes,
    )


async def agenda_of(connection: AsyncConnection, station: StationOfPage) -> Agenda:
    """What the station may do, who asks for a waiver, what is left to read: by this a page knows that it must be drawn anew."""
    orders = await work_orders.dispatch(connection, station.path) if station.path else []
    values = {"equipment_id": station.equipment_id, "limit": HAND_OVERS_MOST}
    unread = await _all(connection, "unread", Unread, values)
    return _agenda(orders, await _all(connection, "waivers", WaiverAsked, {}), unread)


async def screen_of(connection: AsyncConnection, station: StationOfPage) -> Screen:
    values: dict[str, Any] = {"equipment_id": station.equipment_id, "path": station.path or ""}
    counts = await counts_of(connection, station)
    paused = await (await connection.execute(QUERIES["paused"], values)).fetchall()
    reasons = {
        kind: await reasons_of(connection, station.path or "", kind) for kind in ("scrap", "rework", "stop")
    }
    unread = None
    if station.path:
        unread = await hand_overs.hand_overs(connection, station.path, True, None, HAND_OVERS_MOST)
    return Screen(
        station,
        counts,
        await work_orders.dispatch(connection, station.path) if station.path else [],
        frozenset(row[0] for row in paused),
        reasons,
        await _all(connection, "waivers", WaiverAsked, {}),
        await showing.drawings(connection, counts.running.run_id) if counts.running else [],
        await _all(connection, "runs_here", RunHere, values),
        unread.items if unread else [],
    )


async def reasons_of(connection: AsyncConnection, path: str, kind: str) -> list[ReasonTile]:
    """Those that a person may choose at a station."""
    return await _all(connection, "reasons", ReasonTile, {"path": path, "kind": kind, "given": GIVEN_REASONS})


def _agenda(
    orders: Iterable[DispatchRow], waivers: Iterable[WaiverAsked], unread: Iterable[HandOver | Unread]
) -> Agenda:
    return Agenda(
        tuple((one.operation_id, one.state, one.order_state) for one in orders),
        tuple(one.waiver_id for one in waivers),
        tuple(one.hand_over_id for one in unread),
    )


async def _running(connection: AsyncConnection, values: dict[str, Any]) -> Running | None:
    found = await _one(connection, "running", Running, values)
    if found is None:
        return None
    run = await showing.run(connection, found.run_id)
    return replace(found, since_report=max(run.since_last_report, Decimal(0)))


async def _one(
    connection: AsyncConnection, query: str, kind: type[_Row], values: dict[str, Any]
) -> _Row | None:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchone()


async def _all(
    connection: AsyncConnection, query: str, kind: type[_Row], values: dict[str, Any]
) -> list[_Row]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchall()
