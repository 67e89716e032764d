"""The code map of a system as it holds now: what bridge.yaml says, and over it the rows people made."""

from erp_bridge.config import BridgeConfig
from erp_bridge.database import Session, load_queries, rows
from erp_bridge.mapping import Codes

QUERIES = load_queries(__package__)


async def codes_of(session: Session, config: BridgeConfig, system: str) -> Codes:
    """Raises psycopg.Error."""
    made = await rows(session, QUERIES["code_map"], system=system)
    found = [(row["kind"], row["our_code"], row["their_code"]) for row in made]
    return Codes(system, config.written_codes(system) + found, config.same_codes(system))
