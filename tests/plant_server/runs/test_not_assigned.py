"""Counts that no run owns are given to runs by a person, whole or split, once, and with an Event."""

from typing import Any

import pytest

from plant_server.runs.comparing import compare
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


@pytest.fixture
async def with_rejects(floor: Floor) -> dict[str, int]:
    """20 parts before the first run, one a second; rejects with the 5th and the 6th, after the 15th, and after the 20th."""
    tags = await floor.station(parts="parts", reject="reject")
    await floor.item()
    for number in range(1, 21):
        at = seconds_ago(100 - number)
        await floor.make(tags["parts"], 1, at)
        if number in (5, 6):
            await floor.make(tags["reject"], 1, at)
        if number in (15, 20):
            await floor.make(tags["reject"], 1, seconds_ago(99.5 - number))
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    run = await floor.start(first)
    await floor.book()
    other = (await floor.done(f"runs/{run}/change", {"operation_id": second}))["run_id"]
    return {"tag_id": tags["parts"], "reject": tags["reject"], "run": run, "other": other}


def twenty(told: dict[str, int], *shares: dict[str, Any], begin: int = 0, end: int = 20) -> dict[str, Any]:
    return {"tag_id": told["tag_id"], "odometer_from": begin, "odometer_to": end, "shares": shares}


async def test_rejects_go_where_their_parts_go(floor: Floor, with_rejects: dict[str, int]) -> None:
    run = with_rejects["run"]
    told = await floor.done("not-assigned/assign", twenty(with_rejects, {"run_id": run}))
    assert told["rejects"] == [
        {"run_id": run, "tag_id": with_rejects["reject"], "odometer_from": 0, "odometer_to": 4}
    ]
    assert (await good(floor), await floor.get("not-assigned")) == (["16", "0"], [])
    assert await floor.balance() == [(20, 20, 0), (4, 4, 0)]
    assert [one["quantity"] for one in await floor.documents("completion", "scrap")] == ["16", "4"]
    assert await compare(floor.connection, apply=False) == [], "the Events say the same"


async def test_shares_divide_the_rejects_at_the_reading_of_the_next_part(
    floor: Floor, with_rejects: dict[str, int]
) -> None:
    shares = ({"run_id": with_rejects["run"], "steps": 5}, {"run_id": with_rejects["other"]})
    told = await floor.done("not-assigned/assign", twenty(with_rejects, *shares))
    assert [(one["odometer_from"], one["odometer_to"]) for one in told["rejects"]] == [(0, 1), (1, 4)]
    assert await good(floor) == ["4", "12"]


async def test_rejects_of_other_parts_wait_with_them(floor: Floor, with_rejects: dict[str, int]) -> None:
    body = twenty(with_rejects, {"run_id": with_rejects["run"]}, begin=5, end=15)
    told = await floor.done("not-assigned/assign", body)
    assert [(one["odometer_from"], one["odometer_to"]) for one in told["rejects"]] == [(1, 3)]
    assert await good(floor) == ["8", "0"]
    assert await floor.balance() == [(20, 10, 10), (4, 2, 2)]


async def test_rejects_that_a_run_has_already_are_not_taken_from_it(
    floor: Floor, with_rejects: dict[str, int]
) -> None:
    await floor.make(with_rejects["tag_id"], 3)
    await floor.make(with_rejects["reject"], 1)
    await floor.book()
    await floor.done("not-assigned/assign", twenty(with_rejects, {"run_id": with_rejects["run"]}))
    assert await good(floor) == ["16", "2"]


async def test_a_reject_counter_is_still_given_by_itself(floor: Floor, with_rejects: dict[str, int]) -> None:
    body = twenty(with_rejects, {"run_id": with_rejects["run"]}, end=4) | {"tag_id": with_rejects["reject"]}
    told = await floor.done("not-assigned/assign", body)
    assert told["rejects"] == []
    assert await floor.balance() == [(20, 0, 20), (4, 4, 0)]
    told = await floor.done("not-assigned/assign", twenty(with_rejects, {"run_id": with_rejects["other"]}))
    assert told["rejects"] == [], "they were given before"
