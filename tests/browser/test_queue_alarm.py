"""A queue that grows too long or too old says so in red, to be carried to the shift lead."""

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in, waiting
from tests.browser.test_terminal import people_count

pytestmark = pytest.mark.system
FILL = """(many) => new Promise((done) => { const wish = indexedDB.open('lineside', 1);
    wish.onsuccess = () => { const t = wish.result.transaction('queue', 'readwrite'), store = t.objectStore('queue');
      const { person, session } = document.body.dataset;
      for (let i = 0; i < many; i++) store.add({ key: outbox.newKey(), path: '/api/v1/scans', body: { code: 'L' + i },
        time: new Date().toISOString(), person, session, fact: true, tries: 0, until: 0 });
      t.oncomplete = () => { wish.result.close(); done(); }; }; })"""
HOUR_MS = 3_600_000


async def test_500_facts_that_wait_ring_the_alarm(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await context.set_offline(True)
    await page.evaluate(FILL, 498)
    await report(page, 5)
    await expect(page.locator("#queue-badge")).to_contain_text("499")
    await expect(page.locator("#queue-alarm")).to_be_hidden()
    await report(page, 7)
    await expect(page.locator("#queue-badge")).to_contain_text("500")
    await expect(page.locator("#queue-alarm")).to_be_visible()
    await expect(page.locator("#queue-alarm")).to_contain_text("Call the shift lead")
    assert await waiting(page) == 500


async def test_a_fact_that_waits_for_24_hours_rings_the_alarm(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await page.clock.install()
    await sign_in(page, plant.url)
    await context.set_offline(True)
    await report(page, 5)
    await page.clock.fast_forward(24 * HOUR_MS - 120_000)
    await expect(page.locator("#lock")).to_be_visible()
    await page.clock.run_for(20_000)  # It tries again, and looks.
    await expect(page.locator("#queue-alarm")).to_be_hidden()
    await page.clock.fast_forward(240_000)
    await expect(page.locator("#queue-alarm")).to_be_visible()
    await page.get_by_role("button", name="Somebody else").click()
    await page.locator("#queue-badge").click()
    await expect(page.locator("#queue-age")).to_contain_text("24 h ago")
