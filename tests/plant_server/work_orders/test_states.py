"""An order goes where its commands take it, and nowhere by itself."""

import pytest

from tests.plant_server.work_orders.floor import Floor

QUALITY = {"reason": "quality", "reference": "Q-1"}


async def state(floor: Floor, order: int) -> str:
    return str((await floor.get(f"work-orders/{order}"))["state"])


@pytest.fixture
async def order(floor: Floor) -> int:
    await floor.station()
    await floor.item()
    return await floor.order(release=False)


async def test_the_way_of_an_order(floor: Floor, order: int) -> None:
    walked = [await state(floor, order)]
    await floor.done(f"work-orders/{order}/release")
    walked.append(await state(floor, order))
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    walked.append(await state(floor, order))
    await floor.done(f"runs/{run}/pause")
    walked.append(await state(floor, order))
    again = (await floor.done(f"runs/{run}/resume"))["run_id"]
    walked.append(await state(floor, order))
    await floor.done(f"runs/{again}/complete")
    await floor.done(f"work-orders/{order}/complete", {"confirm": True})
    walked.append(await state(floor, order))
    assert await floor.refused(f"work-orders/{order}/close") == (409, "postings-open")
    await floor.connection.execute("DELETE FROM plant.outbox")
    await floor.done(f"work-orders/{order}/close")
    walked.append(await state(floor, order))
    assert walked == ["planned", "released", "running", "paused", "running", "completed", "closed"]


async def test_each_change_of_state_is_told(floor: Floor, order: int) -> None:
    await floor.done(f"work-orders/{order}/release")
    await floor.done(f"work-orders/{order}/hold", QUALITY)
    await floor.done(f"work-orders/{order}/lift-hold", QUALITY)
    await floor.done(f"work-orders/{order}/cancel")
    told = [one["state"] for one in await floor.documents("order_progress")]
    assert told == ["released", "held", "released", "cancelled"]


@pytest.mark.parametrize(
    ("command", "body", "code"),
    [
        ("hold", QUALITY, "order-is-planned"),
        ("lift-hold", QUALITY, "order-is-planned"),
        ("pause", None, "order-is-planned"),
        ("resume", None, "order-is-planned"),
        ("complete", {}, "order-is-planned"),
        ("close", None, "order-is-planned"),
        ("abort", None, "order-is-planned"),
    ],
)
async def test_what_a_planned_order_refuses(
    floor: Floor, order: int, command: str, body: dict[str, str] | None, code: str
) -> None:
    assert await floor.refused(f"work-orders/{order}/{command}", body) == (409, code)
    assert await state(floor, order) == "planned"


async def test_a_hold_ends_the_runs_and_its_lifting_starts_none(floor: Floor, order: int) -> None:
    await floor.done(f"work-orders/{order}/release")
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    await floor.done(f"work-orders/{order}/hold", QUALITY)
    await floor.done(f"work-orders/{order}/hold", {"reason": "machine"})
    assert (await floor.get(f"runs/{run}"))["to_time"] is not None
    assert await floor.refused(
        "runs", {"operation_id": operation, "equipment": "demo/plant1/area1/line1/press1"}
    ) == (
        409,
        "order-is-held",
    )
    await floor.done(f"work-orders/{order}/lift-hold", QUALITY)
    assert await state(floor, order) == "held"
    await floor.done(f"work-orders/{order}/lift-hold", {"reason": "machine"})
    assert await state(floor, order) == "paused"
    assert (await floor.get("runs?open=true"))["items"] == []


async def test_completing_short_asks_first(floor: Floor, order: int) -> None:
    await floor.done(f"work-orders/{order}/release")
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    await floor.done(f"runs/{run}/reports", {"good": 45})
    answer = await floor.post(f"work-orders/{order}/complete", {})
    assert (answer.json()["code"], answer.json()["params"]["remaining"]) == ("order-unfinished", "55")
    assert (await floor.get(f"runs/{run}"))["to_time"] is None
    await floor.done(f"work-orders/{order}/complete", {"confirm": True})
    assert await state(floor, order) == "completed"


async def test_an_order_does_not_finish_itself_and_states_its_over_run(floor: Floor, order: int) -> None:
    await floor.done(f"work-orders/{order}/release")
    (operation,) = await floor.operations(order)
    run = await floor.start(operation)
    told = await floor.done(f"runs/{run}/reports", {"good": 130})
    assert (told["over_run"], await state(floor, order)) == ("30", "running")
    assert (await floor.done(f"work-orders/{order}/complete", {}))["over_run"] == "30"


async def test_a_started_order_is_aborted_and_not_cancelled(floor: Floor, order: int) -> None:
    await floor.done(f"work-orders/{order}/release")
    (operation,) = await floor.operations(order)
    await floor.start(operation)
    await floor.done(f"work-orders/{order}/hold", QUALITY)
    assert await floor.refused(f"work-orders/{order}/cancel") == (409, "order-has-started")
    await floor.done(f"work-orders/{order}/abort")
    assert await state(floor, order) == "aborted"


async def test_an_order_that_is_not_there_is_a_404(floor: Floor) -> None:
    for command in ("release", "pause", "close"):
        assert await floor.refused(f"work-orders/77/{command}") == (404, "unknown-work-order")
