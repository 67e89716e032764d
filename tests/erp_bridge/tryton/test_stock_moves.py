"""What moves at the floor, as internal shipments of a living Tryton: stock by lot and place, and the books, each once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erp_bridge.connectors.tryton import Tryton
from erp_bridge.documents.canonical import Document
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind
from tests.erp_bridge.floor import LINE, NOW, Floor
from tests.erp_bridge.tryton.bridge_to_tryton import CODES, BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production
from tests.tryton.rpc import Rpc
from tests.tryton.set_up import bought

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PRESS = f"{LINE}/press1"
PLACES = {"store": "STO", PRESS: "LINE", f"{LINE}/press2": "LINE"}


@pytest.fixture
def moving(erp: LivingTryton, bridge: BridgeToTryton) -> BridgeToTryton:
    """A bridge that tells moves, to a warehouse whose productions take from the line."""
    rpc = erp.rpc
    warehouse = rpc.one("stock.location", ["type", "=", "warehouse"])
    line = {"name": "Line", "code": "LINE", "type": "storage", "parent": warehouse}
    (place,) = rpc.create("stock.location", line)
    rpc.write("stock.location", warehouse, production_picking_location=place)
    documents = bridge.settings["documents"] | {"stock_move": "each"}
    bridge.settings |= {"documents": documents, "codes": CODES | {"location": PLACES}}
    bridge.configured()
    return bridge


def moves(floor: Floor, quantity: str, way: tuple[str, str], purpose: str, **more: Any) -> None:
    told = {"item": "STEEL", "unit": "KGM", "lot": "S-1", "quantity": quantity, "purpose": purpose}
    floor.tell("stock_move", from_location=way[0], to_location=way[1], **told | more)


def lies(rpc: Rpc, lot: str, *codes: str) -> list[float]:
    """How much of a lot lies at each place."""
    found = []
    for code in codes:
        place = rpc.one("stock.location", ["code", "=", code])
        (told,) = rpc.rows("stock.lot", ["quantity"], ["number", "=", lot], locations=[place])
        found.append(told["quantity"])
    return found


def found_by_the_office(rpc: Rpc, lot: str, quantity: float) -> None:
    """By an internal shipment that a person made there."""
    way = {
        "from_location": rpc.one("stock.location", ["name", "=", "Lost and Found"]),
        "to_location": rpc.one("stock.location", ["code", "=", "STO"]),
        "company": rpc.context["company"],
    }
    move = way | {
        "product": rpc.one("product.product", ["code", "=", "STEEL"]),
        "unit": rpc.one("product.uom", ["name", "=", "Kilogram"]),
        "lot": rpc.one("stock.lot", ["number", "=", lot]),
        "quantity": quantity,
    }
    (shipment,) = rpc.create("stock.shipment.internal", way | {"moves": [["create", [move]]]})
    for button in ("wait", "assign_try", "do"):
        rpc.call(f"model.stock.shipment.internal.{button}", [shipment])


def another_warehouse(rpc: Rpc) -> None:
    """With a storage of its own, OTHER."""
    storage, *zones = rpc.create(
        "stock.location",
        {"name": "Other", "code": "OTHER", "type": "storage"},
        {"name": "Other in", "type": "storage"},
        {"name": "Other out", "type": "storage"},
    )
    places = {"storage_location": storage, "input_location": zones[0], "output_location": zones[1]}
    production = rpc.one("stock.location", ["type", "=", "production"])
    lost = rpc.one("stock.location", ["name", "=", "Lost and Found"])
    more = {"production_location": production, "lost_found_location": lost}
    (warehouse,) = rpc.create("stock.location", {"name": "W2", "type": "warehouse"} | places | more)
    for place in (storage, *zones):
        rpc.write("stock.location", place, parent=warehouse)


def shipments(rpc: Rpc) -> list[dict[str, Any]]:
    return rpc.rows("stock.shipment.internal", ["number", "state", "reference", "effective_date"])


def booked(rpc: Rpc) -> list[Decimal]:
    """What the moves of internal shipments are worth in the journal."""
    of_shipments = rpc.search("stock.move", ["shipment", "like", "stock.shipment.internal,%"])
    origins = [f"stock.move,{one}" for one in of_shipments]
    told = rpc.rows("account.move", ["lines.debit"], ["origin", "in", origins])
    return sorted(sum((line["debit"] for line in one["lines."]), Decimal(0)) for one in told)


def codes_of(documents: list[dict[str, Any]]) -> list[str]:
    told = [one["problem"]["code"] if one["state"] == "refused" else one["state"] for one in documents]
    print(*documents, sep="\n")
    return told


def test_no_kind_of_document_is_unknown_to_it() -> None:
    """It has no place for an acknowledgement: what it ordered and the plant refuses is at the bridge's page."""
    assert set(Kind) - Tryton.kinds == {Kind.ORDER_ACKNOWLEDGEMENT}


async def test_material_goes_to_the_line_is_used_there_and_the_rest_comes_back(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "20", ("store", PRESS), "issue")
    assert codes_of(await moving.deliver()) == ["accepted"]
    assert lies(erp.rpc, "S-1", "STO", "LINE") == [80.0, 20.0]
    Pumps(floor, planned_production(erp.rpc, 10)).used("STEEL", {"S-1": "15"})
    moves(floor, "4.5", (PRESS, "store"), "return")
    assert codes_of(await moving.deliver()) == ["accepted"] * 3
    assert lies(erp.rpc, "S-1", "STO", "LINE") == [84.5, 0.5]
    assert {one["state"] for one in shipments(erp.rpc)} == {"done"}
    assert booked(erp.rpc) == []  # What stays in the warehouse is worth what it was.


async def test_a_consumption_that_overtakes_its_material_waits_for_it_without_a_person(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 10)
    moves(floor, "20", ("store", PRESS), "issue")
    Pumps(floor, number).used("STEEL", {"S-1": "15"})
    await moving.plan()
    later = "UPDATE bridge.document SET next_attempt_time = now() + %s::interval WHERE kind = 'stock_move'"
    await moving.ask(later, "1 hour")
    assert await moving.send_due() == 1
    (used,) = [one for one in await moving.documents() if one["kind"] == "consumption"]
    assert (used["state"], used["problem"]["code"]) == ("ready", "material_under_way")
    assert InTryton(erp.rpc, number).notes() == []

    await moving.ask(later, "0 s")
    assert codes_of(await moving.deliver()) == ["accepted"] * 2
    assert lies(erp.rpc, "S-1", "STO", "LINE") == [80.0, 5.0]


async def test_what_stands_there_is_found_again_by_who_has_forgotten_it(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    moves(floor, "20", ("store", PRESS), "issue")
    moves(floor, "0.5", (PRESS, "outside"), "adjust", reason="spilled")
    issue, adjust = await moving.deliver()
    connector = Tryton("erp", moving.config.connectors["erp"])
    try:
        told = await connector.told_since(began)
        codes = Codes("erp", moving.config.written_codes("erp"), moving.config.same_codes("erp"))
        lines = [Document.model_validate(one["body"]).lines[0] for one in (issue, adjust)]
        as_told = [connector.amount(Kind.STOCK_MOVE, line, codes) for line in lines]
    finally:
        await connector.close()
    assert [one.key for one in told] == [str(one["document_id"]) for one in (issue, adjust)]
    assert [one.amounts for one in told] == [(one,) for one in as_told]


async def test_what_a_count_found_more_or_less_stands_in_the_books_with_what_the_person_said(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "2", ("outside", "store"), "adjust", reason="behind the shelf")
    moves(floor, "0.5", ("store", "outside"), "adjust", reason="spilled")
    moves(floor, "3", ("outside", "store"), "adjust", lot="S-3", reason="without a label")
    assert codes_of(await moving.deliver()) == ["accepted"] * 3
    assert lies(erp.rpc, "S-1", "STO") == [101.5]
    assert lies(erp.rpc, "S-3", "STO") == [3.0]
    assert booked(erp.rpc) == sorted(map(Decimal, ("2", "8", "12")))  # 0.5, 2 and 3 kg at 4.00.
    notes = [one["message"] for one in erp.rpc.rows("ir.note", ["message"])]
    assert sorted(one.rpartition(" adjust ")[2] for one in notes) == [
        "behind the shelf",
        "spilled",
        "without a label",
    ]


async def test_what_the_floor_found_is_not_told_back_to_it_as_arrived(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "2", ("outside", "store"), "adjust", reason="behind the shelf")
    assert codes_of(await moving.deliver()) == ["accepted"]
    found_by_the_office(erp.rpc, "S-2", 0.5)
    bought(erp.rpc, "STEEL", "S-1", 12.5)
    since = {"receipts_since": NOW.date().isoformat()}
    moving.configured(tryton=moving.settings["tryton"] | since)
    connector = Tryton("erp", moving.config.connectors["erp"])
    try:
        page = await connector.fetch_changes("receipt", None)
    finally:
        await connector.close()
    arrived = sorted((one.told["lot"], one.told["quantity"]) for one in page.changes)
    assert arrived == [("L-1", "500"), ("S-1", "100"), ("S-1", "12.5"), ("S-2", "0.5"), ("S-2", "100")]


async def test_what_arrived_and_nobody_posted_is_a_persons_until_it_is_said_where_it_comes_from(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "25", ("outside", "store"), "receive", lot="S-9")
    (document,) = await moving.deliver()
    assert codes_of([document]) == ["unmapped_code"]
    assert document["problem"]["details"]["code"] == "received"
    assert shipments(erp.rpc) == []

    moving.configured(codes=CODES | {"location": PLACES | {"received": "SCRAP"}})
    await moving.ask("UPDATE bridge.document SET state = 'ready', next_attempt_time = now()")
    assert codes_of(await moving.deliver()) == ["accepted"]
    assert lies(erp.rpc, "S-9", "STO") == [25.0]


async def test_a_move_between_two_places_that_are_one_there_is_none(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "2", (PRESS, f"{LINE}/press2"), "issue")
    assert codes_of(await moving.deliver()) == ["skipped"]
    assert shipments(erp.rpc) == []


async def test_a_place_of_another_warehouse_is_a_persons(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    another_warehouse(erp.rpc)
    moving.configured(codes=CODES | {"location": PLACES | {"other": "OTHER"}})
    moves(floor, "2", ("store", "other"), "issue")
    assert codes_of(await moving.deliver()) == ["other_warehouse"]
    assert [one["state"] for one in shipments(erp.rpc)] == ["cancelled"]


async def test_what_is_not_there_waits_for_a_person_and_keeps_nothing_reserved(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    moves(floor, "100.5", ("store", PRESS), "issue")
    (document,) = await moving.deliver()
    assert codes_of([document]) == ["negative_stock"]
    assert document["problem"]["details"]["short"][0]["amount"] == "0.5"
    assert [one["state"] for one in shipments(erp.rpc)] == ["cancelled"]
    moves(floor, "99", ("store", PRESS), "issue", lot="S-2")  # Another lot does not wait for it.
    assert codes_of(await moving.deliver()) == ["negative_stock", "accepted"]

    forced = moving.settings["tryton"] | {"short_stock": "force"}
    moving.configured(tryton=forced)
    await moving.ask(
        "UPDATE bridge.document SET state = 'ready', next_attempt_time = now() WHERE state = 'refused'"
    )
    assert codes_of(await moving.deliver()) == ["accepted"] * 2
    assert lies(erp.rpc, "S-1", "STO", "LINE") == [-0.5, 100.5]


async def test_a_move_that_is_taken_back_goes_the_way_back(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    way = {"from_location": "store", "to_location": PRESS}
    told = {"item": "STEEL", "unit": "KGM", "lot": "S-1", **way}
    event = floor.tell("stock_move", quantity="20", **told)
    assert codes_of(await moving.deliver()) == ["accepted"]
    floor.tell("stock_move", quantity="-5", reverses=str(event), **told)
    assert codes_of(await moving.deliver()) == ["accepted"] * 3
    assert lies(erp.rpc, "S-1", "STO", "LINE") == [85.0, 15.0]


async def test_every_answer_is_lost_once_and_each_move_is_made_once(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    changes = ("create", "wait", "assign_try", "do")
    for lot in ("S-1", "S-2"):
        moves(floor, "20", ("store", PRESS), "issue", lot=lot)
    with AnswerEater(erp.server.url) as eater:
        eater.eat(*(f"model.stock.shipment.internal.{one}" for one in changes), "model.ir.note.create")
        moving.configured(url=eater.url, timeout_s=2, settle_s=6)
        assert codes_of(await moving.deliver(120.0)) == ["accepted"] * 2
    assert sum(eater.eaten.values()) == len(changes) + 1
    assert [one["state"] for one in shipments(erp.rpc)] == ["done"] * 2
    assert [lies(erp.rpc, lot, "STO", "LINE") for lot in ("S-1", "S-2")] == [[80.0, 20.0]] * 2


async def test_a_move_of_a_closed_period_is_made_on_the_next_open_day(
    erp: LivingTryton, moving: BridgeToTryton, floor: Floor
) -> None:
    closed = NOW.date() - timedelta(days=3)
    (period,) = erp.rpc.create("stock.period", {"date": closed, "company": erp.rpc.context["company"]})
    erp.rpc.call("model.stock.period.close", [period])
    long_ago = (NOW - timedelta(days=5)).isoformat()
    moves(floor, "2", ("store", PRESS), "issue", event_time=long_ago)
    (document,) = await moving.deliver()
    assert codes_of([document]) == ["accepted"]
    assert (document["posting_date"], document["posting_moved"]) == (closed + timedelta(days=1), True)
    assert [one["effective_date"] for one in shipments(erp.rpc)] == [closed + timedelta(days=1)]
