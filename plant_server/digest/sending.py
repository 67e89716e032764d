"""One attempt: claimed before it is sent, told after it is answered. Whoever dies in between leaves `sending`, never a second one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from psycopg import AsyncConnection

from plant_server.digest.contents import QUERIES, Contents
from plant_server.digest.settings import DigestSettings, Receiver
from plant_server.digest.webhook import Address, NoAddress, Outcome, Post, address_of, outcome_of, post_of
from plant_server.errors import ConfigError, Mistake
from plant_server.master_data.rows import row_of

CONNECT_S = 5.0
ANSWER_S = 15.0
WAIT_MOST = timedelta(minutes=30)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Before the first byte of the request."""


@dataclass(frozen=True, slots=True)
class Attempt:
    contents: Contents
    message_id: UUID
    attempts: int


def address(settings: DigestSettings, receiver: Receiver) -> Address:
    """What the file holds. Raises ConfigError."""
    name = "LINESIDE_DIGEST__URL_FILE"
    try:
        return address_of(receiver, settings.file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Mistake(name, f"{settings.file}: {error.strerror}")]) from error
    except (NoAddress, UnicodeDecodeError) as error:
        raise ConfigError([Mistake(name, f"{settings.file}: {error}")]) from error


async def claim(
    connection: AsyncConnection,
    contents: Contents,
    receiver: Receiver,
    now: datetime,
    *,
    by_hand: bool = False,
) -> Attempt | None:
    """None: it is no more to be sent, or another has it. `by_hand`: whatever became of earlier ones."""
    values = {
        "day": contents.day,
        "message_id": uuid4(),
        "receiver": receiver,
        "now": now,
        "body": contents.text,
        "by_hand": by_hand,
    }
    async with connection.transaction():
        row = await row_of(connection, QUERIES["claim"], values)
    return Attempt(contents, row["message_id"], row["attempts"]) if row else None


def post_for(attempt: Attempt, receiver: Receiver, where: Address, now: datetime) -> Post:
    return post_of(
        receiver,
        where,
        title=attempt.contents.title,
        text=attempt.contents.text,
        day=attempt.contents.day,
        message_id=attempt.message_id,
        now_ms=round(now.timestamp() * 1000),
    )


async def send(post: Post, receiver: Receiver) -> Outcome:
    """One request, no redirect. Never raises for what a network or a receiver does."""
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    try:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client:
            answer = await client.post(post.url, content=post.body, headers=post.headers)
    except _NEVER_SENT as error:
        return Outcome("later", _said(error, "no connection"))
    except httpx.HTTPError as error:
        return Outcome("unclear", _said(error, "sent, but no answer"))
    return outcome_of(receiver, answer.status_code, answer.content)


async def tell(connection: AsyncConnection, attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """What became of it; `later` waits 1, 2, 4 … 30 minutes."""
    waits = outcome.state == "later"
    values: Mapping[str, Any] = {
        "day": attempt.contents.day,
        "message_id": attempt.message_id,
        "state": "waiting" if waits else outcome.state,
        "detail": outcome.detail,
        "next_time": now + pause(attempt.attempts) if waits else None,
        "ended_time": None if waits else now,
    }
    async with connection.transaction():
        await connection.execute(QUERIES["tell"], values)


def pause(attempts: int) -> timedelta:
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), WAIT_MOST)


def _said(error: httpx.HTTPError, words: str) -> str:
    """Without the address: it holds the robot's key."""
    return f"{words} ({type(error).__name__})"
