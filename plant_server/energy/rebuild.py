"""The energy of runs made again from the facts of the Events that told it; what has ended and was not told waits."""

from psycopg import AsyncConnection

from plant_server.database import load_queries

OWN = load_queries(__package__, "rebuild.sql")

TABLES: dict[str, tuple[str, ...]] = {"run_energy": (), "run_meter_energy": (), "energy_to_tell": ()}
"""All of their columns are made again."""


async def rebuild_energy(connection: AsyncConnection) -> None:
    """In one transaction, with the keeper waiting. Nothing happens if it fails."""
    async with connection.transaction():
        for statement in OWN.values():
            await connection.execute(statement)
