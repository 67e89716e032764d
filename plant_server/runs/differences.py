"""Counts that contradict one another are a case for a person, never a refusal: what was reported is not lost.

Where people and the machine both count, a difference when the run has ended. Where people count one operation after the
other, more than the operation before delivered.
"""

from plant_server.database import load_queries
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext
from plant_server.master_data.rows import Row, rows_of

QUERIES = load_queries(__package__)


async def state_difference(context: CommandContext, run: Row) -> None:
    """What people told less what the machine counted, of a run that has ended. None at all is no case."""
    if run["count_source"] != CountSource.BOTH or run["to_time"] is None:
        return
    told = run["entered_good"] + run["entered_scrap"] + run["entered_rework"] + run["among_rejects"]
    quantity = told - run["booked_made"] - run["booked_scrap"] - run["booked_setup"]
    case = {"run_id": run["run_id"], "quantity": quantity, "time": context.recorded_time}
    query = "state_difference" if quantity else "no_difference"
    await context.connection.execute(QUERIES[query], case)
    context.facts.setdefault("differences", []).append(case)


async def state_surplus(context: CommandContext, order: Row, run: Row) -> None:
    """Of the order's operations that people count: what one made beyond what the one before it delivered good. `run` is
    where something changed; of an order with one operation nothing is asked."""
    if run["is_last"] and run["is_first"]:
        return
    for row in await rows_of(context.connection, QUERIES["surpluses"], order):
        case = {"run_id": row["run_id"], "quantity": row["quantity"], "time": context.recorded_time}
        query = "state_surplus" if row["quantity"] else "no_surplus"
        await context.connection.execute(QUERIES[query], case)
        context.facts.setdefault("surpluses", []).append(case)
