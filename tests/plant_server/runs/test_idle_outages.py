"""An outage in which nothing was made asks nobody: the first reading after it shows what the last one before it showed."""

from datetime import UTC, datetime

import pytest

from tests.plant_server.facts import add_sample
from tests.plant_server.runs.test_booking import bookings, move_back
from tests.plant_server.work_orders.floor import Floor, seconds_ago


@pytest.fixture
async def parts(floor: Floor) -> int:
    tags = await floor.station(parts="parts")
    await floor.item()
    await floor.connection.execute("SELECT plant.ensure_sample_partition(%s)", (seconds_ago(60).date(),))
    await floor.connection.execute("SELECT plant.ensure_sample_partition(%s)", (datetime.now(UTC).date(),))
    return tags["parts"]


async def an_idle_outage(floor: Floor, parts: int, after: float) -> tuple[int, int]:
    """10 parts, then no contact from 38 to 25 s ago, then a reading of `after`, then another order and 7 parts."""
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    await move_back(floor, 50)
    await floor.make(parts, 10, seconds_ago(40))
    await add_sample(floor.connection, parts, seconds_ago(40), 65010)
    await floor.book()
    for seconds, online in ((38, False), (25, True)):
        await floor.connection.execute(
            "INSERT INTO plant.device_contact (device_id, ts, online) SELECT device_id, %s, %s FROM plant.device",
            (seconds_ago(seconds), online),
        )
    await add_sample(floor.connection, parts, seconds_ago(24), after)
    next_run = (await floor.done(f"runs/{run}/change", {"operation_id": second}))["run_id"]
    await move_back(floor, 20)
    await floor.make(parts, 7, seconds_ago(2))
    await floor.book()
    return run, next_run


async def test_parts_after_an_outage_in_which_nothing_was_made_are_the_new_runs(
    floor: Floor, parts: int
) -> None:
    run, next_run = await an_idle_outage(floor, parts, after=65010)
    assert await bookings(floor) == [(run, 0, 10, 10, "made"), (next_run, 10, 17, 7, "made")]
    assert await floor.get("not-assigned") == []


async def test_a_reading_that_is_not_the_same_proves_nothing(floor: Floor, parts: int) -> None:
    """Lower, say after a restart: what it means is settled by a later reading, and a person is asked."""
    run, _ = await an_idle_outage(floor, parts, after=0)
    assert await bookings(floor) == [(run, 0, 10, 10, "made")]
    (waiting,) = await floor.get("not-assigned")
    assert (waiting["steps"], waiting["reason"]) == (7, "spans_runs")
