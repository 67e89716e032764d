"""What the floor did, on the production of a living Tryton: stock by lot, journal, times and cost, each once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.erp_bridge.floor import NOW, Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved, stock
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production
from tests.tryton.set_up import bought

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def states(documents: list[dict[str, Any]]) -> list[str]:
    problems = [(one["kind"], one["state"], one["problem"], one["difference"]) for one in documents]
    print(*problems, sep="\n")
    return [one["state"] for one in documents]


async def test_an_order_made_in_parts_stands_in_tryton_as_it_was_made(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    """20 planned, 18 good in two lots, 2 scrap, more steel than planned and from two lots: 30 kg planned, 33.5 kg used."""
    number = planned_production(erp.rpc, 20)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    pumps.used("SEAL", {"L-1": "20"})
    pumps.used("STEEL", {"S-1": "15"})
    pumps.good("10", "P-1")
    assert states(await bridge.deliver()) == ["accepted"] * 3
    assert there.state == "running"
    assert stock(erp.rpc) == {"S-1": 85.0, "S-2": 100.0, "L-1": 480.0, "P-1": 10.0}

    pumps.used("SEAL", {"L-1": "20"})
    pumps.used("STEEL", {"S-1": "15", "S-2": "3.5"})
    pumps.scrap("2")
    pumps.worked("5400")
    pumps.ran("3600")
    pumps.good("8", "P-2")
    pumps.state("completed")
    assert states(await bridge.deliver()) == ["accepted"] * 10

    assert there.state == "done"
    assert there.moves() == moved(
        ("in", "SEAL", "L-1", "20"),
        ("in", "SEAL", "L-1", "20"),
        ("in", "STEEL", "S-1", "15"),
        ("in", "STEEL", "S-1", "15"),
        ("in", "STEEL", "S-2", "3.5"),
        ("out", "PUMP", "P-1", "10"),
        ("out", "PUMP", "P-2", "8"),
        ("scrap", "PUMP", "", "2"),
    )
    assert stock(erp.rpc) == {"S-1": 70.0, "S-2": 96.5, "L-1": 460.0, "P-1": 10.0, "P-2": 8.0}
    assert there.cycles() == [
        ("Assembly", 5400.0, Decimal("60.0000")),
        ("Press", 3600.0, Decimal("25.0000")),
    ]
    # 40 seals at 0.50, 33.5 kg at 4.00, 1.5 h at 40.00, 1 h at 25.00.
    assert there.cost == Decimal("239.0000")
    # Issued 10 + 60 + 10 + 60 + 14; received 70, then the 169 that were spent since.
    assert there.journal() == sorted(map(Decimal, ("10", "60", "10", "60", "14", "70", "169")))


async def test_what_was_posted_wrongly_is_taken_back_whole_and_posted_anew(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 20)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    steel = pumps.used("STEEL", {"S-1": "15", "S-2": "3"})
    made = pumps.good("10", "P-1")
    work = pumps.worked("3600")
    assert states(await bridge.deliver()) == ["accepted"] * 3

    pumps.used("STEEL", {"S-2": "-1"}, reverses=str(steel))
    pumps.good("-10", "P-1", reverses=str(made))
    pumps.worked("-3600", reverses=str(work))
    assert states(await bridge.deliver()) == ["accepted"] * 7
    assert there.moves() == moved(("in", "STEEL", "S-1", "15"), ("in", "STEEL", "S-2", "2"))
    assert there.cycles() == []
    assert stock(erp.rpc) == {"S-1": 85.0, "S-2": 98.0, "L-1": 500.0, "P-1": 0.0}
    # What was taken back stands there twice: as it was, and against it.
    assert there.journal() == sorted(map(Decimal, ("60", "12", "72", "-60", "-12", "-72", "60", "8")))

    pumps.state("completed")
    assert states(await bridge.deliver()) == ["accepted"] * 8
    assert (there.state, there.cost) == ("done", Decimal("68.0000"))


async def test_what_is_not_in_stock_waits_for_a_person_and_leaves_nothing_there(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 20)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    pumps.used("SEAL", {"L-1": "20"})
    pumps.used("STEEL", {"S-1": "100.5"})
    pumps.good("10", "P-1")
    documents = await bridge.deliver()
    assert states(documents) == ["accepted", "refused", "ready"]
    assert documents[1]["problem"]["code"] == "negative_stock"
    assert documents[1]["problem"]["details"]["short"][0]["lot"] == "S-1"
    assert there.moves() == moved(("in", "SEAL", "L-1", "20"))
    assert there.moves("draft") == there.moves("assigned") == []
    assert (there.state, len(there.notes())) == ("running", 1)

    bought(erp.rpc, "STEEL", "S-1", 1.0)
    await bridge.ask(
        "UPDATE bridge.document SET state = 'ready', next_attempt_time = now() WHERE state = 'refused'"
    )
    assert states(await bridge.deliver()) == ["accepted"] * 3
    assert there.moves() == moved(
        ("in", "SEAL", "L-1", "20"), ("in", "STEEL", "S-1", "100.5"), ("out", "PUMP", "P-1", "10")
    )


async def test_what_nobody_there_knows_and_what_came_too_late_is_refused_in_words(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    known, unknown = Pumps(floor, planned_production(erp.rpc, 5)), Pumps(floor, "404")
    unknown.good("1", "P-1")
    known.used("STEEL", {"S-9": "1"})
    documents = {one["work_order"]: one for one in await bridge.deliver()}
    codes = {number: one["problem"]["code"] for number, one in documents.items()}
    assert sorted(codes.values()) == ["no_such_order_there", "unknown_code"]

    late = planned_production(erp.rpc, 5)
    Pumps(floor, late).state("completed")
    Pumps(floor, late).good("5", "P-1")
    (end, good) = [one for one in await bridge.deliver() if one["work_order"] == late]
    assert (end["state"], InTryton(erp.rpc, late).state) == ("accepted", "cancelled")
    assert (good["state"], good["problem"]["code"]) == ("refused", "order_not_open")


async def test_a_question_of_tryton_goes_to_a_person_or_is_answered_by_policy(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    """More than 5 % above the plan is a question, and 90 kg for 5 pumps is more; less is what parts are."""
    erp.rpc.write("production.bom", erp.rpc.one("production.bom"), tolerance=0.05)
    number = planned_production(erp.rpc, 5)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    pumps.used("STEEL", {"S-1": "90"})
    (document,) = await bridge.deliver()
    assert (document["state"], document["problem"]["code"]) == ("refused", "erp_asks")
    assert "90" in document["problem"]["message"]
    assert (there.moves(), there.notes()) == ([], [])

    yes = bridge.settings["tryton"] | {"accept_warnings": ["over_tolerance", "under_tolerance"]}
    bridge.configured(tryton=yes)
    await bridge.ask(
        "UPDATE bridge.document SET state = 'ready', next_attempt_time = now() WHERE state = 'refused'"
    )
    assert states(await bridge.deliver()) == ["accepted"]
    assert there.moves() == moved(("in", "STEEL", "S-1", "90"))


async def test_stock_of_a_closed_period_is_posted_for_the_next_open_day(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 5)
    there = InTryton(erp.rpc, number)
    closed = NOW.date() - timedelta(days=3)
    (period,) = erp.rpc.create("stock.period", {"date": closed, "company": erp.rpc.context["company"]})
    erp.rpc.call("model.stock.period.close", [period])
    long_ago = (NOW - timedelta(days=5)).isoformat()
    Pumps(floor, number).used("STEEL", {"S-1": "3"}, event_time=long_ago)
    (document,) = await bridge.deliver()
    assert states([document]) == ["accepted"]
    assert (document["posting_date"], document["posting_moved"]) == (closed + timedelta(days=1), True)
    assert there.moves() == moved(("in", "STEEL", "S-1", "3"))
