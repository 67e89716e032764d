"""A plant's database backed up and restored by the command line, with the bridge's tables in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from erp_bridge.after_restore.examine import examine
from erp_bridge.after_restore.holds import QUERIES, held, release
from erp_bridge.after_restore.report import Report, report_of
from erp_bridge.connectors import CONNECTORS
from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.bridge_here import BridgeHere
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
        """The bridge's URL at the plant made anew, and the floor there."""
        with self.database() as (database, bridge_url):
            yield bridge_url, Floor(database.url)

    @contextmanager
    def database(self) -> Iterator[tuple[PlantDatabase, str]]:
        """The plant anew in a database of its own, and the bridge's URL there."""
        with fresh_database(self._server, template="template0") as database:
            self._do("restore", str(self._file), "--only", "database", owner_url=database.owner_url)
            yield database, self._server.url("lineside_bridge", database.name)

    def _do(self, *words: str, owner_url: str) -> None:
        done = lineside(self._home, *words, owner_url=owner_url)
        assert done.returncode == 0, done.stderr


class Restored(BridgeHere):
    """The bridge of the restored plant."""

    floor: Floor

    async def examined(self) -> Report:
        connector = self._connector()
        try:
            async with self.session() as session:
                await session.execute(QUERIES["hold"], {"connector": "core"})
                await examine(session, self.config, connector)
                (hold,) = await held(session, "core")
                return await report_of(session, self.config, connector, hold)
        finally:
            await connector.close()

    async def release(self) -> None:
        async with self.session() as session:
            await release(session, self._connector(), "test")

    def _connector(self) -> Any:
        return CONNECTORS["core"]("core", self.config.connectors["core"])
