"""Days made ahead, days dropped, and what was made of them kept."""

from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection

from plant_server.keeper.retention import (
    day_of,
    drop_old_partitions,
    ensure_partitions,
    forget_commits,
    forget_sessions,
)
from plant_server.keeper.rollup import roll_up
from tests.plant_server.facts import add_device, add_tag, store


async def days_of(connection: AsyncConnection) -> list[str]:
    cursor = await connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'plant' AND tablename ~ 'sample_[0-9]{8}$' ORDER BY 1"
    )
    return [str(name) for (name,) in await cursor.fetchall()]


def names(*days_ago: int) -> list[str]:
    today = datetime.now(UTC)
    days = [f"{today - timedelta(days=ago):%Y%m%d}" for ago in sorted(days_ago, reverse=True)]
    return [f"{parent}_{day}" for parent in ("sample", "text_sample") for day in days]


async def make(connection: AsyncConnection, *days_ago: int) -> None:
    for ago in days_ago:
        await connection.execute(
            "SELECT plant.ensure_sample_partition((now() AT TIME ZONE 'UTC')::date - %s)", (ago,)
        )


async def test_partitions_are_made_seven_days_ahead(bare_connection: AsyncConnection) -> None:
    await ensure_partitions(bare_connection)
    await ensure_partitions(bare_connection)
    assert await days_of(bare_connection) == names(0, -1, -2, -3, -4, -5, -6, -7)


async def test_days_that_end_before_the_retention_are_dropped(bare_connection: AsyncConnection) -> None:
    await make(bare_connection, 0, 9, 10, 11, 40)
    await drop_old_partitions(bare_connection, retention_days=10)
    assert await days_of(bare_connection) == names(0, 9, 10)


async def test_a_rollup_outlives_its_samples_and_late_data_of_a_dropped_day(
    bare_connection: AsyncConnection,
) -> None:
    connection = bare_connection
    tag = await add_tag(connection, await add_device(connection), "pressure")
    await make(connection, 20)
    long_ago = (datetime.now(UTC) - timedelta(days=20)).replace(hour=12, minute=0, second=0, microsecond=0)
    for second in range(3):
        await store(connection, tag, long_ago + timedelta(seconds=second), 1.0)
    await roll_up(connection)
    await drop_old_partitions(connection, retention_days=10)
    await drop_old_partitions(connection, retention_days=60)  # A longer retention brings nothing back.
    await make(connection, 20)
    await store(connection, tag, long_ago, 99.0)
    await roll_up(connection)
    rows = await (await connection.execute("SELECT n, s FROM plant.rollup_1m")).fetchall()
    assert rows == [(3, 3.0)]


async def test_retention_does_not_wait_for_a_reader(
    bare_connection: AsyncConnection, second_connection: AsyncConnection
) -> None:
    await make(bare_connection, 0, 40)
    async with second_connection.transaction():
        await second_connection.execute("SELECT count(*) FROM plant.sample")
        await drop_old_partitions(bare_connection, retention_days=10)
        assert await days_of(bare_connection) == names(0, 40)
    await drop_old_partitions(bare_connection, retention_days=10)
    assert await days_of(bare_connection) == names(0)


async def test_a_table_that_is_no_day_is_not_one(bare_connection: AsyncConnection) -> None:
    assert day_of("sample_20260131") == datetime(2026, 1, 31, tzinfo=UTC)
    assert day_of("sample_default") is None


async def test_old_commits_are_forgotten(bare_connection: AsyncConnection) -> None:
    await add_device(bare_connection)
    for days in (0, 9, 11, 300):
        await bare_connection.execute(
            "INSERT INTO plant.commit_log (edge_id, epoch, first, last, samples, stored_time)"
            " SELECT edge_id, gen_random_uuid(), %s, %s, 1, now() - make_interval(days => %s) FROM plant.edge",
            (days, days, days),
        )
    assert await forget_commits(bare_connection, keep_days=10) is False
    kept = await (
        await bare_connection.execute("SELECT first FROM plant.commit_log ORDER BY first")
    ).fetchall()
    assert kept == [(0,), (9,)]


async def test_old_sessions_and_tries_are_forgotten_and_others_stay(connection: AsyncConnection) -> None:
    await connection.execute("INSERT INTO plant.person (name, roles) VALUES ('Li', '{operator}')")
    for age_days in (1, 31):
        await connection.execute(
            "INSERT INTO plant.session (token_hash, person_id, created_time)"
            " VALUES (sha256(%s), 1, now() - %s * interval '1 day')",
            (str(age_days).encode(), age_days),
        )
        await connection.execute(
            "INSERT INTO plant.sign_in_try (subject, tries, last_time)"
            " VALUES (%s, 1, now() - (%s - 0.5) * interval '1 day')",
            (f"person:{age_days}", age_days),
        )
    await connection.execute("UPDATE plant.sign_in_try SET free_time = last_time")
    await forget_sessions(connection)
    sessions = await connection.execute("SELECT created_time > now() - interval '2 days' FROM plant.session")
    tries = await connection.execute("SELECT subject FROM plant.sign_in_try")
    assert await sessions.fetchall() == [(True,)]
    assert await tries.fetchall() == [("person:1",)]
