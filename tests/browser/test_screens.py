"""Every screen, in both languages, at the size of a terminal and of a phone: accessible, big enough, and light."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from tests.browser.accessible import violations
from tests.browser.conftest import Plant
from tests.browser.hands import sign_in
from tests.browser.test_rework import REWORK
from tests.plant_server.materials.floor import STATION
from tests.plant_server.people.staff import PIN
from tests.plant_server.terminal.shop import NAME, explained_stop, left_by, lose_parts, somebody_calls

pytestmark = pytest.mark.system

SIZES = {"terminal": (1280, 800), "smallest terminal": (1024, 768), "phone": (390, 844)}
MM_PX = 5.9
FULL_SPOOLS = """
WITH away AS (INSERT INTO plant.edge (group_id, node, online) VALUES ('demo', 'paint-shop-in-the-north-hall', false) RETURNING edge_id)
INSERT INTO plant.edge_spool (edge_id, waiting, oldest_age_s, used_bytes, bound_bytes, disk_free_bytes, received_time)
SELECT edge_id, 1204331, 12400, 1850000000, 2147483648, 120000000, now()
FROM (SELECT edge_id FROM plant.edge UNION ALL SELECT edge_id FROM away) AS told
"""
LINE = STATION.rpartition("/")[0]
PANELS = (
    "report",
    "scan",
    "more",
    "change",
    "calibrate",
    "complete",
    "assign",
    "rework",
    "queue",
    "andon",
    "stop",
)
SMALL = """(most) => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length;
  const open = document.querySelector('.panel:not([hidden])') || document.body;
  const targets = [...open.querySelectorAll('button, a, input, textarea')].filter(seen).filter((one) => {
    const box = one.getBoundingClientRect();
    return box.height < most - 0.6 || box.width < most - 0.6;
  }).map((one) => `${one.outerHTML.slice(0, 80)} ${JSON.stringify(one.getBoundingClientRect())}`);
  const texts = [...open.querySelectorAll('*')].filter(seen)
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 20 && !one.matches('.only-read, datalist *, title, script'))
    .map((one) => one.outerHTML.slice(0, 80));
  const wide = document.documentElement.scrollWidth > innerWidth ? [`page is ${document.documentElement.scrollWidth} px wide`] : [];
  return [...targets, ...texts, ...wide];
}"""


async def screens(page: Page, plant: Plant) -> AsyncIterator[str]:
    """Shows one screen after the other; yields its name."""
    await page.goto(f"{plant.url}/?station={NAME}")
    yield "sign in"
    await sign_in(page, plant.url)
    await expect(page.locator("#panel-hand-over")).to_be_visible()  # It opens by itself.
    yield "read a hand-over"
    await page.locator("#panel-hand-over [data-close]").click()
    await expect(page.locator("#panel-stop")).to_be_visible()  # It opens by itself.
    yield "stop"
    await page.locator("#panel-stop [data-close]").click()
    yield "job"
    for name in PANELS[:-1]:
        await page.evaluate(
            "(name) => { const b = document.createElement('button'); b.dataset.show = name;"
            " document.body.append(b); b.click(); b.remove(); }",
            name,
        )
        await expect(page.locator(f"#panel-{name}")).to_be_visible()
        yield name
        await page.keyboard.press("Escape")
    async for name in pages_beside(page, plant):
        yield name


async def pages_beside(page: Page, plant: Plant) -> AsyncIterator[str]:
    await page.goto(f"{plant.url}/t/{NAME}/drawing")
    yield "drawing"
    await page.goto(f"{plant.url}/t/{NAME}/hand-over")
    yield "hand over"
    await page.goto(f"{plant.url}/t/{NAME}/stops")
    yield "stops"
    await page.locator(".orders .button").last.click()
    yield "a stop"
    for panel in ("reason", "split"):
        await page.locator(f'[data-show="{panel}-1"]').click()
        yield f"{panel} of a piece"
        await page.locator(".panel:not([hidden]) [data-close]").click()
    await page.goto(f"{plant.url}/line/{LINE}")
    await expect(page.locator(".call-here")).to_have_count(2)
    yield "line"
    await page.goto(f"{plant.url}/calls")
    await expect(page.locator(".calls .orders li")).to_have_count(3)
    yield "calls"
    await plant.shop.floor.connection.execute("UPDATE plant.run SET to_time = now()")
    await page.goto(f"{plant.url}/t/{NAME}")
    for panel in ("hand-over", "stop"):
        await page.locator(f"#panel-{panel} [data-close]").click()
    yield "to do"
    await page.locator("#seek-to-do").fill("nothing")
    await expect(page.locator(".none")).to_be_visible()
    yield "nothing found"
    await page.context.clear_cookies()  # A desk that is no terminal.
    await page.goto(plant.url)
    await (
        page.get_by_role("button", name="Li Na", exact=True)
        .or_(page.get_by_role("button", name="李娜"))
        .click()
    )
    for digit in PIN:
        await page.locator(f'#pin-form [data-key="{digit}"]').click()
    await page.locator("#pin-send").click()
    await expect(page.locator(".places")).to_be_visible()
    yield "places"
    await page.goto(f"{plant.url}/boss")
    await expect(page.locator("#boss article")).to_have_count(8)
    await page.locator("#boss details summary").first.click()
    yield "owner"
    await page.goto(f"{plant.url}/integrator")
    await expect(page.locator("#integrator section")).to_have_count(8)
    yield "integrator"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_screen_is_accessible_and_fits_gloves(
    page: Page, plant: Plant, connection: AsyncConnection, language: str, size: str
) -> None:
    width, height = SIZES[size]
    await page.set_viewport_size({"width": width, "height": height})
    await plant.shop.stand_still()
    await lose_parts(plant.shop)
    await connection.execute(REWORK.encode())
    await explained_stop(plant.shop)
    await left_by(plant.shop, plant.other)
    await somebody_calls(plant.shop, plant.other)
    await connection.execute(FULL_SPOOLS)
    await connection.execute("UPDATE plant.person SET language = %s", (language,))
    faults: dict[str, Any] = {}
    names = []
    async for name in screens(page, plant):
        names.append(name)
        found = await violations(page)
        small = await page.evaluate(SMALL, 48 if size == "phone" else 15 * MM_PX)
        if found or small:
            faults[name] = [*found, *small]
    assert len(names) == len(PANELS) + 16
    assert faults == {}, json.dumps(faults, indent=1, ensure_ascii=False)


async def test_the_primary_action_is_at_the_bottom_right_and_19_mm_high(page: Page, plant: Plant) -> None:
    await sign_in(page, plant.url)
    box = await page.locator(".actions .primary:visible").first.bounding_box()
    assert box is not None
    assert box["height"] >= 19 * MM_PX - 1
    assert box["x"] + box["width"] > 1200
    assert box["y"] + box["height"] > 760


async def test_a_cold_terminal_is_at_most_60_kb_in_10_requests_from_one_origin(
    page: Page, context: BrowserContext, plant: Plant
) -> None:
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    received: list[float] = []
    addresses: list[str] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.on("request", lambda request: addresses.append(request.url))
    await page.goto(f"{plant.url}/t/{NAME}")
    await expect(page.locator("#job")).to_contain_text("MO-1")
    await page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    assert all(address.startswith(plant.url) for address in addresses)
    assert len(addresses) <= 10, addresses
    assert 20 < sum(received) / 1000 <= 60, sum(received)


async def test_a_millimetre_can_be_calibrated(page: Page, plant: Plant) -> None:
    await sign_in(page, plant.url)
    await page.locator('[data-show="more"]').click()
    await page.locator('[data-show="calibrate"]').click()
    before = await page.locator(".card").bounding_box()
    for _ in range(10):
        await page.locator('[data-mm="0.1"]').click()
    after = await page.locator(".card").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] - before["width"] == pytest.approx(85.6, abs=1)
    await page.reload()
    box = await page.locator('[data-show="scan"]').bounding_box()
    assert box is not None
    assert box["height"] >= 15 * (MM_PX + 1) - 1
