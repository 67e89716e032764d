"""What is left of each lot: at all locations, in its own unit, and what that is in others."""

from tests.plant_server.materials.floor import STATION, Floor
from tests.plant_server.materials.hands import Hands

OIL = {"item": "OIL", "lot": "L-1", "quantity": "25.5", "location": "store"}
SCREWS = {"item": "SCREW", "lot": "L-2", "quantity": "100", "revision": "A", "location": "store"}


async def test_what_is_left_is_the_sum_over_locations_less_what_went(floor: Floor, operator: Hands) -> None:
    oil = await operator.do("/lots", OIL)
    order = {"order": "MO-1", "quantity": "5.5"}
    await operator.do(
        f"/lots/{oil['lot_id']}/issue", order | {"from_location": "store", "to_location": STATION}
    )
    await operator.do(f"/lots/{oil['lot_id']}/consume", order | {"quantity": "0.25", "location": STATION})
    (left,) = (await operator.get("/stock"))["items"]
    assert (left["item"], left["lot"], left["quantity"], left["unit"]) == ("OIL", "L-1", "25.250", "KGM")


async def test_an_empty_lot_is_told_by_its_name_alone_and_one_never_received_not_at_all(
    floor: Floor, operator: Hands, lead: Hands
) -> None:
    oil = await operator.do("/lots", OIL)
    await operator.do("/lots", SCREWS)
    empty = {"location": "store", "counted": "0", "reason": "spilt"}
    await lead.do(f"/lots/{oil['lot_id']}/adjust", empty)
    assert [one["lot"] for one in (await operator.get("/stock"))["items"]] == ["L-2"]
    named = await operator.get("/stock", lot=["L-1", "L-9"])
    assert [(one["lot"], one["quantity"]) for one in named["items"]] == [("L-1", "0")]


async def test_the_ratio_to_other_units_is_exact_and_left_out_where_there_is_none(
    floor: Floor, operator: Hands
) -> None:
    await operator.do("/lots", OIL)
    (left,) = (await operator.get("/stock", unit=["GRM", "LBR", "MTR", "nonsense"]))["items"]
    assert left["per_unit"] == {"GRM": "1/1000", "LBR": "45359237/100000000"}


async def test_pages_follow_one_another_without_a_gap(floor: Floor, operator: Hands) -> None:
    for number in range(5):
        await operator.do("/lots", OIL | {"lot": f"L-{number}"})
    found: list[str] = []
    page = await operator.get("/stock", limit=2)
    while page["next_cursor"]:
        found += [one["lot"] for one in page["items"]]
        page = await operator.get("/stock", limit=2, cursor=page["next_cursor"])
    assert found + [one["lot"] for one in page["items"]] == [f"L-{number}" for number in range(5)]
