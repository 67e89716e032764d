"""The pictures of the README: drawn from a served plant, in both languages, each with its heading in it.

`LINESIDE_PICTURES=plant_server/pictures` (`make pictures`) keeps them; without it they lie in the test's own folder.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from psycopg import AsyncConnection

from dashboards.preview import page as boards_page
from erp_bridge.api import create_app as create_bridge_app
from erp_bridge.api_keys import make_key
from erp_bridge.settings import Settings as BridgeSettings
from plant_server.embedded.postgres import PostgresServer
from tests.browser.accessible import violations
from tests.browser.conftest import Plant
from tests.browser.hands import sign_in
from tests.dashboards.month import month_until_now, write_month
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.conftest import bridge, bridge_url, core, core_process, floor
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.served import served
from tests.plant_server.database_fixture import fresh_database
from tests.plant_server.materials.floor import LONG_AGO, STATION
from tests.plant_server.terminal.shop import NAME
from tests.plant_server.terminal.test_boss import DAYS, hour
from tests.simulators.business_process import released_order

__all__ = ["bridge", "bridge_url", "core", "core_process", "floor"]

pytestmark = pytest.mark.system

LANGUAGES = ("en", "zh-CN")
BYTES_MAX = 60_000
BYTES_ALL_MAX = 600_000
LINE = STATION.rpartition("/")[0]
expect.set_options(timeout=20_000)  # A browser beside another one: pages are slow to come, not wrong.
SIZES = {
    "terminal-job": (1024, 680, 0.75),
    "scan-refused": (1024, 730, 0.75),
    "owner": (390, 800, 0.75),
    "line": (1760, 600, 0.5),
    "status": (900, 440, 0.75),
    "bridge": (900, 520, 0.75),
    "boards": (1400, 760, 0.6),
}
"""The page, in CSS pixels, and pixels of the picture for each of them: readable in a README, and light."""
NEIGHBOUR = """
WITH made AS (INSERT INTO plant.equipment (path, name) VALUES (%(path)s, %(name)s) RETURNING equipment_id),
edge AS (INSERT INTO plant.edge (group_id, node, online, last_message)
    VALUES ('demo', %(name)s, true, now() - %(silent_s)s * interval '1 s') RETURNING edge_id),
device AS (INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, %(name)s, %(path)s, true FROM edge
    RETURNING device_id),
accepted AS (INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)
    SELECT device_id, %(path)s, 'accepted', equipment_id FROM device, made)
INSERT INTO plant.machine_state_interval (device_id, state, from_ts)
SELECT device_id, %(state)s, now() - interval '26 min' FROM device
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures go."""
    chosen = Path(os.environ.get("LINESIDE_PICTURES") or tmp_path / "pictures").resolve()
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


@asynccontextmanager
async def looking(
    browser: Browser, name: str, language: str, url: str = "", token: str = ""
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    width, height, scale = SIZES[name]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale=language, device_scale_factor=scale
    )
    context.set_default_timeout(20_000)
    if token:
        await context.add_cookies(
            [{"name": "lineside_device", "value": token, "url": url, "httpOnly": True, "sameSite": "Strict"}]
        )
    yield context, await context.new_page()
    await context.close()


async def draw(page: Page, folder: Path, name: str, language: str, heading: str | re.Pattern[str]) -> None:
    """What the page shows now. It must hold its heading, be accessible, and be a PNG of its size that a README can carry."""
    width, height, scale = SIZES[name]
    await page.set_viewport_size(
        {"width": width, "height": height}
    )  # Another picture of the same page may be higher.
    await expect(page.locator("h1, h2", has_text=heading).first).to_be_visible()
    assert await violations(page) == [], name
    path = folder / f"{name}.{language}.png"
    await page.screenshot(path=path)
    png = path.read_bytes()
    assert png.startswith(b"\x89PNG")
    drawn = [int.from_bytes(png[at : at + 4], "big") for at in (16, 20)]
    assert drawn == pytest.approx([scale * width, scale * height], abs=1)
    assert 4_000 < len(png) <= BYTES_MAX, f"{path.name}: {len(png)} bytes"


async def a_good_day(plant: Plant, connection: AsyncConnection) -> None:
    """Names that people use, counts, yesterday, two neighbours of which one is silent, and a change of the screws."""
    for code, english, chinese in (
        ("GEARBOX", "Gearbox", "减速箱"),
        ("SCREW", "Screw M6", "M6 螺钉"),
    ):
        await connection.execute(
            "UPDATE plant.item SET name_en = %s, name_zh = %s WHERE code = %s", (english, chinese, code)
        )
    await connection.execute("UPDATE plant.operation SET good = 412, scrap = 9 WHERE state = 'running'")
    await connection.execute(DAYS)
    told_hour = {"producing": 2000, "unplanned": 1200, "made": 110, "scrap": 10, "planned_run": 1100}
    await hour(connection, timedelta(hours=1), **told_hour)
    await hour(connection, timedelta(hours=25), **told_hour | {"made": 100, "scrap": 12})
    for name, state, silent_s in (("mould1", "producing", 0), ("cell1", "idle", 240)):
        told = {"path": f"{LINE}/{name}", "name": name, "state": state, "silent_s": silent_s}
        await connection.execute(NEIGHBOUR, told)
    await connection.execute(
        "UPDATE plant.work_order SET due_time = now() - interval '1 h', good = 180 WHERE number = 'MO-2'"
    )
    await plant.shop.floor.change("ECO-1001", "SCREW", "A", "B", LONG_AGO)
    await plant.shop.floor.lot("SCREW", "L-2207", str(Decimal(500)), revision="A")


async def report_scrap(page: Page, reason: str, count: int) -> None:
    await page.locator('[data-show="report"]').click()
    for _ in range(count):
        await page.locator(f'#panel-report [data-reason="{reason}"]').click()
    await page.locator("#report-send").click()
    await expect(page.locator("#panel-report")).to_be_hidden()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_of_the_plant(
    browser: Browser, plant: Plant, connection: AsyncConnection, folder: Path, language: str
) -> None:
    await a_good_day(plant, connection)
    await connection.execute("UPDATE plant.person SET language = %s", (language,))
    url, token = plant.url, plant.device_token
    async with looking(browser, "terminal-job", language, url, token) as (_, page):
        await sign_in(page, url, name="Li Na" if language == "en" else "李娜")
        await page.locator(".banner button").click()  # Takes over the run.
        await expect(page.locator(".banner")).to_have_count(0)
        await expect(page.locator("#notice")).to_be_hidden(timeout=20_000)
        await draw(page, folder, "terminal-job", language, NAME)
        await report_scrap(page, "burr", 3)
        await page.locator(
            '[data-show="scan"]'
        ).click()  # Keys as fast as a scanner's are for quiet machines.
        await page.locator("#scan-code").fill("L-2207")
        await page.locator("#scan-form button").click()
        await expect(page.locator("#verdict")).to_contain_text("ECO-1001")
        await draw(page, folder, "scan-refused", language, "Material" if language == "en" else "物料")
    async with looking(browser, "line", language, url, token) as (_, page):
        await page.goto(f"{url}/line/{LINE}")
        await expect(page.locator("#board article")).to_have_count(3)
        await draw(page, folder, "line", language, "line1")
    async with looking(browser, "owner", language) as (_, page):
        await page.goto(f"{url}/boss")
        await expect(page.locator("#boss article")).to_have_count(8)
        await draw(page, folder, "owner", language, "Output today" if language == "en" else "今日产量")
    async with looking(browser, "status", language) as (_, page):
        await page.goto(f"{url}/status")
        await expect(page.locator("#rows tr")).to_have_count(3)
        await draw(page, folder, "status", language, re.compile("running|正在运行"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_the_bridge(
    browser: Browser, core: httpx.Client, floor: Floor, bridge: BridgeHere, folder: Path, language: str
) -> None:
    number = released_order(core)
    for quantity in ("40", "38", "1000"):  # The last is more than the ERP takes.
        floor.good(number, quantity)
    await bridge.deliver()
    key = await make_key(bridge.url, "pictures", ["read"])
    app = create_bridge_app(BridgeSettings(bridge_database_url=bridge.url), bridge.config)
    async with served(app) as url, looking(browser, "bridge", language) as (_, page):
        await page.goto(url)
        await page.locator("#key").fill(key)
        await page.locator("#sign-in button").click()
        await expect(page.locator("#fix-list li")).to_have_count(1)
        await draw(page, folder, "bridge", language, re.compile("Waits for a person|待人工处理"))


async def test_the_boards_without_a_grafana(
    browser: Browser, database_server: PostgresServer, folder: Path, tmp_path: Path
) -> None:
    with fresh_database(database_server, template="lineside") as database:
        bridge_of = database_server.url("lineside_bridge", database.name)
        await write_month(database.url, bridge_of, month_until_now(machines=4, days=3))
        for language in LANGUAGES:
            text, failed = boards_page(
                database_server.url("lineside_bi", database.name), language, "now-1d", "now"
            )
            assert failed == 0
            path = tmp_path / f"boards.{language}.html"
            path.write_text(text, encoding="utf-8")
            async with looking(browser, "boards", language) as (_, page):
                await page.goto(path.as_uri())
                await page.wait_for_selector("html[data-drawn=yes]")
                await (
                    page.locator("h2")
                    .nth(1)
                    .evaluate(  # The shift lead's, below the bar that stays.
                        "(title) => scrollTo(0, title.getBoundingClientRect().top + scrollY - 70)"
                    )
                )
                await draw(page, folder, "boards", language, re.compile("."))


def test_the_pictures_that_are_kept_are_all_there_and_light() -> None:
    kept = sorted((Path(__file__).parents[2] / "plant_server" / "pictures").glob("*.png"))
    assert [path.name for path in kept] == sorted(
        f"{name}.{language}.png" for name in SIZES for language in LANGUAGES
    )
    sizes = {path.name: path.stat().st_size for path in kept}
    assert all(0 < size <= BYTES_MAX for size in sizes.values()), sizes
    assert sum(sizes.values()) <= BYTES_ALL_MAX, sizes
