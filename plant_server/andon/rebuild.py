"""Calls, and who was told of them, made again from the facts of their Events."""

from psycopg import AsyncConnection

from plant_server.database import load_queries

OWN = load_queries(__package__, "rebuild.sql")

TABLES: dict[str, tuple[str, ...]] = {"andon_call": (), "andon_told": ()}
"""All of their columns are made again."""


async def rebuild_calls(connection: AsyncConnection) -> None:
    """In one transaction, with every caller waiting. Nothing happens if it fails."""
    async with connection.transaction():
        for statement in OWN.values():
            await connection.execute(statement)
