"""`lineside bridge check`: says about each part whether it would work, and ends with 1 if one would not."""

import typer

from erp_bridge.config import BridgeConfig
from erp_bridge.connectors import CONNECTORS
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import connect
from erp_bridge.errors import ConnectorError, DatabaseUnavailable
from erp_bridge.settings import Settings
from plant_server.contract.outbox import Kind

_OF_SOURCES = frozenset({Kind.ORDER_ACKNOWLEDGEMENT})
"""Told to whoever sends orders, and to nobody else."""


async def check(settings: Settings, config: BridgeConfig) -> None:
    """Prints a line per part. Raises typer.Exit(1)."""
    results = [await _database(settings.bridge_database_url)]
    for name, one in config.connectors.items():
        connector = CONNECTORS[one.connector](name, one)
        results += [_fits(connector, config), await _system(connector)]
        await connector.close()
    if not all(results):
        raise typer.Exit(1)


async def _database(url: str) -> bool:
    try:
        async with await connect(url, application="lineside bridge check") as session:
            await session.execute("SELECT FROM plant.outbox LIMIT 0")
    except DatabaseUnavailable as error:
        typer.echo(f"database: {error}")
        return False
    typer.echo("database: answers, and the outbox may be read")
    return True


def _fits(connector: Connector, config: BridgeConfig) -> bool:
    """Whether the connector can do what the configuration wants of it."""
    settings = config.connectors[connector.name]
    wrong = [f"cannot be told {kind}" for kind in settings.documents if kind not in connector.kinds]
    wrong += [f"is no source of {source}" for source in settings.sources if source not in connector.sources]
    for one in wrong:
        typer.echo(f"{connector.name}: {one}")
    if untold := sorted(connector.kinds - set(settings.documents) - _OF_SOURCES):
        typer.echo(f"{connector.name}: is not told {', '.join(untold)}: not under documents in bridge.yaml")
    return not wrong


async def _system(connector: Connector) -> bool:
    try:
        typer.echo(f"{connector.name}: {await connector.check()}")
    except ConnectorError as error:
        typer.echo(f"{connector.name}: {type(error).__name__}: {error}")
        return False
    return True
