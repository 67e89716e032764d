"""S01: the ERP's order is accepted once, by external id and revision, and nobody types it again.

Sending the same ERP order twice, and a changed one, leaves one order with the latest revision and no operator typing.
"""

from typing import Any

import httpx
from fastapi import FastAPI

from tests.plant_server.api_fixture import WITH_TOKEN, asking
from tests.plant_server.work_orders.floor import PATH, Floor

ORDER = {
    "system": "erp",
    "external_id": "8c1f",
    "number": "WO-100417",
    "item": "BRACKET",
    "quantity": "500",
    "due_time": "2030-01-31T16:00:00Z",
    "release": True,
}


async def send(erp: httpx.AsyncClient, revision: int, key: str, **changed: Any) -> httpx.Response:
    """As the bridge does it: with the API token, and a key made of system, id and revision."""
    body = ORDER | {"external_revision": revision} | changed
    return await erp.post("/api/v1/work-orders", json=body, headers={"Idempotency-Key": key, **WITH_TOKEN})


async def test_an_erp_order_sent_twice_and_changed_is_one_order_that_starts_without_typing(
    app: FastAPI, floor: Floor
) -> None:
    await floor.station()
    await floor.item()
    first, second = "0198c0de-7c1e-7cc1-8f5a-000000000001", "0198c0de-7c1e-7cc1-8f5a-000000000002"
    async with asking(app) as erp:
        assert (await send(erp, 1, first)).json()["outcome"] == "created"
        again = await send(erp, 1, first)
        assert (again.json()["outcome"], again.headers["idempotent-replayed"]) == ("created", "true")
        another_key = "0198c0de-7c1e-7cc1-8f5a-000000000003"
        assert (await send(erp, 1, another_key)).json()["outcome"] == "unchanged"
        assert (await send(erp, 2, second, quantity="750", priority=2)).json()["outcome"] == "changed"

    (order,) = (await floor.get("work-orders"))["items"]
    assert (order["quantity"], order["priority"], order["state"]) == ("750", 2, "released")

    (task,) = await floor.get(f"dispatch?equipment={PATH}/press1")  # The operator picks it from the list.
    run = await floor.start(task["operation_id"])
    assert (await floor.get(f"runs/{run}"))["number"] == "WO-100417"

    async with asking(app) as erp:
        late = await send(erp, 3, "0198c0de-7c1e-7cc1-8f5a-000000000004", quantity="1")
    assert (late.status_code, late.json()["code"]) == (409, "order-running")
    told = await floor.documents("order_acknowledgement")
    assert [one["work_order"] for one in told] == ["WO-100417"] * 2
