"""An order of the dispatch list is found by scan or by typing: number, item or name."""

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import sign_in

pytestmark = pytest.mark.system


async def nothing_runs(connection: AsyncConnection) -> None:
    await connection.execute("UPDATE plant.run SET to_time = now()")
    await connection.execute(
        "UPDATE plant.item SET name_en = 'Bevel gear', name_zh = '伞齿轮' WHERE code = 'GEARBOX'"
    )
    await connection.execute("UPDATE plant.operation SET state = 'ready' WHERE state = 'running'")


async def test_orders_are_found_by_number_item_and_name_in_both_languages(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await nothing_runs(connection)
    await sign_in(page, plant.url)
    shown = page.locator(".orders li:not([hidden])")
    await expect(shown).to_have_count(3)
    search = page.locator("#seek-to-do")
    for text, count in (("mo-2", 1), ("gearb", 3), ("bevel", 3), ("伞", 3), ("MO-9", 0)):
        await search.fill(text)
        await expect(shown).to_have_count(count)
    await expect(page.locator(".none")).to_have_text("No order here matches mo-9")
    await page.get_by_role("button", name="Show all").click()
    await expect(shown).to_have_count(3)
    await expect(page.locator(".none")).to_be_hidden()


async def test_what_is_sought_is_kept_when_the_list_is_drawn_anew(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await nothing_runs(connection)
    await sign_in(page, plant.url)
    await page.locator("#seek-to-do").fill("MO-2")
    await connection.execute("UPDATE plant.operation SET state = 'pending' WHERE state = 'ready'")
    shown = page.locator(".orders li:not([hidden])")
    await expect(shown).to_contain_text("Step before not done")
    await expect(shown).to_have_count(1)
    await expect(page.locator("#seek-to-do")).to_have_value("MO-2")


async def test_a_scanned_order_is_found_and_a_lot_is_still_judged(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await nothing_runs(connection)
    await sign_in(page, plant.url)
    await page.keyboard.type("MO-2", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator(".orders li:not([hidden])")).to_have_count(1)
    await expect(page.locator("#seek-to-do")).to_have_value("MO-2")
    await expect(page.locator("#panel-scan")).to_be_hidden()
    await page.keyboard.type("L4711", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel-scan")).to_be_visible()


async def test_while_another_order_runs_a_scanned_one_is_offered_for_the_change(
    page: Page, plant: Plant
) -> None:
    await sign_in(page, plant.url)
    await page.keyboard.type("MO-2", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel-change")).to_be_visible()
    await expect(page.locator("#panel-change .tile:visible")).to_have_count(1)
