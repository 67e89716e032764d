"""The stops of the last shift as a page shows them: how long each stood, why, and how much nobody has explained."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection

from plant_server.master_data.rows import row_of
from plant_server.problems import Problem
from plant_server.stops import service
from plant_server.stops.schemas import Piece, StopRow
from plant_server.terminal.reading import QUERIES, ReasonTile, StationOfPage, reasons_of

STOPS_MOST = 200
FINE_BELOW_S = 600
"""Of a shorter piece the moment is chosen by seconds."""


@dataclass(frozen=True, slots=True)
class PieceOfPage:
    """`to_ts` None: it goes on; then it is shown until `end`, which is when the page was drawn."""

    piece: Piece
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.piece.from_ts).total_seconds()

    @property
    def middle(self) -> datetime:
        """Where a cut is proposed: on a whole minute if there is one inside."""
        half = self.piece.from_ts + (self.end - self.piece.from_ts) / 2
        whole = half.replace(second=0, microsecond=0)
        return whole if self.piece.from_ts < whole else half.replace(microsecond=0)

    @property
    def steps_s(self) -> tuple[int, int, int, int]:
        return (-60, -10, 10, 60) if self.seconds < FINE_BELOW_S else (-300, -60, 60, 300)

    @property
    def can_be_cut(self) -> bool:
        return self.seconds >= 2


@dataclass(frozen=True, slots=True)
class StopOfPage:
    stop: StopRow
    end: datetime
    pieces: list[PieceOfPage]

    @property
    def seconds(self) -> float:
        return (self.end - self.stop.from_ts).total_seconds()

    @property
    def unassigned_s(self) -> float:
        return sum(one.seconds for one in self.pieces if one.piece.reason is None)


@dataclass(frozen=True, slots=True)
class StopsPage:
    """Since the last shift began, newest first, without the micro-stops that have no reason and need none."""

    since: datetime
    stops: list[StopOfPage]
    micro: int
    stood_s: float
    unassigned_s: float
    reasons: list[ReasonTile]
    chosen: StopOfPage | None


async def stops_page(
    connection: AsyncConnection, station: StationOfPage, stop_id: int | None, now: datetime
) -> StopsPage:
    """Raises Problem 404: no such stop here."""
    span = await row_of(connection, QUERIES["since"], {"now": now})
    assert span is not None, "a SELECT without FROM returns one row"  # noqa: S101
    since = span["from_ts"]
    if station.path is None:
        return StopsPage(since, [], 0, 0, 0, [], None)
    wanted = service.Wanted(path=station.path, from_ts=since)
    found = (await service.stops(connection, wanted, None, STOPS_MOST)).items
    shown = [_of(one, now) for one in found if not _says_nothing(one)]
    standing = await service.standing(connection, station.path, since, now)
    chosen = None
    if stop_id is not None:
        stop = await service.one_stop(connection, stop_id)
        if stop.path != station.path:
            raise Problem(404, "unknown-stop", f"stop {stop_id}")
        chosen = _of(stop, now)
    return StopsPage(
        since,
        shown,
        len(found) - len(shown),
        sum(one.seconds for one in standing.by_reason),
        standing.unassigned_s,
        await reasons_of(connection, station.path, "stop"),
        chosen,
    )


def _says_nothing(stop: StopRow) -> bool:
    return stop.is_micro and all(piece.reason is None for piece in stop.pieces)


def _of(stop: StopRow, now: datetime) -> StopOfPage:
    pieces = [PieceOfPage(piece, piece.to_ts or now) for piece in stop.pieces]
    return StopOfPage(stop, stop.to_ts or now, pieces)
