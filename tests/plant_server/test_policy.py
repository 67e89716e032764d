"""Deny by default: each route has a row, each row a route, and each role gets what its rows say and no more."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.policy_table import POLICY, QUEUED
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, asking

NOWHERE = "postgresql://lineside_plant@127.0.0.1:1/lineside"
ROUTES = 165
"""Counted by hand, so that a route and its row cannot come, or go, unnoticed."""


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings(database_url=NOWHERE), api_token=TOKEN)


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(app.routes):
        for method in route.methods or {"?"}:
            yield method, str(route.path)


def test_every_route_has_a_row_and_every_row_a_route(app: FastAPI) -> None:
    assert set(routes_of(app)) == set(POLICY)


def test_the_number_of_routes_is_known(app: FastAPI) -> None:
    assert len(list(routes_of(app))) == len(POLICY) == ROUTES


def test_every_row_names_a_role() -> None:
    assert all(POLICY.values())


def test_what_changes_something_is_open_to_nobody_who_just_sits_here() -> None:
    open_to_strangers = {row for row, roles in POLICY.items() if roles & {Role.ANYONE, Role.LOOPBACK}}
    assert {row for row in open_to_strangers if row[0] != "GET"} == {
        ("POST", "/api/v1/sign-in"),
        ("POST", "/api/v1/sign-out"),
        ("POST", "/api/v1/setup/administrator"),
    }


def test_only_commands_are_queued() -> None:
    assert set(POLICY) >= QUEUED
    assert {method for method, _ in QUEUED} <= {"POST"}


async def test_a_route_without_a_row_is_refused_to_the_token_too(app: FastAPI) -> None:
    @app.get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    async with asking(app) as client:
        answer = await client.get("/forgotten", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "no-policy")


@pytest.mark.parametrize(
    ("client_host", "host_header", "token", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8080", None, 200),
        ("::1", "[::1]:8080", None, 200),
        ("127.0.0.1", "localhost", None, 200),
        ("127.0.0.1", "rebound.example", None, 401),
        ("192.0.2.7", "127.0.0.1:8080", None, 401),
        ("192.0.2.7", "plant.example", TOKEN, 200),
        ("127.0.0.1", "127.0.0.1:8080", "wrong", 401),
    ],
)
async def test_a_read_is_for_this_machine_or_the_token(
    app: FastAPI, client_host: str, host_header: str, token: str | None, status: int
) -> None:
    headers = {"Host": host_header} | ({"Authorization": f"Bearer {token}"} if token else {})
    async with asking(app, client_host=client_host) as client:
        answer = await client.get("/openapi.json", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "row",
    sorted(row for row, roles in POLICY.items() if row[0] != "GET" and Role.ANYONE not in roles),
    ids=" ".join,
)
async def test_a_write_without_a_sign_in_is_refused_whatever_it_says(
    app: FastAPI, row: tuple[str, str]
) -> None:
    method, path = row
    numbers = dict.fromkeys(re.findall(r"{(\w+)}", path), 1)
    async with asking(app) as client:
        answer = await client.request(method, path.format(**numbers), json={"nonsense": 1})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-required")
