"""`lineside bridge held | release`: what a held system has, what it would get, and the word that lets it go."""

import getpass

import typer

from erp_bridge.after_restore.examine import examine
from erp_bridge.after_restore.holds import QUERIES, held, is_told, release
from erp_bridge.after_restore.report import Difference, Report, report_of
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors import CONNECTORS
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Session, connect
from erp_bridge.errors import StillHeld
from erp_bridge.schema.migrate import migrate
from erp_bridge.settings import Settings

LISTED_MAX = 50


async def show_held(settings: Settings, config: BridgeConfig) -> None:
    """Ask every held system now and print what became of it. Raises MigrationError, DatabaseUnavailable."""
    await migrate(settings.bridge_database_url)
    shown = 0
    async with await connect(settings.bridge_database_url, application="lineside bridge held") as session:
        for name in config.connectors:
            report = await _examined(session, config, name)
            if report is not None:
                typer.echo("\n".join(lines_of(report)))
                shown += 1
    if not shown:
        typer.echo("nobody is held: what is due is told")


async def release_one(settings: Settings, config: BridgeConfig, name: str, *, yes: bool) -> None:
    """Show it, ask, and let it go. Raises StillHeld, MigrationError, DatabaseUnavailable, typer.Abort."""
    if name not in config.connectors:
        raise StillHeld("not-held", f"there is no {name}; bridge.yaml has {', '.join(config.connectors)}")
    await migrate(settings.bridge_database_url)
    async with await connect(settings.bridge_database_url, application="lineside bridge release") as session:
        report = await _examined(session, config, name)
        if report is None:
            raise StillHeld("not-held", f"{name} is not held")
        typer.echo("\n".join(lines_of(report)))
        if not yes:
            typer.confirm(f"Tell {name} from now on?", abort=True)
        await release(session, _connector(config, name), f"command line: {getpass.getuser()}")
    typer.echo(f"{name} is told again")


async def _examined(session: Session, config: BridgeConfig, name: str) -> Report | None:
    """None: it is not held."""
    connector = _connector(config, name)
    try:
        if not is_told(connector):
            return None
        await session.execute(QUERIES["hold"], {"connector": name})
        if not await held(session, name):
            return None
        await examine(session, config, connector)
        (hold,) = await held(session, name)
        return await report_of(session, config, connector, hold)
    finally:
        await connector.close()


def _connector(config: BridgeConfig, name: str) -> Connector:
    settings = config.connectors[name]
    return CONNECTORS[settings.connector](name, settings)


def lines_of(report: Report) -> list[str]:
    """The report as a person reads it."""
    told = [
        f"{report.system} is held since {report.since:%Y-%m-%d %H:%M} UTC: the plant was restored from a backup of "
        f"{report.backup_time:%Y-%m-%d %H:%M} UTC",
        f"  {report.waiting} documents wait, {report.unclaimed} facts more at the plant",
    ]
    if not report.can_look_back:
        told.append(
            "  it cannot be asked for our keys: compare the orders since the backup there with /status by hand; what is "
            "entered again would be told again"
        )
        return told
    if report.problem is not None:
        told.append(f"  it could not be asked: {report.problem}")
    told += _listed(
        "delivered, found there",
        [f"{one.kind} of {one.work_order or '–'}: {one.reference} ({one.state})" for one in report.found],
    )
    told += _listed(
        "stands there, and the plant has forgotten it (it counts as told; reverse it there if it shall not)",
        [
            f"{one.told_time:%Y-%m-%d %H:%M} {one.reference}: {one.kind} of {one.work_order or '–'}: "
            f"{one.quantity} {one.unit} {one.thing} {one.lot}".rstrip()
            for one in report.told_before
        ],
    )
    return told + _listed("by order", [_in_words(one) for one in report.differences])


def _in_words(one: Difference) -> str:
    left = f"; {one.more_there} more there until it is entered again" if one.more_there != "0" else ""
    return (
        f"{one.work_order or '–'} {one.kind} {one.thing} {one.lot}".rstrip()
        + f": there {one.there} {one.unit}, here {one.here}; waiting {one.waiting}, would be told {one.to_be_told}{left}"
    )


def _listed(heading: str, lines: list[str]) -> list[str]:
    more = [f"    … and {len(lines) - LISTED_MAX} more"] if len(lines) > LISTED_MAX else []
    return [f"  {heading}: {len(lines)}", *(f"    {line}" for line in lines[:LISTED_MAX]), *more]
