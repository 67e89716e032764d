"""The station a page is of, for whoever may see it."""

from plant_server.dependencies import Pool
from plant_server.people.identity import Principal
from plant_server.problems import Problem
from plant_server.terminal.reading import StationOfPage, station_of
from plant_server.terminal.sign_in_page import MAY_SEE_NAMES


async def station_for(pool: Pool, who: Principal, name: str) -> StationOfPage:
    """Raises Problem 401, 404."""
    if not who.roles & MAY_SEE_NAMES:
        raise Problem(401, "session-locked" if who.locked else "sign-in-required")
    async with pool.connection() as connection:
        found = await station_of(connection, name)
    if found is None:
        raise Problem(404, "unknown-station", name)
    return found
