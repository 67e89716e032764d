"""One command, one transaction, one Event.

The Event is inserted first. Its primary key is the command's key, so of two senders with one key the second waits for
the first and then finds its answer; nothing has to be remembered anywhere else. What the handler writes, the to-do
rows and the answer follow in the same transaction, and the caller gets the answer after the commit. Whoever hears
nothing (a kill, a lost reply) sends the same key again: the command is done then, or was done and is answered.

A refusal rolls everything back and commits an Event of its own. Between the two another sender of the same key may
come first; then its Event decides, for both. Whatever else goes wrong leaves nothing behind.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncTransaction
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
    _end: AsyncExitStack = field(kw_only=True, repr=False)
    _sends_ahead: bool = False

    async def send_ahead(self) -> None:
        """From here to the commit, statements are sent without a wait for each; a row is there when it is asked for.

        A row lock is held for as many round trips as are waited for, and others wait for the lock. The error of a
        statement comes with the next row or at the commit, so call this where nobody wants to catch it.
        """
        if not self._sends_ahead:
            self._sends_ahead = True
            await self._end.enter_async_context(self.connection.pipeline())

    async def tell_erp(
        self, kind: str, work_order_id: int | None, body: Mapping[str, Any] | BaseModel, not_before: datetime
    ) -> None:
        """Put a document (contract/outbox.py) into the outbox. It is not sent before `not_before`, when its undo time is
        over.

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
        await self.connection.execute(QUERIES[query], values)


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
    async with _recorded(connection, command, sent_hash) as context:
        if context is None:
            return await _answer_again(connection, command, sent_hash)
        answer = Answer(200, as_json(await handler(context)))
        await _finish(answer, context)
    failpoint("api.after_commit")
    return answer


async def _keep_refusal(
    connection: AsyncConnection, command: Command, sent_hash: bytes, refusal: Refused
) -> Answer:
    told = {"code": refusal.code, "detail": refusal.detail, "params": refusal.params}
    answer = Answer(refusal.status, as_json(told))
    async with _recorded(connection, command, sent_hash) as context:
        if context is None:  # Another sender of this key was in between: its Event decides.
            return await _answer_again(connection, command, sent_hash)
        await _finish(answer, context)
    failpoint("api.after_commit")
    return answer


@asynccontextmanager
async def _recorded(
    connection: AsyncConnection, command: Command, sent_hash: bytes
) -> AsyncIterator[CommandContext | None]:
    """The transaction of a command, which begins with its Event and is committed at the end of the block. None: the key is
    there. Waits for a transaction that is about to insert the same key."""
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
    # What is sent ahead is waited for after COMMIT was sent: the commit is in the same round trip.
    async with AsyncExitStack() as end, AsyncExitStack() as transaction:
        async with connection.pipeline():
            # Not `connection.transaction()`: in a pipeline that one stays in it to its end.
            await transaction.enter_async_context(AsyncTransaction(connection))
            recorded = await connection.execute(QUERIES["record"], values)
        row = await recorded.fetchone()
        if row is None:
            yield None
            return
        yield CommandContext(
            connection,
            command.key,
            command.actor,
            command.event_time,
            recorded_time=row[0],
            facts=dict(command.notes),
            _end=end,
        )


async def _finish(answer: Answer, context: CommandContext) -> None:
    """The last statement; it goes to the server together with the commit."""
    values = {
        "event_id": context.event_id,
        "status": answer.status,
        "answer": canonical(answer.body),
        "facts": canonical(context.facts),
        "refused": answer.status >= 400,
        "work_order_id": context.work_order_id,
    }
    await context.send_ahead()
    await context.connection.execute(QUERIES["finish"], values)
    failpoint("api.before_commit")


async def _answer_again(connection: AsyncConnection, command: Command, sent_hash: bytes) -> Answer:
    row = await (await connection.execute(QUERIES["stored"], {"event_id": command.key})).fetchone()
    assert row is not None, "an Event is never deleted"  # noqa: S101
    status, body, actor, stored_hash = row
    if (actor, bytes(stored_hash)) != (command.actor.text, sent_hash):
        raise Problem(422, "key-reused", str(command.key))
    return Answer(status, as_json(body), replayed=True)  # jsonb keeps keys in an order of its own.
