"""A plant is restored while its ERP goes on knowing: nothing is told until a person saw it, and nothing twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from erp_bridge.after_restore.holds import held
from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.connectors.core import Core
from erp_bridge.errors import StillHeld
from erp_bridge.settings import Settings
from plant_server.embedded.postgres import PostgresServer
from plant_server.installation.table_contents import QUERIES as RESTORE
from tests.erp_bridge.after_restore.restored import Backup, Restored
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import BusinessProcess, released_order

CLIENT = "http://127.0.0.1:8081"
SEALS = [{"lot": "L-SEAL-A1", "quantity": "24"}]
SCRAP = {"item": "FG-100", "quantity": "2", "unit": "H87", "reason": "burr"}


class Lost:
    """A plant that told `first` and lost it again: 10, 4 and 3 good are in its backup (the 10 as told), then 5 good, 2 scrap
    and 24 seals were told; and 6 good of the order `second`, of which the backup knows nothing."""

    def __init__(self, first: str, second: str, core: httpx.Client) -> None:
        self.first = first
        self.second = second
        self._core = core

    def good(self, order: str) -> list[str]:
        """What the core holds, document by document."""
        found = self._core.get("/api/completions", params={"work_order": order}).json()["items"]
        gone = {one["reverses"] for one in found if one["reverses"]}
        return sorted(
            one["lines"][0]["quantity"] for one in found if not one["reverses"] and one["id"] not in gone
        )

    def reverse(self, reference: str) -> None:
        """As a person does it there."""
        now = datetime.now(UTC)
        reversal = {"external_id": f"by hand {reference}", "event_time": now.isoformat()}
        reversal["posting_date"] = now.date().isoformat()
        answer = self._core.post(f"/api/completions/{reference}/reversals", json=reversal)
        assert answer.status_code == 201, answer.text

    def total(self, order: str, kind: str, item: str) -> str:
        told = self._core.get(f"/api/balances/work-orders/{order}").json()["totals"]
        return {(one["kind"], one["item"]): str(one["quantity"]) for one in told}[kind, item]


@pytest.fixture
async def lost(
    core: httpx.Client,
    floor: Floor,
    bridge: BridgeHere,
    database_server: PostgresServer,
    plant_database: PlantDatabase,
    tmp_path: Path,
) -> tuple[Lost, Backup]:
    lost = Lost(released_order(core), released_order(core), core)
    floor.good(lost.first, "10")
    await bridge.deliver()
    floor.good(lost.first, "4")
    await bridge.plan()
    floor.good(lost.first, "3")
    backup = Backup(database_server, plant_database, tmp_path)
    floor.good(lost.first, "5")
    floor.tell("scrap", lost.first, **SCRAP)
    floor.used(lost.first, "SEAL-10", "24", lots=SEALS)
    floor.good(lost.second, "6")
    assert {one["state"] for one in await bridge.deliver()} == {"accepted"}
    assert lost.good(lost.first) == ["10", "3", "4", "5"]
    return lost, backup


@pytest.fixture
async def restored(
    lost: tuple[Lost, Backup], core_process: BusinessProcess, floor: Floor
) -> AsyncIterator[Restored]:
    told, backup = lost
    with backup.restored() as (url, there):
        there.goes_on(told.first, floor.order_id(told.first), 3)
        bridge = Restored(url, core_process.endpoint)
        bridge.floor = there
        await bridge.migrated()
        yield bridge


@pytest.fixture
def plant(lost: tuple[Lost, Backup]) -> Lost:
    return lost[0]


async def test_nothing_is_sent_before_a_person_releases_it(plant: Lost, restored: Restored) -> None:
    restored.floor.good(plant.first, "1")
    await restored.plan()
    assert await restored.send_due() == 0
    assert plant.good(plant.first) == ["10", "3", "4", "5"]
    with pytest.raises(StillHeld) as refused:  # Nobody asked the core yet.
        await restored.release()
    assert refused.value.code == "not-examined"


async def test_nothing_is_sent_while_a_restore_is_at_work(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, plant_database: PlantDatabase
) -> None:
    """A bridge that comes back too early finds a plant that is half there, and no row that says so yet."""
    number = released_order(core)
    floor.good(number, "3")
    await bridge.plan()
    async with await psycopg.AsyncConnection.connect(plant_database.owner_url) as restore:
        await restore.execute(RESTORE["restoring"])
        assert await bridge.send_due() == 0
    assert await bridge.send_due() == 1


async def test_what_the_backup_still_wanted_to_tell_is_found_there_and_not_told_again(
    plant: Lost, restored: Restored
) -> None:
    await restored.plan()
    report = await restored.examined()
    assert report.problem is None
    assert [(one.work_order, one.state) for one in report.found] == [(plant.first, "accepted")] * 2
    found = [one for one in await restored.documents() if one["state"] == "accepted"]
    assert [one["body"]["lines"][0]["quantity"] for one in found] == ["10", "4", "3"]
    assert all(one["reference"] for one in found)
    await restored.release()
    await restored.deliver()
    assert plant.good(plant.first) == ["10", "3", "4", "5"]


async def test_what_the_plant_has_forgotten_is_listed_with_order_quantity_and_time(
    plant: Lost, restored: Restored
) -> None:
    await restored.plan()
    report = await restored.examined()
    ours = [one for one in report.told_before if one.work_order in (plant.first, plant.second)]
    assert [(one.work_order, one.kind, one.thing, one.lot, one.quantity) for one in ours] == [
        (plant.first, "completion", "FG-100", "", "5"),
        (plant.first, "scrap", "FG-100", "", "2"),
        (plant.first, "consumption", "SEAL-10", "L-SEAL-A1", "24"),
        (plant.second, "completion", "FG-100", "", "6"),
    ]
    assert all(UUID(one.key) and one.reference for one in ours)
    assert all(report.backup_time <= one.told_time <= datetime.now(UTC) for one in ours)
    assert report.backup_time < report.since


async def test_what_is_entered_again_is_told_less_by_what_stands_there(
    plant: Lost, restored: Restored
) -> None:
    """8 good instead of the 5 told before, the seals again, the other order whole; the scrap is never entered again."""
    again = restored.floor.good(plant.first, "8")
    restored.floor.used(plant.first, "SEAL-10", "24", lots=SEALS)
    restored.floor.good(plant.second, "6")
    await restored.plan()
    differences = {
        (one.work_order, one.kind): one
        for one in (await restored.examined()).differences
        if one.work_order in (plant.first, plant.second)
    }
    good = differences[plant.first, "completion"]
    assert (good.there, good.told_before, good.here, good.waiting, good.to_be_told) == (
        "22",
        "5",
        "25",
        "8",
        "3",
    )
    scrap = differences[plant.first, "scrap"]
    assert (scrap.there, scrap.here, scrap.more_there) == ("2", "0", "2")
    assert differences[plant.second, "completion"].to_be_told == "0"

    await restored.release()
    states = [one["state"] for one in await restored.deliver()]

    assert sorted(states) == ["accepted"] * 4 + ["skipped"] * 2
    assert plant.good(plant.first) == ["10", "3", "3", "4", "5"]
    assert plant.good(plant.second) == ["6"]
    assert plant.total(plant.first, "consumptions", "SEAL-10") == "24"

    # Taken back by the floor: what was taken off is free again, and the core holds what is left.
    taken = {"item": "FG-100", "unit": "H87", "quantity": "-2", "reverses": str(again)}
    restored.floor.tell("completion", plant.first, **taken)
    await restored.deliver()
    assert plant.total(plant.first, "completions", "FG-100") == "23"


async def test_what_a_person_reversed_in_the_core_is_told_again(plant: Lost, restored: Restored) -> None:
    (lost,) = [one for one in (await restored.examined()).told_before if one.work_order == plant.second]
    plant.reverse(lost.reference)
    restored.floor.good(plant.second, "7")
    await restored.plan()
    assert plant.second not in {one.work_order for one in (await restored.examined()).told_before}
    await restored.release()
    await restored.deliver()
    assert plant.good(plant.second) == ["7"]


async def test_a_core_that_cannot_be_asked_stays_held(
    plant: Lost, restored: Restored, tmp_path: Path
) -> None:
    nowhere = tmp_path / "endpoint.json"
    nowhere.write_text(restored.endpoint.read_text().replace("127.0.0.1", "127.0.0.2"))
    working, restored.endpoint = restored.endpoint, nowhere
    restored.configured()
    report = await restored.examined()
    assert report.examined_time is None
    assert "NotSent" in str(report.problem)
    with pytest.raises(StillHeld):
        await restored.release()
    restored.endpoint = working
    restored.configured()
    assert (await restored.examined()).problem is None
    await restored.release()


async def test_a_system_that_cannot_look_back_says_so_and_is_a_persons_to_release(
    plant: Lost, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Core, "looks_back", False)
    report = await restored.examined()
    assert report.can_look_back is False
    assert report.told_before == report.found == []
    await restored.release()
    async with restored.session() as session:
        assert await held(session) == []


async def test_the_api_lists_a_hold_and_releases_it_once(plant: Lost, restored: Restored) -> None:
    app = create_app(Settings(bridge_database_url=restored.url), restored.config)
    key = await make_key(restored.url, "Li", ["read", "write"])
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=CLIENT,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "zh-CN"},
        ) as client,
    ):
        await restored.examined()
        (hold,) = (await client.get("/bridge/v1/holds")).json()["items"]
        assert (hold["system"], hold["can_look_back"]) == ("core", True)
        assert {one["work_order"] for one in hold["told_before"]} >= {plant.first, plant.second}
        assert (await client.post("/bridge/v1/holds/nobody/release")).status_code == 404
        assert (await client.post("/bridge/v1/holds/core/release")).status_code == 204
        again = await client.post("/bridge/v1/holds/core/release")
        assert (again.status_code, again.json()["title"]) == (409, "该系统未被暂停")
        assert (await client.get("/bridge/v1/holds")).json()["items"] == []
    (kept,) = await restored.ask("SELECT released_by FROM bridge.hold")
    assert kept == {"released_by": "key: Li"}


async def test_a_document_that_was_still_gathering_stands_there_with_more_and_takes_nothing_in_again(
    core: httpx.Client,
    core_process: BusinessProcess,
    floor: Floor,
    bridge: BridgeHere,
    database_server: PostgresServer,
    plant_database: PlantDatabase,
    tmp_path: Path,
) -> None:
    """One document for an order: 4 were in it at the backup, 10 when it was told. The same key, found otherwise."""
    number = released_order(core)
    one_document = {"completion": "completion", "order_progress": "each"}
    bridge.configured(documents=one_document)
    floor.good(number, "4")
    await bridge.plan()
    backup = Backup(database_server, plant_database, tmp_path)
    floor.good(number, "6")
    floor.tell("order_progress", number, state="completed")
    await bridge.deliver()
    plant = Lost(number, number, core)
    assert plant.good(number) == ["10"]

    with backup.restored() as (url, there):
        restored = Restored(url, core_process.endpoint)
        restored.configured(documents=one_document)
        await restored.migrated()
        there.goes_on(number, floor.order_id(number), 1)
        report = await restored.examined()
        assert [(one.work_order, one.state) for one in report.found] == [(number, "sending")]
        assert [one.quantity for one in report.told_before if one.work_order == number] == ["6"]
        there.good(number, "7")
        there.tell("order_progress", number, state="completed")
        await restored.plan()
        await restored.examined()
        await restored.release()
        documents = await restored.deliver()

    told = {
        one["body"]["lines"][0]["quantity"]: one["state"] for one in documents if one["kind"] == "completion"
    }
    assert told == {
        "4": "modified",
        "7": "accepted",
    }  # The first waits for a person's eye: 10 stand under its key.
    assert plant.good(number) == ["1", "10"]
