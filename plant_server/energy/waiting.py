"""Runs whose energy waits for a meter that nobody has read since they ended: listed, and an alarm each.

Their documents are held back, for what a silent meter will say is the run's. A person looks after the meter, or says
that another one counts (`energy.choose_meter`); when it was read, the run is told and its alarms end.
"""

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.energy.schemas import WaitingRun
from plant_server.master_data.rows import rows_of
from plant_server.paging import Page, id_cursor, page_of

OWN = load_queries(__package__, "waiting.sql")
LATE_S = 60.0
"""After the end of a run. Meters are read every 10 s or so."""
ALARMS_MOST = 500


async def waiting_runs(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[WaitingRun]:
    values = {"after": id_cursor(cursor, 0), "limit": limit + 1, "late_s": LATE_S}
    found = await rows_of(connection, OWN["waiting"], values)
    return page_of([WaitingRun(**row) for row in found], limit, "run_id")


async def review_alarms(connection: AsyncConnection) -> None:
    """Raise what is new, clear what is over. Looked at by people on boards, in `lineside doctor` and on the first page."""
    values = {"after": 0, "limit": ALARMS_MOST, "late_s": LATE_S}
    async with connection.transaction():
        found = [WaitingRun(**row) for row in await rows_of(connection, OWN["waiting"], values)]
        told = {
            f"run {run.run_id}/{meter.device}/{meter.tag}": (
                f"energy of order {run.order} waits for meter {meter.device}/{meter.tag}"
                f" since {run.to_time.isoformat(timespec='seconds')}"
            )
            for run in found
            for meter in run.meters
        }
        await connection.execute(OWN["clear_alarms"], {"subjects": list(told)})
        alarms = {"subjects": list(told), "details": list(told.values())}
        await connection.execute(OWN["raise_alarms"], alarms)
