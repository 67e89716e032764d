"""Windows and corrections on a real database and into the real core: what is left in its books is what was left here."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor
from tests.simulators.business_process import released_order

Books = Callable[[str], dict[tuple[str, str], str]]
WHOLE_SHIFT = {"documents": {"completion": "shift", "consumption": "shift", "order_progress": "each"}}
WITH_ORDER = {"documents": {"completion": "each", "consumption": "completion", "order_progress": "each"}}


def totals(core: httpx.Client, number: str) -> dict[str, str]:
    told = core.get(f"/api/balances/work-orders/{number}").json()["totals"]
    return {one["kind"]: one["quantity"] for one in told if one["quantity"] != "0"}


def states(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["kind"], one["state"]) for one in documents]


async def test_deltas_of_an_order_become_one_document_when_it_is_completed(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    bridge.configured(**WITH_ORDER)
    number = released_order(core)
    for quantity in ("0.1", "0.2", "0.3"):
        floor.used(number, "GREASE-1", quantity, unit="KGM")
    floor.good(number, "3")
    assert ("consumption", "open") in states(await bridge.deliver())

    floor.good(number, "2")
    floor.tell("order_progress", number, state="completed")
    documents = await bridge.deliver()

    assert states(documents) == [
        ("completion", "accepted"),
        ("completion", "accepted"),
        ("consumption", "accepted"),
        ("order_progress", "accepted"),
    ]
    assert totals(core, number) == {"completions": "5", "consumptions": "0.6"}
    assert len(documents[2]["body"]["event_ids"]) == 3


async def test_a_shift_is_told_when_it_is_over_and_a_reversal_within_it_cancels(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    bridge.configured(**WHOLE_SHIFT)
    number = released_order(core)
    past = {"event_time": "2026-11-20T08:00:00Z"}
    wrong = floor.good(number, "40", **past)
    floor.good(number, "4", **past)
    floor.good(number, "-40", reverses=str(wrong), **past)
    gone = floor.used(number, "BOLT-M6", "9", **past)
    floor.used(number, "BOLT-M6", "-9", reverses=str(gone), **past)

    assert states(await bridge.deliver()) == [("completion", "accepted"), ("consumption", "cancelled")]
    assert totals(core, number) == {"completions": "4"}


async def test_a_correction_of_a_posted_document_reverses_it_and_posts_what_is_left(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    bridge.configured(**WHOLE_SHIFT)
    number = released_order(core)
    past = {"event_time": "2026-11-20T08:00:00Z"}
    first = floor.good(number, "10", **past)
    second = floor.good(number, "5", **past)
    await bridge.deliver()
    assert totals(core, number) == {"completions": "15"}

    floor.good(number, "-10", reverses=str(first))
    documents = await bridge.deliver()
    assert [one["state"] for one in documents] == ["accepted"] * 3
    assert documents[1]["reverses"] == documents[0]["document_id"]
    assert totals(core, number) == {"completions": "5"}

    floor.good(number, "-5", reverses=str(second))  # It is carried by what was left by now.
    documents = await bridge.deliver()
    assert [one["state"] for one in documents] == ["accepted"] * 4
    assert totals(core, number) == {}


async def test_part_of_a_report_can_be_taken_back(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    event = floor.good(number, "10")
    await bridge.deliver()
    floor.good(number, "-3", reverses=str(event))
    await bridge.deliver()
    assert totals(core, number) == {"completions": "7"}


async def test_a_refused_document_shrinks_by_its_correction_and_goes_on_by_itself(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    event = floor.good(number, "1000")
    floor.good(number, "1")
    assert [one["state"] for one in await bridge.deliver()] == ["refused", "ready"]

    floor.good(number, "-900", reverses=str(event))
    assert [one["state"] for one in await bridge.deliver()] == ["accepted", "accepted"]
    assert totals(core, number) == {"completions": "101"}


async def test_a_correction_that_takes_back_too_much_waits_for_a_person_and_holds_its_order(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    event = floor.good(number, "5")
    await bridge.deliver()
    floor.good(number, "-6", reverses=str(event))
    floor.good(number, "1")
    documents = await bridge.deliver()
    assert [one["state"] for one in documents] == ["accepted", "refused", "ready"]
    assert documents[1]["problem"]["code"] == "nothing_to_take_back"


async def test_a_fact_that_is_no_document_is_seen_and_holds_its_order(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    floor.tell("completion", number, item="FG-100")
    floor.good(number, "1")
    documents = await bridge.deliver()
    assert [one["state"] for one in documents] == ["refused", "ready"]
    assert documents[0]["problem"]["code"] == "not_a_document"


async def test_facts_are_planned_in_the_order_of_their_order_whatever_is_claimed_first(
    core: httpx.Client, floor: Floor, bridge: BridgeHere
) -> None:
    number = released_order(core)
    floor.good(number, "1", undo_s=0.5)
    floor.good(number, "2")
    await bridge.plan()
    assert await bridge.documents() == []  # The second must not overtake the first, whose undo time runs.

    while len(await bridge.documents()) < 2:
        await bridge.plan()
    told = [one["body"]["lines"][0]["quantity"] for one in await bridge.documents()]
    assert told == ["1", "2"]


async def test_what_no_system_is_told_is_claimed_and_waits_nowhere(floor: Floor, bridge: BridgeHere) -> None:
    bridge.configured(documents={})
    floor.good(f"WO-{uuid4()}", "1")
    assert await bridge.plan() == 1
    assert await bridge.documents() == []
    assert await bridge.ask("SELECT FROM plant.outbox") == []
