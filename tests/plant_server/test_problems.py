"""Errors are problem+json with a stable code, in the reader's language."""

import httpx
import pytest
from fastapi import FastAPI

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.policy_table import POLICY
from plant_server.problem_texts import LANGUAGES, TITLES, preferred_language
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, asking

NOWHERE = "postgresql://lineside_plant@127.0.0.1:1/lineside"


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings(database_url=NOWHERE), api_token=TOKEN)


async def ask(app: FastAPI, path: str, language: str = "") -> httpx.Response:
    async with asking(app) as client:
        return await client.get(path, headers={"Accept-Language": language} if language else {})


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("", "There is nothing at this address"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "此地址没有内容"),
        ("zh", "此地址没有内容"),
        ("fr, en;q=0.5, zh;q=0.7", "此地址没有内容"),
        ("de", "There is nothing at this address"),
        ("zh;q=oops, *", "There is nothing at this address"),
    ],
)
async def test_a_title_is_in_the_language_asked_for(app: FastAPI, language: str, title: str) -> None:
    answer = await ask(app, "/api/v1/nothing", language)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:lineside:problem:not-found",
        "title": title,
        "status": 404,
        "code": "not-found",
    }


async def test_an_absent_database_is_a_503_to_retry(app: FastAPI) -> None:
    answer = await ask(app, "/api/v1/devices")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"] == "2"
    health = await ask(app, "/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "database-unavailable")


async def test_a_surprise_is_a_500_that_tells_nothing(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICY, ("GET", "/broken"), frozenset({Role.LOOPBACK}))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("password of the database")

    answer = await ask(app, "/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "password" not in answer.text


async def test_a_wrong_method_is_a_problem(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.delete("/api/v1/devices")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_every_code_has_a_title_in_every_language() -> None:
    assert {code: sorted(titles) for code, titles in TITLES.items()} == dict.fromkeys(
        TITLES, sorted(LANGUAGES)
    )


def test_without_a_wish_the_language_is_english() -> None:
    assert preferred_language(None) == "en"


async def test_the_openapi_tells_problems_and_summaries(app: FastAPI) -> None:
    document = (await ask(app, "/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all("summary" in operation for operation in operations)
    described = [operation for operation in operations if operation["tags"] != ["health"]]
    assert all(
        "application/problem+json" in operation["responses"]["422"]["content"] for operation in described
    )
    assert "ProblemDetails" in document["components"]["schemas"]
