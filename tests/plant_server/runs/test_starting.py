"""A run begins where its station is free, its order may run and somebody counts."""

import asyncio

from tests.plant_server.work_orders.floor import PATH, Floor


async def test_a_station_makes_one_thing_at_a_time(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    (first,) = await floor.operations(await floor.order("WO-1"))
    (second,) = await floor.operations(await floor.order("WO-2"))
    await floor.start(first)
    body = {"operation_id": second, "equipment": f"{PATH}/press1"}
    answer = await floor.post("runs", body)
    assert (answer.json()["code"], answer.json()["params"]["order"]) == ("station-is-busy", "WO-1")


async def test_of_two_starts_at_once_one_runs(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    operations = [(await floor.operations(await floor.order(f"WO-{number}")))[0] for number in range(4)]
    bodies = [{"operation_id": one, "equipment": f"{PATH}/press1"} for one in operations]
    answers = await asyncio.gather(*(floor.post("runs", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len((await floor.get("runs?open=true"))["items"]) == 1


async def test_one_operation_can_run_at_two_stations(floor: Floor) -> None:
    await floor.station("press1")
    await floor.station("press2")
    await floor.item()
    order = await floor.order()
    (operation,) = await floor.operations(order)
    first, second = await floor.start(operation, "press1"), await floor.start(operation, "press2")
    await floor.done(f"runs/{first}/pause")
    assert (await floor.get(f"work-orders/{order}"))["state"] == "running"
    await floor.done(f"runs/{second}/pause")
    assert (await floor.get(f"work-orders/{order}"))["state"] == "paused"


async def test_without_a_counter_people_count(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    body = {"operation_id": operation, "equipment": f"{PATH}/press1"}
    assert await floor.refused("runs", body | {"count_source": "machine"}) == (422, "counter-missing")
    run = await floor.start(operation)
    assert (await floor.get(f"runs/{run}"))["count_source"] == "operator"


async def test_what_is_not_there_is_a_404_and_what_has_ended_is_refused(floor: Floor) -> None:
    await floor.station()
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    nowhere = {"operation_id": operation, "equipment": f"{PATH}/nowhere"}
    assert await floor.refused("runs", nowhere) == (404, "unknown-station-path")
    nothing = {"operation_id": 99, "equipment": f"{PATH}/press1"}
    assert await floor.refused("runs", nothing) == (404, "unknown-operation")
    run = await floor.start(operation)
    assert await floor.refused(f"runs/{run}/resume") == (409, "run-has-not-ended")
    await floor.done(f"runs/{run}/pause")
    for command in ("pause", "hand-over", "end-setup"):
        assert await floor.refused(f"runs/{run}/{command}") == (409, "run-has-ended")


async def test_a_resumed_run_goes_on_as_it_was_left(floor: Floor) -> None:
    cycles = (await floor.station("mould1", cycles="cycles"))["cycles"]
    await floor.item()
    (operation,) = await floor.operations(await floor.order())
    run = await floor.start(operation, "mould1", parts_per_cycle={"cavities": 4, "blocked": 1})
    await floor.done(f"runs/{run}/pause")
    await floor.make(cycles, 5)
    again = (await floor.done(f"runs/{run}/resume"))["run_id"]
    await floor.make(cycles, 10)
    await floor.book()
    assert (await floor.get(f"runs/{again}"))["good"] == "30"
    assert await floor.balance() == [(15, 10, 5)]
