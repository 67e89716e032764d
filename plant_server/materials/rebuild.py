"""What lies where, what holds it, what was consumed and what is owed, made again from the facts of the Events alone.

A lot's own row stays where an Event explains it, and so does each move and consumption: others point at their numbers.
Stock is the sum of the moves; holds are those placed less those lifted; what a consumption is short of is what it was
short of first less what people settled; and what backflush owes below the last decimal is the sum of the steps of the
consumptions that stand.
"""

from fractions import Fraction

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.master_data.rows import rows_of
from plant_server.materials.lots import QUERIES

OWN = load_queries(__package__, "rebuild.sql")
_MOVE = ("event_id", "lot_id", "kind", "from_location", "to_location", "quantity", "work_order_id")

TABLES: dict[str, tuple[str, ...]] = {
    "material_lot": (),
    "lot_stock": (),
    "lot_hold": (),
    "lot_move": (*_MOVE, "consumption_id", "waiver_id", "reason", "event_time", "recorded_time"),
    "consumption": (),
    "backflush_residual": (),
}
"""With the columns that are made again; none named: all."""


async def stop_movers(connection: AsyncConnection) -> None:
    """Whoever moves or consumes material waits until the transaction ends; readers do not."""
    await connection.execute(OWN["stop_writers"])


async def rebuild_lots(connection: AsyncConnection) -> None:
    """In one transaction, with every writer waiting. Nothing happens if it fails."""
    async with connection.transaction():
        await stop_movers(connection)
        for query in ("told_lots", "told_consumptions", "told_moves", "standing_moves"):
            await connection.execute(OWN[query])
        await connection.execute(OWN["forget"])
        await connection.execute(OWN["make_lots"])
        await connection.execute(OWN["make_consumptions"])
        for query in ("let_moves_be_mended", "take_out_moves", "put_in_moves", "keep_moves"):
            await connection.execute(OWN[query])
        for query in ("drop_consumptions", "drop_lots", "make_stock", "make_holds"):
            await connection.execute(OWN[query])
        await _make_residuals(connection)


async def _make_residuals(connection: AsyncConnection) -> None:
    for row in await rows_of(connection, OWN["residual_steps"], {}):
        residual = sum(map(Fraction, row["steps"] or ()), Fraction(0))
        await connection.execute(QUERIES["save_residual"], row | {"residual": str(residual)})
