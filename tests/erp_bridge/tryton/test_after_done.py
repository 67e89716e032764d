"""What comes, or is corrected, when the production is done in a living Tryton: stock, lots and hours follow the floor."""

from decimal import Decimal
from typing import Any

import pytest

from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved, stock
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
LATE_CHANGES = (
    "production.write",
    "production.assign_try",
    "stock.move.do",
    "stock.move.cancel",
    "production.work.cycle.delete",
)
"""Those that are other steps than of a running one."""
FIRST = moved(("in", "STEEL", "S-1", "15"), ("out", "PUMP", "P-1", "10"))


class Ended:
    """An order of pumps that is done there: 15 kg, 10 good, 1.5 h; and what the floor told of it."""

    def __init__(self, erp: LivingTryton, floor: Floor) -> None:
        number = planned_production(erp.rpc, 20)
        self.pumps, self.there = Pumps(floor, number), InTryton(erp.rpc, number)
        self.steel = self.pumps.used("STEEL", {"S-1": "15"})
        self.made = self.pumps.good("10", "P-1")
        self.work = self.pumps.worked("5400")
        self.pumps.state("completed")

    def is_as_it_was(self) -> None:
        assert self.there.moves() == FIRST
        assert self.there.moves("draft") == self.there.moves("assigned") == []
        assert self.there.cycles() == [("Assembly", 5400.0, Decimal("60.0000"))]


def codes(documents: list[dict[str, Any]]) -> list[str]:
    return [one["problem"]["code"] if one["state"] == "refused" else one["state"] for one in documents]


async def test_what_comes_after_the_end_is_booked_and_the_goods_keep_their_price(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    ended = Ended(erp, floor)
    assert codes(await bridge.deliver()) == ["accepted"] * 4
    assert (ended.there.state, ended.there.cost) == ("done", Decimal("120.0000"))

    ended.pumps.used("SEAL", {"L-1": "20"})
    ended.pumps.scrap("1")
    ended.pumps.energy("2000")
    documents = await bridge.deliver()
    assert codes(documents) == ["accepted"] * 7
    assert ended.there.moves() == sorted(
        [*FIRST, *moved(("in", "SEAL", "L-1", "20"), ("scrap", "PUMP", "", "1"))]
    )
    assert stock(erp.rpc) == {"S-1": 85.0, "S-2": 100.0, "L-1": 480.0, "P-1": 10.0}
    assert ended.there.cycles()[1:] == [("Energy", 7200.0, Decimal("1.4000"))]
    assert (ended.there.state, ended.there.cost) == ("done", Decimal("131.4000"))
    # 20 seals at 0.50 and 2 kWh at 0.70 came too late for the price of the 10 pumps, and that is said.
    last = (await bridge.deliveries())[-1]
    assert last["answer"] == {"production_state": "done", "cost_not_on_the_goods": "11.4"}

    ended.pumps.good("1", "P-2")
    assert codes(await bridge.deliver()) == ["accepted"] * 8
    assert stock(erp.rpc)["P-2"] == 1.0
    assert ended.there.journal() == sorted(map(Decimal, ("60", "60", "10", "11.4")))


async def test_times_material_and_goods_are_taken_back_after_the_end(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    ended = Ended(erp, floor)
    await bridge.deliver()
    ended.pumps.worked("-1800", reverses=str(ended.work))
    ended.pumps.used("STEEL", {"S-1": "-1"}, reverses=str(ended.steel))
    ended.pumps.good("-10", "P-1", reverses=str(ended.made))
    assert codes(await bridge.deliver()) == ["accepted"] * 9
    assert ended.there.moves() == moved(("in", "STEEL", "S-1", "14"))
    assert ended.there.cycles() == [("Assembly", 3600.0, Decimal("40.0000"))]
    assert stock(erp.rpc) == {"S-1": 86.0, "S-2": 100.0, "L-1": 500.0, "P-1": 0.0}
    assert (ended.there.state, ended.there.cost) == ("done", Decimal("96.0000"))


async def test_after_the_end_every_answer_is_lost_once_and_everything_stands_there_once(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    ended = Ended(erp, floor)
    await bridge.deliver()
    ended.pumps.used("SEAL", {"L-1": "20"})
    ended.pumps.good("1", "P-2")
    ended.pumps.worked("-1800", reverses=str(ended.work))
    ended.pumps.used("STEEL", {"S-1": "-15"}, reverses=str(ended.steel))
    with AnswerEater(erp.server.url) as eater:
        eater.eat(*(f"model.{one}" for one in LATE_CHANGES))
        bridge.configured(url=eater.url, timeout_s=3, settle_s=9)
        assert codes(await bridge.deliver(200.0)) == ["accepted"] * 9
    assert eater.eaten == {f"model.{one}": 1 for one in LATE_CHANGES}
    assert ended.there.moves() == moved(
        ("in", "SEAL", "L-1", "20"), ("out", "PUMP", "P-1", "10"), ("out", "PUMP", "P-2", "1")
    )
    assert ended.there.moves("draft") == ended.there.moves("assigned") == []
    assert ended.there.cycles() == [("Assembly", 3600.0, Decimal("40.0000"))]


async def test_what_is_short_after_the_end_leaves_nothing_there(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    ended = Ended(erp, floor)
    ended.pumps.used("STEEL", {"S-1": "85.5"})
    assert codes(await bridge.deliver()) == ["accepted"] * 4 + ["negative_stock"]
    ended.is_as_it_was()
    assert len(ended.there.notes()) == 4
    assert stock(erp.rpc)["S-1"] == 85.0


async def test_where_a_done_production_shall_stay_as_it_is_each_goes_to_a_person_and_holds_up_nothing(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    bridge.configured(tryton=bridge.settings["tryton"] | {"after_done": "refuse"})
    ended = Ended(erp, floor)
    await bridge.deliver()
    ended.pumps.worked("-1800", reverses=str(ended.work))
    ended.pumps.used("SEAL", {"L-1": "20"})
    ended.pumps.state("closed")
    documents = await bridge.deliver()
    # What is taken back, and what is left of it: both are the person's.
    assert codes(documents) == ["accepted"] * 4 + ["order_is_done"] * 3 + ["skipped"]
    ended.is_as_it_was()
    assert len(ended.there.notes()) == 4


async def test_the_end_waits_a_while_and_lets_what_comes_late_go_first(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    later = bridge.settings["tryton"] | {"finish_after_s": 600}
    bridge.configured(tryton=later)
    ended = Ended(erp, floor)
    await bridge.plan()
    assert await bridge.send_due() == 4
    assert ended.there.state == "running"
    (end,) = [one for one in await bridge.documents() if one["kind"] == "order_progress"]
    assert (end["state"], end["problem"]["code"]) == ("ready", "finished_later")

    ended.pumps.energy("2000")
    ended.pumps.good("2", "P-2")
    await bridge.plan()
    assert await bridge.send_due() == 2
    await bridge.ask("UPDATE bridge.document SET next_attempt_time = now() WHERE kind = 'order_progress'")
    bridge.configured(tryton=later | {"finish_after_s": 0})
    assert codes(await bridge.deliver()) == ["accepted"] * 6
    assert (ended.there.state, ended.there.cost) == ("done", Decimal("121.4000"))
    # Received 60 for the first ten at that time, then 61.4 for the two: hours and energy were spent since.
    assert ended.there.journal() == sorted(map(Decimal, ("60", "60", "61.4")))


@pytest.mark.parametrize("finish_when", ["closed", "never"])
async def test_a_production_is_done_at_the_state_that_was_agreed(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor, finish_when: str
) -> None:
    bridge.configured(tryton=bridge.settings["tryton"] | {"finish_when": finish_when})
    ended = Ended(erp, floor)
    assert codes(await bridge.deliver()) == ["accepted"] * 3 + ["skipped"]
    ended.pumps.good("1", "P-2")
    ended.pumps.state("closed")
    end = {"closed": "accepted", "never": "skipped"}[finish_when]
    assert codes(await bridge.deliver())[4:] == ["accepted", end]
    assert ended.there.state == {"closed": "done", "never": "running"}[finish_when]


async def test_a_production_that_a_person_finished_there_is_at_its_end(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 20)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    pumps.used("STEEL", {"S-1": "15"})
    pumps.good("10", "P-1")
    assert codes(await bridge.deliver()) == ["accepted"] * 2
    erp.rpc.call("model.production.do", [erp.rpc.one("production", ["number", "=", number])])
    pumps.state("completed")
    assert codes(await bridge.deliver()) == ["accepted"] * 3
    assert there.moves() == FIRST
