"""W7: an order that the plant refuses is not acknowledged, stands on the bridge's screen, and goes on after a retry."""

import httpx

from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.settings import Settings
from tests.erp_bridge.inbound.conftest import MakesBridge
from tests.erp_bridge.inbound.scripted_plant import ScriptedPlant
from tests.simulators.business_process import released_order

UNKNOWN_ITEM = (422, {"code": "unknown-item", "title": "There is no such item", "detail": "FG-100"})


def state_there(erp: httpx.Client, number: str) -> str:
    return str(erp.get(f"/api/work-orders/{number}").json()["state"])


async def test_an_order_with_an_unknown_item_is_shown_and_accepted_after_a_person_retries_it(
    erp: httpx.Client, scripted: tuple[ScriptedPlant, str], make_bridge: MakesBridge, bridge_url: str
) -> None:
    plant, url = scripted
    bridge = make_bridge(url)
    number = released_order(erp)
    plant.refusals[number] = UNKNOWN_ITEM
    await bridge.pull()
    assert state_there(erp, number) == "released"  # Neither accepted nor rejected.

    app = create_app(Settings(bridge_database_url=bridge_url), bridge.config)
    key = await make_key(bridge_url, "tests", ["read", "write"])
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081", headers=headers) as client,
    ):
        shown = (await client.get("/bridge/v1/fix-it")).json()["items"]
        (item,) = [one for one in shown if one["subject"].startswith(f"{number} ")]
        assert (item["what"], item["problem"]["code"]) == ("inbox", "unknown-item")
        assert item["to_do"]
        plant.refusals.clear()
        answer = await client.post(f"/bridge/v1/inbox/{item['id']}/retry")
        assert (answer.status_code, answer.json()["state"]) == (200, "received")
        await bridge.pull()
        shown = (await client.get("/bridge/v1/fix-it")).json()["items"]
        assert not [one for one in shown if one["subject"].startswith(f"{number} ")]
    assert state_there(erp, number) == "accepted"
