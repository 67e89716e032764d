"""Which job runs when."""

import asyncio
from typing import cast

from psycopg import AsyncConnection

from plant_server.keeper.schedule import Job, run_jobs

NO_CONNECTION = cast(AsyncConnection, None)


class Enough(Exception):
    """Ends the run after the turns a test wants to see."""


def recorded(turns: list[str], name: str, more: bool, last: int) -> Job:
    async def work(connection: AsyncConnection) -> bool:
        turns.append(name)
        await asyncio.sleep(0)
        if len(turns) == last:
            raise Enough
        return more

    return Job(name, 0.001, work)


async def run_until_enough(*jobs: Job) -> None:
    try:
        async with asyncio.timeout(30):
            await run_jobs(NO_CONNECTION, jobs)
    except Enough:
        return


async def test_a_backlog_of_one_job_does_not_starve_another() -> None:
    turns: list[str] = []
    await run_until_enough(recorded(turns, "backlog", True, 2000), recorded(turns, "other", False, 2000))
    assert turns[:2] == ["backlog", "other"]
    assert turns.count("other") > 1
    assert turns.count("backlog") > turns.count("other")


async def test_all_jobs_run_at_once_at_the_start() -> None:
    turns: list[str] = []
    await run_until_enough(*(recorded(turns, name, False, 3) for name in ("a", "b", "c")))
    assert turns == ["a", "b", "c"]
