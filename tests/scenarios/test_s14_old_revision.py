"""S14: after an engineering change takes effect, an old-revision part is refused with its number, at the scanner and
wherever else it could get into an order; a waiver takes a second person."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.people.roles import Role
from plant_server.settings import Settings
from tests.plant_server.api_fixture import TOKEN, connection
from tests.plant_server.database_fixture import PlantDatabase, database_server, plant_database
from tests.plant_server.materials.commands import report
from tests.plant_server.materials.floor import STATION, Floor, lay_out
from tests.plant_server.materials.hands import signed_in
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, standing_at
from tests.plant_server.work_orders.floor import Floor as Plant

__all__ = ["connection", "database_server", "plant_database"]


@pytest.fixture
async def app(plant_database: PlantDatabase, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=plant_database.url), api_token=TOKEN, secrets=tmp_path)
    async with app.router.lifespan_context(app):
        yield app


async def test_an_old_part_is_refused_with_the_number_of_the_change_and_waived_by_a_second_person(
    app: FastAPI, connection: AsyncConnection
) -> None:
    floor: Floor = await lay_out(connection)
    lot_id = await floor.lot("SCREW", "S-1", "100", revision="A")
    order = await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'")
    run = await floor.run(order)
    issue = {"order": "MO-1", "quantity": "1", "from_location": STATION, "to_location": "bench"}
    async with (
        signed_in(app, connection, Role.OPERATOR, name="Olga") as operator,
        signed_in(app, connection, Role.QUALITY, name="Quentin") as quality,
    ):
        assert (await operator.do("/scans", {"code": "S-1", "station": STATION}))["ok"]
        await operator.do(f"/lots/{lot_id}/issue", issue)

        await floor.change("ECN-2041", "SCREW", "A", "B", datetime.now(UTC) - timedelta(seconds=1))

        told = await operator.do("/scans", {"code": "S-1", "station": STATION})
        assert (told["ok"], told["reason"], told["change"]) == (False, "superseded-revision", "ECN-2041")
        status, code, params = await operator.refused(f"/lots/{lot_id}/issue", issue)
        assert (status, code, params["change"]) == (409, "superseded-revision", "ECN-2041")
        before = await floor.stock(lot_id)
        await report(floor, run, good=1)
        assert await floor.stock(lot_id) == before

        wanted = {"order": "MO-1", "lot_id": lot_id, "note": "torque checked"}
        waiver = (await operator.do("/waivers", wanted))["waiver_id"]
        until = {"expiry_time": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        assert (await operator.refused(f"/waivers/{waiver}/grant", until))[0] == 403
        own = (await quality.do("/waivers", wanted))["waiver_id"]
        assert (await quality.refused(f"/waivers/{own}/grant", until))[1] == "waiver-needs-second-person"
        await quality.do(f"/waivers/{waiver}/grant", until)

        assert (await operator.do("/scans", {"code": "S-1", "station": STATION}))["waiver_id"] == waiver
        await operator.do(f"/lots/{lot_id}/issue", issue)
        refused_events = await floor.one(
            "SELECT count(*) FROM plant.event WHERE refused AND answer -> 'params' ->> 'change' = 'ECN-2041'"
        )
        assert refused_events == 1


async def _an_order_runs(plant: Plant) -> tuple[int, int, int]:
    """WO-1 of BRACKET 1, which takes a PIN, runs at press1 with a lot of PIN A there: order, run and lot."""
    released = [{"revision": one, "released_time": LONG_AGO} for one in ("A", "B")]
    await plant.item("PIN", revisions=released)
    brackets = [{"revision": one, "released_time": LONG_AGO} for one in ("1", "2")]
    await plant.item("BRACKET", revisions=brackets)
    component = {"position": "10", "item": "PIN", "quantity_per": "2", "unit": "C62"}
    bom = {"item": "BRACKET", "revision": "1", "released_time": LONG_AGO, "components": [component]}
    await plant.receive("boms", "BOM-1", **bom)
    await plant.station("press1")
    order = await plant.order("WO-1", revision="1")
    (operation,) = await plant.operations(order)
    run = await plant.start(operation, count_source="operator")
    lot = {"item": "PIN", "lot": "P-1", "revision": "A", "quantity": "50", "location": f"{PATH}/press1"}
    return order, run, int((await plant.done("lots", lot))["lot_id"])


async def _change(plant: Plant, number: str, item: str, old: str, new: str) -> None:
    """What a change of the PLM says of one item; it takes effect now."""
    await plant.receive(
        "change-orders",
        f"{number}/{item}",
        number=number,
        item=item,
        old_revision=old,
        new_revision=new,
        effectivity={"kind": "date", "from_time": datetime.now(UTC).isoformat()},
        disposition="scrap",
        released_time=datetime.now(UTC).isoformat(),
    )


async def test_a_change_of_a_part_holds_the_order_and_stops_its_old_lots_everywhere(
    app: FastAPI, connection: AsyncConnection
) -> None:
    async with standing_at(app, connection) as plant:
        order, run, lot = await _an_order_runs(plant)
        await plant.done(f"runs/{run}/reports", {"good": "1"})
        assert (await plant.get(f"lots/{lot}"))["quantity"] == "48"
        await _change(plant, "ECN-2041", "PIN", "A", "B")
        assert (await plant.get(f"work-orders/{order}"))["state"] == "held"
        told = await plant.done("scans", {"code": "P-1", "order": "WO-1"})
        assert (told["ok"], told["reason"], told["change"]) == (False, "superseded-revision", "ECN-2041")
        consume = {"order": "WO-1", "quantity": "1", "location": f"{PATH}/press1"}
        assert await plant.refused(f"lots/{lot}/consume", consume) == (409, "superseded-revision")
        await plant.done(f"runs/{run}/reports", {"good": "1"})
        assert (await plant.get(f"lots/{lot}"))["quantity"] == "48"
        (short,) = (await plant.get("consumptions?short_only=true"))["items"]
        assert (short["shortage"], short["refused"][0]["change"]) == ("2", "ECN-2041")


async def test_an_order_of_an_old_revision_is_not_gone_on_with(
    app: FastAPI, connection: AsyncConnection
) -> None:
    async with standing_at(app, connection) as plant:
        order, run, _ = await _an_order_runs(plant)
        await plant.done(f"runs/{run}/pause", {})
        await _change(plant, "ECN-2042", "BRACKET", "1", "2")
        held = await plant.get(f"work-orders/{order}")
        assert held["state"] == "held"
        await plant.done(f"work-orders/{order}/lift-hold", {"reason": "change", "reference": "ECN-2042"})
        (operation,) = await plant.operations(order)
        start = {"operation_id": operation, "equipment": f"{PATH}/press1", "count_source": "operator"}
        for path, body in ((f"runs/{run}/resume", {}), ("runs", start)):
            answer = await plant.post(path, body)
            told = answer.json()
            assert (answer.status_code, told["code"]) == (409, "superseded-revision"), answer.text
            assert told["params"]["change"] == "ECN-2042"


async def test_one_change_of_several_items_is_one_number_at_the_scan_in_the_hold_and_at_a_start(
    app: FastAPI, connection: AsyncConnection
) -> None:
    async with standing_at(app, connection) as plant:
        order, run, _ = await _an_order_runs(plant)
        await plant.done(f"runs/{run}/pause", {})
        await _change(plant, "ECO-1001", "PIN", "A", "B")
        await _change(plant, "ECO-1001", "BRACKET", "1", "2")
        kept = (await plant.get("change-orders"))["items"]
        assert [(one["number"], one["item"]) for one in kept] == [
            ("ECO-1001", "PIN"),
            ("ECO-1001", "BRACKET"),
        ]
        told = await plant.done("scans", {"code": "P-1", "order": "WO-1"})
        assert (told["ok"], told["change"]) == (False, "ECO-1001")
        held = await plant.get(f"work-orders/{order}")
        assert [one["reference"] for one in held["holds"]] == ["ECO-1001"]
        lift = {"reason": "change", "reference": "ECO-1001"}
        assert (await plant.done(f"work-orders/{order}/lift-hold", lift))["state"] != "held"
        answer = await plant.post(f"runs/{run}/resume", {})
        assert (answer.status_code, answer.json()["params"]["change"]) == (409, "ECO-1001")
