"""Puts facts into a plant database as ingest would: a sample and its mark in one transaction."""

from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection

NOON = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
GOOD, BAD = 192, 0
DOUBLE, INT32, STRING = 10, 3, 12


def at(seconds: float) -> datetime:
    """A time after yesterday's noon, UTC."""
    return NOON + timedelta(seconds=seconds)


async def add_device(
    connection: AsyncConnection, name: str = "press1", path: str | None = "demo/plant1/area1/line1/press1"
) -> int:
    """A device of the edge `press-shop`; its id."""
    await connection.execute(
        "INSERT INTO plant.edge (group_id, node, online, last_message) VALUES ('demo', 'press-shop', true, now())"
        " ON CONFLICT DO NOTHING"
    )
    return await _one(
        connection,
        "INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, %s, %s, true FROM plant.edge"
        " RETURNING device_id",
        (name, path),
    )


async def add_tag(
    connection: AsyncConnection,
    device_id: int,
    name: str,
    role: str = "measurement",
    datatype: int = DOUBLE,
    unit: str | None = None,
    vocabulary: str | None = None,
) -> int:
    return await _one(
        connection,
        "INSERT INTO plant.tag (device_id, name, datatype, role, unit, vocabulary)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING tag_id",
        (device_id, name, datatype, role, unit, vocabulary),
    )


async def make_days(connection: AsyncConnection) -> None:
    """Partitions for the days the tests write into."""
    for days in range(-1, 3):
        await connection.execute(
            "SELECT plant.ensure_sample_partition(%s)", ((NOON + timedelta(days=days)).date(),)
        )


async def add_sample(
    connection: AsyncConnection, tag_id: int, ts: datetime, value: float | None, quality: int = GOOD
) -> None:
    await connection.execute(
        "INSERT INTO plant.sample (ts, value, tag_id, quality) VALUES (%s, %s, %s, %s)",
        (ts, value, tag_id, quality),
    )


async def mark(connection: AsyncConnection, tag_id: int, ts: datetime) -> None:
    await connection.execute(
        "INSERT INTO plant.dirty (tag_id, minute) VALUES (%s, date_trunc('minute', %s::timestamptz))",
        (tag_id, ts),
    )


async def store(
    connection: AsyncConnection, tag_id: int, ts: datetime, value: float | None, quality: int = GOOD
) -> None:
    """A sample and its mark, in one transaction."""
    async with connection.transaction():
        await add_sample(connection, tag_id, ts, value, quality)
        await mark(connection, tag_id, ts)


async def _one(connection: AsyncConnection, statement: str, values: tuple[object, ...]) -> int:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return int(row[0])
