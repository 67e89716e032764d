"""Until production starts: the change and the orders arrive, old lots are refused, one is waived."""

from playwright.async_api import expect

from simulators import business_truth
from tests.system.day.day import DAY, OLD, OLDER, ORDERED, Day
from tests.system.day.factory import PRESS
from tests.system.day.office import CHANGE, SEAL

STORE = "store"
WAIVED, FORBIDDEN, NEW, NEWER = "L-SEAL-A-7", "L-SEAL-A-8", "L-SEAL-B-7", "L-SEAL-B-8"
BODIES, STEMS = "L-BODY-7", "L-STEM-7"
QUANTITIES = {WAIVED: 10, FORBIDDEN: 500, NEW: 40, NEWER: 500, BODIES: 500, STEMS: 500}
SUPERSEDED = (409, "superseded-revision", CHANGE)


async def orders_of_the_old_revision_wait(day: Day) -> None:
    """Two orders of BOM A: one was started and paused, one never started. Two lots of the old seal lie at the press."""
    await day.factory.until("BOM A in the plant", lambda: _revisions(day) == ["A"])
    day.office.release_order(OLD, 10, "A", 20)
    day.office.release_order(OLDER, 10, "A", 30)
    await day.factory.until("the old orders in the plant", lambda: len(_orders(day)) == 2)
    operator = day.desks["operator"]
    for lot in (WAIVED, FORBIDDEN):
        await bring(day, SEAL, lot, "A", OLD)
    run = await operator.do("runs", {"operation_id": day.operation(OLD), "equipment": PRESS})
    await operator.do(f"runs/{run['run_id']}/pause")
    day.runs[OLD] = run["run_id"]


async def the_change_stops_them(day: Day) -> None:
    """ECO-1001 arrives from the PLM: nothing of the old revision goes on, not even when the hold is lifted."""
    day.office.release_change()
    await day.factory.until(
        "the change and BOM B", lambda: _revisions(day) == ["A", "B"] and _changes(day) == 2
    )
    operator, quality = day.desks["operator"], day.desks["quality"]
    for number in (OLD, OLDER):
        order = day.order(number)
        assert (await quality.get(f"work-orders/{order}"))["state"] == "held"
        await quality.do(f"work-orders/{order}/lift-hold", {"reason": "change", "reference": CHANGE})
    start = {"operation_id": day.operation(OLDER), "equipment": PRESS}
    told = await operator.refused("runs", start)
    assert told == SUPERSEDED, told
    told = await operator.refused(f"runs/{day.runs[OLD]}/resume", {})
    assert told == SUPERSEDED, told
    planner = day.desks["planner"]
    await planner.do(f"work-orders/{day.order(OLDER)}/cancel", {})
    await planner.do(f"work-orders/{day.order(OLD)}/abort", {})


async def the_order_of_the_day_arrives(day: Day) -> None:
    """Nobody types it: it appears at the terminal, and the core's ledger says that the plant took it. The press stands
    since the night, so the terminal asks why first."""
    await day.sign_in("operator")
    await day.hands.give_reason("change_over")
    day.office.release_order(DAY, ORDERED, "B", 1)
    await expect(day.hands.page.locator("#job")).to_contain_text(DAY, timeout=30_000)
    await day.hands.picture("order-arrived")
    await day.factory.until("the acknowledgement", lambda: DAY in _accepted(day))
    assert day.factory.value("SELECT count(*) FROM plant.work_order WHERE number = %(n)s", n=DAY) == 1
    detail = await day.desks["planner"].get(f"work-orders/{day.order(DAY)}")
    assert (detail["item"], detail["quantity"]) == ("FG-100", str(ORDERED))


async def material_arrives(day: Day) -> None:
    for item, lot, revision in (("BODY-10", BODIES, "A"), ("STEM-10", STEMS, "A"), (SEAL, NEW, "B")):
        await bring(day, item, lot, revision, DAY)


async def the_operator_starts(day: Day) -> None:
    await day.hands.start(DAY)
    await day.hands.picture("started")
    query = "SELECT run_id FROM plant.run WHERE work_order_id = %(order)s AND to_time IS NULL"
    day.runs[DAY] = day.factory.value(query, order=day.order(DAY))
    (run,) = (await day.desks["operator"].get("runs", equipment=PRESS, open=True))["items"]
    assert (run["number"], run["revision"], run["people"]) == (
        DAY,
        "B",
        [f"person:{day.person('operator')[0]}"],
    )


async def an_old_lot_needs_a_waiver_of_a_second_person(day: Day) -> None:
    hands = day.hands
    await hands.scan_bad(WAIVED, CHANGE)
    await hands.picture("refused")
    await hands.page.locator("#waiver-note").fill("leak test passed")
    await hands.page.locator("#waiver-form button").click()
    await expect(hands.page.locator("#panel-scan")).to_be_hidden()
    await day.factory.until("the request", lambda: _waivers(day) == [("requested", None)])
    await expect(hands.page.get_by_role("button", name=hands.words["allow"])).to_have_count(0)
    await day.sign_in("quality")
    await hands.picture("waiver-asked")
    await hands.page.get_by_role("button", name=hands.words["allow"]).click()
    granted = [("granted", day.person("quality")[0])]
    await day.factory.until("the grant", lambda: _waivers(day) == granted)
    await day.sign_in("operator")
    assert hands.words["waived"] in await hands.scan_good(WAIVED)
    await hands.picture("waived")
    await hands.scan_bad(FORBIDDEN, CHANGE)
    verdict = await hands.scan_good(NEW)
    assert f"{QUANTITIES[NEW]} {hands.words['pieces']}" in verdict
    assert hands.words["waived"] not in verdict
    await hands.picture("good-lot")
    await hands.close_panel()
    issue = {"order": DAY, "quantity": "1", "from_location": PRESS, "to_location": STORE}
    told = await day.desks["operator"].refused(f"lots/{day.lots[FORBIDDEN]}/issue", issue)
    assert told == (409, "superseded-revision", CHANGE)


async def bring(day: Day, item: str, lot: str, revision: str, order: str) -> None:
    """Booked into the core by purchasing, received into the store by the planner, issued to the press."""
    quantity = QUANTITIES[lot]
    day.office.deliver(item, lot, quantity)
    head = {"item": item, "lot": lot, "revision": revision, "quantity": str(quantity)}
    received = await day.desks["planner"].do("lots", head | {"location": STORE, "known_to_erp": True})
    day.lots[lot] = received["lot_id"]
    move = {"order": order, "quantity": str(quantity), "from_location": STORE, "to_location": PRESS}
    await day.desks["operator"].do(f"lots/{received['lot_id']}/issue", move)


def _revisions(day: Day) -> list[str]:
    query = """SELECT bom.revision FROM plant.bom JOIN plant.item USING (item_id)
               WHERE item.code = 'FG-100' ORDER BY bom.revision"""
    return [row[0] for row in day.factory.rows(query)]


def _orders(day: Day) -> list[str]:
    return [
        row[0] for row in day.factory.rows("SELECT number FROM plant.work_order WHERE state = 'released'")
    ]


def _changes(day: Day) -> int:
    query = "SELECT count(*) FROM plant.change_order WHERE number = %(number)s AND released_time IS NOT NULL"
    return int(day.factory.value(query, number=CHANGE))


def _waivers(day: Day) -> list[tuple[str, int | None]]:
    return [(row[0], row[1]) for row in day.factory.rows("SELECT state::text, granted_by FROM plant.waiver")]


def _accepted(day: Day) -> set[str]:
    lines = business_truth.ledger_lines(day.factory.state_dir)
    return {
        one["work_order"] for one in lines if one["event"] == "acknowledged" and one["status"] == "accepted"
    }
