"""Reports: three taps, taken back within thirty seconds, reversed later, told to the ERP as differences."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.plant_server.work_orders.floor import Floor


@pytest.fixture
async def by_hand(floor: Floor) -> int:
    """An open run at a station without a counter."""
    await floor.station()
    await floor.item()
    await floor.reason("burr")
    await floor.reason("repaint", "rework")
    (operation,) = await floor.operations(await floor.order())
    return await floor.start(operation)


@pytest.fixture
async def by_machine(floor: Floor) -> tuple[int, int]:
    """An open run and its counter."""
    tags = await floor.station(parts="parts")
    await floor.item()
    await floor.reason("burr")
    (operation,) = await floor.operations(await floor.order())
    return await floor.start(operation), tags["parts"]


def scrap(quantity: float, reason: str = "burr", **more: Any) -> dict[str, Any]:
    return {"scrap": [{"quantity": quantity, "reason": reason, **more}]}


async def told(floor: Floor) -> list[tuple[str, str, str | None]]:
    documents = await floor.documents("completion", "scrap")
    return [(one["kind"], one["quantity"], one.get("reason")) for one in documents]


async def test_good_scrap_and_rework_are_told_as_differences(floor: Floor, by_hand: int) -> None:
    body = {"good": 10, **scrap(2), "rework": [{"quantity": 1, "reason": "repaint"}]}
    answer = await floor.done(f"runs/{by_hand}/reports", body)
    assert (answer["order_good"], answer["order_scrap"], answer["order_rework"]) == ("10", "2", "1")
    await floor.done(f"runs/{by_hand}/reports", {"good": 5})
    assert await told(floor) == [
        ("completion", "10", None),
        ("scrap", "1", "repaint"),
        ("scrap", "2", "burr"),
        ("completion", "5", None),
    ]
    assert [one["rework"] for one in await floor.documents("scrap")] == [True, False]


async def test_the_erp_hears_it_when_the_undo_time_is_over(floor: Floor, by_hand: int) -> None:
    await floor.done(f"runs/{by_hand}/reports", {"good": 10})
    row = await floor.one(
        "SELECT not_before - created_time AS wait FROM plant.outbox WHERE kind = 'completion'"
    )
    assert timedelta(seconds=29) < row["wait"] <= timedelta(seconds=30)


async def test_the_same_report_again_is_answered_again(floor: Floor, by_hand: int) -> None:
    key = uuid4()
    first = await floor.post(f"runs/{by_hand}/reports", {"good": 7}, key=key)
    again = await floor.post(f"runs/{by_hand}/reports", {"good": 7}, key=key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (await floor.get(f"runs/{by_hand}"))["good"] == "7"


async def test_good_is_by_itself_what_the_machine_made_since_the_last_report(
    floor: Floor, by_machine: tuple[int, int]
) -> None:
    run, parts = by_machine
    await floor.make(parts, 20)
    assert (await floor.done(f"runs/{run}/reports", scrap(3)))["good"] == "17"
    await floor.make(parts, 5)
    assert (await floor.done(f"runs/{run}/reports", {}))["good"] == "5"
    assert await floor.refused(f"runs/{run}/reports", {}) == (409, "nothing-to-report")
    assert await told(floor) == [
        ("completion", "17", None),
        ("scrap", "3", "burr"),
        ("completion", "5", None),
    ]
    ranges = [one["ranges"] for one in await floor.documents("completion")]
    spans = [(one["odometer_from"], one["odometer_to"]) for (one,) in ranges]
    assert spans == [(0, 20), (20, 25)]


async def test_good_parts_that_a_person_states_change_no_total_of_the_machine(
    floor: Floor, by_machine: tuple[int, int]
) -> None:
    run, parts = by_machine
    await floor.make(parts, 20)
    answer = await floor.done(f"runs/{run}/reports", {"good": 18})
    assert (answer["good"], answer["run_good"]) == ("18", "20")
    assert (await floor.get(f"runs/{run}"))["since_last_report"] == "2"


async def test_more_scrap_than_the_machine_made_is_refused_while_it_can_be_seen(
    floor: Floor, by_machine: tuple[int, int]
) -> None:
    run, parts = by_machine
    await floor.make(parts, 5)
    assert await floor.refused(f"runs/{run}/reports", scrap(50)) == (409, "more-than-made")
    await floor.connection.execute("UPDATE plant.device SET online = false")
    await floor.done(f"runs/{run}/reports", scrap(6))
    assert (await floor.get(f"runs/{run}"))["good"] == "-1"
    await floor.make(parts, 10)
    await floor.book()
    assert (await floor.get(f"runs/{run}"))["good"] == "9"


async def test_scrap_that_the_machine_rejected_is_explained_and_not_counted_again(floor: Floor) -> None:
    tags = await floor.station("press9", parts="parts", reject="reject")
    await floor.item()
    await floor.reason("burr")
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, "press9")
    await floor.make(tags["parts"], 20)
    await floor.make(tags["reject"], 2)
    await floor.done(f"runs/{run}/reports", scrap(3))
    shown = await floor.get(f"runs/{run}")
    assert (shown["good"], shown["scrap"], shown["unexplained_rejects"]) == ("17", "3", "0")
    await floor.done(f"runs/{run}/pause")
    assert await told(floor) == [("completion", "17", None), ("scrap", "3", "burr")]


async def test_an_undone_report_never_reaches_the_erp(floor: Floor, by_hand: int) -> None:
    report = await floor.done(f"runs/{by_hand}/reports", {"good": 10, **scrap(2)})
    answer = await floor.done(f"runs/{by_hand}/reports/{report['report_id']}/undo")
    assert (answer["order_good"], answer["order_scrap"]) == ("0", "0")
    assert await told(floor) == []
    numbers = await floor.rows("SELECT order_seq FROM plant.outbox ORDER BY order_seq")
    assert [row["order_seq"] for row in numbers] == list(range(1, len(numbers) + 1))
    assert await floor.refused(f"runs/{by_hand}/reports/{report['report_id']}/undo") == (
        409,
        "already-reversed",
    )


async def test_an_undone_report_of_a_machine_leaves_its_counts_to_the_next(
    floor: Floor, by_machine: tuple[int, int]
) -> None:
    run, parts = by_machine
    await floor.make(parts, 20)
    report = await floor.done(f"runs/{run}/reports", scrap(3))
    await floor.done(f"runs/{run}/reports/{report['report_id']}/undo")
    assert (await floor.get(f"runs/{run}"))["since_last_report"] == "20"
    await floor.done(f"runs/{run}/reports", {})
    assert await told(floor) == [("completion", "20", None)]
    (completion,) = await floor.documents("completion")
    assert completion["ranges"][0]["odometer_to"] == 20


async def after_the_undo_time(floor: Floor) -> None:
    """The bridge has claimed what it may, and half a minute has passed."""
    await floor.connection.execute("DELETE FROM plant.outbox")
    await floor.connection.execute("ALTER TABLE plant.event DISABLE TRIGGER append_only")
    await floor.connection.execute("UPDATE plant.event SET recorded_time = recorded_time - interval '31 s'")
    await floor.connection.execute("ALTER TABLE plant.event ENABLE TRIGGER append_only")


async def test_after_the_undo_time_a_report_is_reversed_and_the_erp_hears_it(
    floor: Floor, by_hand: int
) -> None:
    report = await floor.done(f"runs/{by_hand}/reports", {"good": 10, **scrap(2)})
    await after_the_undo_time(floor)
    path = f"runs/{by_hand}/reports/{report['report_id']}"
    assert await floor.refused(f"{path}/undo") == (409, "undo-time-over")
    answer = await floor.done(f"{path}/reverse", {"instead": {"good": 12}})
    assert (answer["order_good"], answer["order_scrap"]) == ("12", "0")
    assert await told(floor) == [
        ("completion", "-10", None),
        ("scrap", "-2", "burr"),
        ("completion", "12", None),
    ]
    reverses = [one["reverses"] for one in await floor.documents("completion", "scrap")]
    assert reverses == [report["report_id"], report["report_id"], None]
    entries = await floor.get(f"runs/{by_hand}/reports")
    assert sum(float(one["quantity"]) for one in entries if one["kind"] == "good") == 12


async def test_a_reversal_on_an_ended_run_tells_what_is_left(
    floor: Floor, by_machine: tuple[int, int]
) -> None:
    run, parts = by_machine
    await floor.make(parts, 20)
    report = await floor.done(f"runs/{run}/reports", scrap(8))
    await floor.done(f"runs/{run}/pause")
    await after_the_undo_time(floor)
    await floor.done(f"runs/{run}/reports/{report['report_id']}/reverse", {})
    total = sum(int(one["quantity"]) for one in await floor.documents("completion"))
    assert (total + 12, (await floor.get(f"runs/{run}"))["good"]) == (20, "20")


async def test_a_late_report_of_an_ended_run_still_counts(floor: Floor, by_hand: int) -> None:
    """A terminal that was offline sends it when it is back."""
    await floor.done(f"runs/{by_hand}/pause")
    answer = await floor.done(f"runs/{by_hand}/reports", {"good": 4})
    assert answer["order_good"] == "4"
    assert await told(floor) == [("completion", "4", None)]


async def test_unknown_reasons_and_too_fine_quantities_are_refused(floor: Floor, by_hand: int) -> None:
    assert await floor.refused(f"runs/{by_hand}/reports", scrap(1, "nonsense")) == (422, "unknown-reason")
    assert await floor.refused(f"runs/{by_hand}/reports", {"good": 0.5}) == (422, "too-many-decimals")
    assert await floor.refused("runs/99/reports", {"good": 1}) == (404, "unknown-run")
    assert await floor.refused(f"runs/{by_hand}/reports/{uuid4()}/undo") == (404, "unknown-report")


async def test_times_are_told_when_the_run_ends_and_at_a_hand_over(floor: Floor, by_hand: int) -> None:
    await floor.done(f"runs/{by_hand}/hand-over")
    await floor.done(f"runs/{by_hand}/pause")
    labor, machine = await floor.documents("labor_time"), await floor.documents("machine_time")
    assert [one["person"] for one in labor] == [floor.person] * 2
    assert labor[0]["to_time"] == labor[1]["from_time"]
    assert labor[1]["to_time"] == machine[0]["to_time"]
    spent = sum(float(one["seconds"]) for one in labor)
    assert spent == pytest.approx(float(machine[0]["seconds"]))
