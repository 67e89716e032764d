"""Machine counts: each in one booking or waiting for a person, whatever runs, ends, changes or comes late."""

import pytest

from plant_server.runs.booking import LATE_AFTER
from tests.plant_server.work_orders.floor import PATH, Floor, seconds_ago


async def bookings(floor: Floor) -> list[tuple[int, int, int, int, str]]:
    rows = await floor.rows(
        "SELECT run_id, odometer_from, odometer_to, parts, kind FROM plant.booking ORDER BY tag_id, odometer_from"
    )
    return [
        (row["run_id"], int(row["odometer_from"]), int(row["odometer_to"]), row["parts"], row["kind"])
        for row in rows
    ]


async def move_back(floor: Floor, seconds: float) -> None:
    """As if all that was said so far had been said earlier."""
    for row in await floor.rows("SELECT run_id FROM plant.run ORDER BY run_id"):
        await floor.connection.execute(
            "UPDATE plant.run SET from_time = from_time - make_interval(secs => %(s)s),"
            " to_time = to_time - make_interval(secs => %(s)s) WHERE run_id = %(run_id)s",
            row | {"s": seconds},
        )
    for table, column in (
        ("run_setting", "from_time"),
        ("booking", "setting_time"),
        ("labor", "from_time"),
        ("counted_tag", "ts"),
        ("odometer_log", "ts"),
    ):
        statement = f"UPDATE plant.{table} SET {column} = {column} - make_interval(secs => %s)"  # noqa: S608
        await floor.connection.execute(statement.encode(), (seconds,))


@pytest.fixture
async def parts(floor: Floor) -> int:
    await floor.item()
    return (await floor.station(parts="parts"))["parts"]


async def test_counts_of_an_open_run_are_booked_without_a_hand_and_grow_one_booking(
    floor: Floor, parts: int
) -> None:
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    for steps in (20, 5, 12):
        await floor.make(parts, steps)
        await floor.book()
    assert await bookings(floor) == [(run, 0, 37, 37, "made")]
    assert await floor.balance() == [(37, 37, 0)]
    shown = await floor.get(f"runs/{run}")
    assert (shown["made"], shown["good"], shown["order_good"]) == ("37", "37", "37")


async def test_a_pass_without_news_leaves_no_event(floor: Floor, parts: int) -> None:
    await floor.make(parts, 5)
    await floor.book()
    before = await floor.one("SELECT count(*) FROM plant.event")
    await floor.book()
    assert await floor.one("SELECT count(*) FROM plant.event") == before


async def test_counts_before_they_are_booked_are_shown(floor: Floor, parts: int) -> None:
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.make(parts, 8)
    assert (await floor.get(f"runs/{run}"))["not_yet_booked"] == 8
    assert await floor.balance() == [(8, 0, 8)]


async def test_what_was_made_without_a_run_is_nobodys(floor: Floor, parts: int) -> None:
    await floor.make(parts, 37, seconds_ago(30))
    await floor.book()
    (waiting,) = await floor.get("not-assigned")
    assert (waiting["steps"], waiting["reason"], waiting["equipment"]) == (37, "no_run", f"{PATH}/press1")


async def test_a_change_of_order_at_full_speed_is_at_one_position_and_time(floor: Floor, parts: int) -> None:
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    for _ in range(5):
        await floor.make(parts, 10)
    told = await floor.done(f"runs/{run}/change", {"operation_id": second})
    for _ in range(5):
        await floor.make(parts, 10)
    await floor.book()
    assert await bookings(floor) == [(run, 0, 50, 50, "made"), (told["run_id"], 50, 100, 50, "made")]
    ended, began = (
        (await floor.get(f"runs/{run}"))["to_time"],
        (await floor.get(f"runs/{told['run_id']}"))["from_time"],
    )
    assert ended == began
    states = [one["state"] for one in (await floor.get("work-orders"))["items"]]
    assert states == ["paused", "running"]


async def test_an_outage_over_a_change_of_order_gives_each_its_own_when_the_readings_come(
    floor: Floor, parts: int
) -> None:
    """W6: the edge kept its readings; they come when both runs are over or under way."""
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    await move_back(floor, 50)
    next_run = (await floor.done(f"runs/{run}/change", {"operation_id": second}))["run_id"]
    await move_back(floor, 50)
    for ago in range(99, 0, -1):
        await floor.make(parts, 1, seconds_ago(ago))
    await floor.book()
    made = {one["run_id"]: int(one["made"]) for one in (await floor.get("runs"))["items"]}
    assert made == {run: 50, next_run: 49} or made == {run: 49, next_run: 50}
    assert await floor.balance() == [(99, 99, 0)]


async def test_what_nobody_saw_over_a_change_of_order_waits_for_a_person(floor: Floor, parts: int) -> None:
    """The PLC was out of reach while the orders changed: how many were of which, only a person can say."""
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    await move_back(floor, 50)
    await floor.make(parts, 10, seconds_ago(40))
    await floor.book()
    next_run = (await floor.done(f"runs/{run}/change", {"operation_id": second}))["run_id"]
    await move_back(floor, 20)
    for seconds, online in ((50, False), (5, True)):
        await floor.connection.execute(
            "INSERT INTO plant.device_contact (device_id, ts, online) SELECT device_id, %s, %s FROM plant.device",
            (seconds_ago(seconds), online),
        )
    await floor.make(parts, 100, seconds_ago(4))
    await floor.make(parts, 7, seconds_ago(2))
    await floor.book()
    assert await bookings(floor) == [(run, 0, 10, 10, "made"), (next_run, 110, 117, 7, "made")]
    (waiting,) = await floor.get("not-assigned")
    assert (waiting["steps"], waiting["reason"]) == (100, "spans_runs")
    assert await floor.balance() == [(117, 17, 100)]


async def test_what_was_on_its_way_when_an_order_was_completed_is_booked_and_told(
    floor: Floor, parts: int
) -> None:
    order = await floor.order()
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    await move_back(floor, 5)
    await floor.done(f"work-orders/{order}/complete", {"confirm": True})
    await floor.make(parts, 3, seconds_ago(2))
    await floor.book()
    assert await bookings(floor) == [(run, 0, 3, 3, "made")]
    (completion,) = await floor.documents("completion")
    assert (completion["quantity"], completion["ranges"][0]["odometer_to"]) == ("3", 3)


async def test_late_counts_of_a_run_that_is_through_are_a_case_that_a_person_books(
    floor: Floor, parts: int
) -> None:
    order = await floor.order()
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    await move_back(floor, 60)
    await floor.done(f"work-orders/{order}/complete", {"confirm": True})
    await move_back(floor, LATE_AFTER.total_seconds() + 10)
    await floor.make(parts, 9, seconds_ago(LATE_AFTER.total_seconds() + 20))
    await floor.book()
    (case,) = await floor.get("count-cases")
    assert (case["kind"], case["run_id"], case["quantity"]) == ("late", run, "9")
    (waiting,) = await floor.get("not-assigned")
    assert (waiting["reason"], waiting["proposed_run_id"]) == ("late", run)
    whole = {"tag_id": parts, "odometer_from": 0, "odometer_to": 9, "shares": [{"run_id": run}]}
    await floor.done("not-assigned/assign", whole)
    assert await floor.get("count-cases") == []
    assert [one["quantity"] for one in await floor.documents("completion")] == ["9"]
    assert await floor.balance() == [(9, 9, 0)]


async def test_blocked_cavities_count_from_now_on_and_never_for_the_past(floor: Floor) -> None:
    cycles = (await floor.station("mould1", cycles="cycles"))["cycles"]
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, "mould1", parts_per_cycle={"cavities": 4})
    await floor.make(cycles, 10)
    await floor.done(f"runs/{run}/parts-per-cycle", {"cavities": 4, "blocked": 1})
    await floor.make(cycles, 10)
    await floor.book()
    assert [row[3] for row in await bookings(floor)] == [40, 30]
    assert (await floor.get(f"runs/{run}"))["good"] == "70"


async def test_cycles_for_one_set_of_parts_add_up_however_they_are_cut(floor: Floor) -> None:
    cycles = (await floor.station("mould1", cycles="cycles"))["cycles"]
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, "mould1", parts_per_cycle={"cavities": 1, "cycles": 3})
    for _ in range(10):
        await floor.make(cycles, 1)
        await floor.book()
    assert (await floor.get(f"runs/{run}"))["good"] == "3"


@pytest.mark.parametrize(
    ("policy", "good", "scrap"), [("scrap", "5", "4"), ("not_counted", "5", "0"), ("good", "9", "0")]
)
async def test_parts_of_a_set_up_are_what_the_item_says(
    floor: Floor, policy: str, good: str, scrap: str
) -> None:
    parts = (await floor.station(parts="parts"))["parts"]
    await floor.item(setup_parts=policy)
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, with_setup=True)
    await floor.make(parts, 4)
    await floor.done(f"runs/{run}/end-setup")
    assert await floor.refused(f"runs/{run}/end-setup") == (409, "run-is-not-in-setup")
    await floor.make(parts, 5)
    await floor.book()
    shown = await floor.get(f"runs/{run}")
    assert (shown["good"], shown["scrap"]) == (good, scrap)
    assert await floor.balance() == [(9, 9, 0)]


async def test_rejects_of_the_machine_are_scrap_among_what_it_made(floor: Floor) -> None:
    tags = await floor.station(parts="parts", reject="reject")
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.make(tags["parts"], 20)
    await floor.make(tags["reject"], 2)
    await floor.book()
    shown = await floor.get(f"runs/{run}")
    assert (shown["made"], shown["good"], shown["scrap"], shown["unexplained_rejects"]) == (
        "20",
        "18",
        "2",
        "2",
    )
    await floor.done(f"runs/{run}/pause")
    told = [
        (one["kind"], one["quantity"], one.get("reason"))
        for one in await floor.documents("completion", "scrap")
    ]
    assert told == [("completion", "18", None), ("scrap", "2", "machine_reject")]


async def test_where_machine_and_people_count_a_difference_is_a_case(floor: Floor, parts: int) -> None:
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, count_source="both")
    await floor.make(parts, 20)
    await floor.done(f"runs/{run}/reports", {"good": 18})
    assert await floor.get("count-cases") == []
    await floor.done(f"runs/{run}/pause")
    (case,) = await floor.get("count-cases")
    assert (case["kind"], case["quantity"]) == ("difference", "-2")
    assert (await floor.get(f"runs/{run}"))["good"] == "20"
    await floor.done("count-cases/settle", {"kind": "difference", "run_id": run, "note": "two fell behind"})
    assert await floor.get("count-cases") == []


async def test_where_people_count_the_machine_is_booked_and_changes_no_total(
    floor: Floor, parts: int
) -> None:
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, count_source="operator")
    await floor.make(parts, 20)
    await floor.done(f"runs/{run}/reports", {"good": 3})
    assert (await floor.get(f"runs/{run}"))["good"] == "3"
    assert await floor.balance() == [(20, 20, 0)]


async def test_an_overlap_is_an_alarm_and_no_loop(floor: Floor, parts: int) -> None:
    """Somebody wrote into the tables. That counter stops with an alarm; the others are booked all the same."""
    other = (await floor.station("press2", parts="parts"))["parts"]
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation)
    await floor.connection.execute(
        "INSERT INTO plant.booking SELECT %s, 5, 6, run_id, from_time, from_time, from_time, 1, 'made', true FROM plant.run",
        (parts,),
    )
    await floor.make(parts, 10)
    await floor.make(other, 4)
    await floor.book()
    (alarm,) = await floor.rows("SELECT kind, subject FROM plant.alarm")
    assert alarm == {"kind": "booking_overlap", "subject": str(parts)}
    assert await floor.one("SELECT position FROM plant.counted_tag WHERE tag_id = %s", other) == {
        "position": 4
    }
    before = await floor.one("SELECT count(*) FROM plant.event")
    await floor.book()
    assert await floor.one("SELECT count(*) FROM plant.event") == before
    assert (await floor.get(f"runs/{run}"))["good"] == "0"


async def test_the_counter_of_a_station_can_be_chosen(floor: Floor) -> None:
    tags = await floor.station("mould1", parts="parts", cycles="cycles")
    await floor.item()
    equipment = await floor.one("SELECT equipment_id FROM plant.equipment")
    await floor.done(f"equipment/{equipment['equipment_id']}/counting-tag", {"tag_id": tags["cycles"]})
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, "mould1", parts_per_cycle={"cavities": 2})
    await floor.make(tags["cycles"], 10)
    await floor.book()
    assert (await floor.get(f"runs/{run}"))["good"] == "20"


async def test_a_clock_that_was_set_back_loses_no_count(floor: Floor, parts: int) -> None:
    """The next reading is dated an hour before the last: it is looked at all the same, once."""
    await floor.make(parts, 5)
    await floor.book()
    await floor.make(parts, 3, seconds_ago(3600))
    await floor.book()
    assert await floor.balance() == [(8, 0, 8)]
    assert await floor.one("SELECT position FROM plant.counted_tag") == {"position": 8}


async def test_an_advance_without_a_reading_waits_without_events(floor: Floor, parts: int) -> None:
    await floor.make(parts, 5)
    await floor.connection.execute("DELETE FROM plant.odometer_log")
    await floor.book()
    assert await floor.one("SELECT count(*) FROM plant.event WHERE kind = 'run.book'") == {"count": 0}
    assert await floor.balance() == [(5, 0, 5)]
