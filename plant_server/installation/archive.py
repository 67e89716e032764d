"""The file of a backup: a ZIP that only its owner can read, whole or not there.

Members: `database.dump` (pg_dump's custom format), `home/…` (keys, secrets, anchors), `settings/…`, `manifest.json`. They
are stored, not packed: the dump is packed by itself. A file that was cut off has no table of contents and is refused.
With keys the whole ZIP is one encrypted stream (encryption.py), of which nobody learns even the names.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from plant_server.installation.encryption import decrypted, encrypting, is_encrypted
from plant_server.installation.errors import BackupRefused
from plant_server.installation.manifest import NAME, Manifest, from_json

DUMP = "database.dump"
BLOCK_BYTES = 1 << 20


class ArchiveWriter:
    """`files` and `sizes` are of what was written so far, by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.files: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        hashed, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as member:
            for block in blocks:
                member.write(block)
                hashed.update(block)
                size += len(block)
        self.files[name], self.sizes[name] = hashed.hexdigest(), size

    def finish(self, manifest: Manifest) -> None:
        self._archive.writestr(NAME, manifest.to_json())


@contextmanager
def writing_archive(path: Path, keys: Sequence[Any] = ()) -> Iterator[ArchiveWriter]:
    """A new archive at `path`, from its first byte on readable by its owner alone, with `keys` (encryption.public_keys) by
    whoever has one of the secret ones. What fails leaves nothing."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w+b") as file:
            with ExitStack() as stack:
                stream: BinaryIO = stack.enter_context(encrypting(file, keys)) if keys else file
                yield ArchiveWriter(stack.enter_context(zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class ArchiveReader:
    """An opened backup."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content of a member. Raises BackupRefused at its end when it is not what the manifest says."""
        hashed = hashlib.sha256()
        try:
            with self._archive.open(name) as member:
                while block := member.read(BLOCK_BYTES):
                    hashed.update(block)
                    yield block
        except (KeyError, zipfile.BadZipFile) as error:
            raise BackupRefused(f"{name} of the backup is damaged ({error}): use another one") from error
        if hashed.hexdigest() != self.manifest.files[name]:
            raise BackupRefused(f"{name} of the backup is not what its manifest says: use another one")

    def check(self, progress: Callable[[int, int], None]) -> None:
        """Read everything once. Raises BackupRefused."""
        members = [self._archive.getinfo(name) for name in self._archive.namelist() if name != NAME]
        if {member.filename for member in members} != set(self.manifest.files):
            raise BackupRefused("the backup does not hold what its manifest lists: use another one")
        done, total = 0, sum(member.file_size for member in members)
        for member in members:
            for block in self.blocks(member.filename):
                done += len(block)
                progress(done, total)

    def files_below(self, folder: str) -> Iterator[tuple[PurePosixPath, bytes]]:
        """Path below `folder` and content of each. Raises BackupRefused for a name that leads elsewhere."""
        for name in sorted(self.manifest.files):
            path = PurePosixPath(name)
            if path.parts[0] != folder:
                continue
            if path.is_absolute() or ".." in path.parts:
                raise BackupRefused(f"{name!r} would lie outside: this is no backup of ours")
            yield path.relative_to(folder), b"".join(self.blocks(name))


@contextmanager
def reading_archive(path: Path, key: Path | None = None) -> Iterator[ArchiveReader]:
    """`key`: the file of the secret key of an encrypted one. Raises BackupRefused for what is no backup, is cut off or is
    not opened, FileNotFoundError and its kin."""
    if is_encrypted(path):
        with decrypted(path, key) as clear, _opened(clear, path) as reader:
            yield reader
    else:
        with _opened(path, path) as reader:
            yield reader


@contextmanager
def _opened(file: Path | BinaryIO, path: Path) -> Iterator[ArchiveReader]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise BackupRefused(f"{path} is no backup, or was cut off: use another one") from error
    with archive:
        try:
            text = archive.read(NAME).decode("utf-8")
        except (KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
            raise BackupRefused(f"{path} holds no {NAME}: it is no backup of Lineside") from error
        yield ArchiveReader(archive, from_json(text))
