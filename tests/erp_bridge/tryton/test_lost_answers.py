"""Every answer of Tryton to something that changes it is lost once, and all is there once."""

import pytest

from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.erp_bridge.tryton.small_order import assert_stands_once, tell_all
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
ORDERS, DEADLINE_S = 3, 200.0
CHANGES = (
    "ir.note.create",
    "production.wait",
    "production.write",
    "production.assign_try",
    "production.run",
    "production.do",
    "stock.lot.create",
    "stock.move.do",
    "production.work.cycle.run",
    "production.work.cycle.write",
    "production.work.cycle.do",
)


async def test_every_answer_is_lost_once_and_everything_stands_there_once(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    numbers = [planned_production(erp.rpc, 4, f"SO-{index}") for index in range(ORDERS)]
    for number in numbers:
        tell_all(floor, number)
    with AnswerEater(erp.server.url) as eater:
        eater.eat(*(f"model.{one}" for one in CHANGES))
        bridge.configured(url=eater.url, timeout_s=3, settle_s=9)
        documents = await bridge.deliver(DEADLINE_S)

    assert {one["state"] for one in documents} == {"accepted"}, documents
    assert eater.eaten == {f"model.{one}": 1 for one in CHANGES}
    lost = [one for one in await bridge.deliveries() if one["state"] == "lost"]
    assert len(lost) >= len(CHANGES), lost  # Under load an attempt may run out of its time, too.
    for number in numbers:
        assert_stands_once(InTryton(erp.rpc, number))
