"""A command is done once, whatever is sent how often, and leaves one Event."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from plant_server.async_database import ConnectionPool
from plant_server.errors import DatabaseUnavailable
from plant_server.events import Actor, CommandContext, Refused, execute
from plant_server.problems import Problem
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.events.commands_of_tests import (
    LI,
    NOON,
    add,
    command,
    count,
    do,
    make_totals,
    total,
    until_somebody_waits,
)

ROW = (
    "SELECT kind, actor, actor_id, device, body, facts, status, answer, refused, event_time FROM plant.event"
)


@pytest.fixture(autouse=True)
async def totals(connection: AsyncConnection) -> None:
    await make_totals(connection)


async def test_a_command_leaves_its_event_and_one_row_for_the_sealer(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    answer = await do(pool, command())
    assert (answer.status, answer.body, answer.replayed) == (200, {"good": 1}, False)
    row = await (await connection.execute(ROW)).fetchone()
    assert row == (
        *("total.add", "person:7", 7, "station:3", {"good": 1}, {"added": 1}, 200, {"good": 1}, False),
        NOON,
    )
    assert await count(connection, "unsealed") == 1


async def test_the_same_command_again_is_answered_again_and_not_done_again(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    key = uuid4()
    first, again = await do(pool, command(key)), await do(pool, command(key))
    assert (again.status, again.body, again.replayed) == (first.status, first.body, True)
    assert (await total(connection), await count(connection, "event")) == (1, 1)
    assert await count(connection, "unsealed") == 1


async def test_one_key_sent_twice_at_once_is_one_event_and_one_answer_a_hundred_times(
    plant_database: PlantDatabase, connection: AsyncConnection
) -> None:
    pool = ConnectionPool(plant_database.url, application="test", size=16, wait_s=60)
    keys = [uuid4() for _ in range(100)]
    answers = await asyncio.gather(*(do(pool, command(key)) for key in keys for _ in range(2)))
    await pool.close()
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert all(one.body == other.body for one, other in pairs)
    assert all(one.replayed != other.replayed for one, other in pairs)
    assert (await total(connection), await count(connection, "event")) == (100, 100)


async def test_the_second_waits_for_the_first(pool: ConnectionPool, connection: AsyncConnection) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slowly(context: CommandContext) -> Mapping[str, Any]:
        entered.set()
        await leave.wait()
        return await add(context)

    key = uuid4()
    first = asyncio.create_task(do(pool, command(key), slowly))
    await entered.wait()
    second = asyncio.create_task(do(pool, command(key)))
    await until_somebody_waits(connection)
    leave.set()
    assert [(await first).replayed, (await second).replayed] == [False, True]
    assert await total(connection) == 1


async def test_who_waits_for_too_long_is_told_to_try_again(pool: ConnectionPool) -> None:
    key, entered, leave = uuid4(), asyncio.Event(), asyncio.Event()

    async def for_ever(context: CommandContext) -> Mapping[str, Any]:
        entered.set()
        await leave.wait()
        return {}

    first = asyncio.create_task(do(pool, command(key), for_ever))
    await entered.wait()
    with pytest.raises(Problem) as problem:
        await do(pool, command(key))
    leave.set()
    await first
    assert (problem.value.status, problem.value.code, problem.value.retry_after_s) == (503, "busy", 1)


async def test_a_second_whose_first_fails_does_the_command(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    key, entered, leave = uuid4(), asyncio.Event(), asyncio.Event()

    async def fail(context: CommandContext) -> Mapping[str, Any]:
        await add(context)
        entered.set()
        await leave.wait()
        raise ZeroDivisionError

    first = asyncio.create_task(do(pool, command(key), fail))
    await entered.wait()
    second = asyncio.create_task(do(pool, command(key)))
    await until_somebody_waits(connection)
    leave.set()
    with pytest.raises(ZeroDivisionError):
        await first
    assert (await second).replayed is False
    assert await total(connection) == 1


@pytest.mark.parametrize(
    "other",
    [{"good": 2}, {"route": "POST /totals/b/add"}, {"actor": Actor("person:8", person_id=8)}],
    ids=["body", "route", "actor"],
)
async def test_a_key_for_something_else_is_refused(
    pool: ConnectionPool, connection: AsyncConnection, other: dict[str, Any]
) -> None:
    key = uuid4()
    await do(pool, command(key))
    with pytest.raises(Problem) as problem:
        await do(pool, command(key, **other))
    assert (problem.value.status, problem.value.code) == (422, "key-reused")
    assert await total(connection) == 1


async def test_the_same_person_at_another_terminal_is_the_same_actor(pool: ConnectionPool) -> None:
    key = uuid4()
    await do(pool, command(key))
    assert (await do(pool, command(key, actor=Actor("person:7", 7, "station:4")))).replayed


async def closed(context: CommandContext) -> Mapping[str, Any]:
    await add(context)
    await context.tell_erp("scrap", None, {}, NOON)
    raise Refused("already-decided", 409, "order 7", order=7)


async def test_a_refusal_undoes_the_work_and_keeps_a_small_event(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    answer = await do(pool, command(), closed)
    refusal = {"code": "already-decided", "detail": "order 7", "params": {"order": 7}}
    assert (answer.status, answer.body) == (409, refusal)
    row = await (
        await connection.execute("SELECT refused, status, answer, facts FROM plant.event")
    ).fetchone()
    assert row == (True, 409, refusal, {})
    assert await total(connection) == 0
    assert (await count(connection, "outbox"), await count(connection, "unsealed")) == (0, 1)


async def test_a_refused_key_stays_refused(pool: ConnectionPool, connection: AsyncConnection) -> None:
    key = uuid4()
    first = await do(pool, command(key), closed)
    again = await do(pool, command(key))
    assert (again.status, again.body, again.replayed) == (409, first.body, True)
    assert await total(connection) == 0


async def test_an_answer_comes_again_in_the_same_bytes(pool: ConnectionPool) -> None:
    """The database keeps the keys of an object by their length."""

    async def many(context: CommandContext) -> Mapping[str, Any]:
        return {"remaining": "1", "at": "store", "good": {"zz": 1, "asked": 2}}

    async def refuse(context: CommandContext) -> Mapping[str, Any]:
        raise Refused("lot-is-short", lot="L-1", location="store", has="1", asked="2")

    for handler in (many, refuse):
        what = command()
        first, again = await do(pool, what, handler), await do(pool, what, handler)
        assert (first.replayed, again.replayed) == (False, True)
        assert json.dumps(first.body) == json.dumps(again.body)


async def test_of_a_refusal_and_a_second_sender_one_decides_for_both(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    key, entered, leave = uuid4(), asyncio.Event(), asyncio.Event()

    async def refuse(context: CommandContext) -> Mapping[str, Any]:
        entered.set()
        await leave.wait()
        return await closed(context)

    first = asyncio.create_task(do(pool, command(key), refuse))
    await entered.wait()
    second = asyncio.create_task(do(pool, command(key)))
    await until_somebody_waits(connection)
    leave.set()
    one, other = await first, await second
    assert (one.status, one.body) == (other.status, other.body)
    assert [one.replayed, other.replayed].count(True) == 1
    assert await total(connection) == (1 if one.status == 200 else 0)
    assert (await count(connection, "event"), await count(connection, "unsealed")) == (1, 1)


async def test_a_session_lost_on_the_way_leaves_nothing_and_the_next_try_does_it(
    plant_database: PlantDatabase, pool: ConnectionPool, connection: AsyncConnection
) -> None:
    async def lose(context: CommandContext) -> Mapping[str, Any]:
        pid = context.connection.info.backend_pid
        async with await AsyncConnection.connect(plant_database.superuser_url, autocommit=True) as admin:
            await admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        return await add(context)

    key = uuid4()
    with pytest.raises(DatabaseUnavailable):
        await do(pool, command(key), lose)
    assert await count(connection, "event") == 0
    assert (await do(pool, command(key))).replayed is False
    assert await total(connection) == 1


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), Problem(404, "not-found")], ids=["surprise", "problem"]
)
async def test_what_is_no_refusal_leaves_nothing(
    pool: ConnectionPool, connection: AsyncConnection, error: Exception
) -> None:
    async def fail(context: CommandContext) -> Mapping[str, Any]:
        await add(context)
        raise error

    with pytest.raises(type(error)):
        await do(pool, command(), fail)
    assert await total(connection) == 0
    assert (await count(connection, "event"), await count(connection, "unsealed")) == (0, 0)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_the_database_cannot_hold_is_the_senders_fault(
    pool: ConnectionPool, connection: AsyncConnection, text: str
) -> None:
    what = command()
    object.__setattr__(what, "body", {"note": text})
    with pytest.raises(Problem) as problem:
        await do(pool, what)
    assert problem.value.code == "invalid-request"


async def test_a_backslash_before_u0000_is_only_text(pool: ConnectionPool) -> None:
    what = command()
    object.__setattr__(what, "body", {"note": "\\u0000"})
    assert (await do(pool, what)).status == 200


async def test_an_event_is_never_changed_or_deleted(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    await do(pool, command())
    for statement in (b"UPDATE plant.event SET actor = 'x'", b"DELETE FROM plant.event"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await connection.execute(statement)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        type(command())(uuid4(), "k", "r", {}, LI, NOON.replace(tzinfo=None))


async def test_a_handler_may_refuse_because_of_what_the_database_said(
    pool: ConnectionPool, connection: AsyncConnection
) -> None:
    async def insert(context: CommandContext) -> Mapping[str, Any]:
        try:
            await context.connection.execute("INSERT INTO plant.total VALUES ('a', 1)")
        except psycopg.errors.UniqueViolation as error:
            raise Refused("path-taken") from error
        return {}

    answer = await execute(pool, command(), insert)
    assert (answer.status, answer.body["code"]) == (409, "path-taken")
    assert (await total(connection), await count(connection, "event")) == (0, 1)
