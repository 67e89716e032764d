"""`lineside backup | restore | doctor`: the plant as the person sees it who looks after its computer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from plant_server.installation.backup import Progress

backup_app = typer.Typer()
restore_app = typer.Typer()
doctor_app = typer.Typer()
COLOURS = {"ok": "green", "warn": "yellow", "bad": "red"}
WORDS = {
    "tables": "counting and hashing tables",
    "database": "database",
    "check": "checking every table",
    "file": "reading the backup",
}
Only = Literal["everything", "files", "database"]
Language = Literal["en", "zh-CN"]


@backup_app.command(epilog="Example: lineside backup --out /mnt/usb/plant.zip --keep 14")
def backup(
    out: Annotated[
        Path | None, typer.Option(help="The file to write. [LINESIDE_HOME/backups/lineside-….zip]")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Afterwards delete older ones in LINESIDE_HOME/backups.")
    ] = None,
    settings: Annotated[
        list[Path] | None,
        typer.Option("--with", exists=True, dir_okay=False, help="One more file of settings to take along."),
    ] = None,
    encrypt: Annotated[
        list[str] | None,
        typer.Option(
            help="Public key (age1…) or a file with some: only who has the secret one opens the backup. May be repeated.",
            envvar="LINESIDE_BACKUP_ENCRYPT",
        ),
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option(
            help="Make a key: the secret one into this new file, the public one is printed. No backup is made."
        ),
    ] = None,
) -> None:
    """Write one file with database, keys, secrets and settings. The plant goes on working meanwhile."""
    if new_key is not None:
        _make_key(new_key)
        return
    from plant_server.installation.backup import back_up, forget_oldest, new_file
    from plant_server.installation.check_files import note_backup
    from plant_server.installation.encryption import public_keys
    from plant_server.installation.place import existing_database
    from plant_server.settings import load_settings

    home = _home()
    with _said_in_words(), _progress() as progress:
        owner_url = load_settings().owner_database_url
        keys = public_keys(encrypt or ())
        target = out or new_file(home, encrypted=bool(keys))
        taken = [*_own_settings(), *(settings or [])]
        with existing_database(home, owner_url) as (url, place):
            manifest = back_up(home, url, place, target, taken, progress, keys)
        if out is None:  # One elsewhere is not among those that the doctor looks at.
            note_backup(home)
        gone = forget_oldest(home, keep) if keep is not None else []
    typer.echo(f"{target}: {len(manifest.tables)} tables, {manifest.rows} rows, {len(manifest.files)} files")
    for path in gone:
        typer.echo(f"deleted {path.name}")
    if not keys:
        typer.echo("It holds the plant's keys and passwords: keep it where nobody else reads it.", err=True)


@restore_app.command(epilog="Example: lineside restore plant.zip --home /var/lib/lineside")
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `lineside backup` wrote.")],
    home: Annotated[Path | None, typer.Option(help="Where to. [LINESIDE_HOME]")] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where there is a plant: files are set aside, tables dropped."),
    ] = False,
    only: Annotated[
        Only, typer.Option(help="Before the database server's first start: files.")
    ] = "everything",
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Into a database of the folder's own, whatever it came from.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Secret key of an encrypted backup. [asked for]"),
    ] = None,
) -> None:
    """Make the plant of a backup anew, and check that it is the one. Exit code 1: it is not there, or not whole."""
    from plant_server.installation.archive import reading_archive
    from plant_server.installation.encryption import is_encrypted
    from plant_server.installation.restore import Place, restore_plant
    from plant_server.settings import load_settings

    if key is None and is_encrypted(file):
        key = Path(typer.prompt("The backup is encrypted. File of its secret key"))
    with _said_in_words(), _progress() as progress, reading_archive(file, key) as archive:
        owner_url = load_settings().owner_database_url
        archive.check(lambda done, total: progress("file", done, total))
        place = Place((home or _home()).resolve(), owner_url, embedded=embedded)
        restored = restore_plant(archive, place, only=only, force=force, progress=progress)
    if restored.tables:
        typer.echo(
            f"{restored.tables} tables, {restored.rows} rows: as in the backup of {archive.manifest.made}"
        )
        typer.echo(
            "what an ERP was told since then is not known here: the bridge asks it and tells it nothing until "
            "`lineside bridge held` was read and `lineside bridge release` said"
        )
    if restored.aside is not None:
        typer.echo(f"what stood there is in {restored.aside}")
    if restored.settings is not None:
        typer.echo(f"settings of the backup are in {restored.settings}: put them in their place yourself")


@doctor_app.command(epilog="Example: lineside doctor --json")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One list of objects.")] = False,
    language: Annotated[Language | None, typer.Option(help="en or zh-CN. [LANG]")] = None,
    backups: Annotated[
        Path | None, typer.Option(help="Where backups are kept. [LINESIDE_HOME/backups]")
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option(help="This check alone, for instance ingest; may be repeated.")
    ] = None,
) -> None:
    """Is the plant well? A line for each thing, and what to do. Exit code 1: something is bad."""
    import json

    from rich.console import Console
    from rich.markup import escape

    from plant_server.installation.backup import FOLDER
    from plant_server.installation.doctor import examine
    from plant_server.installation.doctor_texts import words

    home = _home()
    spoken = language or ("zh-CN" if os.environ.get("LANG", "").startswith("zh") else "en")
    examined = examine(home, backups or home / FOLDER, frozenset(check or ()))
    found = [(finding, *words(finding, spoken)) for finding in examined]
    if not found:
        raise typer.BadParameter(f"no such check: {', '.join(check or ())}")
    if as_json:
        rows = [
            {"check": one.check, "level": one.level, "code": one.code, "text": text, "action": action}
            for one, text, action in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        console = Console(soft_wrap=True, highlight=False)
        for one, text, action in found:
            console.print(f"[{COLOURS[one.level]}]{one.level:4}[/] {one.check:12} {escape(text)}")
            if action:
                console.print(f"     → {escape(action)}")
    if any(one.level == "bad" for one, _, _ in found):
        raise typer.Exit(1)


def _make_key(path: Path) -> None:
    from plant_server.installation.encryption import new_key

    with _said_in_words():
        public = new_key(path)
    typer.echo(public)
    typer.echo(
        f"{path} is the secret key: keep it away from this computer, twice. Without it no backup opens.",
        err=True,
    )


def _own_settings() -> list[Path]:
    """The files of settings that our own processes would read here."""
    names = (
        os.environ.get("LINESIDE_CONFIG", "lineside.yaml"),
        os.environ.get("LINESIDE_BRIDGE_CONFIG", "bridge.yaml"),
    )
    return [path for path in map(Path, names) if path.is_file()]


def _home() -> Path:
    return Path(os.environ.get("LINESIDE_HOME", ".lineside")).resolve()


@contextmanager
def _said_in_words() -> Iterator[None]:
    """What is expected to fail is told without a traceback."""
    from plant_server.embedded.errors import EmbeddedServerError
    from plant_server.errors import LinesidePlantError

    try:
        yield
    except (LinesidePlantError, EmbeddedServerError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@contextmanager
def _progress() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    tasks: dict[str, TaskID] = {}
    with Bar(console=Console(stderr=True), transient=True) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(WORDS[what])
            bar.update(tasks[what], completed=done, total=total or None)

        yield progress
