"""PINs, badges and tokens: made at random, kept as hashes.

A PIN has a million values, so its hash is slow (argon2id) and salted, and mixed with a pepper that lies outside the
database: a copy of the tables alone opens nothing. A badge must be found by its code, so its hash is a keyed one
without salt. Tokens have 256 bits; a plain hash is enough.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from functools import cached_property
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from plant_server.security.secrets import secret

_PIN = re.compile(r"\d{6,12}", re.ASCII)
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's figures for argon2id


class Pepper:
    """Hashes PINs and badges with the pepper of this plant."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where the pepper lies, or will: it is drawn when it is needed for the first time."""
        self._folder = folder
        self._at_once = asyncio.Semaphore(2)  # Each takes 19 MiB and a core for some 20 ms.

    async def hash_pin(self, pin: str) -> str:
        """On a thread. Raises ValueError for what is no PIN."""
        async with self._at_once:
            return await asyncio.to_thread(self.hash_pin_here, pin)

    async def is_pin(self, pin: str, pin_hash: str | None) -> bool:
        """Whether `pin` made `pin_hash`. Without a hash it takes as long and says no."""
        async with self._at_once:
            return await asyncio.to_thread(self._verify, pin, pin_hash)

    def hash_pin_here(self, pin: str) -> str:
        """Takes some 20 ms of a core. Raises ValueError for what is no PIN."""
        if not valid_pin(pin):
            raise ValueError("a PIN is 6 to 12 digits")
        return _hasher.hash(self._keyed("pin", pin))

    def hash_badge(self, code: str) -> bytes:
        return hmac.digest(self._pepper, b"badge:" + code.encode(), "sha256")

    @cached_property
    def _pepper(self) -> bytes:
        return secret(self._folder, "pepper").encode()

    @cached_property
    def _nobody(self) -> str:
        return _hasher.hash("")

    def _verify(self, pin: str, pin_hash: str | None) -> bool:
        try:
            _hasher.verify(pin_hash or self._nobody, self._keyed("pin", pin))
        except (VerifyMismatchError, InvalidHashError):
            return False
        return pin_hash is not None

    def _keyed(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._pepper, f"{purpose}:{text}".encode(), "sha256")


def valid_pin(pin: str) -> bool:
    return _PIN.fullmatch(pin) is not None


def random_pin() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
