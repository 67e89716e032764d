"""A request that is too large is refused before it is held, whether it says its length or not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from plant_server.api import create_app
from plant_server.body_limit import BODY_MAX_BYTES, LARGER
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, WITH_TOKEN, asking
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.plant_server.test_api import api

__all__ = ["database_server", "plant_database"]

NOWHERE = "postgresql://lineside_plant@127.0.0.1:1/lineside"
KIB = b" " * 1024
PATH = "/api/v1/items"
DEADLINE_S = 20


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings(database_url=NOWHERE), api_token=TOKEN)


class Pieces:
    """A body in pieces of a KiB that counts how many were taken."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.number):
            self.taken += 1
            yield KIB


async def post(
    app: FastAPI, content: bytes | Pieces, path: str = PATH, language: str = "en"
) -> httpx.Response:
    headers = WITH_TOKEN | {
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/json",
        "Accept-Language": language,
    }
    async with asking(app) as client:
        return await client.post(path, content=content, headers=headers)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_body_that_says_it_is_too_large_is_not_read(app: FastAPI, language: str) -> None:
    answer = await post(app, b" " * (BODY_MAX_BYTES + 1), language=language)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    told = answer.json()
    assert (told["code"], told["params"]) == ("body-too-large", {"max_bytes": BODY_MAX_BYTES})
    assert told["title"] == {"en": "The request is too large", "zh-CN": "请求内容过大"}[language]


async def test_a_body_that_says_no_length_is_cut_off_where_it_is_too_much(app: FastAPI) -> None:
    pieces = Pieces(4096)
    answer = await post(app, pieces)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert pieces.taken == 1025


@pytest.mark.parametrize("content", [b" " * BODY_MAX_BYTES, Pieces(1024)], ids=["whole", "pieces"])
async def test_a_body_of_just_the_limit_is_read(app: FastAPI, content: bytes | Pieces) -> None:
    answer = await post(app, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


async def test_a_drawing_may_be_larger_and_not_without_end(app: FastAPI) -> None:
    path, most = next(iter(LARGER.items()))
    assert (await post(app, b" " * (BODY_MAX_BYTES + 1), path)).json()["code"] == "invalid-request"
    assert (await post(app, Pieces(most // 1024 + 1), path)).json()["code"] == "body-too-large"


async def test_a_server_answers_and_closes_while_the_body_still_comes(
    plant_database: PlantDatabase, tmp_path: Path
) -> None:
    async with api(plant_database.url, tmp_path) as (_, base_url):
        url = httpx.URL(base_url)
        async with asyncio.timeout(DEADLINE_S):
            reader, writer = await asyncio.open_connection(url.host, url.port)
            token = (tmp_path / "secrets" / "api-token").read_text().strip()
            writer.write(
                f"POST {PATH} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer {token}\r\n"
                f"Idempotency-Key: {uuid4()}\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
            for _ in range(1025):  # One KiB more than it takes, and no end.
                writer.write(b"400\r\n" + KIB + b"\r\n")
            await writer.drain()
            answer = await reader.read()  # Up to its end: the server closes.
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["code"] == "body-too-large"
