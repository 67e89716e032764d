"""What a backup says of itself: the last file written into it, and the first one read."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from plant_server.installation.errors import BackupRefused
from plant_server.installation.rights import Rights
from plant_server.installation.table_contents import TableContent
from plant_server.schema.migrate import FOLDER, read_migrations

FORMAT = 1
NAME = "manifest.json"
DatabaseOf = Literal["embedded", "server"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`postgresql`: major version of the server; `dumped_by`: of the program. `chain`: position and hash of the newest
    sealed Event, None before the first. `files`: SHA-256 by name in the archive; the dump is one of them."""

    made: datetime
    lineside: str
    postgresql: int
    dumped_by: int
    place: DatabaseOf
    migrations: dict[str, str]
    bridge_migrations: dict[str, str]
    chain: tuple[int, str] | None
    tables: dict[str, TableContent]
    files: dict[str, str]
    dump_bytes: int
    rights: Rights
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"made": self.made.isoformat()}, indent=1, sort_keys=True)


def from_json(text: str) -> Manifest:
    """Raises BackupRefused."""
    try:
        told: dict[str, Any] = json.loads(text)
        if told["format"] != FORMAT:
            raise BackupRefused(
                f"the backup has format {told['format']}, made by Lineside {told['lineside']}; this version "
                f"reads format {FORMAT}: restore it with the version that made it, then upgrade"
            )
        chain = told["chain"]
        return Manifest(
            **told
            | {
                "made": datetime.fromisoformat(told["made"]),
                "chain": None if chain is None else (int(chain[0]), str(chain[1])),
                "tables": {name: TableContent(**content) for name, content in told["tables"].items()},
                "rights": Rights(**told["rights"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BackupRefused(f"the backup's {NAME} cannot be read ({error!r}): use another one") from error


def require_known(manifest: Manifest, server: int) -> None:
    """Raises BackupRefused when this version, or this server, is older than the backup."""
    known = {str(migration.number): migration.sha256 for migration in read_migrations(FOLDER)}
    newer = sorted(manifest.migrations.keys() - known.keys(), key=int)
    if newer:
        raise BackupRefused(
            f"the backup has migration {int(newer[-1]):04}, which this version does not know: it was made by Lineside "
            f"{manifest.lineside}; install that version or a later one. There is no way back to an older schema"
        )
    changed = [number for number, sha256 in manifest.migrations.items() if known[number] != sha256]
    if changed:
        raise BackupRefused(
            f"migration {int(changed[0]):04} of the backup is not the one of this version: it was made by Lineside "
            f"{manifest.lineside}; install that version"
        )
    if server < manifest.postgresql:
        raise BackupRefused(
            f"the backup was made on PostgreSQL {manifest.postgresql}, and here is {server}: a database goes to the same "
            f"or a later version only; install PostgreSQL {manifest.postgresql}"
        )
