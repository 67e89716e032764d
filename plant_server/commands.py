"""`lineside ingest | keeper | api | migrate | audit | prepare`: processes of the plant, its database, its files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plant_server.settings import Settings

ingest_app = typer.Typer()
keeper_app = typer.Typer()
api_app = typer.Typer()
migrate_app = typer.Typer()
prepare_app = typer.Typer()
audit_app = typer.Typer(
    no_args_is_help=True, help="Whether the plant's book of events is the one that was written."
)


@ingest_app.command(epilog="Example: lineside ingest --shard plant --groups demo,shop2")
def ingest(
    shard: Annotated[
        str | None, typer.Option(help="Name of the shard; its Sparkplug host id. [plant]")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Sparkplug groups of the shard, with commas; + is all.")
    ] = None,
) -> None:
    """Store what the edges deliver. A second process of the same shard waits as a standby."""
    from plant_server.ingest.run import run

    serve(run, **{name: value for name, value in (("shard", shard), ("groups", groups)) if value is not None})


@keeper_app.command(epilog="Example: lineside keeper")
def keeper() -> None:
    """Keep partitions, roll up, project machine states, forget what is too old."""
    from plant_server.keeper.run import run

    serve(run)


@api_app.command(epilog="Example: lineside api --port 8080")
def api(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    cert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Serve https with this certificate, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The key of --cert.")] = None,
) -> None:
    """Serve the API and the pages. Terminals work without contact over https only, or on this machine."""
    from plant_server.api import run

    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key belong together")
    tls = None if cert is None or key is None else (cert, key)
    serve(lambda settings: run(settings, port=port, host=host, tls=tls))


@migrate_app.command(
    epilog="Example: LINESIDE_OWNER_DATABASE_URL=postgresql://lineside:…@host/lineside lineside migrate"
)
def migrate(
    passwords: Annotated[
        bool, typer.Option("--passwords", help="First give the roles the passwords in LINESIDE_HOME/secrets.")
    ] = False,
) -> None:
    """Bring the database's tables to this version. Run by the owner of the database."""
    import os

    from plant_server.installation.role_passwords import give_passwords
    from plant_server.schema.migrate import migrate as run_migrations

    def run(settings: "Settings") -> None:
        if settings.owner_database_url is None:
            raise typer.BadParameter("LINESIDE_OWNER_DATABASE_URL is not set")
        if passwords:
            secrets = Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "secrets"
            typer.echo(f"passwords: {', '.join(give_passwords(settings.owner_database_url, secrets))}")
        run_migrations(settings.owner_database_url)

    serve(run)


@audit_app.callback()
def _audit() -> None:
    pass


@audit_app.command(epilog="Example: lineside audit verify --anchors /mnt/usb/anchors.log")
def verify(
    anchors: Annotated[
        Path | None, typer.Option(help="A copy of the anchors file. [LINESIDE_HOME/log/anchors.log]")
    ] = None,
) -> None:
    """Compute the chain of events again, and compare it with the anchors. Exit code 1: it does not hold."""
    from rich.progress import Progress

    from plant_server.events.verify import verify as verify_chain
    from plant_server.keeper.sealer import anchors_file

    def run(settings: "Settings") -> None:
        with Progress(transient=True) as bar:
            task = bar.add_task("events")
            verdict = verify_chain(
                settings.database_url,
                anchors or anchors_file(),
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        if verdict.mistake is not None:
            typer.echo(f"broken at {verdict.mistake}; {verdict.events} events before it hold", err=True)
            raise typer.Exit(1)
        typer.echo(f"{verdict.events} events and {verdict.anchors} anchors hold")

    serve(run)


@audit_app.command(epilog="Example: lineside audit rebuild --apply")
def rebuild(
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what the Events say. Without it, only look.")
    ] = False,
) -> None:
    """Make every balance again from the Events, and compare: orders, runs, lots, energy, calls. Exit code 1: they differ.

    Whoever counts, books, reports or moves material waits meanwhile, with --apply or without; who only reads does not. Without --apply
    all of it is rolled back.
    """
    import asyncio

    from rich.progress import Progress, TaskID

    from plant_server.runs.comparing import compare_and_rebuild

    def run(settings: "Settings") -> None:
        with Progress(transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def progress(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what)
                bar.update(tasks[what], completed=done, total=total)

            found = asyncio.run(compare_and_rebuild(settings.database_url, apply=apply, progress=progress))
        for one in found:
            typer.echo(f"{one.table}: {one.not_theirs} rows no Event explains, {one.missing} rows missing")
            for row in one.shown:
                typer.echo(f"  {row}")
        if found and not apply:
            typer.echo("nothing was written; --apply writes what the Events say", err=True)
            raise typer.Exit(1)
        typer.echo("written as the Events say" if found else "every balance is as the Events say")

    serve(run)


def serve(run: "Callable[[Settings], None]", **given: str) -> None:
    """Load settings, set up logs and failpoints, run; what is expected to fail is said in words."""
    from edge.contract.failpoints import UnknownFailpoint, arm
    from plant_server.errors import LinesidePlantError
    from plant_server.logging import log_to_stderr
    from plant_server.settings import load_settings

    try:
        arm()
        log_to_stderr()
        run(load_settings(**given))
    except (LinesidePlantError, UnknownFailpoint) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@prepare_app.command(epilog="Example: lineside prepare --edge shop1:press-shop --server-name plant.local")
def prepare(
    edge: Annotated[list[str], typer.Option(help="group:edge, once for each edge that may connect.")],
    server_name: Annotated[
        list[str] | None, typer.Option(help="Names or addresses by which edges reach the broker.")
    ] = None,
    shard: Annotated[str, typer.Option(help="Name of the ingest shard.")] = "plant",
    database_host: Annotated[
        str, typer.Option(help="Host (and port) of PostgreSQL, as the processes reach it.")
    ] = "database",
    broker_folder: Annotated[
        str, typer.Option(help="Where mosquitto finds the folder broker/installation.")
    ] = "/lineside",
    broker_data: Annotated[
        str, typer.Option(help="Where mosquitto keeps what it keeps.")
    ] = "/mosquitto/data",
) -> None:
    """Make certificates, the broker's configuration and rights, and database passwords below LINESIDE_HOME."""
    import os

    from plant_server.security.access_control import EdgeNode, Host, InvalidSparkplugId
    from plant_server.security.installation import Places
    from plant_server.security.installation import prepare as make_files

    home = Path(os.environ.get("LINESIDE_HOME", ".lineside")).resolve()
    try:
        edges = [EdgeNode(*name.split(":", 1)) for name in edge]
    except (TypeError, InvalidSparkplugId) as error:
        raise typer.BadParameter(f"--edge is group:edge ({error})") from error
    prepared = make_files(
        home,
        edges=edges,
        hosts=[Host(shard)],
        server_names=server_name or [],
        places=Places(database_host, broker_folder, broker_data),
    )
    typer.echo(f"broker   {prepared.broker}")
    for identity, (ca, certificate, key) in prepared.clients.items():
        typer.echo(f"{identity}\n  ca   {ca}\n  cert {certificate}\n  key  {key}")
