"""Orders of the ERP: one each, the latest revision until they start, acknowledged only when accepted."""

import asyncio
from uuid import uuid4

from tests.plant_server.work_orders.floor import LONG_AGO, Floor

ORDER = {"external_id": "SO-9", "number": "WO-1", "item": "BRACKET", "quantity": "100"}


async def test_the_same_order_twice_at_once_is_one(floor: Floor) -> None:
    await floor.item()
    body = ORDER | {"external_revision": 1, "release": True}
    answers = await asyncio.gather(*(floor.post("work-orders", body) for _ in range(4)))
    assert sorted(answer.json()["outcome"] for answer in answers) == ["created", *["unchanged"] * 3]
    assert len((await floor.get("work-orders"))["items"]) == 1
    assert len(await floor.documents("order_acknowledgement")) == 1


async def test_a_changed_order_is_the_latest_and_an_older_one_is_not(floor: Floor) -> None:
    await floor.item()
    await floor.done("work-orders", ORDER | {"external_revision": 1, "release": True})
    await floor.done("work-orders", ORDER | {"external_revision": 3, "quantity": "250", "priority": 1})
    assert (await floor.done("work-orders", ORDER | {"external_revision": 2}))["outcome"] == "older"
    (order,) = (await floor.get("work-orders"))["items"]
    assert (order["quantity"], order["priority"], order["state"]) == ("250", 1, "released")
    assert [one["work_order"] for one in await floor.documents("order_acknowledgement")] == ["WO-1", "WO-1"]


async def test_an_order_that_runs_stays_as_it_is(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    told = await floor.done("work-orders", ORDER | {"external_revision": 1, "release": True})
    (operation,) = await floor.operations(told["id"])
    await floor.start(operation)
    changed = ORDER | {"external_revision": 2, "quantity": "250"}
    assert await floor.refused("work-orders", changed) == (409, "order-running")
    assert (await floor.get(f"work-orders/{told['id']}"))["quantity"] == "100"


async def test_a_refused_order_is_not_acknowledged_and_comes_again(floor: Floor) -> None:
    body = ORDER | {"external_revision": 1}
    assert await floor.refused("work-orders", body) == (422, "unknown-item")
    assert await floor.documents() == []
    await floor.item()
    assert (await floor.done("work-orders", body))["outcome"] == "created"
    assert len(await floor.documents("order_acknowledgement")) == 1


async def test_a_refusal_is_kept_under_its_key(floor: Floor) -> None:
    key, body = uuid4(), ORDER | {"external_revision": 1}
    assert (await floor.post("work-orders", body, key=key)).status_code == 422
    await floor.item()
    again = await floor.post("work-orders", body, key=key)
    assert (again.status_code, again.json()["code"]) == (422, "unknown-item")


async def test_a_quantity_that_does_not_fit_the_unit_is_refused(floor: Floor) -> None:
    await floor.item("SCREW", units=[{"unit": "KGM", "equals_unit": "C62", "equals_amount": "3"}])
    body = ORDER | {"external_revision": 1, "item": "SCREW", "quantity": "0.5", "unit": "KGM"}
    assert await floor.refused("work-orders", body) == (422, "quantity-inexact")


async def test_a_released_order_for_another_revision_is_pinned_anew(floor: Floor) -> None:
    await floor.item(revisions=[{"revision": name, "released_time": LONG_AGO} for name in "AB"])
    order = await floor.order(revision="A")
    assert (await floor.get(f"work-orders/{order}"))["revision"] == "A"
    await floor.order(revision="B")
    detail = await floor.get(f"work-orders/{order}")
    assert (detail["revision"], detail["state"], len(detail["operations"])) == ("B", "released", 1)


async def test_an_order_made_here_is_acknowledged_to_nobody(floor: Floor) -> None:
    await floor.item()
    order = await floor.order(system="plant")
    assert (await floor.get(f"work-orders/{order}"))["source"] == "plant"
    assert await floor.documents("order_acknowledgement") == []
