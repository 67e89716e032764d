"""Times on pages are the site's, wherever the browser thinks it is; and what changes while a page is drawn is not missed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in
from tests.browser.test_terminal import people_count
from tests.plant_server.terminal.shop import NAME

pytestmark = pytest.mark.system

SITE = "Asia/Shanghai"


async def test_times_are_the_sites_and_not_the_browsers(
    browser: Browser, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    plant.app.state.time_zone = ZoneInfo(SITE)
    begun = datetime.now(UTC).replace(hour=1, minute=7)
    await connection.execute("UPDATE plant.run SET from_time = %s", (begun,))
    await people_count(connection)
    for zone in ("America/New_York", "Pacific/Auckland"):
        far = await browser.new_context(timezone_id=zone, locale="en")
        await far.add_cookies(await context.cookies())  # type: ignore[arg-type] - as they were given
        page = await far.new_page()
        await sign_in(page, plant.url)
        await page.locator('[data-show="more"]').click()
        told = await page.locator("#panel-more time").first.inner_text()
        assert told.endswith("09:07"), (zone, told)
        await page.keyboard.press("Escape")
        await far.set_offline(True)
        before = datetime.now(ZoneInfo(SITE))
        await report(page, 1)
        await page.locator("#queue-badge").click()
        written = await page.locator("#queue-items p").first.inner_text()
        await far.set_offline(False)
        clock = datetime.strptime(written.split(" ")[0], "%H:%M:%S")
        late_s = (clock.hour * 3600 + clock.minute * 60 + clock.second) - (
            before.hour * 3600 + before.minute * 60 + before.second
        )
        assert late_s % 86_400 < 600, (zone, written, before)
        await far.close()


async def test_what_changes_between_the_drawing_and_the_first_look_is_drawn(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    """The stream is held back until another order is ready."""
    await sign_in(page, plant.url)

    async def later(route: Route) -> None:
        await connection.execute("UPDATE plant.operation SET state = 'skipped' WHERE state = 'ready'")
        await route.continue_()

    await page.route("**/live?*", later)
    drawn: list[str] = []
    page.on("request", lambda request: drawn.append(request.url) if "/screen" in request.url else None)
    await page.goto(f"{plant.url}/t/{NAME}")
    await expect(page.locator("#panel-change")).not_to_contain_text("MO-2")
    assert len(drawn) == 1


async def test_a_screen_that_could_not_be_fetched_is_fetched_again(
    browser: Browser, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    # Without its service worker: what that one fetches passes no route of a page.
    plain = await browser.new_context(service_workers="block", locale="en")
    await plain.add_cookies(await context.cookies())  # type: ignore[arg-type] - as they were given
    page = await plain.new_page()
    await sign_in(page, plant.url)
    tries = 0

    async def fail_twice(route: Route) -> None:
        nonlocal tries
        tries += 1
        await (route.fulfill(status=503, body="") if tries <= 2 else route.continue_())

    await page.route("**/screen", fail_twice)
    await connection.execute("UPDATE plant.operation SET state = 'skipped' WHERE state = 'ready'")
    await connection.execute("UPDATE plant.odometer SET total = total + 1")
    await expect(page.locator("#panel-change")).not_to_contain_text("MO-2", timeout=20_000)
    assert tries >= 3
    await plain.close()


async def test_a_page_that_is_as_it_was_drawn_is_not_drawn_again(page: Page, plant: Plant) -> None:
    await sign_in(page, plant.url)
    drawn: list[str] = []
    page.on("request", lambda request: drawn.append(request.url) if "/screen" in request.url else None)
    await page.evaluate(
        "() => { window.looks = 0; document.addEventListener('htmx:sseMessage', () => { window.looks += 1; }); }"
    )
    await plant.shop.floor.connection.execute("UPDATE plant.odometer SET total = total + 1")
    await page.wait_for_function("() => window.looks >= 1")
    assert drawn == []
