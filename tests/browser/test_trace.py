"""A complaint is traced by hands: typed, scanned, and led on by buttons; on a phone, at a terminal, and on paper."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.settings import Settings
from tests.browser.accessible import violations
from tests.browser.conftest import serving
from tests.browser.test_screens import MM_PX, SIZES, SMALL
from tests.plant_server.api_fixture import TOKEN
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.materials.trace_story import told
from tests.plant_server.people.staff import PIN, add_person
from tests.plant_server.work_orders.floor import standing_at

pytestmark = pytest.mark.system


@pytest.fixture
async def url(
    plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> AsyncIterator[str]:
    """A plant in which the story was told; Quentin of quality may sign in."""
    settings = Settings(database_url=plant_database.url)
    writer = create_app(settings, api_token=TOKEN, secrets=tmp_path)
    async with writer.router.lifespan_context(writer), standing_at(writer, connection) as floor:
        story = await told(floor)
        await floor.done(f"lots/{story.lots['S-2']}/hold", {"reference": "NC-9", "note": "too soft"})
    app = create_app(settings, api_token=TOKEN, secrets=tmp_path)
    await add_person(app, connection, Role.QUALITY, name="Quentin")
    with serving(app) as url:
        yield url


@pytest.fixture
async def page(browser, url: str) -> AsyncIterator[Page]:  # type: ignore[no-untyped-def]
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await page.goto(f"{url}/?then=trace")
    await page.get_by_role("button", name="Quentin", exact=True).click()
    for digit in PIN:
        await page.locator(f'#pin-form [data-key="{digit}"]').click()
    await page.locator("#pin-send").click()
    await expect(page.locator("#trace-form")).to_be_visible()
    await page.wait_for_load_state("load")
    yield page
    await context.close()


async def test_from_a_complaint_to_the_supplier_and_forward_to_every_order_by_keyboard_and_buttons(
    page: Page,
) -> None:
    await expect(page.locator("#trace-label")).to_be_focused()
    await page.keyboard.type("WO-2")
    await page.keyboard.press("Enter")
    await expect(page.locator("article h2")).to_contain_text(["WO-2", "WO-1"])
    steel = page.locator("#order-WO-1 ~ .facts li", has_text="S-1").first
    await expect(steel).to_contain_text("heat S-1")
    await expect(steel).to_contain_text("12 pcs")
    await steel.get_by_role("link", name="Where did it go? S-1").click()
    await expect(page.locator("article h2")).to_contain_text(["Lot S-1", "WO-1", "WO-2"])
    await page.locator("#trace-label").fill("S-2")
    await page.get_by_role("button", name="Where did it go?").click()
    await expect(page.locator("article h2")).to_contain_text(["Lot S-2", "WO-1", "WO-3", "WO-2"])
    await expect(page.locator(".lot-of-trace")).to_contain_text("NC-9 · too soft")


async def test_a_scan_is_traced_the_way_that_was_shown_last(page: Page, url: str) -> None:
    await page.goto(f"{url}/trace?label=S-1&direction=forward")
    await page.wait_for_load_state("load")
    await page.locator("body").click()  # Nobody has to find a field first.
    await page.keyboard.press("F9")
    await page.keyboard.type("heat S-2", delay=2)  # The supplier's own label.
    await page.keyboard.press("Enter")
    await expect(page.locator("article h2")).to_contain_text(["Lot S-2", "WO-1", "WO-3", "WO-2"])


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_it_is_accessible_fits_gloves_and_a_phone_in_every_state(
    page: Page, url: str, language: str
) -> None:
    await page.goto(f"{url}/trace?language={language}")
    faults = {}
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for query in ("", "?label=NEVER", "?label=WO-1", "?label=S-2&direction=forward", "?label=S-1"):
            await page.goto(f"{url}/trace{query}")
            await expect(page.locator("html")).to_have_attribute("lang", language)
            small = await page.evaluate(SMALL, 48 if size == "phone" else 15 * MM_PX)
            found = [*await violations(page), *small]
            if found:
                faults[size, query] = found
    assert faults == {}, json.dumps([*faults.items()], indent=1, ensure_ascii=False)


async def test_on_paper_stands_what_was_found_and_no_button(page: Page, url: str) -> None:
    await page.goto(f"{url}/trace?label=WO-1")
    await page.emulate_media(media="print")
    await expect(page.locator("#order-WO-1")).to_be_visible()
    await expect(page.locator("a:visible, button:visible, input:visible")).to_have_count(0)
