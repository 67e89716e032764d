"""Lots are received, moved, counted and held; never below zero, whoever comes at once."""

import asyncio
from decimal import Decimal

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from tests.plant_server.api_fixture import WITH_TOKEN, asking
from tests.plant_server.materials.floor import STATION, Floor
from tests.plant_server.materials.hands import Hands

OIL = {"item": "OIL", "lot": "L-1", "quantity": "25.5", "location": "store"}
TO_LINE = {"order": "MO-1", "from_location": "store", "to_location": STATION}


async def test_a_lot_is_received_in_the_unit_of_its_item(floor: Floor, operator: Hands) -> None:
    lot = await operator.do("/lots", OIL | {"quantity": "25500", "unit": "GRM", "supplier_lot": "S-77"})
    assert (lot["quantity"], lot["unit"], lot["state"]) == ("25.500", "KGM", "available")
    assert lot["stock"] == [{"location": "store", "quantity": "25.500"}]
    (move,) = await floor.documents("stock_move")
    assert (move["from_location"], move["to_location"], move["quantity"]) == ("outside", "store", "25.500")


async def test_more_of_a_lot_adds_up_and_another_description_is_refused(
    floor: Floor, operator: Hands
) -> None:
    await operator.do("/lots", OIL | {"supplier_lot": "S-77"})
    assert (await operator.do("/lots", OIL))["quantity"] == "51.000"
    assert await operator.refused("/lots", OIL | {"supplier_lot": "S-78"}) == (
        409,
        "lot-differs",
        {"lot": "L-1", "item": "OIL"},
    )


async def test_two_items_may_have_lots_of_one_label(floor: Floor, operator: Hands) -> None:
    oil = await operator.do("/lots", OIL)
    screws = await operator.do("/lots", OIL | {"item": "SCREW", "quantity": "100", "revision": "A"})
    assert oil["lot_id"] != screws["lot_id"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": 25.5}, "invalid-request"),
        ({"quantity": "0"}, "invalid-request"),
        ({"quantity": "-1"}, "invalid-request"),
        ({"quantity": "0.0001"}, "quantity-inexact"),
        ({"unit": "MTR"}, "unit-not-convertible"),
        ({"unit": "nonsense"}, "unit-not-convertible"),
    ],
)
async def test_a_quantity_that_is_not_exact_is_refused(
    floor: Floor, operator: Hands, change: dict[str, object], code: str
) -> None:
    assert (await operator.refused("/lots", OIL | change))[:2] == (422, code)


async def test_what_the_erp_posted_itself_is_not_told_again(floor: Floor, operator: Hands) -> None:
    await operator.do("/lots", OIL | {"known_to_erp": True})
    assert await floor.documents("stock_move") == []


async def test_an_integrator_may_receive_and_not_issue(app: FastAPI, floor: Floor) -> None:
    async with asking(app) as client:
        headers = WITH_TOKEN | {"Idempotency-Key": "0198c0de-7c1e-7cc1-8f5a-6d1f2b3c4d5e"}
        lot = await client.post("/api/v1/lots", json=OIL, headers=headers)
        assert lot.status_code == 200
        path = f"/api/v1/lots/{lot.json()['lot_id']}/issue"
        refused = await client.post(path, json=TO_LINE | {"quantity": "1"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "role-missing")


async def test_issue_and_return_move_what_was_asked(floor: Floor, operator: Hands) -> None:
    lot_id = (await operator.do("/lots", OIL))["lot_id"]
    await operator.do(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "20.125"})
    back = {"order": "MO-1", "quantity": "0.125", "from_location": STATION, "to_location": "store"}
    lot = await operator.do(f"/lots/{lot_id}/return", back)
    assert lot["quantity"] == "25.500"
    assert await floor.stock(lot_id) == {"store": Decimal("5.500"), STATION: Decimal("20.000")}
    moves = (await operator.get(f"/lots/{lot_id}/moves"))["items"]
    assert [(move["kind"], move["quantity"], move["order"]) for move in moves] == [
        ("receive", "25.500", None),
        ("issue", "20.125", "MO-1"),
        ("return", "0.125", "MO-1"),
    ]
    assert {move["actor"] for move in moves} == {f"person:{operator.person_id}"}
    told = await floor.documents("stock_move")
    assert [one["purpose"] for one in told] == ["receive", "issue", "return"]


async def test_more_than_there_is_cannot_be_issued_or_returned(floor: Floor, operator: Hands) -> None:
    lot_id = (await operator.do("/lots", OIL))["lot_id"]
    refused = await operator.refused(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "25.501"})
    assert refused[:2] == (409, "lot-is-short")
    assert refused[2]["has"] == "25.500"
    back = {"quantity": "1", "from_location": STATION, "to_location": "store"}
    assert (await operator.refused(f"/lots/{lot_id}/return", back))[1] == "lot-is-short"


async def test_a_refusal_comes_again_in_the_same_bytes(floor: Floor, operator: Hands) -> None:
    lot_id = (await operator.do("/lots", OIL))["lot_id"]
    key = {"Idempotency-Key": "0198c0de-7c1e-7cc1-8f5a-6d1f2b3c4d5f"}
    path, body = f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "25.501"}
    first, again = await operator.post(path, body, **key), await operator.post(path, body, **key)
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (409, "true")
    assert again.content == first.content


async def test_a_count_posts_the_difference_with_its_reason(floor: Floor, lead: Hands) -> None:
    lot_id = await floor.lot("OIL", "L-1", "10", location="store")
    count = {"location": "store", "counted": "9.25", "reason": "spilt"}
    assert (await lead.do(f"/lots/{lot_id}/adjust", count))["quantity"] == "9.250"
    await lead.do(f"/lots/{lot_id}/adjust", count | {"counted": "9.5"})
    await lead.do(f"/lots/{lot_id}/adjust", count | {"counted": "9.5"})
    moves = (await lead.get(f"/lots/{lot_id}/moves"))["items"]
    assert [(move["from_location"], move["quantity"], move["reason"]) for move in moves] == [
        ("store", "0.750", "spilt"),
        (None, "0.250", "spilt"),
    ]
    assert (await lead.do(f"/lots/{lot_id}/adjust", count | {"counted": "0"}))["state"] == "empty"


async def test_a_hold_stops_the_lot_until_every_reference_is_lifted(
    floor: Floor, operator: Hands, quality: Hands
) -> None:
    lot_id = await floor.lot("OIL", "L-1", "10", location="store")
    for reference in ("NC-1", "NC-1", "NC-2"):
        held = await operator.do(f"/lots/{lot_id}/hold", {"reference": reference})
    assert (held["state"], held["holds"]) == ("hold", ["NC-1", "NC-2"])
    refused = await operator.refused(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "1"})
    assert refused[:2] == (409, "lot-on-hold")
    assert (await operator.refused(f"/lots/{lot_id}/release", {"reference": "NC-1", "note": "ok"}))[0] == 403
    await quality.do(f"/lots/{lot_id}/release", {"reference": "NC-1", "note": "ok"})
    assert (await operator.refused(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "1"}))[1] == "lot-on-hold"
    gone = {"reference": "NC-1", "note": "ok"}
    assert (await quality.refused(f"/lots/{lot_id}/release", gone))[1] == "no-such-hold"
    await quality.do(f"/lots/{lot_id}/release", {"reference": "NC-2", "note": "ok"})
    await operator.do(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "1"})


async def test_lots_are_found_by_item_label_and_place_page_by_page(floor: Floor, operator: Hands) -> None:
    ids = [await floor.lot("OIL", f"L-{number}", "1", location="store") for number in range(5)]
    await floor.lot("SCREW", "L-1", "7", revision="A")
    first = await operator.get("/lots", item="OIL", limit=3)
    second = await operator.get("/lots", item="OIL", limit=3, cursor=first["next_cursor"])
    assert [lot["lot_id"] for lot in first["items"] + second["items"]] == ids
    assert [lot["item"] for lot in (await operator.get("/lots", lot="L-1"))["items"]] == ["OIL", "SCREW"]
    assert [lot["item"] for lot in (await operator.get("/lots", location=STATION))["items"]] == ["SCREW"]
    assert (await operator.get(f"/lots/{ids[0]}"))["lot"] == "L-0"
    assert (await operator.client.get("/api/v1/lots/4711")).json()["code"] == "unknown-lot"


async def test_fifty_clients_issue_the_last_kilogram_and_it_never_goes_below_zero(
    floor: Floor, operator: Hands
) -> None:
    lot_id = await floor.lot("OIL", "L-1", "1.000", location="store")

    async def take() -> str:
        while True:  # Busy is answered with a time to try again; the test's own time-out is the deadline.
            answer = await operator.post(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "0.070"})
            if answer.status_code != 503:
                return "issued" if answer.status_code == 200 else str(answer.json()["code"])

    told = await asyncio.gather(*(take() for _ in range(50)))
    assert (told.count("issued"), told.count("lot-is-short")) == (14, 36)
    assert await floor.stock(lot_id) == {"store": Decimal("0.020"), STATION: Decimal("0.980")}
    assert len(await floor.documents("stock_move")) == 14


async def test_the_table_itself_refuses_stock_below_zero(floor: Floor, connection: AsyncConnection) -> None:
    lot_id = await floor.lot("OIL", "L-1", "1")
    with pytest.raises(psycopg.errors.CheckViolation):
        await connection.execute(
            "UPDATE plant.lot_stock SET quantity = quantity - 2 WHERE lot_id = %s", (lot_id,)
        )


async def test_stock_is_the_sum_of_moves_and_of_events(
    floor: Floor, operator: Hands, lead: Hands, connection: AsyncConnection
) -> None:
    lot_id = (await operator.do("/lots", OIL))["lot_id"]
    await operator.do(f"/lots/{lot_id}/issue", TO_LINE | {"quantity": "20"})
    await operator.do(f"/lots/{lot_id}/consume", {"order": "MO-1", "quantity": "3", "location": STATION})
    await lead.do(f"/lots/{lot_id}/adjust", {"location": "store", "counted": "5", "reason": "count"})
    sums = """
        SELECT location, sum(quantity) FROM (
            SELECT to_location AS location, quantity FROM plant.lot_move
            UNION ALL SELECT from_location, -quantity FROM plant.lot_move) AS moved
        WHERE location IS NOT NULL GROUP BY location"""
    assert dict(await (await connection.execute(sums)).fetchall()) == await floor.stock(lot_id)
    facts = """
        SELECT location, sum(quantity) FROM (
            SELECT move ->> 'to' AS location, (move ->> 'quantity')::numeric AS quantity
            FROM plant.event, jsonb_array_elements(facts -> 'lot_moves') AS move
            UNION ALL
            SELECT move ->> 'from', -(move ->> 'quantity')::numeric
            FROM plant.event, jsonb_array_elements(facts -> 'lot_moves') AS move) AS moved
        WHERE location IS NOT NULL GROUP BY location"""
    assert dict(await (await connection.execute(facts)).fetchall()) == await floor.stock(lot_id)
