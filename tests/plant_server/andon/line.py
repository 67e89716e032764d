"""A line of two machines that tell their state, and the calls as they stand in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from tests.plant_server.facts import INT32, add_device, add_tag

LINE = "demo/plant1/area1/line1"
PRESS = f"{LINE}/press1"
OVEN = f"{LINE}/oven1"


@dataclass(frozen=True, slots=True)
class Line:
    connection: AsyncConnection
    devices: dict[str, int]

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement.encode(), values)
            return await cursor.fetchall()

    async def calls(self) -> list[dict[str, Any]]:
        """The oldest first."""
        return await self.rows("SELECT * FROM plant.andon_call ORDER BY raised_time, call_id")

    async def says(self, path: str, state: str, since: datetime) -> None:
        """The machine is in `state` from `since` on, as the keeper has it."""
        device_id = self.devices[path]
        await self.connection.execute(
            "UPDATE plant.machine_state_interval SET to_ts = %s WHERE device_id = %s AND to_ts IS NULL",
            (since, device_id),
        )
        await self.connection.execute(
            "INSERT INTO plant.machine_state_interval (device_id, state, from_ts) VALUES (%s, %s, %s)",
            (device_id, state, since),
        )


async def lay_out(connection: AsyncConnection) -> Line:
    devices = {}
    for path in (PRESS, OVEN):
        name = path.rpartition("/")[2]
        devices[path] = await add_device(connection, name, path)
        await add_tag(connection, devices[path], "state", role="state", datatype=INT32, vocabulary="packml")
        await connection.execute(
            "WITH made AS (INSERT INTO plant.equipment (path, name) VALUES (%(path)s, %(name)s) RETURNING equipment_id)"
            " INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)"
            " SELECT %(device_id)s, %(path)s, 'accepted', equipment_id FROM made",
            {"path": path, "name": name, "device_id": devices[path]},
        )
    return Line(connection, devices)
