"""A lot is traced both ways, through several orders, with what was taken back; every answer is bounded."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.materials import tracing
from plant_server.materials.trace_schemas import Direction
from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.materials.trace_story import STATION, Story, told
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.work_orders.floor import Floor, standing_at

Told = tuple[str, str | None, str, str]
"""(item, lot, quantity that stayed, put back)."""


@pytest.fixture
async def story(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Story]:
    async with standing_at(app, connection) as floor:
        yield await told(floor)


async def traced(floor: Floor, label: str, direction: str) -> dict[str, Any]:
    found: dict[str, Any] = await floor.get(f"lots/{label}/trace?direction={direction}")
    assert (found["label"], found["direction"]) == (label, direction)
    return found


def materials(order: dict[str, Any]) -> list[Told]:
    return [
        (one["item"], one["lot"] and one["lot"]["lot"], one["quantity"], one["put_back"])
        for one in order["materials"]
    ]


def orders(trace: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one["step"], one["number"]) for one in trace["orders"]]


async def test_backward_from_the_goods_to_every_material_lot_through_the_orders_between(story: Story) -> None:
    found = await traced(story.floor, "WO-2", "backward")
    assert (orders(found), found["is_cut"]) == ([(0, "WO-2"), (1, "WO-1")], False)
    machine, bracket = found["orders"]
    assert materials(machine) == [("BRACKET", "WO-1", "2", "0")]
    assert machine["materials"][0]["lot"]["made_by"] == "WO-1"
    assert materials(bracket) == [("SCREW", "S-1", "12", "12"), ("SCREW", "S-2", "8", "8")]
    assert (bracket["good"], bracket["scrap"], bracket["requirement"]) == ("4", "1", "SO-77")


async def test_a_material_is_told_with_its_supplier_its_receipt_and_where_it_went_in(story: Story) -> None:
    (bracket,) = (await traced(story.floor, "WO-1", "backward"))["orders"]
    first = bracket["materials"][0]
    lot = first["lot"]
    assert (lot["supplier_lot"], lot["received"], lot["in_stock"], lot["made_by"]) == (
        "heat S-1",
        "12",
        "0",
        None,
    )
    received, from_time = (datetime.fromisoformat(one) for one in (lot["received_time"], first["from_time"]))
    assert received < from_time <= datetime.fromisoformat(first["to_time"])
    assert (first["operations"], first["locations"], first["bom_revisions"]) == ([10], [STATION], ["A"])


async def test_an_order_is_told_with_its_revisions_its_runs_people_and_bad_parts(story: Story) -> None:
    (bracket,) = (await traced(story.floor, "WO-1", "backward"))["orders"]
    assert (bracket["revision"], bracket["bom_revision"]) == ("A", "A")
    (run,) = bracket["runs"]
    assert (run["station"], run["operation"], run["good"]) == (STATION, 10, "4")
    assert [(one["person"], one["name"]) for one in run["people"]] == [(story.floor.person, "Wu")]
    assert [(one["kind"], one["reason"], one["quantity"]) for one in run["bad_parts"]] == [
        ("scrap", "burr", "1")
    ]


async def test_stops_in_the_time_of_a_run_are_told_cut_at_its_bounds(story: Story) -> None:
    floor = story.floor
    await floor.connection.execute(
        "WITH made AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)"
        " SELECT device_id, from_time - interval '1 h', to_time, 120, '{fault}' FROM plant.device, plant.run"
        " JOIN plant.work_order USING (work_order_id) WHERE number = 'WO-1'"
        " RETURNING stop_id, from_ts, to_ts)"
        " INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason) SELECT stop_id, from_ts, to_ts, NULL FROM made"
    )
    (bracket,) = (await traced(floor, "WO-1", "backward"))["orders"]
    (run,) = bracket["runs"]
    assert [(one["from_time"], one["to_time"], one["reason"]) for one in run["stops"]] == [
        (run["from_time"], run["to_time"], None)
    ]


async def test_forward_from_material_to_all_it_went_into_and_what_was_taken_back_is_said(
    story: Story,
) -> None:
    found = await traced(story.floor, "S-2", "forward")
    assert orders(found) == [(0, "WO-1"), (0, "WO-3"), (1, "WO-2")]
    first, taken_back, machine = found["orders"]
    assert materials(first) == [("SCREW", "S-2", "8", "8")]
    assert materials(taken_back) == [("SCREW", "S-2", "0", "8")]
    assert materials(machine) == [("BRACKET", "WO-1", "2", "0")]
    (lot,) = found["lots"]
    assert (lot["lot"], lot["received"], lot["in_stock"]) == ("S-2", "500", "492")


async def test_what_was_taken_back_whole_leads_no_further(story: Story) -> None:
    """A lot of the label that WO-3 would have made went into WO-4, beside two brackets of WO-1: only these hold S-2."""
    floor = story.floor
    made = {"lot": "WO-3", "item": "BRACKET", "revision": "A", "quantity": "9"}
    await floor.done("lots", made | {"location": STATION})
    (operation,) = await floor.operations(await floor.order("WO-4", "MACHINE"))
    await floor.done("runs/3/complete")
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", {"good": 4})
    assert [number for _, number in orders(await traced(floor, "WO-3", "forward"))] == ["WO-4"]
    found = await traced(floor, "S-2", "forward")
    (machines,) = [one for one in found["orders"] if one["number"] == "WO-4"]
    assert materials(machines) == [("BRACKET", "WO-1", "2", "0")]


async def test_the_suppliers_label_and_the_customers_order_are_found_too(story: Story) -> None:
    by_supplier = await traced(story.floor, "heat S-1", "forward")
    assert [one["lot"] for one in by_supplier["lots"]] == ["S-1"]
    assert orders(by_supplier) == [(0, "WO-1"), (1, "WO-2")]
    assert orders(await traced(story.floor, "SO-77", "backward")) == [(0, "WO-1")]
    assert orders(await traced(story.floor, "SO-77", "forward")) == [(0, "WO-2")]


async def test_holds_of_lots_stay_told_after_they_were_lifted_and_open_ones_of_orders_are(
    story: Story,
) -> None:
    floor, lot = story.floor, story.lots["S-2"]
    await floor.done(f"lots/{lot}/hold", {"reference": "NC-9", "note": "soft"})
    await floor.done(f"lots/{lot}/release", {"reference": "NC-9", "note": "tested"})
    order = (await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'WO-3'"))[
        "work_order_id"
    ]
    await floor.done(f"work-orders/{order}/hold", {"reason": "quality", "reference": "NC-9"})
    found = await traced(floor, "S-2", "forward")
    (hold,) = found["lots"][0]["holds"]
    assert (hold["reference"], hold["note"]) == ("NC-9", "soft")
    assert hold["placed_time"] < hold["lifted_time"]
    assert [(one["reason"], one["reference"]) for one in found["orders"][1]["holds"]] == [("quality", "NC-9")]


async def test_what_nobody_named_a_lot_for_is_a_line_of_its_own(story: Story) -> None:
    floor = story.floor
    (operation,) = await floor.operations(await floor.order("WO-5", "MACHINE"))
    await floor.done("runs/3/complete")
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", {"good": 3})
    (order,) = [one for one in (await traced(floor, "WO-5", "backward"))["orders"] if one["number"] == "WO-5"]
    assert [
        (one["lot"] and one["lot"]["lot"], one["quantity"], one["is_short"]) for one in order["materials"]
    ] == [
        ("WO-1", "2", False),
        (None, "4", True),
    ]


async def test_raw_material_has_nothing_behind_it_but_its_receipt(story: Story) -> None:
    found = await traced(story.floor, "S-1", "backward")
    assert (found["orders"], [one["supplier_lot"] for one in found["lots"]]) == ([], ["heat S-1"])


async def test_a_label_nobody_knows_is_refused_in_words(story: Story) -> None:
    answer = await story.floor.client.get("/api/v1/lots/NEVER/trace", headers={"Accept-Language": "zh-CN"})
    told = answer.json()
    assert (answer.status_code, told["code"], told["title"]) == (
        404,
        "unknown-label",
        "没有此编号的工单或批次",
    )


async def test_a_label_may_hold_what_an_address_cannot(story: Story) -> None:
    floor = story.floor
    await floor.done("lots", {"lot": "A/7 #1", "item": "SCREW", "quantity": "9", "location": "store"})
    found = await floor.get("lots/A%2F7%20%231/trace?direction=forward")
    assert ([one["lot"] for one in found["lots"]], found["orders"]) == (["A/7 #1"], [])


async def test_an_answer_is_cut_and_says_so(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ORDERS_MOST", 1)
    found = await tracing.trace(story.floor.connection, "WO-2", Direction.BACKWARD)
    assert (found.is_cut, [one.number for one in found.orders]) == (True, ["WO-2"])


async def test_who_has_not_signed_in_reads_no_names(app: FastAPI, connection: AsyncConnection) -> None:
    person = await add_person(app, connection, Role.OPERATOR)
    async with asking(app) as here:
        assert (await here.get("/api/v1/lots/WO-1/trace")).status_code in (401, 403)
        await sign_in(here, person)
        assert (await here.get("/api/v1/lots/WO-1/trace")).status_code == 404
