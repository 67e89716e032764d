"""The files of a plant that are not in its database: certificates, secrets, the broker's rights, the anchors.

Not among them: an edge's spool (it is the edge's own truth, and an old copy of it could only take away), logs, what the
broker keeps, what the embedded database keeps.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from plant_server.security.installation import BROKER_ACCOUNT
from plant_server.security.secrets import private_folder, write_private_file

FOLDERS = ("ca", "secrets", "broker/installation")
ANCHORS = "log/anchors.log"
SETTINGS = "settings-of-backup"
_NOT_KEPT = ("lock",)


def files_to_keep(home: Path) -> Iterator[tuple[str, Path]]:
    """Path below `home` as text, and the file."""
    for folder in FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file() and path.name not in _NOT_KEPT and not path.name.startswith("."):
                yield path.relative_to(home).as_posix(), path
    if (home / ANCHORS).is_file():
        yield ANCHORS, home / ANCHORS


def occupied(home: Path) -> list[str]:
    """What of it is there."""
    return sorted({name.split("/")[0] for name, _ in files_to_keep(home)})


def set_aside(home: Path, now: datetime) -> Path | None:
    """Move what is there into a folder of its own, the embedded database too. None: nothing was there."""
    aside = home / f"before-restore-{now:%Y%m%d-%H%M%S}"
    there = [name for name in (*FOLDERS, ANCHORS, "pg") if (home / name).exists()]
    if not there:
        return None
    private_folder(aside)
    for name in there:
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).rename(aside / name)
    return aside


def put(home: Path, name: PurePosixPath, content: bytes) -> None:
    """Write one file, readable by its owner alone; the broker's by the broker."""
    path = home / name
    for folder in reversed(name.parents[:-1]):  # The last one is `home` itself.
        private_folder(home / folder)
    write_private_file(path, content)
    if os.geteuid() == 0 and name.is_relative_to("broker/installation"):
        os.chown(path, BROKER_ACCOUNT, BROKER_ACCOUNT)
        os.chown(path.parent, BROKER_ACCOUNT, BROKER_ACCOUNT)
