"""A document that stands aside holds up nothing of its order, and goes when nothing else is left to go."""

from typing import Any

import httpx

from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor
from tests.simulators.business_process import released_order

SET = "UPDATE bridge.document SET state = %s, aside = %s, next_attempt_time = now() + %s::interval WHERE position = 1"


async def three_planned(core: httpx.Client, floor: Floor, bridge: BridgeHere) -> None:
    number = released_order(core)
    for quantity in ("1", "2", "3"):
        floor.good(number, quantity)
    await bridge.plan()


async def sent(bridge: BridgeHere) -> list[int]:
    """Positions, in the order in which they were sent."""
    told: list[dict[str, Any]] = await bridge.ask(
        "SELECT position FROM bridge.delivery JOIN bridge.document USING (document_id) ORDER BY delivery_id"
    )
    return [int(one["position"]) for one in told]


async def test_refused_and_aside_it_waits_for_a_person_and_the_others_go_on(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    await three_planned(core, floor, bridge)
    await bridge.ask(SET, "refused", True, "0 s")
    assert [one["state"] for one in await bridge.deliver()] == ["refused", "accepted", "accepted"]


async def test_refused_and_not_aside_it_holds_up_the_others(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    await three_planned(core, floor, bridge)
    await bridge.ask(SET, "refused", False, "0 s")
    assert [one["state"] for one in await bridge.deliver()] == ["refused", "ready", "ready"]


async def test_ready_and_aside_it_goes_after_the_others(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    await three_planned(core, floor, bridge)
    await bridge.ask(SET, "ready", True, "1 hour")
    assert await bridge.send_due() == 2
    await bridge.ask(SET, "ready", True, "0 s")
    assert [one["state"] for one in await bridge.deliver()] == ["accepted"] * 3
    assert await sent(bridge) == [2, 3, 1]
