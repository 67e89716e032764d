"""A bridge that runs over a restored plant asks and is silent; `lineside bridge held | release` let a person decide."""

import getpass
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner, Result

from erp_bridge.commands import bridge_app
from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.after_restore.restored import Backup
from tests.erp_bridge.bridge_here import core_settings
from tests.erp_bridge.bridge_process import BridgeProcess, until
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import BusinessProcess, released_order

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def good(core: httpx.Client, number: str) -> list[str]:
    found = core.get("/api/completions", params={"work_order": number}).json()["items"]
    return sorted(one["lines"][0]["quantity"] for one in found)


class Console:
    """The command line beside the bridge, with its settings."""

    def __init__(self, url: str, config: Path) -> None:
        self._environment = {"LINESIDE_BRIDGE_DATABASE_URL": url, "LINESIDE_BRIDGE_CONFIG": str(config)}

    def __call__(self, *words: str, answer: str = "") -> Result:
        return CliRunner().invoke(bridge_app, words, env=self._environment, input=answer)


def test_a_running_bridge_is_silent_until_a_person_releases_it(
    core: httpx.Client,
    core_process: BusinessProcess,
    database_server: PostgresServer,
    plant_database: PlantDatabase,
    floor: Floor,
    bridge_url: str,
    tmp_path: Path,
) -> None:
    number = released_order(core)
    config = {"connectors": {"core": core_settings(core_process.endpoint)}}
    bridge = BridgeProcess(tmp_path, bridge_url, config).start()
    floor.good(number, "10")
    until(lambda: good(core, number) == ["10"], "the first was not told", (bridge,))
    until(lambda: states(bridge_url) == ["accepted"], "the first was not read back", (bridge,))
    backup = Backup(database_server, plant_database, tmp_path)
    floor.good(number, "5")
    until(lambda: good(core, number) == ["10", "5"], "the second was not told", (bridge,))
    assert bridge.stop() == 0

    with backup.restored() as (url, there):
        there.goes_on(number, floor.order_id(number), 1)
        there.good(number, "5")
        bridge = BridgeProcess(tmp_path, url, config).start()
        try:
            console = Console(url, tmp_path / "bridge.yaml")
            until(lambda: states(url) == ["accepted", "ready"], "nothing was planned", (bridge,))
            until(lambda: is_examined(url), "nobody asked the core", (bridge,))
            assert good(core, number) == ["10", "5"]
            assert "system_is_held" in bridge.words()

            shown = console("held")
            assert shown.exit_code == 0, shown.output
            assert "core is held since" in shown.output
            assert "stands there, and the plant has forgotten it" in shown.output
            assert (
                f"{number} completion FG-100: there 15 pcs, here 15; waiting 5, would be told 0"
                in shown.output
            )
            refused = console("release", "core", answer="n\n")
            assert refused.exit_code == 1
            assert console("release", "other", "--yes").exit_code == 1
            assert states(url) == ["accepted", "ready"]

            released = console("release", "core", answer="y\n")
            assert released.exit_code == 0, released.output
            assert "core is told again" in released.output
            until(lambda: states(url) == ["accepted", "skipped"], "nothing went on", (bridge,))
            there.good(number, "2")
            until(lambda: good(core, number) == ["10", "2", "5"], "what is new was not told", (bridge,))
            assert "nobody is held" in console("held").output
            (kept,) = rows(url, "SELECT released_by FROM bridge.hold")
            assert kept == (f"command line: {getpass.getuser()}",)
        finally:
            assert bridge.stop() == 0


def states(url: str) -> list[str]:
    return [state for (state,) in rows(url, "SELECT state FROM bridge.document ORDER BY position")]


def is_examined(url: str) -> bool:
    return bool(rows(url, "SELECT FROM bridge.hold WHERE examined_time IS NOT NULL AND problem IS NULL"))


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        try:
            return connection.execute(query.encode()).fetchall()
        except psycopg.errors.UndefinedTable:  # The bridge has not made its tables yet.
            return []
