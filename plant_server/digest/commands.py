"""`lineside digest show | send`: the digest of a day, by hand."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from plant_server.digest.contents import Contents
    from plant_server.digest.settings import Receiver
    from plant_server.digest.webhook import Outcome
    from plant_server.settings import Settings

digest_app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The owner's figures of a day that is over, for a chat. The keeper sends it each morning (LINESIDE_DIGEST__*).",
)
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="A business date. [yesterday]", show_default=False),
]


@digest_app.command(epilog="Example: lineside digest show --day 2026-11-23")
def show(day: Day = None) -> None:
    """Print it. Sends nothing, and needs no receiver."""
    import asyncio

    from plant_server.commands import serve

    def run(settings: "Settings") -> None:
        typer.echo(asyncio.run(_contents(settings, day)).text)

    serve(run)


@digest_app.command(
    epilog="Examples: lineside digest send --dry-run   |   LINESIDE_DIGEST__RECEIVER=wecom lineside digest send"
)
def send(
    day: Day = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say where it would go, and with which body.")
    ] = False,
) -> None:
    """Send it now, whatever the time and whatever became of an earlier one; a second one says that it is one.

    Exit code 1: it was not sent, or nobody knows.
    """
    import asyncio

    from plant_server.commands import serve

    def run(settings: "Settings") -> None:
        if dry_run:
            asyncio.run(_rehearse(settings, day))
            return
        outcome = asyncio.run(_send(settings, day))
        typer.echo(f"{outcome.state}: {outcome.detail}", err=outcome.state != "sent")
        if outcome.state != "sent":
            raise typer.Exit(1)

    serve(run)


async def _contents(settings: "Settings", day: datetime | None, *, again: bool = False) -> "Contents":
    from plant_server.async_database import connect_async
    from plant_server.digest.contents import contents_of

    connection = await connect_async(settings.database_url, application="lineside digest")
    try:
        wanted, zone = _day(settings, day)
        return await contents_of(connection, wanted, zone, settings.digest.language, again=again)
    finally:
        await connection.close()


async def _rehearse(settings: "Settings", day: datetime | None) -> None:
    from datetime import UTC
    from urllib.parse import urlsplit
    from uuid import UUID

    from plant_server.digest.sending import Attempt, address, post_for

    receiver = _receiver(settings)
    where = address(settings.digest, receiver)
    attempt = Attempt(await _contents(settings, day), UUID(int=0), 1)
    post = post_for(attempt, receiver, where, datetime.now(UTC))
    typer.echo(f"to {urlsplit(post.url).hostname} ({receiver}), {len(post.body)} bytes; nothing was sent")
    typer.echo(post.body.decode())


async def _send(settings: "Settings", day: datetime | None) -> "Outcome":
    from datetime import UTC

    from plant_server.async_database import connect_async
    from plant_server.digest import sending
    from plant_server.digest.contents import QUERIES, contents_of
    from plant_server.master_data.rows import row_of

    receiver = _receiver(settings)
    where = sending.address(settings.digest, receiver)
    wanted, zone = _day(settings, day)
    connection = await connect_async(settings.database_url, application="lineside digest")
    try:
        before = await row_of(connection, QUERIES["of_day"], {"day": wanted})
        again = before is not None and before["state"] in ("sending", "sent", "unclear")
        contents = await contents_of(connection, wanted, zone, settings.digest.language, again=again)
        now = datetime.now(UTC)
        attempt = await sending.claim(connection, contents, receiver, now, by_hand=True)
        assert attempt is not None, "by hand it is claimed whatever was before"  # noqa: S101
        outcome = await sending.send(sending.post_for(attempt, receiver, where, now), receiver)
        await sending.tell(connection, attempt, outcome, datetime.now(UTC))
        return outcome
    finally:
        await connection.close()


def _day(settings: "Settings", day: datetime | None) -> tuple[date, "ZoneInfo"]:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from plant_server.digest.contents import day_before

    zone = ZoneInfo(settings.time_zone)
    return (day.date() if day else day_before(datetime.now(UTC), zone)), zone


def _receiver(settings: "Settings") -> "Receiver":
    """Raises ConfigError."""
    from plant_server.errors import ConfigError, Mistake

    if settings.digest.receiver is None:
        raise ConfigError([Mistake("LINESIDE_DIGEST__RECEIVER", "is not set: wecom, dingtalk or generic")])
    return settings.digest.receiver
