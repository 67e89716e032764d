"""A consumption that the system has no stock for waits, as long as a move of its lot will come by itself; else a person is asked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from erp_bridge.delivery.material_under_way import waits_for_moves
from erp_bridge.delivery.outcome import Outcome, refused
from erp_bridge.documents.planner import Planner
from erp_bridge.outbox.relay import claim_due
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import TOLD, BridgeToTryton, tryton_settings
from tests.erp_bridge.tryton.pumps import Pumps


@pytest.fixture
def bridge(bridge_url: str, tmp_path: Path) -> BridgeToTryton:
    """To a system that is never asked."""
    documents = dict.fromkeys((*TOLD, "stock_move"), "each")
    settings = tryton_settings("http://127.0.0.1:1", "erp", tmp_path / "secret", documents=documents)
    return BridgeToTryton(bridge_url, settings)


@pytest.fixture
async def used(bridge: BridgeToTryton, floor: Floor) -> None:
    """A consumption of lot S-1 is a document."""
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    await bridge.plan()


def issue(floor: Floor, lot: str = "S-1", undo_s: float = 0) -> None:
    move = {"item": "STEEL", "unit": "KGM", "quantity": "5", "lot": lot, "purpose": "issue"}
    floor.tell("stock_move", from_location="store", to_location="line", undo_s=undo_s, **move)


async def short(bridge: BridgeToTryton) -> tuple[str, str]:
    """What becomes of the consumption that the system refused for lack of stock."""
    (stored,) = [one for one in await bridge.documents() if one["kind"] == "consumption"]
    said = refused("negative_stock", "not enough")
    async with bridge.session() as session:
        outcome = await waits_for_moves(session, bridge.config.connectors["erp"], stored, said)
    assert outcome.problem is not None
    return outcome.state, outcome.problem["code"]


WAITS, FOR_A_PERSON = ("ready", "material_under_way"), ("refused", "negative_stock")


async def test_it_waits_for_a_move_that_can_still_be_undone_at_the_plant(
    bridge: BridgeToTryton, used: None, floor: Floor
) -> None:
    issue(floor, undo_s=3600)
    await bridge.plan()
    assert [one["kind"] for one in await bridge.documents()] == ["consumption"]
    assert await short(bridge) == WAITS


async def test_it_waits_for_a_move_that_was_claimed_and_is_not_planned(
    bridge: BridgeToTryton, used: None, floor: Floor
) -> None:
    issue(floor)
    async with bridge.session() as session:
        await claim_due(session)
        assert await short(bridge) == WAITS
        assert await Planner(bridge.config).plan(session) == 1
    assert await short(bridge) == WAITS


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        ("sending", WAITS),
        ("refused", FOR_A_PERSON),
        ("unknown", FOR_A_PERSON),
        ("accepted", FOR_A_PERSON),
    ],
)
async def test_a_move_that_came_or_needs_a_person_itself_is_not_waited_for(
    bridge: BridgeToTryton, used: None, floor: Floor, state: str, becomes: tuple[str, str]
) -> None:
    issue(floor)
    await bridge.plan()
    finished = datetime.now(UTC) if state == "accepted" else None
    told = "UPDATE bridge.document SET state = %s, finished_time = %s WHERE kind = 'stock_move'"
    await bridge.ask(told, state, finished)
    assert await short(bridge) == becomes


async def test_moves_of_another_lot_or_that_the_system_is_not_told_are_not_waited_for(
    bridge: BridgeToTryton, used: None, floor: Floor
) -> None:
    issue(floor, lot="S-2", undo_s=3600)
    assert await short(bridge) == FOR_A_PERSON
    issue(floor, undo_s=3600)
    bridge.configured(documents=dict.fromkeys(TOLD, "each"))
    assert await short(bridge) == FOR_A_PERSON


async def test_another_refusal_is_no_matter_of_moves(
    bridge: BridgeToTryton, used: None, floor: Floor
) -> None:
    issue(floor, undo_s=3600)
    (stored,) = await bridge.documents()
    said: Outcome = refused("closed_period", "no")
    async with bridge.session() as session:
        assert await waits_for_moves(session, bridge.config.connectors["erp"], stored, said) is said
