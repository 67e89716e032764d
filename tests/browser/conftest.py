"""A real server with a furnished shop, and Chromium in front of it."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.plant_server.people.staff import add_person
from tests.plant_server.terminal.shop import NAME, Shop, furnish

__all__ = ["connection", "database_server", "plant_database"]

START_S = 20


@dataclass(slots=True)
class Plant:
    """Where it is served, what is in it, and who may sign in (with staff.PIN)."""

    url: str
    shop: Shop
    operator: int
    other: int
    """Another operator: Wang."""
    device_token: str
    app: FastAPI


@pytest.fixture
async def plant(
    plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> AsyncIterator[Plant]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    shop = await furnish(connection, stands=False)
    operator = await add_person(app, connection, Role.OPERATOR, name="Li Na")
    other = await add_person(app, connection, Role.OPERATOR, name="Wang")
    await add_person(app, connection, Role.ADMIN, name="Ada", pin=None)
    await connection.execute("UPDATE plant.person SET name_zh = '李娜' WHERE person_id = %s", (operator,))
    token = new_token()
    await connection.execute(
        "INSERT INTO plant.station (name, equipment_id, credential_hash, enrolled_time) VALUES (%s, %s, %s, now())",
        (NAME, shop.equipment_id, hash_token(token)),
    )
    with serving(app) as url:
        yield Plant(url, shop, operator, other, token, app)


class serving:
    """The application on a free port, in a thread of its own: the browser must not wait for the test's loop."""

    def __init__(self, app: FastAPI) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="uvicorn")

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_S)
        assert not self._thread.is_alive(), "the server did not stop"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
async def context(browser: Browser, plant: Plant) -> AsyncIterator[BrowserContext]:
    """The enrolled terminal at the press."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    context.set_default_timeout(10_000)
    await context.add_cookies(
        [
            {
                "name": "lineside_device",
                "value": plant.device_token,
                "url": plant.url,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
