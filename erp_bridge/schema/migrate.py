"""Numbered SQL files, each applied once in a transaction of its own, by the role that owns the schema.

The bridge brings its tables to its version whenever it starts; of several that start at once one does it and the others
wait. `bridge.applied` keeps a hash of each file: one that was changed afterwards is refused.
"""

import hashlib
from pathlib import Path
from typing import Any

import psycopg

from erp_bridge.database import Session, connect
from erp_bridge.errors import MigrationError

FOLDER = Path(__file__).parent / "migrations"
_LOCK = "SELECT pg_advisory_lock(hashtext('lineside.bridge.migrate'))"
_HISTORY = """
CREATE TABLE IF NOT EXISTS bridge.applied (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_time timestamptz NOT NULL DEFAULT now());
"""


async def migrate(url: str) -> list[str]:
    """Apply what is missing; return the names. Raises MigrationError, DatabaseUnavailable."""
    session = await connect(url, application="lineside bridge migrate")
    async with session:
        try:
            await session.execute(_LOCK)
            await session.execute(_HISTORY)
        except psycopg.errors.LockNotAvailable as error:
            raise MigrationError("another bridge has been migrating for too long") from error
        except (psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege) as error:
            raise MigrationError("there is no schema bridge of ours: run `lineside migrate`") from error
        listed = await (await session.execute("SELECT name, sha256 FROM bridge.applied")).fetchall()
        return await _apply_missing(session, {row["name"]: row["sha256"] for row in listed})


async def _apply_missing(session: Session, applied: dict[str, Any]) -> list[str]:
    texts = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.sql"))}
    if unknown := sorted(set(applied) - set(texts)):
        raise MigrationError(f"the database has {unknown[-1]}, which this version does not know")
    done = []
    for name, text in texts.items():
        sha256 = hashlib.sha256(text).hexdigest()
        if applied.get(name, sha256) != sha256:
            raise MigrationError(f"{name} was changed after it was applied; write a new one instead")
        if name in applied:
            continue
        try:
            async with session.transaction():
                await session.execute(text)
                await session.execute("INSERT INTO bridge.applied VALUES (%s, %s)", [name, sha256])
        except psycopg.Error as error:
            raise MigrationError(f"{name}: {error}") from error
        done.append(name)
    return done
