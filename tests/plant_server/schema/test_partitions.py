from datetime import UTC, datetime

import psycopg
import pytest

from tests.plant_server.database_fixture import PlantDatabase

DAY = "SELECT plant.ensure_sample_partition('2026-01-02')"


def test_a_day_has_its_partition_with_the_index_and_asking_again_is_nothing(
    plant_database: PlantDatabase,
) -> None:
    with psycopg.connect(plant_database.url, autocommit=True) as connection:
        connection.execute(DAY)
        connection.execute(DAY)
        rows = connection.execute(
            "SELECT tablename, indexdef LIKE '%(tag_id, ts)' FROM pg_indexes WHERE tablename LIKE '%sample_2026%' ORDER BY 1"
        ).fetchall()
        assert rows == [("sample_20260102", True), ("text_sample_20260102", True)]
        noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        connection.execute("INSERT INTO plant.sample VALUES (%s, 1, 1, 192)", [noon])
        row = connection.execute("SELECT tableoid::regclass::text FROM plant.sample").fetchone()
        assert row == ("plant.sample_20260102",)


def test_a_new_day_waits_for_no_reader(plant_database: PlantDatabase) -> None:
    with (
        psycopg.connect(plant_database.url) as reader,
        psycopg.connect(plant_database.url, options="-c lock_timeout=5000") as maker,
    ):
        reader.execute("SELECT count(*) FROM plant.sample")
        maker.execute(DAY)


def test_two_that_ask_for_one_day_at_once_both_get_it(plant_database: PlantDatabase) -> None:
    with psycopg.connect(plant_database.url) as first, psycopg.connect(plant_database.url) as second:
        first.execute(DAY)
        second.execute("SET lock_timeout = 100")
        with pytest.raises(
            psycopg.errors.LockNotAvailable
        ):  # It waits for the other's commit, else it would fail.
            second.execute(DAY)
        second.rollback()
        first.commit()
        second.execute(DAY)
