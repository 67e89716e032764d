"""The crew at a real API on a real database: orders are worked off, each intention is done once, nothing stays open."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from simulators.commands import app
from simulators.crew_ledger import answers, read, uuid7
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.simulators.crew_shop import Shop, open_shop, statuses_in_database, told

__all__ = ["database_server", "plant_database"]

TWO_COMPLETED = "SELECT count(*) = 2 AS is_so FROM plant.work_order WHERE state = 'completed'"
FIRST_REPORT = "SELECT count(*) > 0 AS is_so FROM plant.production_entry"


@pytest.fixture
async def shop(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(plant_database, tmp_path) as shop:
        await shop.furnish()
        yield shop


async def assert_done_once(shop: Shop) -> None:
    """What the ledger meant and what the plant's book has are the same commands with the same answers."""
    kept = await statuses_in_database(shop.floor)
    meant = answers(shop.home)
    assert set(kept) <= set(meant)
    heard = {key: answer["status"] for key, answer in meant.items() if answer is not None}
    assert set(heard) == set(meant), "an intention without an answer"
    done = {key: status for key, status in heard.items() if status < 400}
    assert {key: status for key, status in kept.items() if status < 400} == done


async def test_two_orders_are_worked_off_with_their_material(shop: Shop) -> None:
    for number in ("WO-1", "WO-2"):
        await shop.floor.order(number, quantity="60")
    shop.start_crew("press1")
    async with shop.machine():
        await shop.until(TWO_COMPLETED, "both orders completed")
    assert await shop.finish_crew() == 0
    rows = await shop.floor.rows("SELECT good FROM plant.work_order ORDER BY number")
    assert all(row["good"] >= 60 for row in rows)
    made = await shop.floor.one("SELECT sum(good + scrap) AS parts FROM plant.work_order")
    used = await shop.floor.one(
        "SELECT sum(required) AS needed, sum(required - shortage) AS bodies FROM plant.consumption"
        " WHERE reversed_by IS NULL"
    )
    assert used["needed"] == 2 * made["parts"]
    assert used["bodies"] >= 2 * 2 * 60
    lines = read(shop.home)
    reports = [line for line in told(lines, "report") if line["answer"]["status"] == 200]
    assert any(line["body"].get("scrap") for line in reports)
    rejects = await shop.floor.one("SELECT sum(scrap) AS parts FROM plant.work_order")
    explained = await shop.floor.one(
        "SELECT coalesce(sum(quantity), 0) AS parts FROM plant.production_entry WHERE kind = 'scrap'"
    )
    assert 0 < explained["parts"] <= rejects["parts"]
    await assert_done_once(shop)


async def test_a_lot_of_an_old_revision_is_replaced_by_one_of_the_right_revision(shop: Shop) -> None:
    await shop.replace_body()
    await shop.floor.order("WO-1", quantity="10")
    shop.start_crew("bench1")
    await shop.until(FIRST_REPORT, "a report by hand")
    assert await shop.finish_crew() == 0
    issues = told(read(shop.home), "issue")
    refused = [line["answer"]["body"] for line in issues if line["answer"]["status"] >= 400]
    assert [(one["code"], one["params"]["change"]) for one in refused] == [("superseded-revision", "ECN-7")]
    used = await shop.floor.rows(
        "SELECT DISTINCT revision FROM plant.lot_move JOIN plant.material_lot USING (lot_id) WHERE kind = 'consume'"
    )
    assert [row["revision"] for row in used] == ["B"]


async def test_what_the_api_did_before_it_died_is_not_done_again(shop: Shop) -> None:
    """It dies after commits whose answers nobody hears, again and again."""
    for number in ("WO-1", "WO-2"):
        await shop.floor.order(number, quantity="40")
    shop.start_crew("press1")
    async with shop.machine():
        shop.kill_api()
        for nth in (1, 3, 5):
            await shop.start_api(f"api.after_commit:{nth}")
            await shop.api_died()
        await shop.start_api("api.before_commit:2")
        await shop.api_died()
        await shop.start_api()
        await shop.until(TWO_COMPLETED, "both orders completed")
    assert await shop.finish_crew() == 0
    await assert_done_once(shop)


async def test_at_the_end_no_run_is_open_and_what_is_unfinished_can_go_on(shop: Shop) -> None:
    await shop.floor.order("WO-1", quantity="100000")
    await shop.floor.order("WO-2", quantity="100000")
    shop.start_crew("press1", "bench1")
    async with shop.machine():
        await shop.until("SELECT count(*) = 2 AS is_so FROM plant.run WHERE to_time IS NULL", "two runs")
        await shop.until(FIRST_REPORT, "a report")
    assert await shop.finish_crew() == 0
    runs = await shop.floor.one("SELECT count(*) AS runs FROM plant.run WHERE to_time IS NULL")
    assert runs["runs"] == 0
    states = await shop.floor.rows("SELECT state FROM plant.operation")
    assert {row["state"] for row in states} == {"paused"}
    (machine,) = await shop.floor.rows(
        "SELECT good, scrap FROM plant.work_order WHERE work_order_id IN"
        " (SELECT work_order_id FROM plant.run WHERE tag_id IS NOT NULL)"
    )
    posted = Decimal(0)
    for document in await shop.floor.documents("completion", "scrap"):
        posted += Decimal(document["quantity"])
    by_hand = await shop.floor.one(
        "SELECT sum(good) AS parts FROM plant.work_order WHERE work_order_id IN"
        " (SELECT work_order_id FROM plant.run WHERE tag_id IS NULL)"
    )
    assert posted == machine["good"] + machine["scrap"] + by_hand["parts"]


def test_without_a_people_file_or_a_plant_one_line_says_so(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    words = ["crew", "--people", str(file), "--plant", "http://127.0.0.1:1", "--state-dir", str(tmp_path)]
    missing = CliRunner().invoke(app, words)
    assert (missing.exit_code, missing.output.strip()) == (
        1,
        f"people file {file}: No such file or directory",
    )
    file.write_text(json.dumps([{"role": "operator", "name": "Li Na", "pin": "482913"}]))
    nobody_leads = CliRunner().invoke(app, words)
    assert (nobody_leads.exit_code, nobody_leads.output.strip()) == (1, "the people file has no lead")


def test_keys_are_uuids_of_version_7_in_order_of_time() -> None:
    keys = [UUID(uuid7()) for _ in range(50)]
    assert {(key.version, key.variant) for key in keys} == {(7, "specified in RFC 4122")}
    times = [key.int >> 80 for key in keys]
    assert times == sorted(times)
