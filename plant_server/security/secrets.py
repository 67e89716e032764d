"""Random secrets, one file each. There is no default password anywhere: what is missing is drawn at random.

A secret is made once and kept: whoever asks first creates the file, everyone after reads it. Two processes that ask
at the same moment get the same secret, since the file appears whole or not at all and the first one wins.
"""

import os
import secrets
import tempfile
from pathlib import Path

_SECRET_BYTES = 24  # 192 bits: 32 letters, digits, - and _; nothing a URL or a config file has to escape.


def private_folder(path: Path) -> Path:
    """The folder, made if missing, open to its owner alone (0700)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def secret(folder: Path, name: str) -> str:
    """The secret called `name`, drawn at random when it is asked for the first time.

    Raises ValueError for a name that is no plain file name, OSError when the folder cannot be written.
    """
    if not name or "/" in name or "\0" in name or name.startswith("."):
        raise ValueError(f"{name!r} cannot name a secret")
    path = private_folder(folder) / name
    if not path.exists():
        _create_once(path, secrets.token_urlsafe(_SECRET_BYTES))
    path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def write_private_file(path: Path, content: bytes | str) -> None:
    """Write a file that its owner alone can read (0600); it appears whole, or stays what it was."""
    temporary = _write_beside(path, content)
    temporary.replace(path)
    _sync_folder(path.parent)


def _create_once(path: Path, content: str) -> None:
    """Like write_private_file, but a file that is there already wins."""
    temporary = _write_beside(path, content)
    try:
        os.link(temporary, path)
        _sync_folder(path.parent)
    except FileExistsError:
        pass  # Another process was first: its secret is the one.
    finally:
        temporary.unlink()


def _write_beside(path: Path, content: bytes | str) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the start
    with open(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable: a secret that a database already knows must survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
