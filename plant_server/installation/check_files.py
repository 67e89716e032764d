"""What the doctor looks at in the plant's folder: room, modes, certificates, backups."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from plant_server.installation.finding import DAY_S, Finding, age, by_age
from plant_server.security.secrets import write_private_file

GIB = 1 << 30
BACKUP_WARN_S, BACKUP_BAD_S = 26 * 3600.0, 7 * DAY_S
"""A nightly backup that failed once is a warning, a week of them is not."""
EXPIRES_SOON = timedelta(days=30)

LAST_BACKUP = "public/last-backup"
"""Below the plant's folder; its time of change is the time of the newest backup in `backups`."""

Usage = Callable[[Path], tuple[int, int, int]]
"""Bytes in all, used and free."""


def check_disk(home: Path, usage: Usage = shutil.disk_usage) -> Iterator[Finding]:
    total, _, free = usage(home if home.exists() else home.parent)
    percent = 100 * free / total
    values = {"free_gib": f"{free / GIB:.1f}", "percent": f"{percent:.0f}"}
    if percent < 5 or free < GIB:
        yield Finding("disk", "bad", "disk-full", values)
    elif percent < 15:
        yield Finding("disk", "warn", "disk-low", values)
    else:
        yield Finding("disk", "ok", "disk-ok", values)


def check_modes(home: Path) -> Iterator[Finding]:
    """Whoever reads these files is the plant."""
    private = [
        *(home / "secrets").glob("*"),
        *(home / "ca").rglob("*.key"),
        *(home / "backups").glob("*.zip"),  # An encrypted one is read by nobody without its key.
    ]
    files = [path for path in private if path.is_file()]
    open_ = sorted(path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077)
    if open_:
        names = ", ".join(str(path) for path in open_)
        yield Finding("secrets", "bad", "secrets-open", {"files": names})
    else:
        yield Finding("secrets", "ok", "secrets-ok", {"count": len(files)})


def check_certificates(home: Path, now: datetime) -> Iterator[Finding]:
    """The one in the folder that ends first."""
    found = []
    for path in sorted((home / "ca").rglob("*.pem")):
        try:
            found.append((x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc, path))
        except ValueError:
            yield Finding("certificates", "bad", "certificates-damaged", {"file": path})
    if not found:
        return
    ends, path = min(found)
    values = {"file": path, "ends": f"{ends:%Y-%m-%d}", "count": len(found)}
    if ends <= now:
        yield Finding("certificates", "bad", "certificates-ended", values)
    elif ends - now < EXPIRES_SOON:
        yield Finding("certificates", "warn", "certificates-ending", values)
    else:
        yield Finding("certificates", "ok", "certificates-ok", values)


def note_backup(home: Path) -> None:
    """Leave the time of a backup that was just made where the API may see it: a backup holds keys, its time does not.

    A plant that an earlier release prepared has no folder for it. Raises OSError.
    """
    if (home / LAST_BACKUP).parent.is_dir():
        write_private_file(home / LAST_BACKUP, "The newest backup is as old as this file.\n")


def check_backups(folder: Path, now: datetime, noted: Path | None = None) -> Iterator[Finding]:
    """The newest whole one, whatever its name: an unfinished one begins with a dot.

    `noted` is believed where the folder is hidden from this process.
    """
    newest = [noted] if noted and not os.access(folder, os.R_OK) else folder.glob("[!.]*.zip*")
    times = [path.stat().st_mtime for path in newest if path.exists()]
    if not times:
        yield Finding("backup", "warn", "backup-none", {"folder": folder})
        return
    yield by_age(
        "backup", now.timestamp() - max(times), warn_s=BACKUP_WARN_S, bad_s=BACKUP_BAD_S, folder=folder
    )


def check_anchors(file: Path, now: datetime) -> Iterator[Finding]:
    """The keeper appends while Events come; a plant without any has no file."""
    if file.exists():
        seconds = now.timestamp() - file.stat().st_mtime
        yield Finding("anchors", "ok", "anchors-ok", {"age": age(seconds), "file": file})
    else:
        yield Finding("anchors", "warn", "anchors-none", {"file": file})
