"""One command, one transaction, one Event.

The Event is inserted first. Its primary key is the command's key, so of two senders with one key the second waits for
the first and then finds its answer; nothing has to be remembered anywhere else. What the handler writes, the to-do
rows and the answer follow in the same transaction, and the caller gets the answer after the commit. Whoever hears
nothing (a kill, a lost reply) sends the same key again: the command is done then, or was done and is answered.

A refusal rolls everything back and commits an Event of its own. Between the two another sender of the same key may
come first; then its Event decides, for both. Whatever else goes wrong leaves nothing behind.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from pydantic import BaseModel

from edge.contract.failpoints import failpoint
from plant_server.async_database import ConnectionPool
from plant_server.database import load_queries
from plant_server.events.canonical import as_json, canonical, request_hash
from plant_server.events.command import Actor, Answer, Command, Refused
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
RETRY_AFTER_S = 1


@dataclass(slots=True)
class CommandContext:
    """What a handler works with. It writes by `connection`, whose transaction is already open, and never commits. It
    borrows no second connection: with all of them waiting for one more, the pool would stand still."""

    connection: AsyncConnection
    event_id: UUID
    actor: Actor
    event_time: datetime
    recorded_time: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    """What became of the command, to be kept with the Event: enough to rebuild every balance from Events alone."""
    work_order_id: int | None = None

    async def tell_erp(
        self, kind: str, work_order_id: int | None, body: Mapping[str, Any] | BaseModel, not_before: datetime
    ) -> int:
        """Put a document (contract/outbox.py) into the outbox; returns its outbox_id. It is not sent before
        `not_before`, when its undo time is over.

        Hold the work order's row lock when you call this, and with several orders call it in the order of their ids:
        the numbers of an order are counted under a lock that lasts until the commit.
        """
        values = {
            "event_id": self.event_id,
            "kind": kind,
            "work_order_id": work_order_id,
            "body": canonical(body),
            "not_before": not_before,
        }
        query = "tell_erp" if work_order_id is None else "tell_erp_of_order"
        cursor = await self.connection.execute(QUERIES[query], values)
        row = await cursor.fetchone()
        assert row is not None, "an INSERT without conflict returns its row"  # noqa: S101
        return int(row[0])


Handler = Callable[[CommandContext], Awaitable[Mapping[str, Any]]]
"""Does the work and returns the answer's body. Raises Refused, or Problem for what is not worth keeping."""


async def execute(pool: ConnectionPool, command: Command, handler: Handler) -> Answer:
    """Do the command, or answer it again. Returns after the commit.

    Problems: 422 `key-reused` (other body or actor), 503 `busy` (the same key, or a row, is held for over 2 s).
    """
    sent_hash = request_hash(command.route, command.body)
    async with pool.connection() as connection:
        try:
            try:
                return await _do(connection, command, sent_hash, handler)
            except Refused as refusal:
                return await _keep_refusal(connection, command, sent_hash, refusal)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise Problem(503, "busy", retry_after_s=RETRY_AFTER_S) from error


async def _do(connection: AsyncConnection, command: Command, sent_hash: bytes, handler: Handler) -> Answer:
    async with connection.transaction():
        recorded_time = await _record(connection, command, sent_hash)
        if recorded_time is None:
            return await _answer_again(connection, command, sent_hash)
        context = CommandContext(connection, command.key, command.actor, command.event_time, recorded_time)
        answer = Answer(200, as_json(await handler(context)))
        await _finish(connection, answer, context)
        failpoint("api.before_commit")
    failpoint("api.after_commit")
    return answer


async def _keep_refusal(
    connection: AsyncConnection, command: Command, sent_hash: bytes, refusal: Refused
) -> Answer:
    told = {"code": refusal.code, "detail": refusal.detail, "params": refusal.params}
    answer = Answer(refusal.status, as_json(told))
    async with connection.transaction():
        recorded_time = await _record(connection, command, sent_hash)
        if recorded_time is None:  # Another sender of this key was in between: its Event decides.
            return await _answer_again(connection, command, sent_hash)
        context = CommandContext(connection, command.key, command.actor, command.event_time, recorded_time)
        await _finish(connection, answer, context)
        failpoint("api.before_commit")
    failpoint("api.after_commit")
    return answer


async def _record(connection: AsyncConnection, command: Command, sent_hash: bytes) -> datetime | None:
    """Insert the Event; None when its key is there. Waits for a transaction that is about to insert the same key."""
    values = {
        "event_id": command.key,
        "kind": command.kind,
        "actor": command.actor.text,
        "actor_id": command.actor.person_id,
        "device": command.actor.device,
        "request_hash": sent_hash,
        "body": canonical(command.body),
        "event_time": command.event_time,
    }
    row = await (await connection.execute(QUERIES["record"], values)).fetchone()
    recorded_time: datetime | None = row[0] if row else None
    return recorded_time


async def _finish(connection: AsyncConnection, answer: Answer, context: CommandContext) -> None:
    values = {
        "event_id": context.event_id,
        "status": answer.status,
        "answer": canonical(answer.body),
        "facts": canonical(context.facts),
        "refused": answer.status >= 400,
        "work_order_id": context.work_order_id,
    }
    await connection.execute(QUERIES["finish"], values)


async def _answer_again(connection: AsyncConnection, command: Command, sent_hash: bytes) -> Answer:
    row = await (await connection.execute(QUERIES["stored"], {"event_id": command.key})).fetchone()
    assert row is not None, "an Event is never deleted"  # noqa: S101
    status, body, actor, stored_hash = row
    if (actor, bytes(stored_hash)) != (command.actor.text, sent_hash):
        raise Problem(422, "key-reused", str(command.key))
    return Answer(status, body, replayed=True)
