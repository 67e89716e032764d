"""`lineside shifts show | set`: when the plant is meant to work, from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plant_server.settings import Settings
    from plant_server.shifts.schemas import Shifts

EXAMPLE = """\
A file (times in the site's time zone; days are those on which a shift starts, all when left out):

\b
    shifts:
      - {code: early, name_en: Early, name_zh: 早班, start: "06:00", end: "14:00",
         days: [mon, tue, wed, thu, fri], breaks: ["09:00-09:15", "12:00-12:30"]}
      - {code: late, name_en: Late, name_zh: 中班, start: "14:00", end: "22:00", days: [mon, tue, wed, thu, fri]}

\b
The same as a table, shifts.csv:
    code,name_en,name_zh,start,end,days,breaks
    early,Early,早班,06:00,14:00,mon tue wed thu fri,09:00-09:15 12:00-12:30
    late,Late,中班,14:00,22:00,mon tue wed thu fri,

\b
Examples:
    lineside shifts show > shifts.yaml
    lineside shifts set shifts.yaml --dry-run
    lineside shifts set shifts.yaml"""

shifts_app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="When the plant is meant to work: one weekly pattern with breaks, for the whole site.",
    epilog=EXAMPLE,
)


@shifts_app.command(epilog="Example: lineside shifts show --csv > shifts.csv")
def show(
    csv: Annotated[bool, typer.Option("--csv", help="As a table instead of YAML.")] = False,
) -> None:
    """Print the pattern, as `set` takes it."""
    import asyncio

    from plant_server.commands import serve
    from plant_server.shifts.service import read_here

    def run(settings: "Settings") -> None:
        told = asyncio.run(read_here(settings.database_url, settings.time_zone))
        if not told.is_stated:
            typer.echo("# Nobody has stated shifts yet: whole days stand in.", err=True)
        typer.echo(_text(told, csv=csv), nl=False)

    serve(run)


@shifts_app.command("set", epilog=EXAMPLE)
def set_(
    file: Annotated[Path, typer.Argument(help="YAML, or CSV by its name.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """State the pattern. It holds from the next shift on; what has begun stays as it was.

    The former one is kept as a file: stating that takes this back.
    """
    import asyncio

    from plant_server.commands import serve
    from plant_server.shifts.pattern_file import as_yaml, read_pattern
    from plant_server.shifts.service import read_here, state_here

    def run(settings: "Settings") -> None:
        pattern = read_pattern(file)
        former = asyncio.run(read_here(settings.database_url, settings.time_zone))
        change = _difference(_text(former), as_yaml(pattern))
        if former.is_stated and not change:
            typer.echo("nothing to change: this pattern is stated already")
            return
        typer.echo(change, nl=False)
        if dry_run:
            typer.echo("nothing was written; without --dry-run it is stated")
            return
        kept = _keep(former)
        holds_from = asyncio.run(state_here(settings.database_url, pattern, settings.time_zone))
        typer.echo(f"stated; it holds from {_local(holds_from, settings.time_zone)}")
        if kept is not None:
            typer.echo(f"to take it back: lineside shifts set {kept}")

    serve(run)


def _text(told: "Shifts", *, csv: bool = False) -> str:
    from plant_server.shifts.pattern_file import as_csv, as_yaml

    if told.pattern is None:
        return ""
    return as_csv(told.pattern) if csv else as_yaml(told.pattern)


def _difference(former: str, wanted: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(former.splitlines(True), wanted.splitlines(True), "stated", "wanted", n=20)
    return "".join(lines)


def _keep(former: "Shifts") -> Path | None:
    """The former pattern below LINESIDE_HOME. None: nobody had stated one."""
    import os
    from datetime import UTC, datetime

    if not former.is_stated:
        return None
    folder = Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "shifts"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"until-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.yaml"
    file.write_text(_text(former), encoding="utf-8")
    return file


def _local(moment: object, zone: str) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    if not isinstance(moment, datetime):
        return "the first shift that is laid out"
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
