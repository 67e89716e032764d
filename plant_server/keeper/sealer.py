"""The sealer: gives committed events their place in the chain, and tells its head to the outside.

A command leaves an `unsealed` row in its own transaction. The sealer deletes such rows and appends their events to the
chain in one transaction: positions without a hole, in an order that no longer changes. A kill in between changes
nothing. It waits for its turn under a lock, so two of them could not give one position twice.

An anchor is the head of the chain where the database's owner cannot reach it: a line of the log, and of a file that is
only ever appended to. `lineside audit verify` compares.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from psycopg import AsyncConnection

from edge.contract.failpoints import failpoint
from plant_server.database import load_queries
from plant_server.events.chain import BEFORE_THE_FIRST, SealedRow, link

QUERIES = load_queries("plant_server.events", "chain.sql")
EVENTS_AT_ONCE = 1000
ANCHOR_PERIOD = timedelta(hours=1)

log = structlog.get_logger()


def anchors_file() -> Path:
    return Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "log" / "anchors.log"


async def seal(connection: AsyncConnection, events_at_once: int = EVENTS_AT_ONCE) -> bool:
    """One transaction's worth of unsealed events. True when it was full, so more may be waiting."""
    async with connection.transaction():
        await connection.execute(QUERIES["wait_for_turn"])
        position, previous = await _head(connection)
        cursor = await connection.execute(QUERIES["claim"], {"limit": events_at_once})
        events = [SealedRow(*row) for row in await cursor.fetchall()]
        if events:
            await _lengthen(connection, position, previous, events)
            await connection.execute(QUERIES["wake"])
            failpoint("keeper.seal.before_commit")
    return len(events) == events_at_once


async def anchor(connection: AsyncConnection, file: Path, period: timedelta = ANCHOR_PERIOD) -> bool:
    """Tell the head of the chain, at most once in `period`. The file comes first: what the table says was told."""
    cursor = await connection.execute(QUERIES["anchor_due"], {"period": period})
    row = await cursor.fetchone()
    if row is None:
        return False
    position, head = int(row[0]), bytes(row[1])
    try:
        await asyncio.to_thread(_append, file, position, head)
    except OSError as error:
        log.warning("anchor_not_written", file=str(file), error=str(error))
        return False
    log.info("chain_anchored", position=position, hash=head.hex())
    await connection.execute(QUERIES["anchor"], {"position": position, "hash": head})
    return False


async def _head(connection: AsyncConnection) -> tuple[int, bytes]:
    row = await (await connection.execute(QUERIES["head"])).fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, BEFORE_THE_FIRST)


async def _lengthen(
    connection: AsyncConnection, position: int, previous: bytes, events: list[SealedRow]
) -> None:
    positions: list[int] = []
    event_ids: list[UUID] = []
    hashes: list[bytes] = []
    for event in events:
        position += 1
        previous = link(previous, position, event)
        positions.append(position)
        event_ids.append(event.event_id)
        hashes.append(previous)
    await connection.execute(
        QUERIES["lengthen"], {"positions": positions, "event_ids": event_ids, "hashes": hashes}
    )


def _append(file: Path, position: int, head: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="ascii") as lines:
        lines.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {position} {head.hex()}\n")
        lines.flush()
        os.fsync(lines.fileno())
