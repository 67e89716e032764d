"""What is under way to one system: it stays the same on its way from the plant into documents, until it is sent."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from erp_bridge.documents.codes import codes_of
from erp_bridge.reconciliation.under_way import UnderWay, under_way
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import TOLD, BridgeToTryton, tryton_settings
from tests.erp_bridge.tryton.pumps import Pumps

S1, S2, L1 = ("STEEL", "S-1"), ("STEEL", "S-2"), ("SEAL", "L-1")
Lot = tuple[str, str]


@pytest.fixture
def bridge(bridge_url: str, tmp_path: Path) -> BridgeToTryton:
    """To a system that is never asked."""
    documents = dict.fromkeys((*TOLD, "stock_move"), "each")
    settings = tryton_settings("http://127.0.0.1:1", "erp", tmp_path / "secret", documents=documents)
    return BridgeToTryton(bridge_url, settings)


async def now(bridge: BridgeToTryton, since: datetime | None = None) -> UnderWay:
    async with bridge.session() as session:
        codes = await codes_of(session, bridge.config, "erp")
        later = since or datetime.now(UTC) + timedelta(hours=1)
        places = frozenset({"STO", "IN"})
        return await under_way(session, "erp", bridge.config.connectors["erp"], codes, places, later)


def summed(found: UnderWay) -> dict[Lot, Decimal]:
    lots: dict[Lot, Decimal] = {}
    for one in found.amounts:
        lots[one.lot] = lots.get(one.lot, Decimal(0)) + one.quantity
    return lots


async def set_state(bridge: BridgeToTryton, state: str, **more: Any) -> None:
    await bridge.ask("UPDATE bridge.document SET state = %s, finished_time = %s", state, more.get("finished"))


async def test_it_is_the_same_at_the_plant_and_as_a_document_and_gone_when_it_was_accepted(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3", "S-2": "0.5"}, undo_s=3600)  # Also in its undo time.
    Pumps(floor, "MO-2").used("STEEL", {"S-1": "1"})
    wanted = {S1: Decimal(-4), S2: Decimal("-0.5")}
    assert summed(await now(bridge)) == wanted
    await bridge.plan()
    assert summed(await now(bridge)) == wanted
    await set_state(bridge, "refused")
    assert summed(await now(bridge)) == wanted  # It is not there, whoever is to blame.
    await set_state(bridge, "accepted", finished=datetime.now(UTC))
    assert summed(await now(bridge)) == {S1: Decimal(-3), S2: Decimal("-0.5")}


async def test_goods_and_moves_over_the_border_count_and_moves_within_do_not(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    Pumps(floor, "MO-1").good("2", "MO-1")
    for lot, source, target in (
        ("S-1", "outside", "store"),
        ("S-2", "line", "outside"),
        ("S-3", "store", "line"),
    ):
        move = {"item": "STEEL", "unit": "KGM", "quantity": "5", "lot": lot}
        floor.tell("stock_move", from_location=source, to_location=target, **move)
    assert summed(await now(bridge)) == {("PUMP", "MO-1"): Decimal(2), S1: Decimal(5), S2: Decimal(-5)}


async def test_what_counts_as_stock_there_is_decided_by_where_a_place_of_ours_is_there(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    """Received here of what the buyer posted into IN; issued to a place that is no storage there."""
    codes = bridge.settings["codes"] | {"location": {"store": "STO", "received": "IN", "cell": "PROD"}}
    bridge.configured(codes=codes)
    moves = (
        ("S-1", "outside", "store", "receive"),
        ("S-2", "store", "cell", "issue"),
        ("S-3", "new", "store", ""),
    )
    for lot, source, target, purpose in moves:
        move = {"item": "STEEL", "unit": "KGM", "quantity": "5", "lot": lot, "purpose": purpose or None}
        floor.tell("stock_move", from_location=source, to_location=target, **move)
    assert summed(await now(bridge)) == {S2: Decimal(-5)}


async def test_what_is_taken_back_counts_the_other_way_before_and_after_it_was_told(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    pumps = Pumps(floor, "MO-1")
    first = pumps.used("STEEL", {"S-1": "3"})
    pumps.used("STEEL", {"S-1": "-1"}, reverses=str(first))
    assert summed(await now(bridge)) == {S1: Decimal(-2)}
    await bridge.plan()
    assert summed(await now(bridge)) == {S1: Decimal(-2)}
    await set_state(bridge, "accepted", finished=datetime.now(UTC))
    await bridge.ask("UPDATE bridge.document SET attempts = 1")
    pumps.used("STEEL", {"S-1": "-2"}, reverses=str(first))
    assert summed(await now(bridge)) == {S1: Decimal(2)}
    await bridge.plan()
    assert summed(await now(bridge)) == {S1: Decimal(2)}


async def test_a_kind_the_system_is_not_told_is_never_under_way(bridge: BridgeToTryton, floor: Floor) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    bridge.configured(documents={"completion": "each"})
    assert summed(await now(bridge)) == {}


async def test_a_receipt_the_plant_was_not_told_yet_is_on_its_way_here(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    receipt = '{"item": "STEEL", "lot": "S-1", "quantity": "12.5", "unit": "%s", "location": "STO"}'
    for number, (state, unit) in enumerate((("stopped", "kg"), ("done", "kg"), ("received", "barrel"))):
        await bridge.ask(
            "INSERT INTO bridge.inbox (system, kind, external_id, revision, told, state)"
            " VALUES ('erp', 'receipt', %s, '1', %s::jsonb, %s)",
            f"move {number}",
            receipt % unit,
            state,
        )
    assert summed(await now(bridge)) == {S1: Decimal("-12.5")}


async def test_what_may_or_may_not_be_there_settles_nothing(bridge: BridgeToTryton, floor: Floor) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    await bridge.plan()
    began = datetime.now(UTC)
    await set_state(bridge, "unknown")
    assert ((found := await now(bridge)).doubtful, found.unsettled, found.amounts) == ({S1}, set(), [])
    await set_state(bridge, "sending")
    assert ((found := await now(bridge)).doubtful, found.unsettled, found.amounts) == (set(), {S1}, [])
    await set_state(bridge, "accepted", finished=began + timedelta(seconds=1))
    assert (await now(bridge, began)).unsettled == {S1}
    assert (await now(bridge, began + timedelta(seconds=2))).unsettled == set()


async def test_of_an_order_known_better_there_since_a_restore_nothing_is_certain(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    Pumps(floor, "MO-2").used("STEEL", {"S-2": "1"})
    await bridge.ask(
        "INSERT INTO bridge.told_before (connector, key, line, reference, kind, work_order, thing, lot, unit, quantity,"
        " told_time) VALUES ('erp', 'k', 0, '7', 'consumption', 'MO-1', 'STEEL', 'S-1', 'kg', 3, now())"
    )
    found = await now(bridge)
    assert (found.doubtful, summed(found)) == ({S1}, {S2: Decimal(-1)})


async def test_only_lots_of_which_nothing_moved_between_two_moments_are_settled(
    bridge: BridgeToTryton, floor: Floor
) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    Pumps(floor, "MO-2").used("SEAL", {"L-1": "4"})
    before = await now(bridge)
    assert (await now(bridge)).moved_since(before) == set()
    Pumps(floor, "MO-3").used("STEEL", {"S-2": "1"})
    assert (await now(bridge)).moved_since(before) == {S2}
    await bridge.plan()
    assert (await now(bridge)).moved_since(before) == {
        S1,
        S2,
        L1,
    }  # On their way into documents: it may be sent now.
