"""The server dies and comes back, on the same port and database, while facts wait in the browser: each once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.embedded.free_port import free_port
from plant_server.people.roles import Role
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.settings import Settings
from tests.browser.hands import report, sign_in, waiting
from tests.browser.test_terminal import nothing_waits, number, people_count, until
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.people.staff import add_person
from tests.plant_server.terminal.shop import NAME, furnish

pytestmark = pytest.mark.system
DEADLINE_S = 60.0
PROGRAM = """
import sys
from plant_server.api import run
from plant_server.settings import load_settings
run(load_settings(), int(sys.argv[1]))
"""


@asynccontextmanager
async def api(
    database_url: str, home: Path, port: int, failpoint: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of its own that answers at the port."""
    environment = os.environ | {
        "LINESIDE_DATABASE_URL": database_url,
        "LINESIDE_HOME": str(home),
        "LINESIDE_FAILPOINT": failpoint,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, str(port), env=environment)
    try:
        async with asyncio.timeout(DEADLINE_S), httpx.AsyncClient() as client:
            while not await _answers(client, port):  # noqa: ASYNC110 - what it waits for is another process's
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


async def _answers(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/healthz")).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    "end", ["killed after the commit and before the answer", "stopped between two reports"]
)
async def test_what_waits_while_the_server_is_away_is_there_once(
    browser: Browser, plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path, end: str
) -> None:
    device = await furnished(plant_database, connection, tmp_path)
    port = free_port(0)
    url = f"http://127.0.0.1:{port}"
    context = await browser.new_context(locale="en")
    context.set_default_timeout(10_000)
    cookie = {"name": "lineside_device", "value": device, "url": url}
    await context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Strict"}])  # type: ignore[typeddict-item]
    page = await context.new_page()
    is_killed = end.startswith("killed")
    async with api(plant_database.url, tmp_path, port, "api.after_commit:2" if is_killed else "") as process:
        await sign_in(page, url)
        await report(page, 3)
        await until(lambda: nothing_waits(page))
        if is_killed:
            await report(page, 5)
        else:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), DEADLINE_S)
        assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 1 + is_killed
        if not is_killed:
            await report(page, 5)
        await report(page, 7)
        await expect(page.locator("#queue-badge")).to_contain_text("2")
        await expect(page.locator("#contact")).to_be_visible()
        assert await waiting(page) == 2
    async with api(plant_database.url, tmp_path, port):
        await until(lambda: nothing_waits(page))
        await expect(page.locator("#queue-badge")).to_be_hidden()
        await context.close()
    assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 3
    assert await number(connection, "SELECT count(*) FROM plant.event WHERE kind LIKE '%report%'") == 3
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 15


async def furnished(plant_database: PlantDatabase, connection: AsyncConnection, home: Path) -> str:
    """A shop with Li at its press; the credential of the terminal there."""
    app = create_app(Settings(database_url=plant_database.url), secrets=home / "secrets")
    shop = await furnish(connection, stands=False)
    await people_count(connection)
    await add_person(app, connection, Role.OPERATOR, name="Li Na")
    await add_person(app, connection, Role.ADMIN, name="Ada", pin=None)
    device = new_token()
    await connection.execute(
        "INSERT INTO plant.station (name, equipment_id, credential_hash, enrolled_time) VALUES (%s, %s, %s, now())",
        (NAME, shop.equipment_id, hash_token(device)),
    )
    return device
