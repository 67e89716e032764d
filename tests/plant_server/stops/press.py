"""A machine whose states are facts in the database, and its stops as they stand there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from plant_server.keeper.rollup import roll_up
from plant_server.stops.projection import project_stops
from tests.plant_server.facts import INT32, NOON, add_device, add_tag, at, store

PATH = "demo/plant1/area1/line1/press1"
CODES = {"producing": 6.0, "idle": 4.0, "fault": 9.0, "stopped": 2.0}
Pieces = list[tuple[float, float | None, str | None]]


@dataclass(frozen=True, slots=True)
class Press:
    connection: AsyncConnection
    device_id: int
    tag_id: int

    async def say(self, seconds: float, state: str) -> None:
        await store(self.connection, self.tag_id, at(seconds), CODES[state])

    async def tell(self, *story: tuple[float, str]) -> None:
        """Facts, and all that the keeper makes of them."""
        for seconds, state in story:
            await self.say(seconds, state)
        await self.keep()

    async def keep(self) -> None:
        while await roll_up(self.connection):
            pass
        while await project_stops(self.connection):
            pass

    async def stops(self) -> dict[int, tuple[float, float | None]]:
        """From and to, in seconds after noon, by stop_id."""
        cursor = await self.connection.execute(
            "SELECT stop_id, from_ts, to_ts FROM plant.stop WHERE device_id = %s ORDER BY from_ts",
            (self.device_id,),
        )
        return {stop_id: (_s(begin), _maybe_s(end)) for stop_id, begin, end in await cursor.fetchall()}

    async def pieces(self) -> Pieces:
        cursor = await self.connection.execute(
            "SELECT piece.from_ts, piece.to_ts, reason FROM plant.stop_piece AS piece JOIN plant.stop USING (stop_id)"
            " WHERE device_id = %s ORDER BY piece.from_ts",
            (self.device_id,),
        )
        return [(_s(begin), _maybe_s(end), reason) for begin, end, reason in await cursor.fetchall()]

    async def one(self, statement: str, *values: Any) -> Any:
        row = await (await self.connection.execute(statement, values)).fetchone()
        return row[0] if row else None


async def set_up(connection: AsyncConnection, name: str = "press1", path: str = PATH) -> Press:
    device_id = await add_device(connection, name, path)
    tag_id = await add_tag(connection, device_id, "state", role="state", datatype=INT32, vocabulary="packml")
    await connection.execute(
        "INSERT INTO plant.reason (kind, code, name_en, name_zh) VALUES ('stop', 'mechanical', 'Mechanical', '机械'),"
        " ('stop', 'break', 'Break', '休息') ON CONFLICT DO NOTHING"
    )
    await connection.execute(
        "INSERT INTO plant.reason (kind, code, parent_id, name_en, name_zh)"
        " SELECT 'stop', below, reason_id, below, below FROM plant.reason, unnest(ARRAY['jam', 'tool']) AS below"
        " WHERE code = 'mechanical' ON CONFLICT DO NOTHING"
    )
    return Press(connection, device_id, tag_id)


def _s(moment: datetime) -> float:
    return (moment - NOON).total_seconds()


def _maybe_s(moment: datetime | None) -> float | None:
    return None if moment is None else _s(moment)
