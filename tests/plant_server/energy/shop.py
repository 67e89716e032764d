"""Machines, meters with readings, and runs, at seconds after yesterday's noon."""

from dataclasses import dataclass

from psycopg import AsyncConnection

from plant_server.energy.telling import tell_energy_of_runs
from tests.plant_server.facts import add_device, add_tag, at
from tests.plant_server.materials.floor import Floor, lay_out

LINE = "demo/plant1/area1/line1"
PRESS1, PRESS2 = f"{LINE}/press1", f"{LINE}/press2"


@dataclass(frozen=True, slots=True)
class Shop:
    floor: Floor
    order: int

    async def meter(self, path: str, name: str = "energy", device: str | None = None) -> int:
        connection = self.floor.connection
        device_id = await add_device(connection, device or f"meter of {path}", path)
        return await self.tag(device_id, name)

    async def tag(self, device_id: int, name: str) -> int:
        tag_id = await add_tag(self.floor.connection, device_id, name, role="meter", unit="Wh")
        await self.floor.connection.execute(
            "INSERT INTO plant.odometer (tag_id, state) VALUES (%s, '{}')", (tag_id,)
        )
        return tag_id

    async def read(self, tag_id: int, *readings: tuple[float, int]) -> None:
        """Readings at seconds, of totals in Wh, as ingest writes them: the log holds advances alone."""
        connection = self.floor.connection
        for seconds, total in readings:
            row = await (
                await connection.execute("SELECT total FROM plant.odometer WHERE tag_id = %s", (tag_id,))
            ).fetchone()
            assert row is not None
            if total > row[0]:
                await connection.execute(
                    "INSERT INTO plant.odometer_log (tag_id, ts, total) VALUES (%s, %s, %s)",
                    (tag_id, at(seconds), total),
                )
            await connection.execute(
                "UPDATE plant.odometer SET total = %s, ts = %s WHERE tag_id = %s",
                (total, at(seconds), tag_id),
            )

    async def run(self, start: float, end: float | None, path: str = PRESS1, order: int | None = None) -> int:
        stop = None if end is None else at(end)
        return await self.floor.run(order or self.order, path=path, start=at(start), end=stop)

    async def tell(self) -> None:
        while await tell_energy_of_runs(self.floor.connection):
            pass

    async def key(self, tag_id: int, seconds: float, whole: int, shares: dict[str, int]) -> None:
        """As if it had been stated then."""
        connection = self.floor.connection
        await connection.execute(
            "INSERT INTO plant.energy_key (tag_id, from_time, whole, basis, event_id)"
            " VALUES (%s, %s, %s, 'kW', gen_random_uuid())",
            (tag_id, at(seconds), whole),
        )
        for path, weight in shares.items():
            await connection.execute(
                "INSERT INTO plant.energy_share (tag_id, from_time, path, weight) VALUES (%s, %s, %s, %s)",
                (tag_id, at(seconds), path, weight),
            )


async def open_shop(connection: AsyncConnection) -> Shop:
    floor = await lay_out(connection)
    await floor.station(PRESS1)
    await floor.station(PRESS2)
    return Shop(floor, await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'"))
