"""Where people and the machine both count: a difference, when the run has ended, is a case for a person."""

from plant_server.database import load_queries
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext
from plant_server.master_data.rows import Row

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
