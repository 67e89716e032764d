"""Help is called with two taps, also without a badge and without contact, and answered on a phone or by the keyboard."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.people.roles import Role
from tests.browser.conftest import Plant
from tests.browser.hands import sign_in, waiting
from tests.browser.test_terminal import until
from tests.plant_server.materials.floor import STATION
from tests.plant_server.people.staff import PIN, add_person
from tests.plant_server.terminal.shop import NAME

pytestmark = pytest.mark.system


async def call(page: Page, kind: str) -> None:
    """The two taps."""
    await page.locator('[data-show="andon"]').click()
    await page.locator(f'#panel-andon [value="{kind}"]').click()
    await expect(page.locator("#panel-andon")).to_be_hidden()


async def calls(connection: AsyncConnection) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SELECT * FROM plant.andon_call ORDER BY raised_time")
        return await cursor.fetchall()


@pytest.fixture
async def phone(browser: Browser, plant: Plant, connection: AsyncConnection) -> AsyncIterator[Page]:
    """Of Wang Fang of maintenance, at the page of calls."""
    person = await add_person(plant.app, connection, Role.MAINTENANCE, name="Wang Fang")
    await connection.execute("UPDATE plant.person SET name_zh = '王芳' WHERE person_id = %s", (person,))
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en")
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await page.goto(f"{plant.url}/?then=calls")
    await page.get_by_role("button", name="Wang Fang", exact=True).click()
    for digit in PIN:
        await page.locator(f'#pin-form [data-key="{digit}"]').click()
    await page.locator("#pin-send").click()
    await expect(page.locator(".calls")).to_be_visible()
    yield page
    await context.close()


async def test_two_taps_call_and_the_station_sees_who_comes_and_when(
    page: Page, phone: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await call(page, "maintenance")
    shown = page.locator("#counts .call")
    await expect(shown).to_contain_text(re.compile(r"Maintenance · called 00:\d\d ago · nobody comes yet"))
    listed = phone.locator(".calls .call")
    await expect(listed).to_contain_text("Maintenance · press1 for you")
    await expect(listed).to_contain_text("Li Na")
    await phone.locator('[name="eta_min"][value="5"]').click()
    await expect(listed).to_contain_text("acknowledged by Wang Fang · ETA 5 min")
    await expect(shown).to_contain_text("acknowledged by Wang Fang · ETA 5 min")
    await phone.get_by_role("button", name="Done").click()
    await expect(shown).to_have_count(0)
    await expect(phone.locator(".calls")).to_contain_text("Nobody calls.")
    (told,) = await calls(connection)
    assert (told["state"], told["raised_by"]) == ("resolved", f"person:{plant.operator}")


async def test_a_terminal_calls_while_nobody_has_signed_in(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await page.goto(f"{plant.url}/t/{NAME}")
    await call(page, "lead")
    await expect(page.locator("#counts .call")).to_contain_text("Shift lead")
    await page.locator('[data-show="andon"]').click()
    await page.get_by_role("button", name="Take back").click()
    await expect(page.locator("#counts .call")).to_have_count(0)
    (told,) = await calls(connection)
    assert (told["state"], told["raised_by"], told["path"]) == ("withdrawn", "station:1", STATION)


async def test_a_call_without_contact_is_kept_and_sent_once(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await context.set_offline(True)
    await call(page, "quality")
    await expect(page.locator("#notice")).to_contain_text("Kept here, sent later")
    await page.locator("#queue-badge").click()
    await expect(page.locator("#queue-items")).to_contain_text("Quality")
    await page.keyboard.press("Escape")
    await context.set_offline(False)
    await expect(page.locator("#counts .call")).to_contain_text("Quality")
    assert await waiting(page) == 0
    (told,) = await calls(connection)
    assert (told["is_late"], told["state"]) == (False, "open")


async def test_what_is_sent_more_than_5_minutes_late_is_listed_and_calls_nobody(
    page: Page, phone: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await page.clock.install()
    await sign_in(page, plant.url)
    await context.set_offline(True)
    await call(page, "material")
    await page.clock.fast_forward(6 * 60_000)
    await context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")

    async def is_there() -> bool:
        await page.clock.run_for(1000)
        return bool(await calls(connection))

    await until(is_there)
    (told,) = await calls(connection)
    assert told["is_late"]
    await expect(phone.locator(".calls")).to_contain_text("While not in contact")
    await expect(phone.locator(".calls")).to_contain_text("Nobody calls.")
    await expect(page.locator("#counts .call")).to_have_count(0)
    await phone.get_by_role("button", name="Seen").click()
    await expect(phone.locator(".calls")).not_to_contain_text("While not in contact")


async def test_a_wrong_call_is_undone_in_the_notice(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await call(page, "lead")
    await page.locator("#notice-undo").click()
    await expect(page.locator("#notice")).to_contain_text("Undone")
    assert [one["state"] for one in await calls(connection)] == ["withdrawn"]


async def test_by_the_keyboard_alone_the_focus_stays_while_the_list_is_drawn_anew(
    page: Page, phone: Page, plant: Plant, connection: AsyncConnection
) -> None:
    """And a screen reader hears that one more waits, once."""
    await phone.evaluate(
        "() => { window.heard = []; new MutationObserver(() => heard.push(document.getElementById('calls-said').textContent))"
        ".observe(document.getElementById('calls-said'), { childList: true }); }"
    )
    await sign_in(page, plant.url)
    await page.locator('[data-show="andon"]').focus()
    await page.keyboard.press("Enter")
    await page.locator('#panel-andon [value="maintenance"]').focus()
    await page.keyboard.press("Enter")
    button = phone.locator('[name="eta_min"][value="10"]')
    await expect(button).to_be_visible()
    await button.focus()
    for _ in range(2):  # When the second answer comes, the first was drawn.
        async with phone.expect_response("**/calls/list"):
            pass
    await expect(button).to_be_focused()
    await phone.keyboard.press("Enter")
    await expect(phone.locator(".calls .call")).to_contain_text("ETA 10 min")
    assert await phone.evaluate("heard") == ["Calls that nobody answers: 1", "Calls that nobody answers: 0"]
