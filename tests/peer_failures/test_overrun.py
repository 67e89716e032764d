"""W7: 9 parts come in, and somebody reports 9 good and 1 scrap. More than was made is said, never hidden in a minus."""

from decimal import Decimal

from plant_server.runs.booker import book_open_runs
from tests.plant_server.work_orders.floor import Floor

NINE_AND_ONE = {"good": 9, "scrap": [{"quantity": 1, "reason": "burr"}]}


async def test_what_people_count_beyond_the_order_is_an_over_run_that_is_stated(floor: Floor) -> None:
    (operation,) = await floor.operations(await floor.order(quantity="9"))
    run = await floor.start(operation)
    answer = await floor.done(f"runs/{run}/reports", NINE_AND_ONE)
    assert (answer["order_good"], answer["order_scrap"], answer["over_run"]) == ("9", "1", "0")
    answer = await floor.done(f"runs/{run}/reports", {"good": 1})
    assert (answer["order_good"], answer["over_run"]) == ("10", "1")


async def test_scrap_among_9_that_the_machine_made_leaves_8_good_and_a_difference_to_look_at(
    floor: Floor,
) -> None:
    parts = (await floor.station("press2", parts="parts"))["parts"]
    (operation,) = await floor.operations(await floor.order(quantity="9"))
    run = await floor.start(operation, "press2", count_source="both")
    await floor.make(parts, 9)
    while await book_open_runs(floor.connection):
        pass
    await floor.done(f"runs/{run}/reports", NINE_AND_ONE)
    shown = await floor.get(f"runs/{run}")
    assert (shown["made"], shown["good"], shown["scrap"]) == ("9", "8", "1")
    await floor.done(f"runs/{run}/pause")
    (case,) = await floor.get("count-cases")
    assert (case["kind"], abs(Decimal(case["quantity"]))) == ("difference", 1)


async def test_nothing_that_is_kept_as_a_total_falls_below_zero(floor: Floor) -> None:
    """A machine that can be seen made 9: 10 bad ones among them are a slip of the hand."""
    parts = (await floor.station("press2", parts="parts"))["parts"]
    (operation,) = await floor.operations(await floor.order(quantity="9"))
    run = await floor.start(operation, "press2")
    await floor.make(parts, 9)
    body = {"scrap": [{"quantity": 10, "reason": "burr"}]}
    assert await floor.refused(f"runs/{run}/reports", body) == (409, "more-than-made")
    while await book_open_runs(floor.connection):
        pass
    totals = await floor.one("SELECT good, scrap FROM plant.work_order")
    assert (totals["good"], totals["scrap"]) == (9, 0)
