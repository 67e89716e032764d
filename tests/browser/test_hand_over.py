"""The shift changes at a station: one writes what the next must know, the next reads it before anything else."""

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import sign_in
from tests.plant_server.terminal.shop import NAME

pytestmark = pytest.mark.system

AT_WORK = "SELECT person FROM plant.labor WHERE to_time IS NULL"


async def test_a_note_is_read_by_the_next_person_who_then_works_at_the_run(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await page.get_by_role("link", name="Hand over").click()
    await expect(page.locator(".summary")).to_contain_text("Parts not reported yet")
    await page.locator("#note").fill("Tool 3 drips oil.")
    await page.get_by_role("button", name="Hand over").click()
    await expect(page.locator("#sign-in")).to_be_visible()
    await sign_in(page, plant.url)
    await expect(page.locator("#job")).to_contain_text("MO-1")
    await expect(page.locator("#panel-hand-over")).to_have_count(0)  # One's own is for somebody else.
    await sign_in(page, plant.url, "Wang")
    panel = page.locator("#panel-hand-over")
    await expect(panel).to_be_visible()
    await expect(panel.locator(".left-note")).to_have_text("Tool 3 drips oil.")
    await expect(panel.locator(".summary")).to_contain_text("37")
    await panel.get_by_role("button", name="I have read it").click()
    await expect(panel).to_have_count(0)
    rows = await (await connection.execute(AT_WORK)).fetchall()
    assert rows == [(f"person:{plant.other}",)]
    read = await connection.execute("SELECT read_by FROM plant.hand_over WHERE read_time IS NOT NULL")
    assert await read.fetchall() == [(plant.other,)]
    await page.goto(f"{plant.url}/t/{NAME}")
    await expect(page.locator("#job")).to_contain_text("MO-1")
    await expect(panel).to_have_count(0)


async def test_a_hand_over_that_is_put_off_comes_again_with_the_next_page(page: Page, plant: Plant) -> None:
    await sign_in(page, plant.url)
    await page.goto(f"{plant.url}/t/{NAME}/hand-over")
    await page.get_by_role("button", name="Hand over").click()
    await expect(page.locator("#sign-in")).to_be_visible()
    await sign_in(page, plant.url, "Wang")
    panel = page.locator("#panel-hand-over")
    await panel.get_by_role("button", name="Later").click()
    await expect(panel).to_be_hidden()
    await page.reload()
    await expect(panel).to_be_visible()
