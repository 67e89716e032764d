"""Documents into the simulated core, over HTTP, whatever it answers: in its books each stands once."""

from typing import Any

import httpx
import pytest

from tests.erp_bridge.bridge_here import CODES, BridgeHere
from tests.erp_bridge.floor import LINE, NOW, Floor
from tests.simulators.business_process import released_order


def lie(core: httpx.Client, kind: str, **wishes: Any) -> None:
    answer = core.post("/control/lie", json={"kind": kind, **wishes})
    assert answer.status_code == 200, answer.text


def posted(core: httpx.Client, resource: str, number: str) -> list[dict[str, Any]]:
    found = core.get(f"/api/{resource}", params={"work_order": number}).json()["items"]
    return [one for one in found if one["state"] == "posted"]


def stored_move(core: httpx.Client, reference: str) -> dict[str, Any]:
    return dict(core.get(f"/api/stock-moves/{reference}").json())


def close_month(core: httpx.Client, month: str) -> None:
    core.post("/control/period", json={"month": month})


def totals(core: httpx.Client, number: str) -> dict[tuple[str, str], str]:
    told = core.get(f"/api/balances/work-orders/{number}").json()["totals"]
    return {(one["kind"], one["item"]): one["quantity"] for one in told}


async def test_every_kind_of_document_reaches_the_core_with_its_exact_quantity(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    span = {"from_time": NOW.isoformat(), "to_time": NOW.isoformat()}
    event = floor.good(number, "12", lot="LOT-1")
    floor.used(number, "SEAL-10", "24", lots=[{"lot": "L-SEAL-A1", "quantity": "24"}])
    floor.used(number, "RESIN-PP", "0.0853", unit="KGM", lots=[{"lot": "L-RESIN-1", "quantity": "0.0853"}])
    scrap = {"item": "FG-100", "quantity": "3", "unit": "H87", "reason": "burr"}
    floor.tell("scrap", number, **scrap)
    floor.tell("labor_time", number, person="7", seconds="61.5", **span)
    floor.tell("machine_time", number, equipment_path=f"{LINE}/press1", seconds="60", **span)
    floor.tell("energy_cost", number, equipment_path=f"{LINE}/press1", energy_wh="1234", **span)
    floor.tell("order_progress", number, state="running")

    states = {one["kind"]: one["state"] for one in await bridge.deliver()}

    assert set(states.values()) == {"accepted"}, await bridge.documents()
    assert totals(core, number) == {
        ("completions", "FG-100"): "12",
        ("consumptions", "SEAL-10"): "24",
        ("consumptions", "RESIN-PP"): "0.0853",
        ("scrap", "FG-100"): "3",
        ("labor-times", "OPERATOR"): "61.5",
        ("machine-times", "press1"): "60",
        ("energy-costs", "press1"): "1.234",
    }
    (progress,) = posted(core, "order-progress", number)
    assert (progress["lines"][0]["quantity"], progress["lines"][0]["state"]) == ("12", "running")
    (completion,) = posted(core, "completions", number)
    assert completion["reference"] == str(event)


async def test_the_core_keeps_which_station_made_what_and_lines_of_two_stations_stay_apart(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    codes = CODES | {"machine": {f"{LINE}/press1": "press1", f"{LINE}/press2": "press2"}}
    policies = {"completion": "completion", "scrap": "each", "order_progress": "each"}
    bridge.configured(codes=codes, documents=policies)
    for station, quantity in (("press1", "5"), ("press2", "7"), ("press1", "1")):
        floor.good(number, quantity, equipment_path=f"{LINE}/{station}")
    scrap = {"item": "FG-100", "quantity": "3", "unit": "H87", "reason": "burr"}
    floor.tell("scrap", number, **scrap, equipment_path=f"{LINE}/press2")
    floor.tell("order_progress", number, state="completed")

    documents = await bridge.deliver()

    assert {one["state"] for one in documents} == {"accepted"}, documents
    (completion,) = posted(core, "completions", number)
    (scrapped,) = posted(core, "scrap", number)
    made = [(line["station"], line["quantity"]) for line in completion["lines"]]
    assert made == [("press1", "6"), ("press2", "7")]
    assert scrapped["lines"][0]["station"] == "press2"


async def test_a_station_that_the_core_dropped_is_a_difference(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    lie(core, "ok_and_dropped_field", match="completions", field="station")
    floor.good(number, "5", equipment_path=f"{LINE}/press1")
    (document,) = await bridge.deliver()
    assert document["state"] == "modified"
    assert [one["field"] for one in document["difference"]] == ["lines[0].station"]


async def test_a_stock_move_needs_no_order(core: httpx.Client, floor: Floor, bridge: BridgeHere) -> None:
    floor.tell(
        "stock_move",
        item="BOLT-M6",
        unit="H87",
        quantity="7",
        lot="",
        from_location="line",
        to_location="store",
    )
    (document,) = await bridge.deliver()
    assert document["state"] == "accepted", document
    stored = stored_move(core, document["reference"])
    assert stored["lines"][0]["to_warehouse"] == "RAW"


@pytest.mark.parametrize(
    "kind",
    [
        "commit_and_lost_reply",
        "duplicate_key",
        "wizard_instead_of_done",
        "expired_token",
        "http_429",
        "http_503",
    ],
)
async def test_whatever_the_core_answers_a_document_stands_in_its_books_once(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, kind: str
) -> None:
    number = released_order(core)
    lie(core, kind, match="completions", retry_after_s=0)
    floor.good(number, "5")
    floor.good(number, "6")

    documents = await bridge.deliver()

    assert [one["state"] for one in documents] == ["accepted", "accepted"], documents
    assert [one["lines"][0]["quantity"] for one in posted(core, "completions", number)] == ["5", "6"]


async def test_an_answer_that_comes_too_late_is_looked_up_and_not_sent_again(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    lie(core, "timeout_then_success", match="completions", delay_s=3)
    floor.good(number, "5")

    (document,) = await bridge.deliver()

    assert (document["state"], document["attempts"]) == ("accepted", 2)
    assert [one["state"] for one in await bridge.deliveries()] == ["lost", "accepted"]
    assert len(posted(core, "completions", number)) == 1


async def test_a_200_that_dropped_a_field_is_modified_and_says_which(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    lie(core, "ok_and_dropped_field", match="completions", field="reference")
    floor.good(number, "5")
    (document,) = await bridge.deliver()
    assert document["state"] == "modified"
    assert [one["field"] for one in document["difference"]] == ["reference"]
    assert document["difference"][0]["stored"] is None


async def test_a_closed_month_is_posted_for_the_next_open_day_and_keeps_its_event_time(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    close_month(core, "2026-03")
    floor.good(number, "5", event_time="2026-03-30T10:00:00.5+08:00")
    (document,) = await bridge.deliver()
    (stored,) = posted(core, "completions", number)
    assert (document["state"], document["posting_moved"]) == ("accepted", True)
    assert stored["posting_date"] == "2026-04-01"
    assert stored["event_time"].startswith("2026-03-30T10:00:00.5")


async def test_a_refused_document_stops_the_later_ones_of_its_order_and_no_other(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    first, second = released_order(core), released_order(core)
    floor.good(first, "1000")  # Far more than ordered.
    floor.good(first, "1")
    floor.good(second, "2")

    documents = await bridge.deliver()

    states = {(one["work_order"], one["position"]): one["state"] for one in documents}
    assert states == {(first, 1): "refused", (first, 2): "ready", (second, 1): "accepted"}
    refused = next(one for one in documents if one["state"] == "refused")
    assert refused["problem"]["code"] == "over_receipt"
    assert posted(core, "completions", first) == []


async def test_an_unmapped_code_is_refused_here_and_nothing_is_sent(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    floor.good(number, "1", unit="XBX")
    (document,) = await bridge.deliver()
    assert document["state"] == "refused"
    assert document["problem"]["details"] == {"system": "core", "kind": "unit", "code": "XBX", "side": "our"}
    assert posted(core, "completions", number) == []
