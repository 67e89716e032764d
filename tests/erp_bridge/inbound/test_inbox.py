"""What stops, what is refused and what is asked again, against a plant that answers as it is told."""

from typing import Any

import httpx
import pytest

from tests.erp_bridge.bridge_here import CODES
from tests.erp_bridge.inbound.conftest import MakesBridge
from tests.erp_bridge.inbound.scripted_plant import ScriptedPlant
from tests.simulators.business_process import released_order

ORDERS = "/api/v1/work-orders"
UNKNOWN_ITEM = (422, {"code": "unknown-item", "title": "There is no such item", "detail": "FG-100"})
RUNNING = (409, {"code": "order-running", "title": "It runs"})
Scripted = tuple[ScriptedPlant, str]


def order_there(erp: httpx.Client, number: str) -> dict[str, Any]:
    return dict(erp.get(f"/api/work-orders/{number}").json())


def lie(system: httpx.Client, kind: str, **wishes: Any) -> None:
    assert system.post("/control/lie", json={"kind": kind, **wishes}).status_code == 200


def numbers(plant: ScriptedPlant) -> list[str]:
    return [one["number"] for one in plant.bodies(ORDERS)]


async def test_an_unmapped_code_stops_at_the_inbox_and_the_order_is_not_answered(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    units = {ours: theirs for ours, theirs in CODES["unit"].items() if theirs != "pcs"}
    bridge = make_bridge(url, core={"codes": CODES | {"unit": units}})
    number = released_order(erp)

    await bridge.pull()

    (kept,) = await bridge.inbox(external_id=number)
    assert kept["state"] == "stopped"
    assert kept["problem"]["details"] == {"system": "core", "kind": "unit", "code": "pcs", "side": "their"}
    assert number not in numbers(plant)
    assert order_there(erp, number)["state"] == "released"
    assert not [one for one in plant.told if one["body"].get("unit") == "pcs"]


async def test_a_refused_order_is_rejected_there_and_accepted_after_the_correction(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    number = released_order(erp)
    plant.refusals[number] = RUNNING
    await bridge.pull()
    there = order_there(erp, number)
    assert (there["state"], there["reject_reason"]) == ("rejected", "order-running: It runs")

    plant.refusals.clear()
    await bridge.pull()
    assert order_there(erp, number)["state"] == "rejected"  # Nobody said that it was mended.
    await bridge.ask(
        "UPDATE bridge.inbox SET state = 'received', attempt = attempt + 1 WHERE state = 'refused'"
    )
    await bridge.pull()

    assert order_there(erp, number)["state"] == "accepted"
    keys = [one["key"] for one in plant.told if one["body"].get("number") == number]
    assert len(set(keys)) == 2  # The plant remembers refusals: another command.


async def test_with_hold_a_refused_order_is_left_unanswered(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url, core={"refused_orders": "hold"})
    number = released_order(erp)
    plant.refusals[number] = RUNNING
    await bridge.pull()
    (kept,) = await bridge.inbox(external_id=number)
    assert kept["state"] == "refused"
    assert order_there(erp, number)["state"] == "released"


async def test_what_was_refused_for_a_missing_item_is_told_again_once_an_item_came(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    number = released_order(erp)
    plant.refusals[number] = UNKNOWN_ITEM
    await bridge.pull()
    (kept,) = await bridge.inbox(external_id=number)
    assert kept["state"] == "refused"
    assert order_there(erp, number)["state"] == "released"  # Nobody is told no while it may still come.

    plant.refusals.clear()
    add_item(erp, f"NEW-{number}")
    await bridge.pull()
    (kept,) = await bridge.inbox(external_id=number)
    assert kept["state"] == "done"
    assert order_there(erp, number)["state"] == "accepted"


def add_item(erp: httpx.Client, code: str) -> None:
    item = {"code": code, "name_zh": "新", "name_en": "New"}
    assert erp.post("/control/items", json=item).status_code == 200


async def test_the_cursor_waits_until_the_plant_answers_and_nothing_is_told_twice(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    number = released_order(erp)
    plant.down = True
    await bridge.pull()
    assert await bridge.ask("SELECT * FROM bridge.cursor") == []
    assert order_there(erp, number)["state"] == "released"

    plant.down, plant.drop_answer = False, True  # The first command is done and its answer lost.
    await bridge.pull()
    await bridge.pull()

    assert await bridge.inbox(state="received") == []
    assert numbers(plant).count(number) == 1
    assert len({one["key"] for one in plant.told}) == len(plant.told)


@pytest.mark.parametrize("field", ["lines", "effective_from", "drawing"])
async def test_a_field_left_out_of_the_feed_is_read_from_the_record(
    plm: httpx.Client, scripted: Scripted, make_bridge: MakesBridge, field: str
) -> None:
    plant, url = scripted
    lie(plm, "ok_and_dropped_field", match="releases", field=field, times=5)
    bridge = make_bridge(url)
    await bridge.pull()
    lie(plm, "ok_and_dropped_field", match="releases", field=field, times=0)
    boms = [one for one in plant.bodies("/api/v1/boms") if one["item"] == "FG-100"]
    assert len(boms[0]["components"]) == 5
    assert [one["name"] for one in plant.bodies("/api/v1/drawings") if one["item"] == "FG-100"]


async def test_what_is_in_work_at_the_plm_never_comes(
    plm: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    in_work = {"item": "FG-200", "revision": "Z", "lines": []}
    save_revision(plm, in_work)
    await bridge.pull()
    assert ("FG-200", "Z") not in {(one["item"], one["revision"]) for one in plant.bodies("/api/v1/boms")}


def save_revision(plm: httpx.Client, body: dict[str, Any]) -> None:
    assert plm.post("/control/boms", json=body).status_code == 200


async def test_an_item_changed_in_a_list_without_revisions_is_told_with_the_next_number(
    erp: httpx.Client, scripted: Scripted, make_bridge: MakesBridge
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    add_item(erp, "LISTED-1")
    await bridge.pull()
    await bridge.pull()
    rename_item(erp, "LISTED-1", "Renamed")
    await bridge.pull()
    told = [one for one in plant.bodies("/api/v1/items") if one["code"] == "LISTED-1"]
    assert [(one["external_revision"], one["name_en"]) for one in told] == [(1, "New"), (2, "Renamed")]


def rename_item(erp: httpx.Client, code: str, name: str) -> None:
    assert (
        erp.post("/control/items", json={"code": code, "name_zh": "新", "name_en": name}).status_code == 200
    )
