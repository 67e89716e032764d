"""Counts that no run owns are given to runs by a person, whole or split, once, and with an Event."""

from typing import Any

import pytest

from tests.plant_server.work_orders.floor import Floor, seconds_ago


@pytest.fixture
async def waiting(floor: Floor) -> dict[str, int]:
    """37 parts before the first run; then two runs of two orders, one after the other."""
    parts = (await floor.station(parts="parts"))["parts"]
    await floor.item()
    for number in range(37):
        await floor.make(parts, 1, seconds_ago(60 - number))
    await floor.book()
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    other = (await floor.done(f"runs/{run}/change", {"operation_id": second}))["run_id"]
    return {"tag_id": parts, "run": run, "other": other}


def whole(waiting: dict[str, int], *shares: dict[str, Any], **more: int) -> dict[str, Any]:
    return {"tag_id": waiting["tag_id"], "odometer_from": 0, "odometer_to": 37, "shares": shares, **more}


async def good(floor: Floor) -> list[str]:
    return [one["good"] for one in (await floor.get("runs"))["items"]]


async def test_all_of_it_to_one_run(floor: Floor, waiting: dict[str, int]) -> None:
    await floor.done("not-assigned/assign", whole(waiting, {"run_id": waiting["run"]}))
    assert (await good(floor), await floor.get("not-assigned")) == (["37", "0"], [])
    assert await floor.balance() == [(37, 37, 0)]
    row = await floor.one("SELECT actor, body FROM plant.event WHERE kind = 'count.assign'")
    assert (row["actor"], row["body"]["odometer_to"]) == (floor.person, 37)


async def test_split_by_quantity(floor: Floor, waiting: dict[str, int]) -> None:
    shares = ({"run_id": waiting["run"], "steps": 30}, {"run_id": waiting["other"]})
    await floor.done("not-assigned/assign", whole(waiting, *shares))
    assert await good(floor) == ["30", "7"]
    assert [one["quantity"] for one in await floor.documents("completion")] == ["30"]  # The other still runs.


async def test_split_by_time(floor: Floor, waiting: dict[str, int]) -> None:
    tenth = await floor.one("SELECT ts FROM plant.odometer_log WHERE total = 10")
    shares = (
        {"run_id": waiting["run"], "until_time": tenth["ts"].isoformat()},
        {"run_id": waiting["other"]},
    )
    await floor.done("not-assigned/assign", whole(waiting, *shares))
    assert await good(floor) == ["10", "27"]


async def test_a_part_of_it_leaves_the_rest_waiting(floor: Floor, waiting: dict[str, int]) -> None:
    body = whole(waiting, {"run_id": waiting["run"]}) | {"odometer_from": 10, "odometer_to": 20}
    await floor.done("not-assigned/assign", body)
    rows = [(one["odometer_from"], one["odometer_to"]) for one in await floor.get("not-assigned")]
    assert sorted(rows) == [(0, 10), (20, 37)]
    assert await floor.balance() == [(37, 10, 27)]


async def test_what_was_given_is_not_given_again(floor: Floor, waiting: dict[str, int]) -> None:
    body = whole(waiting, {"run_id": waiting["run"]})
    await floor.done("not-assigned/assign", body)
    assert await floor.refused("not-assigned/assign", body) == (409, "range-not-free")


async def test_shares_must_fit_and_runs_must_be_of_the_counter(floor: Floor, waiting: dict[str, int]) -> None:
    short = whole(waiting, {"run_id": waiting["run"], "steps": 30})
    assert await floor.refused("not-assigned/assign", short) == (422, "shares-do-not-fit")
    long = whole(waiting, {"run_id": waiting["run"], "steps": 38})
    assert await floor.refused("not-assigned/assign", long) == (422, "shares-do-not-fit")
    await floor.station("press2", parts="parts")
    (operation,) = await floor.operations(await floor.order("WO-3"))
    elsewhere = await floor.start(operation, "press2")
    body = whole(waiting, {"run_id": elsewhere})
    assert await floor.refused("not-assigned/assign", body) == (409, "other-station")
    assert await floor.balance() == [(37, 0, 37)]
