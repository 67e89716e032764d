"""While the machine runs: counts, reports, an undo, a stop, the hand-over, and the end of the order."""

from decimal import Decimal

from playwright.async_api import expect

from tests.system.day.day import DAY, ORDERED, Day
from tests.system.day.morning import FORBIDDEN, NEWER, bring
from tests.system.day.office import CHANGE, SEAL

ENTRIES = (
    "SELECT kind, reason, sum(quantity) FROM plant.production_entry WHERE run_id = %(run)s GROUP BY 1, 2"
)


async def production_is_reported(day: Day) -> None:
    """Counts move by themselves on the page. One part is scrap with a reason; a second report is taken back."""
    hands = day.hands
    await day.factory.produce()
    first = await day.factory.until("a count on the page", hands.good_shown)
    await day.factory.until("a moving count", lambda: _more_than(day, first))
    await day.factory.until("something to report", lambda: hands.open_report(3))
    await hands.report("burr")
    await day.factory.until("the report", lambda: _entries(day).get(("scrap", "burr")) == 1)
    reported = _entries(day)["good", None]
    assert reported > 0
    await day.factory.until("something to report", lambda: hands.open_report(3))
    await hands.report()
    await day.factory.until("the second report", lambda: _entries(day)["good", None] > reported)
    await hands.undo()
    await hands.picture("undone")
    await day.factory.until("the undo", lambda: _entries(day)["good", None] == reported)
    assert _reversed(day) > 0


async def a_stop_gets_its_reason(day: Day) -> None:
    """The panel opens by itself when the machine has stood for longer than the threshold."""
    await day.factory.halt()
    await day.hands.give_reason("jam")
    await day.factory.until("the reason", lambda: "jam" in _reasons(day))
    await day.factory.produce()


async def the_shift_changes(day: Day) -> None:
    hands = day.hands
    await day.sign_in("second")
    await hands.picture("second-person")
    await hands.page.get_by_role("button", name=hands.words["take_over"]).click()
    await expect(hands.page.get_by_role("button", name=hands.words["take_over"])).to_have_count(0)
    first, second = (f"person:{day.person(role)[0]}" for role in ("operator", "second"))
    assert _at_work(day) == {second}
    assert first != second


async def the_order_is_completed(day: Day) -> None:
    """Machine stopped, order completed by the operator at the terminal. Seals of revision B ran out meanwhile, and the lot
    of A that lies at the press gave none: somebody names the lot that did."""
    hands = day.hands
    await day.factory.until("the ordered quantity", lambda: _good_at_least(day, ORDERED), 60)
    await day.factory.halt()
    await hands.give_reason("break")
    await day.factory.until("all counts booked", lambda: _is_booked(day))
    await hands.complete()
    await hands.picture("completed")
    assert (await day.desks["lead"].get(f"work-orders/{day.order(DAY)}"))["state"] == "completed"
    await _settle_shortages(day)


async def _settle_shortages(day: Day) -> None:
    await bring(day, SEAL, NEWER, "B", DAY)
    lead = day.desks["lead"]
    short = (await lead.get("consumptions", order=DAY, short_only=True))["items"]
    assert short, "seals must have run out, or nothing is shown of the forbidden lot"
    for one in short:
        assert one["item"] == SEAL
        refused = {(lot["lot"], lot["reason"], lot["change"]) for lot in one["refused"]}
        assert (FORBIDDEN, "superseded_revision", CHANGE) in refused
        await lead.do(f"consumptions/{one['consumption_id']}/settle", {"lot_id": day.lots[NEWER]})


def _entries(day: Day) -> dict[tuple[str, str | None], Decimal]:
    found = day.factory.rows(ENTRIES, run=day.runs[DAY])
    return {(kind, reason): quantity for kind, reason, quantity in found}


def _reversed(day: Day) -> int:
    query = "SELECT count(*) FROM plant.production_entry WHERE run_id = %(run)s AND reverses IS NOT NULL"
    return int(day.factory.value(query, run=day.runs[DAY]))


def _reasons(day: Day) -> list[str]:
    return [row[0] for row in day.factory.rows("SELECT reason FROM plant.stop_reason")]


def _at_work(day: Day) -> set[str]:
    query = "SELECT person FROM plant.labor WHERE run_id = %(run)s AND to_time IS NULL"
    return {row[0] for row in day.factory.rows(query, run=day.runs[DAY])}


async def _more_than(day: Day, good: int) -> bool:
    return await day.hands.good_shown() > good


async def _good_at_least(day: Day, good: int) -> bool:
    return await day.hands.good_shown() >= good


async def _is_booked(day: Day) -> bool:
    run = await day.desks["lead"].get(f"runs/{day.runs[DAY]}")
    machine = day.factory.value(
        "SELECT total FROM plant.odometer JOIN plant.run USING (tag_id) WHERE run_id = %(run)s",
        run=day.runs[DAY],
    )
    return bool(machine) and run["not_yet_booked"] == 0
