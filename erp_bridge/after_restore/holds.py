"""Systems that are told nothing since a restore of the plant, until a person releases them.

A restore is a row of the plant's (plant.restoration), so it holds before any bridge has started since. Here stand who is held
by name, and when each was asked last for what it knows already.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from erp_bridge.after_restore.examine import examine
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Session, changed, load_queries, rows
from erp_bridge.errors import StillHeld

QUERIES = load_queries(__package__)
EXAMINE_S = 15.0
"""How often a held system is asked anew."""
LOOK_S = 5.0
"""How often to look whether the plant was restored, beneath a bridge that stayed."""
FRESH_S = 120.0
"""A person decides by what was seen there at most so long ago."""
log = structlog.get_logger("lineside.bridge")


def is_told(connector: Connector) -> bool:
    """A system that is told nothing need not be held."""
    return bool(connector.kinds)


async def held(session: Session, connector: str | None = None) -> list[dict[str, Any]]:
    """Rows {connector, since, backup_time, examined_time, problem}. Raises psycopg.Error."""
    return await rows(session, QUERIES["held"], connector=connector)


async def examine_forever(
    session: Session, config: BridgeConfig, connector: Connector, stop: asyncio.Event
) -> None:
    """While the system is held: what it knows already, again and again. Raises psycopg.Error."""
    said = False
    while not stop.is_set():
        await session.execute(QUERIES["hold"], {"connector": connector.name})
        is_held = bool(await held(session, connector.name))
        if is_held and not said:
            log.warning("system_is_held", system=connector.name, do="lineside bridge held")
        if said and not is_held:
            log.info("system_is_released", system=connector.name)
        said = is_held
        if is_held:
            await examine(session, config, connector)
        with suppress(TimeoutError):
            async with asyncio.timeout(EXAMINE_S if is_held else LOOK_S):
                await stop.wait()


async def release(session: Session, connector: Connector, released_by: str) -> None:
    """Let it be told again. Raises StillHeld: it is not held, or was not seen just now; psycopg.Error."""
    await session.execute(QUERIES["hold"], {"connector": connector.name})
    found = await held(session, connector.name)
    if not found:
        raise StillHeld("not-held", f"{connector.name} is not held")
    (hold,) = found
    if connector.looks_back and not _is_fresh(hold):
        why = (hold["problem"] or {}).get("message") or "it was not asked yet"
        raise StillHeld("not-examined", f"nobody knows what {connector.name} was told: {why}")
    await changed(session, QUERIES["release"], connector=connector.name, released_by=released_by)


def _is_fresh(hold: dict[str, Any]) -> bool:
    examined: datetime | None = hold["examined_time"]
    is_known = examined is not None and hold["problem"] is None
    return is_known and (datetime.now(UTC) - examined).total_seconds() <= FRESH_S  # type: ignore[operator]
