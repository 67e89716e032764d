"""The bridge's page shows stock there and here: what cannot be explained first, in both languages, for everyone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.settings import Settings
from tests.browser.accessible import violations
from tests.erp_bridge.conftest import bridge_url
from tests.erp_bridge.reconciliation.compared import ROWS, read, with_stock
from tests.erp_bridge.served import served

__all__ = ["bridge_url"]
pytestmark = pytest.mark.system
PATIENCE_MS = 20_000


@pytest.fixture
async def url(bridge_url: str, tmp_path: Path) -> AsyncIterator[str]:
    async with served(create_app(Settings(bridge_database_url=bridge_url), with_stock(tmp_path))) as url:
        yield url


@pytest.fixture
async def key(bridge_url: str) -> str:
    return await make_key(bridge_url, "somebody", ["read"])


async def signed_in(browser: Browser, url: str, key: str, language: str, width: int = 1200) -> Page:
    context = await browser.new_context(viewport={"width": width, "height": 800}, locale=language)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#key").fill(key)
    await page.keyboard.press("Enter")
    return page


@pytest.mark.parametrize(
    ("language", "heading", "worst", "only_there"),
    [
        ("en", "Stock there and here", "⚠ difference", "1 only there"),
        ("zh-CN", "库存对照", "⚠ 有差异", "1 个批次仅在对方"),
    ],
)
async def test_the_oldest_difference_stands_first_and_what_agrees_is_counted(
    browser: Browser,
    url: str,
    key: str,
    bridge_url: str,
    language: str,
    heading: str,
    worst: str,
    only_there: str,
) -> None:
    await read(bridge_url, *ROWS)
    page = await signed_in(browser, url, key, language)
    await expect(page.get_by_role("table", name=heading)).to_be_visible(timeout=PATIENCE_MS)
    rows = page.locator("#stock-rows tr")
    await expect(rows).to_have_count(4)
    first = [text.strip() for text in await rows.first.locator("th, td").all_inner_texts()]
    assert first[:7] == ["STEEL S-2", "erp", "93.25 KGM", "100 KGM", "0 KGM", "-6.75 KGM", worst]
    assert "2" in first[7]  # Days.
    await expect(rows.nth(1)).to_contain_text("+20 H87")
    await expect(page.locator("#stock-lines")).to_contain_text(only_there)
    assert await violations(page) == []


async def test_narrow_each_number_keeps_its_name(
    browser: Browser, url: str, key: str, bridge_url: str
) -> None:
    await read(bridge_url, *ROWS)
    page = await signed_in(browser, url, key, "en", width=390)
    cell = page.locator("#stock-rows tr").first.locator("td").nth(4)
    await expect(cell).to_have_text("-6.75 KGM", timeout=PATIENCE_MS)
    label = await cell.evaluate("(cell) => getComputedStyle(cell, '::before').content")
    assert "Difference" in label
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await violations(page) == []


async def test_nothing_read_nothing_different_and_an_old_reading_are_said(
    browser: Browser, url: str, key: str, bridge_url: str
) -> None:
    page = await signed_in(browser, url, key, "en")
    lines = page.locator("#stock-lines")
    await expect(lines).to_contain_text("its stock was not read yet", timeout=PATIENCE_MS)
    await expect(page.locator("#stock-table")).to_be_hidden()
    await read(bridge_url, ROWS[0])
    await expect(lines).to_contain_text("No lot differs.", timeout=PATIENCE_MS)
    await expect(lines).to_contain_text("lots: 1 agree")
    await read(bridge_url, ROWS[0], age=timedelta(hours=1), compared=False)
    await expect(lines).to_contain_text("⚠ it was not read since", timeout=PATIENCE_MS)
    await expect(lines).to_contain_text("⚠ not compared now")
    assert await violations(page) == []
