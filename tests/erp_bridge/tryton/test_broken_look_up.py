"""A connector that does not look for its key posts twice after a lost answer, and what the other tests compare shows it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from erp_bridge.connectors.connector import Request
from erp_bridge.connectors.tryton import Tryton
from erp_bridge.connectors.tryton_production import Note, Production
from erp_bridge.connectors.tryton_saga import Saga
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


async def test_who_does_not_look_posts_twice_and_is_found_out(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = Saga.note

    async def sees_nothing(self: Tryton, request: Request, key: str) -> Sequence[str]:
        return []

    async def always_a_new_note(self: Saga, production: Production) -> Note:
        return await noting(self, replace(production, notes=()))

    def newest_note(self: Production, key: str) -> Note | None:
        return max((one for one in self.notes if one.key == key), key=lambda one: one.note_id, default=None)

    monkeypatch.setattr(Tryton, "look_up", sees_nothing)
    monkeypatch.setattr(Saga, "note", always_a_new_note)
    monkeypatch.setattr(Production, "note", newest_note)
    number = planned_production(erp.rpc, 4)
    pumps = Pumps(floor, number)
    pumps.used("SEAL", {"L-1": "4"})
    pumps.good("2", "P-1")
    with AnswerEater(erp.server.url) as eater:
        eater.eat("model.stock.move.do")
        bridge.configured(url=eater.url, timeout_s=5, settle_s=15)
        await bridge.deliver(100)

    once = moved(("in", "SEAL", "L-1", "4"), ("out", "PUMP", "P-1", "2"))
    assert InTryton(erp.rpc, number).moves() == sorted([*once, once[-1]])
