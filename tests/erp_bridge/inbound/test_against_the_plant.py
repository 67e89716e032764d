"""PLM and core into the real plant API, over sockets: items, BOMs, drawings, a change, orders and their answers."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.erp_bridge.inbound.conftest import MakesBridge
from tests.erp_bridge.inbound.pulling import PullingBridge
from tests.erp_bridge.served import served
from tests.plant_server.api_fixture import TOKEN, app
from tests.simulators.business_process import key, released_order

__all__ = ["app"]
DUE = "2026-12-01T00:00:00Z"


@pytest.fixture
async def bridge(app: FastAPI, make_bridge: MakesBridge) -> AsyncIterator[PullingBridge]:
    async with served(app) as url:
        yield make_bridge(url, TOKEN)


async def plant_list(bridge: PullingBridge, path: str) -> list[dict[str, object]]:
    assert bridge.config.plant is not None
    async with httpx.AsyncClient(base_url=str(bridge.config.plant.url)) as client:
        answer = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return list(body["items"] if isinstance(body, dict) else body)


def order_there(erp: httpx.Client, number: str) -> dict[str, object]:
    return dict(erp.get(f"/api/work-orders/{number}").json())


def change(erp: httpx.Client, number: str, **wishes: str) -> None:
    ask(
        erp,
        "/control/work-orders",
        {"number": number, "item": "FG-100", "quantity": "100", "due": DUE} | wishes,
    )


def cancel(erp: httpx.Client, number: str) -> None:
    ask(erp, f"/control/work-orders/{number}/cancel", {})


def changed_items(erp: httpx.Client, plm: httpx.Client, *codes: str) -> str:
    """Items of their own whose revision A was replaced by B, all by one change; its number."""
    line = {"position": 10, "item": "STEM-10", "quantity": "1", "unit": "pcs"}
    for code in codes:
        names = {"code": code, "name_zh": "阀", "name_en": "Valve"}
        ask(erp, "/control/items", names | {"kind": "finished"})
        ask(plm, "/control/items", names | {"kind": "finished"})
        for revision in ("A", "B"):
            ask(plm, "/control/boms", {"item": code, "revision": revision, "lines": [line]})
            ask(plm, f"/control/boms/{code}/{revision}/release", {"effective_from": "2026-11-01T00:00:00Z"})
    number = f"ECO-{codes[0]}"
    change = {
        "number": number,
        "title_zh": "换",
        "title_en": "New",
        "affected": [{"item": code, "old_revision": "A", "new_revision": "B"} for code in codes],
        "effective_from": "2026-11-02T00:00:00Z",
        "disposition": "scrap",
    }
    ask(plm, "/control/change-orders", change)
    ask(plm, f"/control/change-orders/{number}/release", {})
    return number


def ask(system: httpx.Client, path: str, body: dict[str, object]) -> None:
    answer = system.post(path, json=body)
    assert answer.status_code == 200, answer.text


async def test_released_master_data_and_orders_reach_the_plant_and_the_orders_are_accepted(
    erp: httpx.Client, plm: httpx.Client, bridge: PullingBridge
) -> None:
    number = released_order(erp, work_center="press1")
    await bridge.pull()

    stopped = [one for one in await bridge.inbox() if one["state"] != "done"]
    assert {one["external_id"] for one in stopped} == {"WO-1002", "WO-1003"}  # For machines nobody mapped.
    boms = {(one["item"], one["revision"]): one for one in await plant_list(bridge, "/api/v1/boms")}
    resin = boms["FG-200", "A"]["components"]
    assert isinstance(resin, list)
    assert (resin[0]["item"], resin[0]["unit"], float(resin[0]["quantity_per"])) == ("RESIN-PP", "GRM", 85)
    assert ("FG-100", "B") not in boms
    assert await plant_list(bridge, "/api/v1/drawings?item=FG-100")
    (order,) = await plant_list(bridge, f"/api/v1/work-orders?number={number}")
    assert (order["state"], order["revision"], order["quantity"]) == ("released", "A", "100")
    assert order_there(erp, number)["state"] == "accepted"


async def test_the_same_order_again_and_a_changed_one_leave_one_order_with_the_latest_revision(
    erp: httpx.Client, bridge: PullingBridge
) -> None:
    number = released_order(erp)
    await bridge.pull()
    await bridge.pull()
    change(erp, number, quantity="150")
    await bridge.pull()

    (order,) = await plant_list(bridge, f"/api/v1/work-orders?number={number}")
    assert order["quantity"] == "150"
    there = order_there(erp, number)
    assert (there["state"], there["revision"]) == ("accepted", 2)


async def test_after_a_change_took_effect_an_order_for_the_old_revision_is_rejected_with_the_reason(
    erp: httpx.Client, plm: httpx.Client, bridge: PullingBridge
) -> None:
    item = f"FG-{key('C')}"
    changed_items(erp, plm, item)
    number = released_order(erp, item=item, bom_revision="A")
    await bridge.pull()
    await bridge.pull()  # The order came before its BOMs were read.

    (kept,) = await bridge.inbox(external_id=number)
    assert (kept["state"], kept["problem"]["code"]) == ("refused", "superseded-revision")
    there = order_there(erp, number)
    assert there["state"] == "rejected"
    assert "superseded-revision" in str(there["reject_reason"])

    change(erp, number, item=item, bom_revision="B")
    await bridge.pull()
    assert [one["state"] for one in await bridge.inbox(external_id=number)] == ["superseded", "done"]
    assert order_there(erp, number)["state"] == "accepted"


async def test_a_change_of_several_items_keeps_its_number_for_each_of_them(
    erp: httpx.Client, plm: httpx.Client, bridge: PullingBridge
) -> None:
    items = [f"FG-{key('C')}", f"FG-{key('C')}"]
    number = changed_items(erp, plm, *items)
    await bridge.pull()
    for item in items:
        (kept,) = await plant_list(bridge, f"/api/v1/change-orders?item={item}")
        assert (kept["number"], kept["item"], kept["new_revision"]) == (number, item, "B")


async def test_an_order_cancelled_there_is_cancelled_here(erp: httpx.Client, bridge: PullingBridge) -> None:
    number = released_order(erp)
    await bridge.pull()
    cancel(erp, number)
    await bridge.pull()
    (order,) = await plant_list(bridge, f"/api/v1/work-orders?number={number}")
    assert order["state"] == "cancelled"
