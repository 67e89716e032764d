"""A kiosk that is switched off without contact and comes back hours later: what was done stands there once."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in, waiting
from tests.browser.test_terminal import nothing_waits, number, people_count, until
from tests.plant_server.terminal.shop import NAME

pytestmark = pytest.mark.system
AWAY = timedelta(hours=14)
CACHED = "caches.open('lineside-1').then((c) => c.keys()).then((k) => k.some((r) => r.url.includes('/t/')))"
LET_TIME_PASS_AT_THE_PLANT = """UPDATE plant.session SET created_time = created_time - interval '14 h',
    last_used_time = last_used_time - interval '14 h', ended_time = now() - interval '13 h'"""
EARLY = (
    "SELECT count(*) FROM plant.production_entry WHERE recorded_time - event_time > interval '13 h 59 min'"
)


@asynccontextmanager
async def kiosk(folder: Path) -> AsyncIterator[BrowserContext]:
    """A browser process of its own; what it keeps lies in the folder."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder, executable_path="/usr/bin/chromium", headless=True, locale="en"
        )
        context.set_default_timeout(10_000)
        try:
            yield context
        finally:
            await context.close()


async def enrolled(context: BrowserContext, plant: Plant) -> None:
    """As the server's own cookie, which outlives the browser."""
    cookie = {"name": "lineside_device", "value": plant.device_token, "url": plant.url}
    await context.add_cookies(
        [{**cookie, "httpOnly": True, "sameSite": "Strict", "expires": time.time() + 86_400}]
    )  # type: ignore[typeddict-item]


async def stand_still(page: Page) -> None:
    """The clock of the page stands, and nothing is on its way. What is on its way when a browser ends, or when time jumps,
    may arrive all the same: then the fact was told at once, and the test would show nothing."""
    await page.clock.pause_at(datetime.now(UTC) - AWAY + timedelta(seconds=2))
    await until(lambda: nothing_is_sent(page))


async def nothing_is_sent(page: Page) -> bool:
    return bool(await page.evaluate("!outbox.isSending()"))


async def test_a_kiosk_restarted_without_contact_and_back_14_hours_later_tells_each_fact_once(
    plant: Plant, connection: AsyncConnection, tmp_path: Path
) -> None:
    """The browser's clock stands 14 hours back while it writes down, and has caught up when it sends."""
    await people_count(connection)
    async with kiosk(tmp_path / "profile") as context:
        await enrolled(context, plant)
        await context.clock.install(time=datetime.now(UTC) - AWAY)
        page = await context.new_page()
        await sign_in(page, plant.url)
        await page.wait_for_function(CACHED)
        await context.set_offline(True)
        await report(page, 5)
        await stand_still(page)
    async with kiosk(tmp_path / "profile") as context:
        await context.clock.install(time=datetime.now(UTC) - AWAY)
        await context.set_offline(True)
        page = await context.new_page()
        await page.goto(f"{plant.url}/t/{NAME}")
        await expect(page.locator("#job")).to_contain_text("MO-1")
        await expect(page.locator("#contact")).to_be_visible()
        await expect(page.locator('[data-reason="burr"]')).to_have_count(1)
        await report(page, 7)
        assert await waiting(page) == 2
        await stand_still(page)
        await page.clock.fast_forward(AWAY / timedelta(milliseconds=1))
        await connection.execute(LET_TIME_PASS_AT_THE_PLANT)
        await context.set_offline(False)
        await page.clock.resume()
        await until(lambda: nothing_waits(page))
    assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 2
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 12
    assert await number(connection, EARLY) == 2
    actors = await (await connection.execute("SELECT DISTINCT actor FROM plant.production_entry")).fetchall()
    assert actors == [(f"person:{plant.operator}",)]
