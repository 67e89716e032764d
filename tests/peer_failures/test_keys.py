"""W4: one key is one booking, whoever sends it how often, whatever died meanwhile."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from tests.peer_failures.api_process import ApiProcess
from tests.peer_failures.sums import PLACES, good_everywhere
from tests.plant_server.work_orders.floor import PATH, Floor


@pytest.mark.timeout(300)
async def test_100_pairs_of_one_key_at_once_are_100_bookings_with_one_answer_each(
    floor: Floor, run: int
) -> None:
    body = {"good": 7}
    pairs = []
    for _ in range(10):  # Ten pairs at a time: each is on its way together, and none waits for the pool.
        keys = [uuid4() for _ in range(10)]
        sent = [floor.post(f"runs/{run}/reports", body, key=key) for key in keys for _ in "ab"]
        answers = await asyncio.gather(*sent)
        pairs += list(zip(answers[::2], answers[1::2], strict=True))
    assert len(pairs) == 100
    assert {answer.status_code for pair in pairs for answer in pair} == {200}
    assert all(one.content == other.content for one, other in pairs)
    replays = [sorted("idempotent-replayed" in answer.headers for answer in pair) for pair in pairs]
    assert replays == [[False, True]] * 100
    assert await good_everywhere(floor) == dict.fromkeys(PLACES, Decimal(700))


async def test_a_key_with_another_body_or_of_another_person_is_a_422_and_books_nothing(
    api: ApiProcess, floor: Floor, run: int, connection: AsyncConnection
) -> None:
    key = uuid4()
    await floor.done(f"runs/{run}/reports", {"good": 7}, key=key)
    told = [await floor.post(f"runs/{run}/reports", {"good": 8}, key=key)]
    async with api.floor(connection, "Li") as other:
        told.append(await other.post(f"runs/{run}/reports", {"good": 7}, key=key))
    assert [(one.status_code, one.json()["code"]) for one in told] == [(422, "key-reused")] * 2
    assert await good_everywhere(floor) == dict.fromkeys(PLACES, Decimal(7))


async def test_what_was_refused_is_refused_again_by_its_key_even_when_it_would_be_allowed(
    floor: Floor, run: int
) -> None:
    (second,) = await floor.operations(await floor.order("WO-2"))
    body = {"operation_id": second, "equipment": f"{PATH}/press1"}
    key = uuid4()
    first = await floor.post("runs", body, key=key)
    assert (first.status_code, first.json()["code"]) == (409, "station-is-busy")
    await floor.done(f"runs/{run}/pause")
    again = await floor.post("runs", body, key=key)
    assert (again.status_code, again.json()) == (409, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await floor.post("runs", body)).status_code == 200
