"""`lineside edge config`: what a changed file would do, what was accepted before, and having it taken."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

if TYPE_CHECKING:
    from edge.configuration.accepted import Accepted, AcceptedConfigurations
    from edge.configuration.difference import Difference
    from edge.configuration.state import Answer

app = typer.Typer(
    no_args_is_help=True,
    help="Change the configuration of an edge that runs: see what would change, have it taken, go back.",
)

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The YAML file; else LINESIDE_CONFIG, else lineside.yaml here."),
]
ANSWER_S = 30.0


def path_of(config: Path | None) -> Path:
    return config or Path(os.environ.get("LINESIDE_CONFIG", "lineside.yaml"))


@app.command(
    epilog="Examples: lineside edge config diff --config press-shop.yaml  ·  lineside edge config diff --to 3"
)
def diff(
    config: Config = None,
    to: Annotated[
        int | None, typer.Option("--to", help="A number of `history` in place of the file.", min=1)
    ] = None,
) -> None:
    """Say what the file would change if the edge took it now. Nothing is changed.

    Exit code 1: the file has mistakes, all of them told with file and line.
    """
    from edge.configuration.difference import difference
    from edge.configuration.reading import read_configuration
    from edge.configuration.state import in_words
    from edge.errors import ConfigError

    path = path_of(config)
    kept = _kept(path)
    if kept is None and to is None:
        typer.echo(f"{path}: no edge has run on it yet; `lineside edge check` looks for mistakes")
        raise typer.Exit(1)
    try:
        new = read_configuration(path) if to is None else _chosen(path, to).configuration(path)
        newest = None if kept is None else kept.newest()
        if kept is None or newest is None:
            raise typer.Exit(1)
        found = difference(newest.configuration(path), new, kept.configurations(path))
        _show(found, f"since {in_words(newest.at)}")
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command(epilog="Example: lineside edge config history --config press-shop.yaml")
def history(config: Config = None) -> None:
    """List the configurations that were accepted, newest first, and what each changed."""
    from edge.configuration.difference import difference
    from edge.configuration.state import in_words
    from edge.errors import ConfigError

    path = path_of(config)
    kept = _kept(path)
    found = [] if kept is None else kept.all()
    for number, accepted in enumerate(found, start=1):
        typer.echo(f"{number:3}  {in_words(accepted.at)}  {accepted.file}")
        if number < len(found):
            try:
                before, after = found[number].configuration(path), accepted.configuration(path)
            except ConfigError as error:
                typer.echo(f"       cannot be read any more: {error.mistakes[0]}")
            else:
                changed = difference(before, after)
                for line in (*changed.words, *changed.needs_restart):
                    typer.echo(f"       {line}")
    if not found:
        typer.echo(f"{path}: no edge has run on it yet")


@app.command(
    epilog="Examples: lineside edge config restore 2 --config press-shop.yaml  ·  lineside edge config restore 2 --yes"
)
def restore(
    number: Annotated[int, typer.Argument(help="Of `history`; 1 is what the edge runs on.", min=1)],
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Write an accepted configuration over the file and the profiles it names. An edge that watches takes it by itself.

    What it writes over is kept beside it as `<name>.before-restore`.
    """
    from edge.configuration.accepted import write_durably
    from edge.configuration.state import in_words

    path = path_of(config)
    accepted = _chosen(path, number)
    texts = {path: accepted.texts.file}
    folder = path.resolve().parent
    texts |= {folder / name: text for name, text in accepted.texts.profiles.items()}
    changed = {file: text for file, text in texts.items() if _text(file) != text}
    if not changed:
        typer.echo(f"the files are those of {in_words(accepted.at)} already")
        return
    for file in changed:
        typer.echo(f"  {file}")
    if not yes:
        typer.confirm(f"Write them as they were accepted at {in_words(accepted.at)}?", abort=True)
    try:
        for file, text in changed.items():
            if file.exists():
                write_durably(
                    file.with_name(f"{file.name}.before-restore"),
                    _text(file) or "",
                    file.stat().st_mode & 0o777,
                )
            write_durably(file, text, file.stat().st_mode & 0o777 if file.exists() else 0o644)
    except OSError as error:
        typer.echo(f"cannot be written: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo("written; `lineside edge config reload` has the edge take it at once")


@app.command(epilog="Example: lineside edge config reload --config press-shop.yaml")
def reload(config: Config = None) -> None:
    """Have the running edge read its file now, and say what became of it.

    Exit code 1: it was refused, with all mistakes, or no edge answered.
    """
    from edge.configuration.state import REQUEST_FILE

    path = path_of(config)
    kept, token = _kept(path), uuid4().hex
    if kept is None:
        typer.echo(f"{path}: no edge runs on it, or its spool is not to be found", err=True)
        raise typer.Exit(1)
    try:
        # Written whole by the rename: the edge looks at any moment. Readable to the edge's own account.
        beside = kept.folder / f".{REQUEST_FILE}.new"
        beside.write_text(token, encoding="utf-8")
        beside.chmod(0o644)
        beside.replace(kept.folder / REQUEST_FILE)
    except OSError as error:
        typer.echo(f"the edge cannot be asked: {error}", err=True)
        raise typer.Exit(1) from error
    answer = _answer(kept, token)
    if answer is None:
        (kept.folder / REQUEST_FILE).unlink(missing_ok=True)
        typer.echo(f"no edge answered within {ANSWER_S:g} s: is it running?", err=True)
        raise typer.Exit(1)
    _tell(answer)


def _answer(kept: "AcceptedConfigurations", token: str) -> "Answer | None":
    from edge.configuration.state import read_state

    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        answer = read_state(kept.folder)
        if answer is not None and answer.token == token:
            return answer
        time.sleep(0.1)
    return None


def _tell(answer: "Answer") -> None:
    from edge.configuration.state import Outcome

    said = {
        Outcome.RUNNING: "nothing changed",
        Outcome.CHANGED: "taken:",
        Outcome.REFUSED: "refused, the edge goes on with what it had:",
        Outcome.NEEDS_RESTART: "needs a restart of the edge, nothing of it was taken:",
        Outcome.NO_ROOM: "waits until the disk of the spool has room:",
    }
    is_well = answer.outcome in (Outcome.RUNNING, Outcome.CHANGED)
    typer.echo("\n".join((said[answer.outcome], *(f"  {line}" for line in answer.words))), err=not is_well)
    if not is_well:
        raise typer.Exit(1)


def _show(found: "Difference", since: str) -> None:
    if found.is_nothing:
        typer.echo(f"nothing that acts changed {since}")
        return
    typer.echo(f"changed {since}:")
    for line in found.words:
        typer.echo(f"  {line}")
    for line in found.needs_restart:
        typer.echo(f"  {line} (needs a restart)")
    if found.needs_restart:
        typer.echo("a running edge takes nothing of it: restart it")


def _kept(path: Path) -> "AcceptedConfigurations | None":
    from edge.configuration.accepted import accepted_for

    return accepted_for(path)


def _chosen(path: Path, number: int) -> "Accepted":
    kept = _kept(path)
    found = [] if kept is None else kept.all()
    if number > len(found):
        typer.echo(
            f"there is no number {number}: `lineside edge config history` lists {len(found)}", err=True
        )
        raise typer.Exit(1)
    return found[number - 1]


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
