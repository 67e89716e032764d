"""A month of a plant, written into the real tables by SQL: 20 machines and their meters, 200 tags, orders, stops, energy.

Facts only. Hours of machines and shifts are made from them by the keeper's own jobs, as in a plant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from erp_bridge.schema.migrate import migrate as migrate_bridge
from plant_server.async_database import connect_async
from plant_server.database import load_queries
from plant_server.keeper.machine_hours import make_hours
from plant_server.keeper.shifts import lay_out_shifts

QUERIES = load_queries(__package__, "month.sql")


@dataclass(frozen=True, slots=True)
class Month:
    """[begin, end). Counters and meters are read every `step_s`; `minute_tags` have a row for every minute."""

    end: datetime
    days: int = 30
    machines: int = 20
    step_s: int = 600
    minute_tags: Sequence[str] = ("power",)

    @property
    def begin(self) -> datetime:
        return self.end - timedelta(days=self.days)


def month_until_now(**given: object) -> Month:
    return Month(datetime.now(UTC).replace(second=0, microsecond=0), **given)  # type: ignore[arg-type]


async def write_month(url: str, bridge_url: str, month: Month) -> None:
    """Into an empty, migrated database. `url`: role lineside_plant; `bridge_url`: role lineside_bridge."""
    await migrate_bridge(bridge_url)
    values = {
        "begin": month.begin,
        "end": month.end,
        "days": month.days,
        "machines": month.machines,
        "step_s": month.step_s,
        "minute_tags": list(month.minute_tags),
    }
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        for name, block in QUERIES.items():
            if name != "documents":
                connection.execute(block, values)
                connection.commit()
    with psycopg.connect(bridge_url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(QUERIES["documents"], values)
    await make_everything(url)


async def make_everything(url: str) -> None:
    """What the keeper would have made of the facts by now."""
    async with await connect_async(url, application="lineside keeper", statement_timeout_s=600) as connection:
        await lay_out_shifts(connection, "Asia/Shanghai")
        while await make_hours(connection):
            pass
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
