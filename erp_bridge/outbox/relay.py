"""Claims what the plant wrote for others to hear: rows of plant.outbox become rows of bridge.claim.

One transaction deletes there and inserts here. A bridge killed before its commit leaves the row to the next one; killed
after it, the row waits here. `order_seq` counts the facts of an order without holes, and the planner takes them in that
order, so nothing overtakes whatever several bridges claim at once.
"""

from erp_bridge.database import Session, changed, load_queries
from plant_server.contract.failpoints import failpoint

QUERIES = load_queries(__package__)
BATCH = 500


async def claim_due(session: Session, limit: int = BATCH) -> int:
    """Claim at most `limit` rows; return how many. Raises psycopg.Error."""
    async with session.transaction():
        await session.execute(QUERIES["one_claimer"])
        count = await changed(session, QUERIES["claim"], limit=limit)
    if count:
        failpoint("bridge.claim.after_commit")
    return count
