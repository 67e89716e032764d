"""State and ledger of a simulated business system: one SQLite file, and beside it one append-only JSONL file.

What a request changes and the ledger line that tells it are committed in one transaction (WAL, `synchronous=FULL`).
The line is then appended to `ledger.jsonl`, before the answer leaves. A process killed between the two finds the
missing lines in the database when it starts again: so the file always tells what the state holds, and nothing half.

Used from one thread, and never across an `await` inside a transaction.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_line(position INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS setting(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feed(
    position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS feed_stream ON feed(stream, position);
"""
_BUSY_MS = 10_000


class AlreadyRunning(RuntimeError):
    """Another process serves this state folder."""


class Store:
    """The state of one simulated system, in `<state_dir>/<name>/`. Raises AlreadyRunning, sqlite3.Error."""

    def __init__(self, state_dir: Path, name: str, schema: str) -> None:
        self.folder = state_dir / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise AlreadyRunning(f"{self.folder} is served by another process") from held
        self.connection = _open(self.folder / "state.db")
        self.connection.executescript(_SCHEMA + schema)
        self._ledger = open_ledger(self.folder, self.connection)

    def close(self) -> None:
        self._ledger.close()
        self.connection.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. When the block is left, state and ledger lines are on disk."""
        self.connection.execute("BEGIN IMMEDIATE")
        first = self._next_position()
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        _append(self._ledger, self.connection, first)

    def note(self, event: str, **facts: Any) -> None:
        """Write a ledger line with the transaction that is open."""
        line = {"time_ms": time.time_ns() // 1_000_000, "event": event} | facts
        text = json.dumps(line, ensure_ascii=False, default=str)
        self.connection.execute("INSERT INTO ledger_line(line) VALUES (?)", (text,))

    def publish(self, stream: str, event: str, body: Mapping[str, Any]) -> None:
        """Put a change into a feed that others read by cursor, with the transaction that is open."""
        text = json.dumps(body, ensure_ascii=False, default=str)
        self.connection.execute(
            "INSERT INTO feed(stream, event, body) VALUES (?, ?, ?)", (stream, event, text)
        )

    def changes(self, stream: str, after: int, limit: int) -> list[tuple[int, str, dict[str, Any]]]:
        """(cursor, event, body) of a feed behind a cursor, oldest first."""
        rows = self.connection.execute(
            "SELECT position, event, body FROM feed WHERE stream = ? AND position > ? ORDER BY position LIMIT ?",
            (stream, after, limit),
        )
        return [(position, event, json.loads(body)) for position, event, body in rows]

    def setting(self, name: str, value_if_new: str) -> str:
        """A value that is kept; the first call decides it."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, value_if_new))
            row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def _next_position(self) -> int:
        row = self.connection.execute("SELECT max(position) FROM ledger_line").fetchone()
        return int(row[0] or 0) + 1


def open_ledger(folder: Path, connection: sqlite3.Connection) -> Any:
    """The ledger file, open for appending and complete: a torn last line is cut off, missing lines are written."""
    path = folder / "ledger.jsonl"
    whole = path.read_bytes() if path.exists() else b""
    complete = whole[: whole.rfind(b"\n") + 1]
    if len(complete) < len(whole):
        os.truncate(path, len(complete))
    last = json.loads(complete.splitlines()[-1])["position"] if complete else 0
    ledger = path.open("a", encoding="utf-8")
    _append(ledger, connection, last + 1)
    return ledger


def _append(ledger: Any, connection: sqlite3.Connection, first: int) -> None:
    rows = connection.execute(
        "SELECT position, line FROM ledger_line WHERE position >= ? ORDER BY position", (first,)
    ).fetchall()
    for position, line in rows:
        ledger.write(f'{{"position": {position}, {line[1:]}\n')
    if rows:
        ledger.flush()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    read_back = (
        connection.execute("PRAGMA journal_mode").fetchone()[0],
        connection.execute("PRAGMA synchronous").fetchone()[0],
    )
    if read_back != ("wal", 2):
        raise sqlite3.OperationalError(f"{path}: journal_mode and synchronous are {read_back}")
    return connection
