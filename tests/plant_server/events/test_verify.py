"""An event that was edited, taken away or slipped in is found, also by who computes the chain anew afterwards."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.events.chain import BEFORE_THE_FIRST, SealedRow, link
from plant_server.events.verify import QUERIES, Verdict, verify
from plant_server.keeper.sealer import anchor, seal
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.events.commands_of_tests import command, do, make_totals


class Book:
    """Five sealed events, the head anchored after the third and at the end; and a forger with every right."""

    def __init__(self, database: PlantDatabase, anchors: Path) -> None:
        self.database = database
        self.anchors = anchors

    def verdict(self) -> Verdict:
        return verify(self.database.url, self.anchors, lambda done, total: None)

    def forge(self, statement: str) -> None:
        with psycopg.connect(self.database.superuser_url, autocommit=True) as forger:
            forger.execute("SET session_replication_role = replica")
            forger.execute(statement.encode())

    def compute_the_chain_anew(self) -> None:
        with psycopg.connect(self.database.superuser_url, autocommit=True) as forger:
            forger.execute("SET session_replication_role = replica")
            forger.execute("SET timezone = 'UTC'")
            previous = BEFORE_THE_FIRST
            for row in forger.execute(QUERIES["chain"], {"after": 0, "limit": 100}).fetchall():
                previous = link(previous, row[0], SealedRow(*row[3:]))
                forger.execute(
                    "UPDATE plant.event_chain SET hash = %s WHERE position = %s", (previous, row[0])
                )


@pytest.fixture
async def book(
    plant_database: PlantDatabase, connection: AsyncConnection, pool: ConnectionPool, tmp_path: Path
) -> Book:
    await make_totals(connection)
    for number in range(1, 6):
        await do(pool, command(good=number))
        await seal(connection)
        if number in (3, 5):
            await anchor(connection, tmp_path / "anchors.log", period=timedelta(0))
    return Book(plant_database, tmp_path / "anchors.log")


async def test_an_honest_book_holds(book: Book, pool: ConnectionPool) -> None:
    assert book.verdict() == Verdict(events=5, anchors=4)
    await do(pool, command())
    assert book.verdict().mistake is None, "an event that waits to be sealed is no mistake"


@pytest.mark.parametrize(
    "edit",
    [
        """body = '{"good": 40}'""",
        """facts = '{"added": 40}'""",
        """answer = '{"good": 40}'""",
        "actor = 'person:8'",
        "kind = 'other'",
        "device = NULL",
        "event_time = event_time + interval '1 us'",
        "recorded_time = recorded_time + interval '1 us'",
        "refused = true",
        "status = 201",
        "work_order_id = 7",
    ],
)
async def test_an_edit_of_any_column_is_found_with_its_position(book: Book, edit: str) -> None:
    book.forge(f"UPDATE plant.event SET {edit} WHERE body ->> 'good' = '4'")  # noqa: S608
    verdict = book.verdict()
    assert verdict.events == 3
    assert (verdict.mistake or "").startswith("position 4: event")
    assert "not the one that was sealed" in (verdict.mistake or "")


async def test_an_event_that_is_gone_is_found(book: Book) -> None:
    book.forge("DELETE FROM plant.event WHERE body ->> 'good' = '2'")
    assert "is gone" in (book.verdict().mistake or "")


async def test_an_event_taken_out_with_its_place_is_found(book: Book) -> None:
    book.forge("DELETE FROM plant.event_chain WHERE position = 2")
    assert book.verdict().mistake == "position 2: missing in the chain"


async def test_an_event_slipped_in_is_found(book: Book) -> None:
    book.forge(
        "INSERT INTO plant.event SELECT gen_random_uuid(), kind, actor, actor_id, device, request_hash, body, facts,"
        " status, answer, refused, event_time, recorded_time, work_order_id FROM plant.event LIMIT 1"
    )
    assert "neither in the chain" in (book.verdict().mistake or "")


async def test_an_edit_with_the_chain_computed_anew_is_found_by_the_anchors(book: Book) -> None:
    book.forge("UPDATE plant.event SET actor = 'person:8' WHERE body ->> 'good' = '2'")
    book.compute_the_chain_anew()
    assert (book.verdict().mistake or "").startswith("position 3: an anchor in the database")
    book.forge(
        "UPDATE plant.anchor SET hash = c.hash FROM plant.event_chain c WHERE c.position = anchor.position"
    )
    assert (book.verdict().mistake or "").startswith(f"position 3: {book.anchors}, line 1,")


async def test_an_end_that_was_cut_off_is_found_by_the_anchors(book: Book) -> None:
    for table in ("event_chain", "anchor"):
        book.forge(f"DELETE FROM plant.{table} WHERE position > 3")  # noqa: S608
    book.forge("DELETE FROM plant.event WHERE (body ->> 'good')::int > 3")
    assert "the chain does not" in (book.verdict().mistake or "")


async def test_half_a_line_at_the_end_of_the_file_is_no_anchor(book: Book) -> None:
    with book.anchors.open("a") as file:
        file.write("2026-01-31T12:00:00+00:00 9 abc")
    assert book.verdict().mistake is None


async def test_the_command_says_where_it_breaks_and_fails(book: Book) -> None:
    code, said = await audit(book)
    assert (code, said.strip()) == (0, "5 events and 4 anchors hold")
    book.forge("UPDATE plant.event SET actor = 'person:8' WHERE body ->> 'good' = '2'")
    code, said = await audit(book)
    assert code == 1
    assert "broken at position 2: event" in said


async def audit(book: Book) -> tuple[int | None, str]:
    environment = os.environ | {"LINESIDE_DATABASE_URL": book.database.url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lineside", "audit", "verify", "--anchors", str(book.anchors)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode()
