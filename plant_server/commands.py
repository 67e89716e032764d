"""`lineside ingest | keeper | api | migrate | prepare`: the processes of the plant, its database, its files."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plant_server.settings import Settings

ingest_app = typer.Typer()
keeper_app = typer.Typer()
api_app = typer.Typer()
migrate_app = typer.Typer()
prepare_app = typer.Typer()


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

    _serve(
        run, **{name: value for name, value in (("shard", shard), ("groups", groups)) if value is not None}
    )


@keeper_app.command(epilog="Example: lineside keeper")
def keeper() -> None:
    """Keep partitions, roll up, project machine states, forget what is too old."""
    from plant_server.keeper.run import run

    _serve(run)


@api_app.command(epilog="Example: lineside api --port 8080")
def api(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the API and the pages."""
    from plant_server.api import run

    _serve(lambda settings: run(settings, port=port, host=host))


@migrate_app.command(
    epilog="Example: LINESIDE_OWNER_DATABASE_URL=postgresql://lineside:…@host/lineside lineside migrate"
)
def migrate() -> None:
    """Bring the database's tables to this version. Run by the owner of the database."""
    from plant_server.schema.migrate import migrate as run_migrations

    def run(settings: "Settings") -> None:
        if settings.owner_database_url is None:
            raise typer.BadParameter("LINESIDE_OWNER_DATABASE_URL is not set")
        run_migrations(settings.owner_database_url)

    _serve(run)


def _serve(run: "Callable[[Settings], None]", **given: str) -> None:
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
) -> None:
    """Make certificates, the broker's configuration and rights, and database passwords below LINESIDE_HOME."""
    import os
    from pathlib import Path

    from plant_server.security.access_control import EdgeNode, Host, InvalidSparkplugId
    from plant_server.security.installation import prepare as make_files

    home = Path(os.environ.get("LINESIDE_HOME", ".lineside")).resolve()
    try:
        edges = [EdgeNode(*name.split(":", 1)) for name in edge]
    except (TypeError, InvalidSparkplugId) as error:
        raise typer.BadParameter(f"--edge is group:edge ({error})") from error
    prepared = make_files(home, edges=edges, hosts=[Host(shard)], server_names=server_name or [])
    typer.echo(f"broker   {prepared.broker}")
    for identity, (ca, certificate, key) in prepared.clients.items():
        typer.echo(f"{identity}\n  ca   {ca}\n  cert {certificate}\n  key  {key}")
