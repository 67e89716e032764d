"""Keys of the bridge API: `lsb_<id>_<secret>`, kept as argon2id of the secret, with scopes.

Argon2 is slow on purpose, so a key that was found right is remembered for a minute by its SHA-256.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from erp_bridge.database import Pool, connect, row
from erp_bridge.errors import ConfigError, Mistake
from erp_bridge.schema.migrate import migrate

SCOPES = ("read", "write")
REMEMBERED_S = 60.0
_REMEMBERED_MAX = 100
_PREFIX = "lsb"
_INSERT = b"INSERT INTO bridge.api_key (key_id, name, hash, scopes) VALUES (%s, %s, %s, %s)"
_FIND = b"SELECT name, hash, scopes FROM bridge.api_key WHERE key_id = %(key_id)s AND revoked_time IS NULL"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is, and what it may do."""

    name: str
    scopes: frozenset[str]


async def make_key(url: str, name: str, scopes: Sequence[str]) -> str:
    """Make a key and return it; only its hash is kept. Raises ConfigError, DatabaseUnavailable, MigrationError."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise ConfigError([Mistake("--scope", f"{', '.join(unknown)}: there are {', '.join(SCOPES)}")])
    await migrate(url)
    key_id, secret = secrets.token_hex(6), secrets.token_hex(24)
    hashed = await asyncio.to_thread(PasswordHasher().hash, secret)
    async with await connect(url, application="lineside bridge key") as session:
        await session.execute(_INSERT, [key_id, name, hashed, sorted(set(scopes))])
    return f"{_PREFIX}_{key_id}_{secret}"


class ApiKeys:
    """Tells whose a key is."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._hasher = PasswordHasher()
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, key: str) -> Caller | None:
        """None for a key that is not known, wrong or revoked (at most a minute ago). Raises DatabaseUnavailable."""
        digest = hashlib.sha256(key.encode()).digest()
        until, caller = self._known.get(digest, (0.0, None))
        if caller is not None and until > time.monotonic():
            return caller
        found = await self._verified(key)
        if found is not None:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            self._known[digest] = (time.monotonic() + REMEMBERED_S, found)
        return found

    async def _verified(self, key: str) -> Caller | None:
        prefix, _, rest = key.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != _PREFIX or not secret:
            return None
        async with self._pool.session() as session:
            kept = await row(session, _FIND, key_id=key_id)
        if kept is None:
            return None
        try:
            await asyncio.to_thread(self._hasher.verify, kept["hash"], secret)
        except (Argon2Error, InvalidHashError):
            return None
        return Caller(kept["name"], frozenset(kept["scopes"]))
