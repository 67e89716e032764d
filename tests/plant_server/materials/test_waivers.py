"""A waiver takes two people and lifts what it names, for one lot and one order, until it expires."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.materials.floor import LONG_AGO, STATION, Floor
from tests.plant_server.materials.hands import Hands, signed_in

ISSUE = {"order": "MO-1", "quantity": "1", "from_location": STATION, "to_location": "elsewhere"}


@pytest.fixture
async def old_lot(floor: Floor) -> int:
    """A lot of SCREW A, which ECN-7 has replaced by B."""
    await floor.change("ECN-7", "SCREW", "A", "B", LONG_AGO)
    return await floor.lot("SCREW", "S-1", "100", revision="A")


def until(**more: float) -> dict[str, str]:
    return {"expiry_time": (datetime.now(UTC) + timedelta(**more)).isoformat()}


async def ask_for(hands: Hands, lot_id: int | None, order: str = "MO-1") -> Any:
    return await hands.do("/waivers", {"order": order, "lot_id": lot_id, "note": "checked by hand"})


async def test_a_second_person_of_quality_grants_what_an_operator_asked_for(
    floor: Floor, operator: Hands, quality: Hands, old_lot: int
) -> None:
    waiver = await ask_for(operator, old_lot)
    assert (waiver["state"], waiver["reasons"], waiver["changes"]) == (
        "requested",
        ["superseded-revision"],
        ["ECN-7"],
    )
    assert (await operator.refused(f"/lots/{old_lot}/issue", ISSUE))[1] == "superseded-revision"
    granted = await quality.do(f"/waivers/{waiver['waiver_id']}/grant", until(hours=1))
    assert (granted["state"], granted["requested_by_name"], granted["granted_by_name"]) == (
        "granted",
        "Olga",
        "Quentin",
    )
    assert granted["granted_role"] == "quality"
    await operator.do(f"/lots/{old_lot}/issue", ISSUE)
    told = await operator.do("/scans", {"code": "S-1", "order": "MO-1"})
    assert (told["ok"], told["waiver_id"]) == (True, waiver["waiver_id"])
    (move,) = (await operator.get(f"/lots/{old_lot}/moves"))["items"]
    assert move["waiver_id"] == waiver["waiver_id"]


async def test_nobody_grants_what_he_asked_for_himself(floor: Floor, quality: Hands, old_lot: int) -> None:
    waiver = await ask_for(quality, old_lot)
    refused = await quality.refused(f"/waivers/{waiver['waiver_id']}/grant", until(hours=1))
    assert refused[:2] == (409, "waiver-needs-second-person")
    assert (await quality.get("/waivers", state="granted"))["items"] == []


async def test_a_role_that_may_not_lift_the_reason_is_refused(
    app: FastAPI, connection: AsyncConnection, floor: Floor, operator: Hands, lead: Hands, old_lot: int
) -> None:
    path = f"/waivers/{(await ask_for(operator, old_lot))['waiver_id']}/grant"
    assert (await lead.refused(path, until(hours=1)))[:2] == (409, "waiver-needs-role")
    async with signed_in(app, connection, Role.OPERATOR, name="Otto") as other:
        assert (await other.refused(path, until(hours=1)))[:2] == (403, "role-missing")
    async with signed_in(app, connection, Role.LEAD, Role.MANAGER, name="Mona") as manager:
        assert (await manager.do(path, until(hours=1)))["granted_role"] == "manager"


async def test_a_waiver_is_for_one_lot_and_one_order(
    floor: Floor, operator: Hands, quality: Hands, old_lot: int
) -> None:
    other = await floor.lot("SCREW", "S-2", "100", revision="A")
    bom = await floor.one("SELECT bom_id FROM plant.bom")
    await floor.order("MO-2", "GEARBOX", "B", bom)
    waiver = await ask_for(operator, old_lot)
    await quality.do(f"/waivers/{waiver['waiver_id']}/grant", until(hours=1))
    assert (await operator.refused(f"/lots/{other}/issue", ISSUE))[1] == "superseded-revision"
    refused = await operator.refused(f"/lots/{old_lot}/issue", ISSUE | {"order": "MO-2"})
    assert refused[1] == "superseded-revision"


async def test_what_comes_after_the_request_is_not_lifted(
    floor: Floor, operator: Hands, quality: Hands, old_lot: int
) -> None:
    waiver = await ask_for(operator, old_lot)
    await quality.do(f"/waivers/{waiver['waiver_id']}/grant", until(hours=1))
    await floor.revision("SCREW", "C")
    await floor.change("ECN-8", "SCREW", "A", "C", LONG_AGO)
    assert (await operator.refused(f"/lots/{old_lot}/issue", ISSUE))[1] == "superseded-revision"
    second = await ask_for(operator, old_lot)
    assert second["changes"] == ["ECN-7", "ECN-8"]
    await quality.do(f"/waivers/{second['waiver_id']}/grant", until(hours=1))
    await operator.do(f"/lots/{old_lot}/issue", ISSUE)
    await operator.do(f"/lots/{old_lot}/hold", {"reference": "NC-1"})
    assert (await operator.refused(f"/lots/{old_lot}/issue", ISSUE))[1] == "lot-on-hold"


async def test_a_waiver_expires_and_can_be_revoked(
    floor: Floor, operator: Hands, quality: Hands, connection: AsyncConnection, old_lot: int
) -> None:
    waiver_id = (await ask_for(operator, old_lot))["waiver_id"]
    assert (await quality.refused(f"/waivers/{waiver_id}/grant", until(hours=-1)))[1] == "waiver-needs-expiry"
    await quality.do(f"/waivers/{waiver_id}/grant", until(hours=1))
    await connection.execute(
        "UPDATE plant.waiver SET granted_time = granted_time - interval '3 hours', expiry_time = now()"
    )
    assert (await operator.refused(f"/lots/{old_lot}/issue", ISSUE))[1] == "superseded-revision"
    again = (await ask_for(operator, old_lot))["waiver_id"]
    await quality.do(f"/waivers/{again}/grant", until(hours=1))
    await operator.do(f"/lots/{old_lot}/issue", ISSUE)
    assert (await quality.do(f"/waivers/{again}/revoke"))["state"] == "revoked"
    assert (await operator.refused(f"/lots/{old_lot}/issue", ISSUE))[1] == "superseded-revision"


async def test_a_waiver_is_decided_once(floor: Floor, operator: Hands, quality: Hands, old_lot: int) -> None:
    waiver_id = (await ask_for(operator, old_lot))["waiver_id"]
    assert (await quality.do(f"/waivers/{waiver_id}/refuse"))["state"] == "refused"
    for path, body in [("grant", until(hours=1)), ("refuse", None), ("revoke", None)]:
        assert (await quality.refused(f"/waivers/{waiver_id}/{path}", body))[1] == "waiver-decided"
    assert (await quality.refused("/waivers/4711/refuse"))[:2] == (404, "unknown-waiver")


async def test_what_nobody_can_lift_is_not_asked_for(floor: Floor, operator: Hands) -> None:
    foreign = await floor.lot("FOREIGN", "F-1", "5")
    body = {"order": "MO-1", "lot_id": foreign, "note": "please"}
    assert (await operator.refused("/waivers", body))[1] == "wrong-item"
    good = await floor.lot("SCREW", "S-1", "5", revision="A")
    assert (await operator.refused("/waivers", body | {"lot_id": good}))[1] == "nothing-to-waive"


async def test_an_order_whose_own_revision_was_replaced_is_waived_without_a_lot(
    floor: Floor, operator: Hands, quality: Hands
) -> None:
    await floor.revision("GEARBOX", "C")
    await floor.change("ECN-9", "GEARBOX", "B", "C", LONG_AGO)
    waiver = await ask_for(operator, None)
    assert (waiver["item"], waiver["lot"], waiver["changes"]) == ("GEARBOX", None, ["ECN-9"])
    await quality.do(f"/waivers/{waiver['waiver_id']}/grant", until(hours=1))


async def test_every_step_leaves_an_event_of_its_person(
    floor: Floor, operator: Hands, quality: Hands, connection: AsyncConnection, old_lot: int
) -> None:
    waiver_id = (await ask_for(operator, old_lot))["waiver_id"]
    await quality.do(f"/waivers/{waiver_id}/grant", until(hours=1))
    await quality.do(f"/waivers/{waiver_id}/revoke")
    await operator.refused(f"/lots/{old_lot}/issue", ISSUE)
    cursor = await connection.execute(
        "SELECT kind, actor_id, refused FROM plant.event WHERE kind ~ 'waiver|issue' ORDER BY recorded_time"
    )
    assert await cursor.fetchall() == [
        ("waiver.request", operator.person_id, False),
        ("waiver.grant", quality.person_id, False),
        ("waiver.revoke", quality.person_id, False),
        ("material.issue", operator.person_id, True),
    ]
