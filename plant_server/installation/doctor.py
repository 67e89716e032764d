"""`lineside doctor`: is the plant well, and if not, what to do next. It only looks."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from plant_server.embedded.postgres import url_of_running
from plant_server.errors import ConfigError
from plant_server.installation.check_broker import check_broker, with_files_of
from plant_server.installation.check_database import check_database
from plant_server.installation.check_files import (
    check_anchors,
    check_backups,
    check_certificates,
    check_disk,
    check_modes,
)
from plant_server.installation.finding import Finding
from plant_server.installation.home_files import ANCHORS
from plant_server.settings import load_settings

CUT_SHORT = frozenset({"settings-wrong", "database-unavailable", "schema-not-ready"})
"""After these others cannot be asked, so they are told whatever was asked for."""


def examine(home: Path, backups: Path, only: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Everything, in the order in which it is worth mending; or those of the checks named in `only`."""
    for finding in _examine(home, backups, only):
        if not only or finding.check in only or finding.code in CUT_SHORT:
            yield finding


def _examine(home: Path, backups: Path, only: frozenset[str]) -> Iterator[Finding]:
    now = datetime.now(UTC)
    yield from check_disk(home)
    yield from check_modes(home)
    yield from check_certificates(home, now)
    try:
        settings = load_settings()
    except ConfigError as error:
        yield Finding("settings", "bad", "settings-wrong", {"why": "; ".join(map(str, error.mistakes))})
    else:
        yield Finding("settings", "ok", "settings-ok")
        yield from check_database(_database_url(home, settings.database_url))
        if not only or "broker" in only:  # It notes every connection in its log.
            yield from check_broker(with_files_of(settings.mqtt, home, settings.shard), now)
    yield from check_anchors(home / ANCHORS, now)
    yield from check_backups(backups, now)


def _database_url(home: Path, configured: str) -> str:
    """The embedded server of the folder, where nothing is set and it runs."""
    if "LINESIDE_DATABASE_URL" in os.environ:
        return configured
    return url_of_running(home, "lineside_plant") or configured
