"""An operator completes an order at the terminal, told what was made of what was planned."""

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import sign_in

pytestmark = pytest.mark.system

STATE = "SELECT state FROM plant.work_order WHERE number = 'MO-1'"


async def made(connection: AsyncConnection, good: int, planned: int) -> None:
    await connection.execute(
        "UPDATE plant.operation SET made = %s, good = %s FROM plant.work_order"
        " WHERE operation.work_order_id = work_order.work_order_id AND number = 'MO-1'",
        (good, good),
    )
    await connection.execute(
        "UPDATE plant.work_order SET made = %s, good = %s, quantity = %s WHERE number = 'MO-1'",
        (good, good, planned),
    )


async def state(connection: AsyncConnection) -> str:
    row = await (await connection.execute(STATE)).fetchone()
    assert row is not None
    return str(row[0])


async def test_an_operator_completes_an_order_and_is_told_made_planned_and_over_run(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await made(connection, 90, 100)
    await sign_in(page, plant.url)
    await page.locator('[data-show="more"]').click()
    await page.locator('#panel-more [data-show="complete"]').click()
    panel = page.locator("#panel-complete")
    await expect(panel.locator("h2")).to_have_text("Complete order MO-1?")
    await expect(panel.locator(".number b")).to_have_text(["90", "100", "10", "0"])
    await expect(panel).to_contain_text("10 are missing")
    await made(connection, 104, 100)  # The machine goes on while one reads.
    await expect(panel.locator(".number b")).to_have_text(["104", "100", "4", "0"])
    await expect(panel).to_contain_text("4 more than ordered")
    assert await state(connection) == "running"
    await panel.locator(".primary").click()
    await expect(page.locator("#job")).not_to_contain_text("MO-1")
    assert await state(connection) == "completed"
