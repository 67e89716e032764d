"""What a living Tryton says lies where, and how it compares with the floor: the plant's own lots, over its API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from erp_bridge.connectors import tryton_stock
from plant_server.people.roles import Role
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.served import served
from tests.erp_bridge.tryton.bridge_to_tryton import TOLD
from tests.erp_bridge.tryton.pumps import Pumps
from tests.erp_bridge.tryton.stocked import Stocked, bought_at, counted, loose, shifted
from tests.plant_server.api_fixture import app, connection
from tests.plant_server.materials.hands import signed_in
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production
from tests.tryton.set_up import bought

__all__ = ["app", "connection"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
EQUAL = {
    "L-1": (500, 500, 0, 0, "equal"),
    "S-1": (100, 100, 0, 0, "equal"),
    "S-2": (100, 100, 0, 0, "equal"),
}


@pytest.fixture
async def stocked(
    app: FastAPI, connection: AsyncConnection, erp: LivingTryton, bridge_url: str, tmp_path: Path
) -> AsyncIterator[Stocked]:
    roles = (Role.LEAD, Role.PLANNER, Role.MANAGER)
    async with served(app) as url, signed_in(app, connection, *roles, name="Lena") as hands:
        yield Stocked(bridge_url, erp, url, hands, tmp_path)


async def goes_on(floor: Floor, stocked: Stocked, number: str) -> Pumps:
    """The floor's facts of an order, after those the plant told itself."""
    orders = (await stocked.hands.get("/work-orders"))["items"]
    (order,) = [one for one in orders if one["number"] == number]
    (last,) = await stocked.ask(
        "SELECT max(order_seq) AS seq FROM (SELECT order_seq FROM plant.outbox WHERE work_order_id = %s"
        " UNION ALL SELECT order_seq FROM bridge.claim WHERE work_order_id = %s) AS told",
        order["work_order_id"],
        order["work_order_id"],
    )
    floor.goes_on(number, order["work_order_id"], last["seq"] or 0)
    return Pumps(floor, number)


async def test_levels_follow_a_receipt_partial_consumption_goods_and_scrap(
    erp: LivingTryton, stocked: Stocked, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryton_stock, "PAGE", 1)  # Pages follow one another without a gap.
    number = planned_production(erp.rpc, 20)
    assert await stocked.compared() == EQUAL
    bought(erp.rpc, "STEEL", "S-1", 12.5)
    assert (await stocked.compared())["S-1"] == (112.5, 112.5, 0, 0, "equal")

    await stocked.consume(number, "S-1", "3.5")
    assert (await stocked.compared())["S-1"] == (112.5, 109, -3.5, 0, "explained")
    await stocked.deliver()
    assert (await stocked.compared())["S-1"] == (109, 109, 0, 0, "equal")

    pumps = await goes_on(floor, stocked, number)
    pumps.scrap("1")
    pumps.good("2", "P-1")
    told = {one["kind"]: one["state"] for one in await stocked.deliver()}
    assert {told[kind] for kind in ("consumption", "scrap", "completion")} == {"accepted"}, told
    compared = await stocked.compared()
    assert compared["P-1"] == (2, None, 0, None, "only_there")  # Goods: the floor keeps no lot of them.
    assert set(compared) == {*EQUAL, "P-1"}  # What was scrapped is no stock.
    assert await stocked.levels() == {
        ("STEEL", "S-1", "STO"): 109,
        ("STEEL", "S-2", "STO"): 100,
        ("SEAL", "L-1", "STO"): 500,
        ("PUMP", "P-1", "STO"): 2,
    }


async def test_what_a_person_changes_there_is_a_difference_with_its_number_and_age(
    erp: LivingTryton, stocked: Stocked
) -> None:
    number = planned_production(erp.rpc, 20)
    await stocked.pull()
    counted(erp.rpc, "S-2", 93.25)  # Less than it was: nothing arrived, so the floor hears of nothing.
    assert (await stocked.compared())["S-2"] == (93.25, 100, 0, -6.75, "difference")
    (first,) = await stocked.ask("SELECT * FROM bridge.stock_comparison WHERE lot = 'S-2'")

    await stocked.consume(number, "S-2", "1.5")  # Under way beside it: the difference is what it was.
    assert (await stocked.compared())["S-2"] == (93.25, 98.5, -1.5, -6.75, "difference")
    await stocked.deliver()
    assert (await stocked.compared())["S-2"] == (91.75, 98.5, 0, -6.75, "difference")
    (now,) = await stocked.ask("SELECT * FROM bridge.stock_comparison WHERE lot = 'S-2'")
    assert now["since_time"] == first["since_time"] < now["compared_time"]

    await stocked.count("S-2", "91.75")  # The floor counts too, and finds the same.
    assert (await stocked.compared())["S-2"] == (91.75, 91.75, 0, 0, "equal")


async def test_what_the_floor_counts_is_explained_until_it_is_told_and_equal_then(
    erp: LivingTryton, stocked: Stocked
) -> None:
    stocked.configured(documents=dict.fromkeys((*TOLD, "stock_move"), "each"))
    await stocked.pull()
    await stocked.count("S-1", "97.5")
    assert (await stocked.compared())["S-1"] == (100, 97.5, -2.5, 0, "explained")
    told = {one["kind"]: one["state"] for one in await stocked.deliver()}
    assert told == {"stock_move": "accepted"}, await stocked.documents()
    assert (await stocked.compared())["S-1"] == (97.5, 97.5, 0, 0, "equal")


async def test_a_lot_used_up_here_and_left_there_is_a_difference_and_one_gone_on_both_sides_is_no_row(
    erp: LivingTryton, stocked: Stocked
) -> None:
    await stocked.pull()
    for lot in ("S-1", "S-2"):
        await stocked.count(lot, "0")
    counted(erp.rpc, "S-1", 0)
    compared = await stocked.compared()
    assert compared["S-2"] == (100, 0, 0, 100, "difference")
    assert "S-1" not in compared


async def test_places_and_units_of_theirs_add_up_to_one_lot_here(erp: LivingTryton, stocked: Stocked) -> None:
    """The plant keeps steel in grams; Tryton in kilograms, at two places, one of which is two of the floor. Nuts lie there
    under a lot, and under none."""
    steel = {"code": "STEEL", "name_en": "Steel", "name_zh": "钢", "unit": "GRM", "scale": 0}
    of_plm = {"system": "plm", "external_id": "STEEL", "external_revision": 1}
    await stocked.told_by_integrator("/items", **steel, **of_plm)
    sources = [one for one in stocked.settings["sources"] if one not in ("item", "price")]
    codes = stocked.settings["codes"] | {"location": {"store": "STO", "line": "IN", "dock": "IN"}}
    stocked.settings |= {"sources": sources, "codes": codes}
    stocked.configured()
    await stocked.pull()
    lot = await stocked.lot("S-1")
    assert (lot["quantity"], lot["unit"]) == ("100000", "GRM")
    shifted(erp.rpc, "S-1", 250, "IN", unit="Gram")
    loose(erp.rpc, "NUT", {"N-1": 2, None: 3})
    counted(erp.rpc, "S-1", 99.5)
    assert (await stocked.compared())["S-1"] == (99750, 100000, 0, -250, "difference")
    (told,) = await stocked.ask("SELECT * FROM bridge.stock_level WHERE lot = 'S-1' AND location = 'IN'")
    assert (told["our_location"], told["unit"], float(told["quantity"])) == (None, "KGM", 0.25)
    levels = await stocked.levels()
    assert (levels["NUT", "N-1", "STO"], levels["NUT", "", "STO"]) == (2, 3)


async def test_a_code_nobody_mapped_is_a_row_to_fix_and_its_lots_are_not_compared(
    erp: LivingTryton, stocked: Stocked
) -> None:
    await stocked.pull()
    shifted(erp.rpc, "S-1", 40, "OUT")
    compared = await stocked.compared()
    assert compared["S-1"] == (60, 100, 0, None, "unmapped")
    assert compared["S-2"] == EQUAL["S-2"]
    (row,) = await stocked.inbox(kind="stock")
    assert (row["state"], row["external_id"], row["problem"]["code"]) == (
        "stopped",
        "location OUT",
        "unmapped_code",
    )
    assert row["told"]["quantity"] == "40.00"

    await stocked.ask(
        "INSERT INTO bridge.code_map (system, kind, our_code, their_code, changed_by)"
        " VALUES ('erp', 'location', 'shipping', 'OUT', 'test')"
    )
    assert (await stocked.compared())["S-1"] == (100, 100, 0, 0, "equal")
    (row,) = await stocked.inbox(kind="stock")
    assert (row["state"], row["problem"]) == ("done", None)
    assert (await stocked.levels())["STEEL", "S-1", "OUT"] == 40


async def test_prices_come_once_hold_from_then_on_and_a_persons_goes_first(
    erp: LivingTryton, stocked: Stocked
) -> None:
    await stocked.pull()
    await stocked.pull()
    rates = {one["code"]: one for one in await rates_of(stocked)}
    assert {code: (float(one["price"]), one["system"]) for code, one in rates.items()} == {
        "PUMP": (0, "erp"),
        "SEAL": (0.5, "erp"),
        "STEEL": (4, "erp"),
    }
    await stocked.hands.do("/costs/rates", {"kind": "material", "code": "STEEL", "price": "4.10"})
    bought_at(erp.rpc, "STEEL", "S-3", 100, "7.00")  # 200 kg at 4.00 and 100 kg at 7.00: the average moves.
    await stocked.pull()
    await stocked.pull()
    told = [one for one in await rates_of(stocked) if one["code"] == "STEEL"]
    assert [(float(one["price"]), one["system"]) for one in told] == [(4.1, None), (5, "erp")]
    kept = await stocked.inbox(kind="price", external_id="STEEL")
    assert [(one["state"], one["told"]["price"]) for one in kept] == [("done", "4"), ("done", "5")]


async def test_a_price_in_another_currency_stops_at_the_inbox(erp: LivingTryton, stocked: Stocked) -> None:
    stocked.settings["tryton"] |= {"currency": "EUR"}
    stocked.configured()
    await stocked.pull()
    assert {(one["state"], one["problem"]["code"]) for one in await stocked.inbox(kind="price")} == {
        ("stopped", "other_currency")
    }
    assert await rates_of(stocked) == []


async def rates_of(stocked: Stocked) -> list[dict[str, Any]]:
    return list((await stocked.hands.get("/costs/rates"))["rates"])
