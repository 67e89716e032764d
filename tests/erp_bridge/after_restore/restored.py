"""A plant's database backed up and restored by the command line, with the bridge's tables in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase, fresh_database
from tests.plant_server.installation.running import lineside


class Backup:
    """Of one database, at the moment this was made."""

    def __init__(self, server: PostgresServer, database: PlantDatabase, folder: Path) -> None:
        self._server = server
        self._home = folder / "site" / ".lineside"
        self._file = folder / "plant.zip"
        self._do("backup", "--out", str(self._file), owner_url=database.owner_url)

    @contextmanager
    def restored(self) -> Iterator[tuple[str, Floor]]:
        """The plant anew in a database of its own: the bridge's URL there, and the floor."""
        with fresh_database(self._server, template="template0") as database:
            self._do("restore", str(self._file), "--only", "database", owner_url=database.owner_url)
            yield self._server.url("lineside_bridge", database.name), Floor(database.url)

    def _do(self, *words: str, owner_url: str) -> None:
        done = lineside(self._home, *words, owner_url=owner_url)
        assert done.returncode == 0, done.stderr
