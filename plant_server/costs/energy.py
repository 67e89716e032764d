"""Energy of a run by the windows of the tariffs: what cost cards and the ERP are told."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.domain.cost import Tariff, Window, pieces
from plant_server.energy.totals import stakes_of, totals_at
from plant_server.master_data.rows import Row, rows_of

QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class WindowEnergy:
    """What was used at one price. `window` None: before there was a tariff."""

    window: Window | None
    energy_wh: int


async def tariffs(connection: AsyncConnection) -> list[Tariff]:
    """All of them, in the order of time."""
    found = await rows_of(connection, QUERIES["tariffs"], {})
    return [_tariff(list(same)) for _, same in groupby(found, key=lambda row: row["from_time"])]


async def energy_by_window(
    connection: AsyncConnection, path: str, from_time: datetime, to_time: datetime, known: list[Tariff]
) -> list[WindowEnergy]:
    """Of [from_time, to_time) at a station; in the order of first use. The sum is the energy of the span."""
    cut = pieces(known, from_time, to_time)
    stakes = await stakes_of(connection, path)
    totals = await totals_at(connection, stakes, [from_time, to_time, *(one.from_time for one in cut)])
    used: dict[Window | None, int] = {}
    for piece in cut:
        energies = (totals.energy_wh(one.tag_id, one.stake, piece.from_time, piece.to_time) for one in stakes)
        used[piece.window] = used.get(piece.window, 0) + sum(energies)
    return [WindowEnergy(window, energy_wh) for window, energy_wh in used.items() if energy_wh > 0]


def _tariff(rows: list[Row]) -> Tariff:
    first = rows[0]
    windows = [Window(row["starts"], row["name"], row["price_per_kwh"]) for row in rows]
    return Tariff(first["from_time"], ZoneInfo(first["time_zone"]), windows)
