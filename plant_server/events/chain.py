"""The chain: each sealed event's hash covers the event and the hash before it, so a change shows in all that follow.

hash = sha256(previous hash, canonical event). The first has 32 zero bytes before it. The canonical event is the UTF-8
of a JSON array without spaces: position and the columns in the order of `SealedRow`; jsonb columns as the text that
PostgreSQL prints, times in UTC with six decimals, bytes as hex.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

BEFORE_THE_FIRST = bytes(32)


class SealedRow(NamedTuple):
    """An event as it is hashed; the columns of the query fragment `as hashed`."""

    event_id: UUID
    kind: str
    actor: str
    actor_id: int | None
    device: str | None
    request_hash: bytes
    body: str
    facts: str
    status: int
    answer: str
    refused: bool
    event_time: datetime
    recorded_time: datetime
    work_order_id: int | None


def link(previous: bytes, position: int, event: SealedRow) -> bytes:
    """The hash of `event` at `position`, after the one whose hash is `previous`."""
    content = [position, *map(_plain, event)]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, UUID):
        return str(value)
    return value
