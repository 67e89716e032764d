"""Rejects that were counted while parts were made that nobody owned: they go where the parts go.

The window of parts (m, n] begins with the reading that showed count m + 1 and ends before the one that showed n + 1: a
reject is seen together with its part or after it. So neighbouring shares divide the rejects without a gap. What lies
outside stays not assigned, and a person gives it by itself.
"""

from datetime import timedelta
from typing import Any

from plant_server.database import load_queries
from plant_server.events import CommandContext
from plant_server.master_data.rows import Row, row_of, rows_of

QUERIES = load_queries(__package__, "rejects.sql")
ONE_POLL = timedelta(seconds=2)
"""So much earlier than its part a reject may be dated where nobody's counts begin: values of one poll have own times."""


async def reject_counters(context: CommandContext, run_ids: list[int], tag_id: int) -> dict[int, list[int]]:
    """The reject counters of each run whose parts `tag_id` counts; none if it counts rejects itself."""
    found: dict[int, list[int]] = {}
    for row in await rows_of(
        context.connection, QUERIES["reject_counters"], {"run_ids": run_ids, "tag_id": tag_id}
    ):
        found.setdefault(row["run_id"], []).append(row["tag_id"])
    return found


async def waiting_rejects(
    context: CommandContext, reject_tag_id: int, parts: dict[str, Any], *, is_first: bool
) -> list[Row]:
    """`odometer_from odometer_to` of what is not assigned within the window of `parts`. `is_first`: before these parts
    there are none that nobody owns."""
    after = await row_of(context.connection, QUERIES["next_reading"], parts)
    values = {
        "tag_id": reject_tag_id,
        "from_ts": parts["from_ts"] - (ONE_POLL if is_first else timedelta(0)),
        "until_ts": after["ts"] if after else None,
    }
    return await rows_of(context.connection, QUERIES["waiting_rejects"], values)
