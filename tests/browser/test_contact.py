"""What a terminal shows while nobody says anything, and that it sends what waits as soon as somebody does again."""

import asyncio
import re
import time

import pytest
from playwright.async_api import Page, Route, expect
from psycopg import AsyncConnection

from plant_server.terminal import live
from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in, waiting
from tests.browser.test_terminal import number, people_count, until
from tests.plant_server.materials.floor import STATION

pytestmark = pytest.mark.system


async def test_counts_turn_grey_when_the_stream_is_open_but_silent(
    page: Page, plant: Plant, connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A count that is not old by itself, so that only the silence can make it so.
    await connection.execute("UPDATE plant.odometer SET ts = now() + interval '10 min'")
    await page.clock.install()
    await sign_in(page, plant.url)
    await expect(page.locator("#counts")).not_to_have_class(re.compile("is-old"))
    silent = asyncio.Event()

    async def never(*_: object) -> object:
        silent.set()
        return await asyncio.Future()

    monkeypatch.setattr(live, "counts_of", never)
    async with asyncio.timeout(10):
        while not silent.is_set():  # noqa: ASYNC110 - set from the server's thread
            await asyncio.sleep(0.05)
    await page.clock.fast_forward(31_000)
    await expect(page.locator("#counts")).to_have_class(re.compile("is-old"))
    await expect(page.locator(".age")).to_contain_text(re.compile(r"old · 3\d s ago"))
    assert await page.evaluate("document.body.dataset.contact") == "yes"


async def test_a_silent_edge_is_told_within_ten_seconds(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await expect(page.locator(".age")).not_to_contain_text("not in contact")
    await connection.execute("UPDATE plant.edge SET last_message = now() - interval '61 s'")
    await expect(page.locator(".age")).to_contain_text("machine not in contact", timeout=10_000)
    answer = await page.request.get(f"{plant.url}/api/v1/machines/{STATION}/state")
    assert (await answer.json())["contact"] == "no contact"


async def test_contact_that_comes_back_ends_the_pause_between_tries(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    """No browser event says so: the server was away, not the network."""
    await people_count(connection)
    await sign_in(page, plant.url)

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/reports", away)
    for good in (3, 4):
        await report(page, good)
    tries = 0

    def count(_: object) -> None:
        nonlocal tries
        tries += 1

    page.on("requestfailed", count)
    await until(lambda: _at_least(lambda: tries, 3))  # The next is 4 s away by now.
    await page.unroute("**/reports")
    assert await waiting(page) == 2
    began = time.monotonic()
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseOpen', { bubbles: true }))")
    await until(lambda: _none_waits(page))
    assert time.monotonic() - began < 1.5
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 7


async def _none_waits(page: Page) -> bool:
    return await waiting(page) == 0


async def _at_least(value: object, least: int) -> bool:
    assert callable(value)
    return int(value()) >= least
