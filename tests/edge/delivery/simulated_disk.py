"""What a disk still holds of a folder after the power went, worked out from the journal of `power_cut.c`.

A sync makes a file's content certain, a sync of the folder its names. Of everything since, anything may be there:

- nothing, all, or the first operations with the last one torn at some byte (a disk that keeps the order);
- of each unit (a sector, a block of flash) any version it ever had, torn within or not (one that reorders);
- a name created, changed or deleted, or not; a change of name is never half done.

A sync that failed makes nothing certain, and the next one does not write again what this one did not: the kernel has
taken those pages for written ("fsyncgate", Linux since 4.13 reports it once). Only what is written anew is.
"""

import random
import struct
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = struct.Struct("=qqqq")
LANDINGS = ("nothing", "all", "first", "any", "any")
PASSING = ("-shm", ".reserve", ".lock")


@dataclass(frozen=True, slots=True)
class Storage:
    """`unit_bytes`: what is written whole or torn. `hurts`: a torn unit loses all it held, also what was synced."""

    unit_bytes: int = 512
    hurts: bool = False


@dataclass
class SimulatedFile:
    """Content as processes see it, as the disk has it for certain, and every version in between."""

    storage: Storage
    durable: bytearray
    cached: bytearray
    _since: list[tuple[int, bytes | None]] = field(default_factory=list)  # (offset, bytes), (size, None)
    _versions: dict[int, list[bytes]] = field(default_factory=dict)

    def write(self, at: int, content: bytes) -> None:
        if at > len(self.cached):
            self.cached.extend(bytes(at - len(self.cached)))
        self.cached[at : at + len(content)] = content
        self._since.append((at, content))
        self._remember(at, at + len(content))

    def truncate(self, size: int) -> None:
        low, high = sorted((size, len(self.cached)))
        _resize(self.cached, size)
        self._since.append((size, None))
        self._remember(low, high)

    def _remember(self, begin: int, end: int) -> None:
        step = self.storage.unit_bytes
        for unit in range(begin // step, -(-end // step)):
            content = bytes(self.cached[unit * step : (unit + 1) * step])
            self._versions.setdefault(unit, []).append(content.ljust(step, b"\0"))

    def synced(self) -> None:
        if self._since:
            newest = {unit: versions[-1] for unit, versions in self._versions.items()}
            self.durable = self._with(newest, len(self.cached))
        self._since.clear()
        self._versions.clear()

    def sync_failed(self, rng: random.Random) -> None:
        """Some of it landed, and nobody will write the rest."""
        self.durable = self.landed(rng)
        self._since.clear()
        self._versions.clear()

    def landed(self, rng: random.Random) -> bytearray:
        """What the disk holds if the power goes now."""
        how = rng.choice(LANDINGS)
        if how == "nothing" or not self._since:
            return bytearray(self.durable)
        if how == "any":
            return self._any_versions(rng)
        image, count = bytearray(self.durable), len(self._since)
        if how == "first":
            count = rng.randrange(count)
        for operation in self._since[:count]:
            _apply(image, *operation)
        if count < len(self._since) and (torn := self._since[count])[1] is not None:
            self._tear(image, torn[0], torn[1], rng)
        return image

    def _any_versions(self, rng: random.Random) -> bytearray:
        share = rng.choice([0.1, 0.5, 0.9])
        torn_share = rng.choice([0, 0, 0.02, 0.2])
        chosen: dict[int, bytes] = {}
        for unit, versions in self._versions.items():
            if rng.random() >= share:
                continue
            content = rng.choice(versions) if rng.random() < 0.3 else versions[-1]
            if rng.random() < torn_share:
                content = self._torn_unit(self._unit(self.durable, unit), content, rng)
            chosen[unit] = content
        sizes, size = [len(self.durable)], len(self.durable)
        for at, written in self._since:
            size = at if written is None else max(size, at + len(written))
            sizes.append(size)
        return self._with(chosen, rng.choice(sizes))

    def _tear(self, image: bytearray, at: int, content: bytes, rng: random.Random) -> None:
        """The write of `content` was under way: some of it is there; the unit it broke off in may be lost whole."""
        done = rng.randrange(len(content))
        _apply(image, at, content[:done])
        if self.storage.hurts:
            step = self.storage.unit_bytes
            begin = (at + done) // step * step
            _apply(image, begin, rng.randbytes(step))

    def _torn_unit(self, old: bytes, new: bytes, rng: random.Random) -> bytes:
        if self.storage.hurts:
            return rng.randbytes(len(new))
        at = rng.randrange(len(new))
        return new[:at] + old[at:] if rng.random() < 0.5 else old[:at] + new[at:]

    def _unit(self, image: bytearray, unit: int) -> bytes:
        step = self.storage.unit_bytes
        return bytes(image[unit * step : (unit + 1) * step]).ljust(step, b"\0")

    def _with(self, units: dict[int, bytes], size: int) -> bytearray:
        image, step = bytearray(self.durable), self.storage.unit_bytes
        for unit, content in units.items():
            _apply(image, unit * step, content)
        _resize(image, size)
        return image


class SimulatedDisk:
    """One folder, without folders in it. What lies there at the beginning counts as synced."""

    def __init__(self, folder: Path, storage: Storage, rng: random.Random) -> None:
        self._folder = folder
        self._storage = storage
        self._rng = rng
        self._adopt()

    def _adopt(self) -> None:
        self._names = self._listing()
        self._cached_names = dict(self._names)
        self._changes: list[tuple[str, ...]] = []
        self._files = {
            inode: self._file((self._folder / name).read_bytes()) for name, inode in self._names.items()
        }

    def _file(self, content: bytes = b"") -> SimulatedFile:
        return SimulatedFile(self._storage, bytearray(content), bytearray(content))

    def _listing(self) -> dict[str, int]:
        return {
            path.name: path.stat().st_ino for path in self._folder.iterdir() if not _is_passing(path.name)
        }

    def heard(self, journal: bytes) -> None:
        """What a process did. A record that was cut off by its death did not happen."""
        at = 0
        while at + _HEAD.size <= len(journal):
            operation, inode, number, length = _HEAD.unpack_from(journal, at)
            content = journal[at + _HEAD.size : at + _HEAD.size + length]
            if len(content) < length:
                return
            self._did(chr(operation), inode, number, content)
            at += _HEAD.size + length

    def _did(self, operation: str, inode: int, number: int, content: bytes) -> None:
        if operation in "WTSF":
            file = self._files.setdefault(inode, self._file())
        match operation:
            case "W":
                file.write(number, content)
            case "T":
                file.truncate(number)
            case "S":
                file.synced()
            case "F":
                file.sync_failed(self._rng)
            case "N":
                self._see(_names(content))
            case "D":
                self._names = _names(content)
                self._cached_names, self._changes = dict(self._names), []
            case "R" | "U":
                change = (operation, *content.decode().split("/"))
                self._changes.append(change)
                _change_names(self._cached_names, change)

    def _see(self, names: dict[str, int]) -> None:
        """Names that are there now and were not yet: files were created."""
        for name, inode in names.items():
            if self._cached_names.get(name) != inode:
                self._changes.append(("C", name, str(inode)))
                self._cached_names[name] = inode

    def cut_power(self) -> None:
        """Leave in the folder what a disk would. It counts as synced: the machine has started anew."""
        self._see(self._listing())
        names, rng = dict(self._names), self._rng
        how = rng.choice(LANDINGS)
        count = rng.randrange(len(self._changes) + 1)
        for number, change in enumerate(self._changes):
            lands = {"nothing": False, "all": True, "first": number < count, "any": rng.random() < 0.5}[how]
            if lands:
                _change_names(names, change)
        images = {
            name: self._files[inode].landed(rng) if inode in self._files else b""
            for name, inode in names.items()
        }
        for path in self._folder.iterdir():
            if _is_passing(path.name):
                _leave_something(path, rng)
            else:
                path.unlink()
        for name, image in images.items():
            (self._folder / name).write_bytes(image)
        self._adopt()


def _apply(image: bytearray, at: int, content: bytes | None) -> None:
    if content is None:
        _resize(image, at)
        return
    if at > len(image):
        image.extend(bytes(at - len(image)))
    image[at : at + len(content)] = content


def _resize(image: bytearray, size: int) -> None:
    if size < len(image):
        del image[size:]
    else:
        image.extend(bytes(size - len(image)))


def _names(listing: bytes) -> dict[str, int]:
    pairs = (line.split(" ", 1) for line in listing.decode().splitlines())
    return {name: int(inode) for inode, name in pairs}


def _change_names(names: dict[str, int], change: tuple[str, ...]) -> None:
    match change:
        case ("C", name, inode):
            names[name] = int(inode)
        case ("U", name):
            names.pop(name, None)
        case ("R", old, new) if old in names:
            names[new] = names.pop(old)


def _is_passing(name: str) -> bool:
    return any(part in name for part in PASSING)


def _leave_something(path: Path, rng: random.Random) -> None:
    """Files nobody syncs: gone, as they were, empty, or full of anything."""
    what = rng.randrange(4)
    if what == 0:
        path.unlink()
    elif what > 1:
        path.write_bytes(rng.randbytes(path.stat().st_size) if what == 3 else b"")
