"""The live stream on a real socket: what changes arrives, what left frees its slot, what returns gets the rest."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.telemetry import live as live_module
from plant_server.telemetry import live_response
from plant_server.telemetry.live import LiveValues
from tests.plant_server.facts import add_device, add_tag, at

DEADLINE_S = 30.0


@pytest.fixture
async def base_url(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a real uvicorn on a free port."""
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
async def tag(connection: AsyncConnection) -> int:
    return await add_tag(connection, await add_device(connection), "pressure")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # a state of the server, which tells nobody
            await asyncio.sleep(0.01)


async def show(connection: AsyncConnection, tag: int, value: float) -> None:
    """A last value as ingest would leave it, with its wake-up."""
    await connection.execute(
        "INSERT INTO plant.last_value (tag_id, ts, value, quality) VALUES (%s, %s, %s, 192)"
        " ON CONFLICT (tag_id) DO UPDATE SET value = excluded.value, received_time = now()",
        (tag, at(0), value),
    )
    await connection.execute("SELECT pg_notify('plant_live', '')")


Event = tuple[str, list[Any]]


@asynccontextmanager
async def listening(url: str, **headers: str) -> AsyncIterator[Callable[[], Any]]:
    """A stream, and a function that awaits its next event: id and values."""
    async with (
        httpx.AsyncClient(base_url=url, timeout=DEADLINE_S) as client,
        client.stream("GET", "/api/v1/live", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()

        async def next_event() -> Event:
            fields: dict[str, str] = {}
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    line = await anext(lines)
                    if line:
                        name, _, value = line.partition(": ")
                        fields[name] = value
                    elif "data" in fields:
                        values = json.loads(fields["data"])
                        return fields["id"], [(value["tag_id"], value["value"]) for value in values]
                    else:
                        fields = {}

        yield next_event


async def test_a_listener_gets_what_is_known_and_then_only_what_changes(
    base_url: str, connection: AsyncConnection, tag: int
) -> None:
    other = await add_tag(connection, 1, "speed")
    await show(connection, tag, 1.0)
    await show(connection, other, 5.0)
    async with listening(base_url) as next_event:
        assert sorted((await next_event())[1]) == [(tag, 1.0), (other, 5.0)]
        await show(connection, tag, 2.0)
        assert (await next_event())[1] == [(tag, 2.0)]


async def test_a_change_without_a_notification_is_seen_as_well(
    base_url: str, connection: AsyncConnection, tag: int
) -> None:
    await show(connection, tag, 1.0)
    async with listening(base_url) as next_event:
        await next_event()
        await connection.execute("UPDATE plant.last_value SET value = 3.0, received_time = now()")
        assert (await next_event())[1] == [(tag, 3.0)]


async def test_a_listener_that_comes_back_gets_what_changed_meanwhile(
    base_url: str, connection: AsyncConnection, tag: int
) -> None:
    other = await add_tag(connection, 1, "speed")
    await show(connection, tag, 1.0)
    await show(connection, other, 5.0)
    async with listening(base_url) as keeps_reading:
        await keeps_reading()
        async with listening(base_url) as next_event:
            last, _ = await next_event()
        await show(connection, other, 6.0)
        await keeps_reading()
        async with listening(base_url, **{"Last-Event-ID": last}) as next_event:
            assert (await next_event())[1] == [(other, 6.0)]
        async with listening(base_url, **{"Last-Event-ID": "another-12"}) as next_event:
            assert len((await next_event())[1]) == 2


async def test_a_client_that_is_gone_frees_its_slot(
    base_url: str, app: FastAPI, connection: AsyncConnection, tag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "LISTENERS_PER_CLIENT_MAX", 1)
    await show(connection, tag, 1.0)
    live: LiveValues = app.state.live
    async with listening(base_url) as next_event:
        await next_event()
        async with httpx.AsyncClient(base_url=base_url, timeout=DEADLINE_S) as client:
            refused = await client.get("/api/v1/live")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-listeners")
        assert refused.headers["retry-after"] == "5"
    await until(lambda: live.listeners == 0)
    async with listening(base_url) as next_event:
        await next_event()


async def test_a_quiet_stream_says_that_it_is_still_there(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_response, "HEARTBEAT_S", 0.05)
    async with (
        httpx.AsyncClient(base_url=base_url, timeout=DEADLINE_S) as client,
        client.stream("GET", "/api/v1/live") as response,
        asyncio.timeout(DEADLINE_S),
    ):
        assert ": still here" in [line async for line, _ in limited(response.aiter_lines(), 3)]


async def limited(lines: AsyncIterator[str], count: int) -> AsyncIterator[tuple[str, int]]:
    for number in range(count):
        yield await anext(lines), number


async def test_the_stream_survives_a_lost_session(
    base_url: str, connection: AsyncConnection, tag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "RETRY_S", 0.05)
    await show(connection, tag, 1.0)
    async with listening(base_url) as next_event:
        await next_event()
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'lineside api live' AND datname = current_database()"
        )
        await show(connection, tag, 2.0)
        assert (await next_event())[1] == [(tag, 2.0)]
