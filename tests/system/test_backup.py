"""A plant whose machine is gone: restored elsewhere from a backup that was made under load, and fed again by its edge."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plant_server.demo.plant import Plant, PlantOptions, running_plant, stop_all
from plant_server.embedded.postgres import running_postgres
from plant_server.embedded.postgres_binaries import find_postgres
from plant_server.schema.migrate import migrate
from tests.plant_server.installation.running import lineside_process as lineside
from tests.plant_server.installation.running import tables_of
from tests.system.conftest import OpensWorkshop
from tests.system.workshop import BACKOFF_MAX_S, Config, Workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PIN = "739105"


@pytest.fixture(scope="module")
def shop(open_workshop: OpensWorkshop) -> Workshop:
    return open_workshop()


@pytest.fixture(scope="module")
def backup(shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made while machines produce and everything stores; afterwards the machine of the plant is lost."""
    file = tmp_path_factory.mktemp("usb") / "plant.zip"
    make_administrator(shop.plant)
    shop.produce()
    shop.wait_until("work to back up", lambda: shop.stored() > 60)
    shop.wait_until("a sealed event", lambda: shop.value("SELECT max(position) FROM plant.event_chain"))
    made = lineside(shop.plant.home, "backup", "--out", str(file))
    assert made.returncode == 0, made.stderr
    before = shop.stored()
    shop.wait_until("work since the backup", lambda: shop.stored() > before + 40)
    shop.check_alive()
    stop_all(shop.plant.children)
    shop.plant.broker.stop()
    return file


@pytest.fixture(scope="module")
def new_home(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("new") / "plant"
    restored = lineside(home, "restore", str(backup), "--home", str(home))
    assert restored.returncode == 0, restored.stderr
    return home


@pytest.fixture(scope="module")
def restored(new_home: Path, shop: Workshop) -> Iterator[Plant]:
    options = PlantOptions(any_ports=True, backoff_max_s=BACKOFF_MAX_S, tuning={"shared_buffers": "64MB"})
    with running_plant(new_home, options) as plant:
        yield plant


def make_administrator(plant: Plant) -> None:
    with httpx.Client(base_url=plant.api_url, timeout=10) as client:
        assert client.get("/api/v1/setup").json() == {"administrator_missing": True}
        code = (plant.home / "secrets/first-administrator-code").read_text()
        made = client.post("/api/v1/setup/administrator", json={"name": "Ada", "pin": PIN, "code": code})
        assert made.status_code == 204, made.text


def manifest_of(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        told: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return told


def test_the_restored_tables_have_the_hashes_of_the_backup(
    backup: Path, new_home: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    made = lineside(new_home, "backup", "--out", str(again))
    assert made.returncode == 0, made.stderr
    first, second = manifest_of(backup), manifest_of(again)
    assert first["tables"]["plant.sample"]["rows"] > 0
    assert tables_of(backup) == tables_of(again)
    assert first["chain"] == second["chain"]
    secrets = {
        name: sha for name, sha in first["files"].items() if name.startswith(("home/ca/", "home/secrets/"))
    }
    assert secrets
    assert secrets.items() <= second["files"].items()


def test_the_edge_gives_the_restored_plant_what_came_after_the_backup(
    shop: Workshop, backup: Path, restored: Plant
) -> None:
    """The new machine has another address and the same authority, so the edge trusts it; nothing else is told to it."""
    lost = shop.stored()
    moved = Workshop(restored, shop.floor)
    assert moved.stored() < lost, "nothing was lost, so nothing is proved"

    def elsewhere(config: Config) -> None:
        config["broker"]["urls"] = [restored.broker.url]

    moved.edge.stop()
    moved.change_edge(elsewhere)
    moved.edge.start()
    moved.wait_until_drained()
    moved.wait_until_moving()
    told = lineside(restored.home, "doctor", "--json", **restored.environment())
    bad = [row for row in json.loads(told.stdout) if row["level"] == "bad" and row["check"] != "disk"]
    assert bad == []
    assert {row["check"]: row["code"] for row in json.loads(told.stdout)}["edges"] == "edges-ok"
    verdict = moved.verdict()
    assert verdict.good, str(verdict)


def test_the_chain_of_events_of_the_restored_plant_holds(restored: Plant) -> None:
    verified = lineside(restored.home, "audit", "verify", **restored.environment())
    assert verified.returncode == 0, verified.stderr
    events, anchors = (int(word) for word in verified.stdout.split() if word.isdecimal())
    assert events >= 1
    assert anchors >= 1, "the head of the chain at the backup is one"


def test_people_sign_in_as_before(restored: Plant) -> None:
    """Their PINs are hashed with a pepper, which lies beside the database."""
    with httpx.Client(base_url=restored.api_url, timeout=10) as client:
        refused = client.post("/api/v1/sign-in", json={"person_id": 1, "pin": "000000"})
        assert refused.status_code == 401
        assert client.post("/api/v1/sign-in", json={"person_id": 1, "pin": PIN}).status_code == 200


def test_a_plant_on_the_wheel_is_backed_up_by_the_wheel(tmp_path: Path) -> None:
    """Where no PostgreSQL is installed, pg_dump comes from there too; and what it wrote goes to no older server."""
    home, file = tmp_path / "plant", tmp_path / "plant.zip"
    with running_postgres(home, prefer="wheel") as server:
        migrate(server.url(), say=lambda _: None)
        made = lineside(home, "backup", "--out", str(file))
        assert made.returncode == 0, made.stderr
        wheel = server.binaries
    assert manifest_of(file)["dumped_by"] == manifest_of(file)["postgresql"] == wheel.major
    restored = lineside(tmp_path / "new", "restore", str(file), LINESIDE_PG_BIN=str(wheel.folder))
    assert restored.returncode == 0, restored.stderr
    installed = find_postgres(prefer="installed")
    if installed.major < wheel.major:
        refused = lineside(tmp_path / "older", "restore", str(file), LINESIDE_PG_BIN=str(installed.folder))
        assert refused.returncode == 1
        assert f"was made on PostgreSQL {wheel.major}, and here is {installed.major}" in refused.stderr
