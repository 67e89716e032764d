"""What a lead sees at a terminal of its facts that nobody's badge or PIN stands behind (people/unsigned.py)."""

from psycopg import AsyncConnection

from plant_server.people.identity import Principal
from plant_server.people.unsigned import unsigned_facts
from plant_server.people.unsigned_schemas import UnsignedFact
from plant_server.policy_table import POLICY
from plant_server.terminal.reading import StationOfPage

MOST = 3
"""At once; the next one comes when one is settled."""
MAY_SETTLE = POLICY["POST", "/api/v1/unsigned-facts/{event_id}/settle"]


async def unsigned_at(
    connection: AsyncConnection, station: StationOfPage, who: Principal
) -> list[UnsignedFact]:
    """For those who may settle them; others see none."""
    if station.station_id is None or not who.roles & MAY_SETTLE:
        return []
    return (await unsigned_facts(connection, None, MOST, station.station_id)).items
