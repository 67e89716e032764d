"""`lineside audit verify`: whether the events are those that were sealed, and the chain the one that was anchored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel

from plant_server.database import connect, load_queries
from plant_server.events.chain import BEFORE_THE_FIRST, SealedRow, link

QUERIES = load_queries(__package__, "chain.sql")
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`mistake` None: everything holds. Else what is wrong first, in words, with its position where it has one."""

    events: int
    anchors: int
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    where: str
    position: int
    hash: bytes


def verify(database_url: str, anchors_file: Path, progress: Callable[[int, int], None]) -> Verdict:
    """Compute the whole chain again. `progress` gets (done, all). Raises DatabaseUnavailable."""
    with connect(database_url, application="lineside audit", statement_timeout_s=600) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ  # One moment for all that is compared.
        connection.read_only = True
        with connection.transaction():
            return _verify(connection, anchors_file, progress)


def _verify(
    connection: psycopg.Connection, anchors_file: Path, progress: Callable[[int, int], None]
) -> Verdict:
    head = connection.execute(QUERIES["head"]).fetchone()
    total = int(head[0]) if head else 0
    anchors = sorted(
        [*_anchors_of_table(connection), *_anchors_of_file(anchors_file)], key=lambda anchor: anchor.position
    )
    expected = iter(anchors)
    anchor = next(expected, None)
    position, previous = 0, BEFORE_THE_FIRST
    for row in _chain(connection):
        position += 1
        mistake = _mistake_of_row(row, position, previous)
        if mistake is not None:
            return Verdict(position - 1, len(anchors), mistake)
        previous = bytes(row[1])
        while anchor is not None and anchor.position == position:
            if anchor.hash != previous:
                return Verdict(
                    position, len(anchors), f"position {position}: {anchor.where} has another hash"
                )
            anchor = next(expected, None)
        progress(position, total)
    if anchor is not None:
        return Verdict(
            position, len(anchors), f"position {anchor.position}: {anchor.where} knows it, the chain does not"
        )
    return Verdict(position, len(anchors), _mistake_outside(connection))


def _mistake_of_row(row: Any, position: int, previous: bytes) -> str | None:
    if row[0] != position:
        return f"position {position}: missing in the chain"
    if row[3] is None:
        return f"position {position}: event {row[2]} is gone"
    if link(previous, position, SealedRow(*row[3:])) != bytes(row[1]):
        return f"position {position}: event {row[2]} is not the one that was sealed"
    return None


def _mistake_outside(connection: psycopg.Connection) -> str | None:
    row = connection.execute(QUERIES["outside"]).fetchone()
    return f"event {row[0]} is neither in the chain nor waiting to be sealed" if row else None


def _chain(connection: psycopg.Connection) -> Iterator[Any]:
    after = 0
    while True:
        rows = connection.execute(QUERIES["chain"], {"after": after, "limit": ROWS_AT_ONCE}).fetchall()
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        after = rows[-1][0]


def _anchors_of_table(connection: psycopg.Connection) -> list[Anchor]:
    rows = connection.execute(QUERIES["anchors"]).fetchall()
    return [Anchor("an anchor in the database", int(position), bytes(hash)) for position, hash in rows]


def _anchors_of_file(file: Path) -> list[Anchor]:
    """Lines `time position hash`; one that was cut off by a power cut at the end does not count."""
    if not file.exists():
        return []
    anchors = []
    for number, line in enumerate(file.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        parts = line.split()
        if len(parts) == 3 and parts[1].isdecimal() and len(parts[2]) == 64:
            anchors.append(Anchor(f"{file}, line {number},", int(parts[1]), bytes.fromhex(parts[2])))
    return anchors
