"""The health page of an edge in a browser: a phone, both languages, a screen reader, and what it shows by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from edge.health import EdgeHealth
from edge.health_server import HealthApp, serving
from edge.settings import Metrics
from plant_server.embedded.free_port import free_port
from tests.browser.accessible import violations
from tests.edge.edge_health import WELL, with_device

SILENT = with_device(name="press1", online=False, error="no answer within 5 s", error_s_ago=3.0)
SOON_MS = 20_000
"""It asks every 5 s."""


@dataclass
class Shown:
    """Stands for the edge's Health: takes the picture that a test set."""

    health: EdgeHealth = WELL

    def take(self) -> EdgeHealth:
        return self.health


@contextmanager
def served(shown: Shown) -> Iterator[str]:
    port = free_port(0)
    with serving(Metrics(port=port), HealthApp(shown, lambda *_: [])):  # type: ignore[arg-type]
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def listening(page: Page) -> Iterator[None]:
    """Fails for what the page asks elsewhere and for what the browser complains of."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if "127.0.0.1" not in asked.url else None)
    yield
    assert [one for one in complaints if not one.startswith("data:")] == []


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("health", [WELL, SILENT], ids=["well", "silent"])
async def test_anyone_can_read_it_on_a_phone(browser: Browser, language: str, health: EdgeHealth) -> None:
    with served(Shown(health)) as url:
        page = await browser.new_page(viewport={"width": 390, "height": 844}, locale=language)
        with listening(page):
            await page.goto(url)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
            assert await page.get_attribute("html", "lang") == language
            # axe may not run scripts in the page as it is protected.
            assert await _broken_rules(browser, url, language) == []
        await page.close()


async def _broken_rules(browser: Browser, url: str, language: str) -> list[object]:
    context = await browser.new_context(
        bypass_csp=True, locale=language, viewport={"width": 390, "height": 844}
    )
    page = await context.new_page()
    await page.goto(url)
    found = await violations(page)
    await context.close()
    return list(found)


async def test_the_other_language_is_one_key_away(browser: Browser) -> None:
    with served(Shown()) as url:
        page = await browser.new_page(locale="en")
        await page.goto(url)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("一切正常")
        await page.close()


async def test_news_come_by_themselves_and_an_edge_that_is_gone_is_told(browser: Browser) -> None:
    shown = Shown()
    page = await browser.new_page(locale="en")
    with served(shown) as url:
        await page.goto(url)
        await expect(page.get_by_role("status")).to_have_text("All is well")
        await expect(page.get_by_role("alert")).to_be_hidden()
        shown.health = SILENT
        await expect(page.get_by_role("status")).to_have_text("Works, but not all is well", timeout=SOON_MS)
        await expect(page.get_by_text("press1 does not answer: no answer within 5 s")).to_be_visible()
    await expect(page.get_by_role("alert")).to_be_visible(timeout=SOON_MS)
    await page.close()
