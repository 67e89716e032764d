"""Named jobs, each with its own period, one after another on one connection."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection


@dataclass(frozen=True, slots=True)
class Job:
    """`work` does one bounded piece in transactions of its own and says whether more is waiting."""

    name: str
    period_s: float
    work: Callable[[AsyncConnection], Awaitable[bool]]


async def run_jobs(connection: AsyncConnection, jobs: Sequence[Job]) -> None:
    """Run the jobs for ever, the one due longest first, so that a long backlog of one does not starve another.

    Raises what a job raises. A job that is late runs once, not once for every period it missed.
    """
    clock = asyncio.get_running_loop().time
    due = {job.name: clock() for job in jobs}
    while True:
        job = min(jobs, key=lambda job: due[job.name])
        await asyncio.sleep(max(0.0, due[job.name] - clock()))
        more = await job.work(connection)
        due[job.name] = clock() if more else clock() + job.period_s
