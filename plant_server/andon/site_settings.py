"""What a site has set: after how long who is told, and whether a machine in fault calls by itself."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from plant_server.andon.schemas import LevelOfSite, Settings
from plant_server.andon.service import QUERIES
from plant_server.domain.andon_call import Level
from plant_server.events import CommandContext
from plant_server.master_data.rows import row_of, rows_of


async def settings(connection: AsyncConnection) -> Settings:
    found = await row_of(connection, QUERIES["fault_after_s"], {})
    assert found is not None, "a migration puts it there"  # noqa: S101
    rows = await rows_of(connection, QUERIES["levels"], {})
    levels = [LevelOfSite(after_s=row["after_s"], roles=row["roles"]) for row in rows]
    return Settings(levels=levels, fault_after_s=found["fault_after_s"])


async def set_settings(command: Settings, context: CommandContext) -> Mapping[str, Any]:
    """They hold from now on; what was told stays told."""
    values = {
        "after_s": [one.after_s for one in command.levels],
        "roles": [json.dumps(one.roles) for one in command.levels],
    }
    await context.connection.execute(QUERIES["set_levels"], values)
    told = {"fault_after_s": command.fault_after_s}
    await context.connection.execute(QUERIES["set_fault_after_s"], told)
    return (await settings(context.connection)).model_dump(mode="json")


async def levels(connection: AsyncConnection) -> list[Level]:
    """As the domain has them, the first first."""
    return [
        Level(row["level"], timedelta(seconds=row["after_s"]), tuple(row["roles"]))
        for row in await rows_of(connection, QUERIES["levels"], {})
    ]
