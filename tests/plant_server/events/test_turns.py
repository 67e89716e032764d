"""Who waits for a thing holds no session meanwhile, and does not wait for ever."""

import asyncio

import pytest

from plant_server.events.turns import AT_ONCE, Turns
from plant_server.problems import Problem

PATIENCE_S = 10


async def test_few_are_at_one_thing_at_once_in_the_order_they_came() -> None:
    turns, inside, most, came = Turns(), 0, 0, []

    async def visit(number: int) -> None:
        nonlocal inside, most
        async with turns.at("run 1"):
            inside += 1
            most = max(most, inside)
            came.append(number)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(visit(number) for number in range(50)))
    assert (most, came) == (AT_ONCE, list(range(50)))
    assert not turns._places


async def test_who_wants_another_thing_does_not_wait() -> None:
    turns, left = Turns(), asyncio.Event()

    async def stay() -> None:
        async with turns.at("run 1"):
            await left.wait()

    staying = [asyncio.create_task(stay()) for _ in range(10)]
    async with asyncio.timeout(PATIENCE_S), turns.at("run 2"):
        left.set()
    await asyncio.gather(*staying)


async def test_who_waits_too_long_is_told_to_come_again() -> None:
    turns = Turns(wait_s=0.05)
    async with turns.at("run 1"), turns.at("run 1"):
        with pytest.raises(Problem) as refused:
            async with turns.at("run 1"):
                raise AssertionError("the place was taken")
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "busy", 1)
    async with asyncio.timeout(PATIENCE_S), turns.at("run 1"):
        assert list(turns._places) == ["run 1"]


async def test_who_gives_up_leaves_its_turn_to_the_next() -> None:
    turns = Turns()
    async with turns.at("run 1"):
        async with turns.at("run 1"):
            waiting = asyncio.create_task(turns.at("run 1").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(PATIENCE_S), turns.at("run 1"):
            pass
    assert not turns._places
