"""The display over a line: without a sign-in, without a person, grey where a machine is silent, and by itself up to date."""

import re
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.plant_server.api_fixture import asking
from tests.plant_server.materials.floor import STATION

pytestmark = pytest.mark.system

LINE = STATION.rpartition("/")[0]
BOARD_S = 10_000
"""Within two of its looks, in ms."""


async def test_a_line_shows_job_counts_state_and_reason_and_follows_them(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await page.goto(f"{plant.url}/line/{LINE}")
    card = page.locator("#board article")
    await expect(card).to_contain_text(
        re.compile(r"press1.*Produces since \d\d:\d\d.*MO-1.*0 / 1000.*As of", re.DOTALL)
    )
    assert "Li Na" not in await page.content()
    await expect(page.locator("form, #board button, #board a")).to_have_count(0)
    await connection.execute("UPDATE plant.operation SET good = 412")
    await expect(card.locator(".good")).to_have_text("412 / 1000", timeout=BOARD_S)
    await plant.shop.stand_still()
    await connection.execute("UPDATE plant.stop_piece SET reason = 'tool'")
    await expect(card.locator(".state")).to_contain_text("Fault", timeout=BOARD_S)
    await expect(card.locator(".why")).to_have_text("Tool change")


async def test_a_silent_machine_is_grey_and_says_since_when(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await page.goto(f"{plant.url}/line/{LINE}")
    card = page.locator("#board article")
    await expect(card).not_to_have_class(re.compile("silent|is-old"))
    await connection.execute("UPDATE plant.edge SET last_message = now() - interval '61 s'")
    await connection.execute("UPDATE plant.odometer SET ts = now() - interval '300 s'")
    await expect(card).to_have_class(re.compile("silent"), timeout=BOARD_S)
    await expect(card.locator(".state")).to_have_text("✕ No contact")
    await expect(card.locator(".age")).to_contain_text(re.compile(r"As of \d\d:\d\d:\d\d · old · 5 min ago"))


async def test_a_display_that_hears_nothing_goes_grey_by_itself(
    page: Page, context: BrowserContext, plant: Plant
) -> None:
    await page.clock.install()
    await page.goto(f"{plant.url}/line/{LINE}")
    card = page.locator("#board article")
    await expect(card.locator(".since")).to_contain_text("ago")
    await context.set_offline(True)
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#contact")).to_be_visible()
    await expect(card).to_have_class(re.compile("is-old"))
    await context.set_offline(False)
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#contact")).to_be_hidden()
    await expect(card).not_to_have_class(re.compile("is-old"))


async def test_a_stranger_in_the_network_sees_no_line(plant: Plant, tmp_path: Path) -> None:
    async with asking(plant.app, client_host="192.0.2.7") as stranger:
        assert (await stranger.get(f"/line/{LINE}")).status_code == 401
        cookies = {"Cookie": f"lineside_device={plant.device_token}"}
        assert (await stranger.get(f"/line/{LINE}", headers=cookies)).status_code == 200
        assert (await stranger.get(f"/line/{LINE}/board", headers=cookies)).status_code == 200
        assert (await stranger.get("/line/demo/nowhere", headers=cookies)).status_code == 404
