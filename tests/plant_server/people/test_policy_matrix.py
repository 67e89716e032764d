"""Every role at every route: what the table says, by real sessions, a real token and a real terminal."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Depends, FastAPI
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.people.roles import PEOPLE, Role
from plant_server.policy import authorize
from plant_server.policy_table import POLICY
from plant_server.problems import add_problem_handlers
from tests.plant_server.api_fixture import TOKEN, asking
from tests.plant_server.people.staff import add_person, command, sign_in

ELSEWHERE = "192.0.2.7"


@pytest.fixture
def doors(app: FastAPI) -> FastAPI:
    """The application's routes with nothing behind them."""
    doors = FastAPI(dependencies=[Depends(authorize)], openapi_url=None)
    doors.state = app.state
    add_problem_handlers(doors)
    for method, path in POLICY:
        doors.add_api_route(path, _nothing, methods=[method])
    return doors


async def _nothing() -> None:
    return None


async def opened(browser: httpx.AsyncClient) -> set[tuple[str, str]]:
    """The rows that let the browser in; every other one must refuse it in the way it should."""
    found = set()
    for method, path in POLICY:
        answer = await browser.request(
            method, path.replace("{machine:path}", "m").replace("{", "").replace("}", "")
        )
        if answer.status_code == 200:
            found.add((method, path))
        else:
            assert (answer.status_code, answer.json()["code"]) in {
                (401, "sign-in-required"),
                (403, "role-missing"),
            }
    return found


def rows_for(*roles: Role) -> set[tuple[str, str]]:
    return {row for row, allowed in POLICY.items() if allowed & {*roles, Role.ANYONE}}


@pytest.fixture
async def browser(doors: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(doors, client_host=ELSEWHERE) as browser:
        browser.headers["Origin"] = "http://127.0.0.1:8080"
        yield browser


async def signed_in(app: FastAPI, browser: httpx.AsyncClient, person_id: int) -> None:
    """Sign in at the application itself, and take its cookies along."""
    async with asking(app, client_host=ELSEWHERE) as desk:
        desk.headers["Origin"] = "http://127.0.0.1:8080"
        assert (await sign_in(desk, person_id)).status_code == 200
        browser.cookies.update(desk.cookies)


@pytest.mark.parametrize("role", sorted(PEOPLE))
async def test_a_person_gets_what_the_rows_of_the_role_say(
    app: FastAPI, connection: AsyncConnection, browser: httpx.AsyncClient, role: Role
) -> None:
    await signed_in(app, browser, await add_person(app, connection, role))
    assert await opened(browser) == rows_for(role)


async def test_a_person_with_two_roles_gets_what_either_may(
    app: FastAPI, connection: AsyncConnection, browser: httpx.AsyncClient
) -> None:
    await signed_in(app, browser, await add_person(app, connection, Role.QUALITY, Role.ADMIN))
    assert await opened(browser) == rows_for(Role.QUALITY, Role.ADMIN)


async def test_the_token_is_an_integrator(browser: httpx.AsyncClient) -> None:
    browser.headers["Authorization"] = f"Bearer {TOKEN}"
    assert await opened(browser) == rows_for(Role.INTEGRATOR)


async def test_a_stranger_elsewhere_gets_what_is_for_anyone(browser: httpx.AsyncClient) -> None:
    assert await opened(browser) == rows_for()


async def test_who_sits_on_this_machine_may_read(doors: FastAPI, connection: AsyncConnection) -> None:
    async with asking(doors) as here:
        assert await opened(here) == rows_for(Role.LOOPBACK)


async def test_a_terminal_gets_what_is_for_terminals(
    app: FastAPI, connection: AsyncConnection, browser: httpx.AsyncClient
) -> None:
    admin = await add_person(app, connection, Role.ADMIN)
    async with asking(app, client_host=ELSEWHERE) as desk:
        desk.headers["Origin"] = "http://127.0.0.1:8080"
        await sign_in(desk, admin)
        await command(desk, "/api/v1/stations", {"name": "press 1"})
        await desk.post("/api/v1/stations/1/enrol")
        await desk.post("/api/v1/sign-out")
        browser.cookies.update(desk.cookies)
    assert await opened(browser) == rows_for(Role.TERMINAL)


async def test_a_lost_database_leaves_reads_on_this_machine_and_lets_nobody_else_in(doors: FastAPI) -> None:
    doors.state.pool = ConnectionPool("postgresql://lineside_plant@127.0.0.1:1/lineside", application="test")
    async with asking(doors) as here, asking(doors, client_host=ELSEWHERE) as elsewhere:
        for browser, status in ((here, 200), (elsewhere, 503)):
            browser.cookies.set("lineside_session", "x")
            assert (await browser.get("/api/v1/devices")).status_code == status
