"""The configurations an edge has accepted, kept beside its spool: the newest, and a few before it.

An edge that finds a broken file when it starts goes on with the newest of these: readings do not stop because somebody
saved a mistake. Each is one file, `<time>.json`, written beside and renamed, so that none is ever half there.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from edge.acquisition.located_yaml import read_text
from edge.configuration.reading import Configuration, Texts, read_configuration
from edge.errors import ConfigError

log = structlog.get_logger()

SUFFIX = ".accepted"
KEPT_MAX = 20
_TIME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Accepted:
    """`file`: the configuration file it was read from, absolute."""

    at: datetime
    file: Path
    texts: Texts

    def configuration(self, path: Path) -> Configuration:
        """As it is read now (the environment above it), by the name `path` in mistakes. Raises ConfigError."""
        return read_configuration(path, self.texts)


class AcceptedConfigurations:
    """Of one spool file."""

    def __init__(self, spool: Path) -> None:
        self.folder = spool.with_name(spool.name + SUFFIX)

    def all(self) -> list[Accepted]:
        """Newest first. What cannot be read is left out."""
        return [accepted for path in self._files() if (accepted := _read(path)) is not None]

    def newest(self) -> Accepted | None:
        return next((accepted for path in self._files() if (accepted := _read(path)) is not None), None)

    def configurations(self, path: Path) -> Iterator[Configuration]:
        """Newest first, each read when it is asked for. What would be refused today is left out."""
        for accepted in self.all():
            try:
                yield accepted.configuration(path)
            except ConfigError as error:
                log.debug("accepted_configuration_outdated", reason=str(error))

    def keep(self, path: Path, texts: Texts, at: datetime) -> datetime:
        """Since when these texts are the accepted ones: `at`, or earlier if they are the newest already. What is kept last is
        the newest also after the clock went back: then its time follows the one before. Raises OSError."""
        file, newest = absolute(path), self.newest()
        if newest is not None and (newest.file, newest.texts) == (file, texts):
            return newest.at
        if newest is not None:
            at = max(at, newest.at + timedelta(microseconds=1))
        body = {"file": str(file), "text": texts.file, "profiles": dict(texts.profiles)}
        write_durably(self.folder / f"{at.astimezone(UTC):{_TIME}}.json", json.dumps(body, indent=1))
        for old in self._files()[KEPT_MAX:]:
            old.unlink(missing_ok=True)
        return at

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("2*Z.json"), reverse=True)


def accepted_for(path: Path) -> AcceptedConfigurations | None:
    """Where the configurations of this file were kept, also while the file is too broken to say where its spool is."""
    for spool in _where_its_spool_may_be(path):
        kept = AcceptedConfigurations(spool)
        newest = kept.newest()
        if newest is not None and newest.file == absolute(path):
            return kept
    return None


def absolute(path: Path) -> Path:
    """Links are not followed: a file that is a link is exchanged by pointing it elsewhere."""
    return Path(os.path.abspath(path))


def write_durably(path: Path, text: str, mode: int = 0o600) -> None:
    """The whole text under its name, or the file as it was. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _where_its_spool_may_be(path: Path) -> Iterator[Path]:
    """Whatever the environment or a line of the file calls a path; beside the file; in this machine's state folder."""
    folder = path.resolve().parent
    named = [os.environ.get("LINESIDE_SPOOL__PATH", "")]
    try:
        named += re.findall(r"\bpath:\s*[\"']?([^\s,}\"'#]+)", read_text(path))
    except ConfigError as error:
        log.debug("configuration_unreadable", reason=str(error))
    yield from (folder / name for name in named if name)
    for place in (folder, Path(os.environ.get("LINESIDE_HOME") or ".lineside") / "spool"):
        yield from (kept.with_suffix("") for kept in sorted(place.glob(f"*{SUFFIX}")))


def _read(path: Path) -> Accepted | None:
    try:
        body: Any = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.strptime(path.stem, _TIME).replace(tzinfo=UTC)
        return Accepted(at, Path(body["file"]), Texts(body["text"], dict(body["profiles"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("accepted_configuration_unreadable", path=str(path), reason=str(error))
        return None
