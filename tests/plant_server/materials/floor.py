"""Items, BOMs, change orders, work orders and runs, put into the database as master data and people would."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection

STATION = "demo/plant1/area1/line1/press1"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Floor:
    connection: AsyncConnection

    async def one(self, statement: str, *values: Any) -> Any:
        row = await (await self.connection.execute(statement, values)).fetchone()
        return row[0] if row else None

    async def item(self, code: str, unit: str = "C62", scale: int = 0, tracked: bool = True) -> int:
        statement = (
            "INSERT INTO plant.item (code, name_en, name_zh, unit, scale, is_lot_tracked)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING item_id"
        )
        return int(await self.one(statement, code, code, code, unit, scale, tracked))

    async def revision(self, item: str, revision: str, released: datetime | None = LONG_AGO) -> None:
        await self.connection.execute(
            "INSERT INTO plant.item_revision (item_id, revision, released_time)"
            " SELECT item_id, %s, %s FROM plant.item WHERE code = %s",
            (revision, released, item),
        )

    async def bom(self, item: str, revision: str, base: str = "1", unit: str = "C62") -> int:
        statement = (
            "INSERT INTO plant.bom (item_id, revision, unit, base_quantity)"
            " SELECT item_id, %s, %s, %s FROM plant.item WHERE code = %s RETURNING bom_id"
        )
        return int(await self.one(statement, revision, unit, Decimal(base), item))

    async def component(
        self,
        bom: int,
        position: str,
        item: str,
        per: str,
        unit: str,
        *,
        revision: str | None = None,
        scrap_policy: str = "good_and_scrap",
        issuing: str = "backflush",
    ) -> None:
        await self.connection.execute(
            "INSERT INTO plant.bom_component (bom_id, position, item_id, quantity_per, unit, revision, scrap_policy,"
            " issuing) SELECT %s, %s, item_id, %s, %s, %s, %s, %s FROM plant.item WHERE code = %s",
            (bom, position, Decimal(per), unit, revision, scrap_policy, issuing, item),
        )

    async def change(
        self,
        number: str,
        item: str,
        old: str,
        new: str,
        from_time: datetime,
        *,
        disposition: str = "scrap",
        released: datetime | None = LONG_AGO,
    ) -> None:
        await self.connection.execute(
            "INSERT INTO plant.change_order (number, item_id, old_revision, new_revision, effectivity, from_time,"
            " disposition, released_time) SELECT %s, item_id, %s, %s, 'date', %s, %s, %s FROM plant.item"
            " WHERE code = %s",
            (number, old, new, from_time, disposition, released, item),
        )

    async def order(
        self,
        number: str,
        item: str,
        revision: str,
        bom: int | None,
        *,
        state: str = "running",
        unit: str = "C62",
        operations: tuple[int, ...] = (10,),
    ) -> int:
        statement = (
            "INSERT INTO plant.work_order (number, source, item_id, quantity, unit, state, item_revision, bom_id,"
            " has_started, ordered_quantity, ordered_unit) SELECT %s, 'plant', item_id, 1000, %s, %s, %s, %s, true,"
            " 1000, %s FROM plant.item WHERE code = %s RETURNING work_order_id"
        )
        order = int(await self.one(statement, number, unit, state, revision, bom, unit, item))
        for position in operations:
            await self.connection.execute(
                "INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, state, is_last)"
                " VALUES (%s, %s, 'press', '冲压', 'running', %s)",
                (order, position, position == max(operations)),
            )
        return order

    async def station(self, path: str = STATION) -> int:
        statement = (
            "INSERT INTO plant.equipment (path, name) VALUES (%s, %s)"
            " ON CONFLICT (path) DO UPDATE SET path = excluded.path RETURNING equipment_id"
        )
        return int(await self.one(statement, path, path.rsplit("/", 1)[-1]))

    async def run(
        self,
        order: int,
        *,
        position: int = 10,
        path: str = STATION,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> int:
        statement = (
            "INSERT INTO plant.run (operation_id, work_order_id, equipment_id, from_time, to_time, count_source,"
            " setup_parts) SELECT operation_id, work_order_id, %s, %s, %s, 'operator', 'scrap' FROM plant.operation"
            " WHERE work_order_id = %s AND position = %s RETURNING run_id"
        )
        begin = start or datetime.now(UTC) - timedelta(hours=1)
        return int(await self.one(statement, await self.station(path), begin, end, order, position))

    async def lot(
        self,
        item: str,
        lot: str,
        quantity: str,
        *,
        revision: str | None = None,
        location: str = STATION,
        received: datetime = LONG_AGO,
        expires: datetime | None = None,
    ) -> int:
        statement = (
            "INSERT INTO plant.material_lot (item_id, lot, revision, unit, received_time, expiry_time)"
            " SELECT item_id, %s, %s, unit, %s, %s FROM plant.item WHERE code = %s RETURNING lot_id"
        )
        lot_id = int(await self.one(statement, lot, revision, received, expires, item))
        await self.connection.execute(
            "INSERT INTO plant.lot_stock (lot_id, location, quantity) VALUES (%s, %s, %s)",
            (lot_id, location, Decimal(quantity)),
        )
        return lot_id

    async def stock(self, lot_id: int) -> dict[str, Decimal]:
        cursor = await self.connection.execute(
            "SELECT location, quantity FROM plant.lot_stock WHERE lot_id = %s AND quantity > 0", (lot_id,)
        )
        return dict(await cursor.fetchall())

    async def documents(self, kind: str) -> list[dict[str, Any]]:
        cursor = await self.connection.execute(
            "SELECT body FROM plant.outbox WHERE kind = %s ORDER BY outbox_id", (kind,)
        )
        return [body for (body,) in await cursor.fetchall()]


async def lay_out(connection: AsyncConnection) -> Floor:
    """GEARBOX B from four SCREW (any revision), 0.35 kg OIL without revision, and one HOUSING drawn with A, by hand."""
    floor = Floor(connection)
    await floor.item("GEARBOX")
    await floor.item("SCREW")
    await floor.item("OIL", unit="KGM", scale=3)
    await floor.item("HOUSING")
    await floor.item("FOREIGN")
    for revision in ("A", "B"):
        await floor.revision("GEARBOX", revision)
        await floor.revision("SCREW", revision)
        await floor.revision("HOUSING", revision)
    bom = await floor.bom("GEARBOX", "B")
    await floor.component(bom, "10", "SCREW", "4", "C62")
    await floor.component(bom, "20", "OIL", "350", "GRM")
    await floor.component(bom, "30", "HOUSING", "1", "C62", revision="A", issuing="explicit")
    await floor.order("MO-1", "GEARBOX", "B", bom)
    await floor.station()
    return floor
