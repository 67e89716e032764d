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
