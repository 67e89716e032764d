"""Events for readers outside: in the order of the chain, from a position on. There is no other cursor."""

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.database import load_queries
from plant_server.events.schemas import SealedEvent

QUERIES = load_queries(__package__, "chain.sql")


async def events_after(connection: AsyncConnection, position: int, limit: int) -> list[SealedEvent]:
    """At most `limit` sealed events after `position`, in order. Asked again with the last one's position, nothing is
    missed and nothing comes twice."""
    async with connection.cursor(row_factory=class_row(SealedEvent)) as cursor:
        await cursor.execute(QUERIES["events_after"], {"after": position, "limit": limit})
        return await cursor.fetchall()


async def head_position(connection: AsyncConnection) -> int:
    """The last position there is; 0 before the first."""
    row = await (await connection.execute(QUERIES["head"])).fetchone()
    return int(row[0]) if row else 0
