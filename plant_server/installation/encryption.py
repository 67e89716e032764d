"""Backups that only a key opens, in the format of age (age-encryption.org): `age --decrypt` opens them as well.

The plant has the public key alone. Whoever takes its computer finds no way into older backups, and a timer needs no secret at
night. The secret key lies elsewhere, in a file that `lineside backup --new-key` makes; who loses it has no backup.
"""

import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from plant_server.installation.errors import BackupFailed, BackupRefused

_MAGIC = b"age-encryption.org/"
_SECRET, _PUBLIC = "AGE-SECRET-KEY-", "age1"
_END_S = 300.0
"""How long the last blocks may take to be written."""


def new_key(path: Path) -> str:
    """Write a secret key into a new file of its owner's alone; returns the public one. Raises FileExistsError, OSError."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def public_keys(wanted: Sequence[str]) -> list[Any]:
    """Each a public key, or a file that holds some. Raises BackupFailed."""
    found = []
    for one in wanted:
        lines = [one] if one.startswith(_PUBLIC) else _lines(Path(one))
        keys = [line for line in lines if line.startswith(_PUBLIC)]
        if not keys:
            raise BackupFailed(f"{one} holds no public key (age1…): nothing was made")
        try:
            found += [pyrage.x25519.Recipient.from_str(key) for key in keys]
        except pyrage.RecipientError as error:
            raise BackupFailed(f"{one} is no public key ({error}): nothing was made") from error
    return found


def is_encrypted(path: Path) -> bool:
    """Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def encrypting(target: BinaryIO, keys: Sequence[Any]) -> Iterator[BinaryIO]:
    """What is written to the yielded stream arrives in `target` encrypted: never a byte of it in the clear. Raises
    BackupFailed."""
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def encrypt() -> None:
        with open(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, target, keys)
            except (pyrage.EncryptError, OSError) as error:
                failed.append(error)

    worker = threading.Thread(target=encrypt, name="backup.encrypt", daemon=True)
    worker.start()
    try:
        with open(writing, "wb") as stream:
            yield stream
    except BrokenPipeError as error:  # It ended early, and says why.
        worker.join(_END_S)
        raise BackupFailed(f"the backup cannot be written: {failed[0] if failed else error}") from error
    finally:
        worker.join(_END_S)  # Before `target` is closed.
    if failed or worker.is_alive():
        raise BackupFailed(f"the backup cannot be written: {failed[0] if failed else 'it takes too long'}")


@contextmanager
def decrypted(path: Path, key: Path | None) -> Iterator[BinaryIO]:
    """The backup in the clear, in a file without a name that is gone afterwards. Raises BackupRefused, OSError."""
    if key is None:
        raise BackupRefused(f"{path} is encrypted: name the file of its secret key by --key")
    with tempfile.TemporaryFile(dir=_room_beside(path)) as clear:
        try:
            with path.open("rb") as source:
                pyrage.decrypt_io(source, clear, _secret_keys(key))
        except pyrage.DecryptError as error:
            raise BackupRefused(f"{path} is not opened by {key}, or was cut off: {error}") from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise BackupRefused(f"{path} is damaged, or was cut off: use another one") from error
        clear.seek(0)
        yield clear


def _room_beside(path: Path) -> str | None:
    """There was room for the backup; where nothing may be written, in the folder for temporary files."""
    return str(path.parent) if os.access(path.parent, os.W_OK) else None


def _secret_keys(key: Path) -> list[Any]:
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in _lines(key) if line.startswith(_SECRET)]
    except pyrage.IdentityError as error:
        raise BackupRefused(f"{key} holds no secret key that can be read: {error}") from error
    if not found:
        raise BackupRefused(f"{key} holds no secret key (AGE-SECRET-KEY-…)")
    return found


def _lines(path: Path) -> list[str]:
    """Without comments, but for the one that `new_key` and `age-keygen` write: the public key."""
    with suppress(UnicodeDecodeError):
        told = path.read_text(encoding="ascii").splitlines()
        return [line.removeprefix("# public key: ").strip() for line in told]
    return []
