"""Row `terminal`: the page of a terminal with a running job, opened with nothing in the browser's cache, on a processor six
times slower than this one and a network of 2 Mbit/s and 20 ms. Chromium emulates both. The median of five openings.

`ready_s`: from the navigation until the running order is on the screen, its counts have come over the live stream, and a
tap on `Report` opens the number pad; the tap is made in the page as soon as the first live counts are there. `requests`
and `kb` (headers too, as received) go on until the service worker is there, so they hold what the page asks for later.
"""

import asyncio
from pathlib import Path
from statistics import median
from typing import Any

from playwright.async_api import Browser, async_playwright
from psycopg import AsyncConnection

from plant_server.embedded.postgres import running_postgres
from plant_server.people.identity import DEVICE_COOKIE, SESSION_COOKIE
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.schema.migrate import migrate
from tests.benchmarks.api_process import HOST, running_api
from tests.plant_server.facts import make_days
from tests.plant_server.terminal.shop import NAME, furnish

OPENINGS = 5
SLOWER = 6
NETWORK = {
    "offline": False,
    "latency": 20,  # ms
    "downloadThroughput": 2_000_000 / 8,
    "uploadThroughput": 2_000_000 / 8,  # bytes a second
}
WITHIN_S = 30
READY = """
window.readyMs = new Promise((ready) => addEventListener('htmx:sseMessage', () => {
  const job = document.querySelector('#job[data-order="MO-1"]'), numbers = document.querySelector('#counts .numbers');
  document.querySelector('.primary[data-show="report"]')?.click();
  if (job?.checkVisibility() && numbers?.checkVisibility() && document.querySelector('#panel-report:not([hidden])'))
    ready(performance.now());
}, true));
"""


def terminal(home: Path) -> dict[str, Any]:
    with running_postgres(home, die_with_parent=True) as server:
        migrate(server.url(), say=lambda _: None)
        url = server.url("lineside_plant")
        cookies = asyncio.run(_furnish(url))
        with running_api(home, url) as (_, port):
            opened = asyncio.run(_open(f"http://{HOST}:{port}", cookies))
    return {
        name: round(median(one[name] for one in opened), 2 if name == "ready_s" else 1) for name in opened[0]
    }


async def _furnish(url: str) -> dict[str, str]:
    """A press with a running job; the cookies of its terminal and of the operator who has signed in there."""
    device, session = new_token(), new_token()
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await make_days(connection)
        shop = await furnish(connection, stands=False)
        await connection.execute(
            "WITH station AS (INSERT INTO plant.station (name, equipment_id, credential_hash, enrolled_time)"
            " VALUES (%(name)s, %(equipment)s, %(device)s, now()) RETURNING station_id),"
            " person AS (INSERT INTO plant.person (name, roles) VALUES ('Li Na', '{operator}') RETURNING person_id)"
            " INSERT INTO plant.session (token_hash, person_id, station_id)"
            " SELECT %(session)s, person_id, station_id FROM station, person",
            {
                "name": NAME,
                "equipment": shop.equipment_id,
                "device": hash_token(device),
                "session": hash_token(session),
            },
        )
    return {DEVICE_COOKIE: device, SESSION_COOKIE: session}


async def _open(url: str, cookies: dict[str, str]) -> list[dict[str, float]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        try:
            return [await _open_once(browser, url, cookies) for _ in range(OPENINGS)]
        finally:
            await browser.close()


async def _open_once(browser: Browser, url: str, cookies: dict[str, str]) -> dict[str, float]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    await context.add_cookies(
        [
            {"name": name, "value": value, "url": url, "httpOnly": True, "sameSite": "Strict"}
            for name, value in cookies.items()
        ]
    )
    await context.add_init_script(READY)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    received: dict[str, int] = {}
    # The live stream never ends, so its bytes are counted as they come.
    session.on("Network.requestWillBeSent", lambda event: received.setdefault(event["requestId"], 0))
    session.on("Network.dataReceived", lambda event: _add(received, event))
    session.on(
        "Network.loadingFinished",
        lambda event: received.update({event["requestId"]: int(event["encodedDataLength"])}),
    )
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    await session.send("Network.emulateNetworkConditions", NETWORK)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(f"{url}/t/{NAME}", wait_until="commit")
    async with asyncio.timeout(WITHIN_S):
        ready_ms = await page.evaluate("window.readyMs")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await context.close()
    return {"kb": sum(received.values()) / 1000, "requests": len(received), "ready_s": ready_ms / 1000}


def _add(received: dict[str, int], event: dict[str, Any]) -> None:
    received[event["requestId"]] = received.get(event["requestId"], 0) + int(event["encodedDataLength"])
