"""At the terminal an operator says what became of parts in rework."""

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import sign_in

pytestmark = pytest.mark.system

TOTALS = """SELECT operation.good::int, operation.scrap::int, operation.rework::int FROM plant.operation
            JOIN plant.run USING (operation_id) WHERE run.to_time IS NULL"""
REWORK = """WITH entry AS (
                INSERT INTO plant.production_entry (event_id, line, run_id, work_order_id, kind, quantity, reason, actor,
                                                    event_time, recorded_time)
                SELECT gen_random_uuid(), 1, run_id, work_order_id, 'rework', 5, 'repaint', 'person:1', now(), now()
                FROM plant.run WHERE to_time IS NULL RETURNING run_id)
            UPDATE plant.operation SET made = made + 5, rework = 5
            FROM plant.run WHERE run.run_id IN (SELECT run_id FROM entry) AND run.operation_id = operation.operation_id"""


async def totals(connection: AsyncConnection) -> tuple[int, ...]:
    row = await (await connection.execute(TOTALS)).fetchone()
    assert row is not None
    return tuple(row)


async def test_parts_in_rework_become_good_or_scrap_with_a_few_taps(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await connection.execute(REWORK.encode())
    good, scrap, _ = await totals(connection)
    await sign_in(page, plant.url)
    await page.locator('[data-show="more"]').click()
    await page.locator('#panel-more [data-show="rework"]').click()
    panel = page.locator("#panel-rework")
    await expect(panel.locator("h2")).to_have_text("5 parts in rework")
    await panel.locator(".tile").first.click()
    await expect(panel).to_be_hidden()
    await expect(page.locator("#rework-title")).to_have_text("4 parts in rework")
    assert await totals(connection) == (good, scrap + 1, 4)

    await page.locator('[data-show="more"]').click()
    await page.locator('#panel-more [data-show="rework"]').click()
    await panel.locator("input").fill("9")
    await panel.locator(".primary").click()
    await expect(page.locator("#notice")).to_contain_text("Fewer parts are in rework")
    await panel.locator("input").fill("4")
    await panel.locator(".primary").click()
    await expect(page.locator("#panel-rework")).to_have_count(0)
    assert await totals(connection) == (good + 4, scrap + 1, 0)
