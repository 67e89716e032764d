"""`lineside bridge run | check | key | held | release`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from erp_bridge.config import BridgeConfig
    from erp_bridge.settings import Settings

bridge_app = typer.Typer(
    no_args_is_help=True,
    help="Carry what the floor did into ERP and PLM, once, and bring in what is planned.",
)
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Systems and policies. [LINESIDE_BRIDGE_CONFIG, bridge.yaml]")
]


@bridge_app.command(epilog="Example: lineside bridge run --config bridge.yaml --port 8081")
def run(
    config: ConfigFile = None,
    port: Annotated[int, typer.Option(help="Port of the bridge API and its page.")] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run the bridge until Ctrl-C. Several may run at once; each document is still sent by one."""
    from erp_bridge.run import run as run_bridge

    _serve(config, lambda settings, checked: run_bridge(settings, checked, port=port, host=host))


@bridge_app.command(epilog="Example: lineside bridge check --config bridge.yaml")
def check(config: ConfigFile = None) -> None:
    """Check the configuration whole, the database, and every system: sign in and ask something harmless."""
    from erp_bridge.check import check as check_all

    _serve(config, check_all)


@bridge_app.command(epilog="Example: lineside bridge key 'ERP integration' --scope read --scope write")
def key(
    name: Annotated[str, typer.Argument(help="Whose key it is; shown beside what was done with it.")],
    scope: Annotated[list[str], typer.Option(help="read, write or both.")],
) -> None:
    """Make a key for the bridge API. It is shown once and not kept."""
    from erp_bridge.api_keys import make_key

    async def make(settings: "Settings") -> None:
        typer.echo(await make_key(settings.bridge_database_url, name, scope))

    _run(lambda settings: make(settings))


@bridge_app.command(epilog="Example: lineside bridge held --config bridge.yaml")
def held(config: ConfigFile = None) -> None:
    """After a restore: who is told nothing, what they know already, and what they would be told."""
    from erp_bridge.after_restore.console import show_held

    _serve(config, show_held)


@bridge_app.command(epilog="Example: lineside bridge release erp --config bridge.yaml")
def release(
    connector: Annotated[str, typer.Argument(help="Its name in bridge.yaml.")],
    config: ConfigFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let a held system be told again, after showing what it knows. Exit code 1: it cannot be asked, or is not held."""
    from erp_bridge.after_restore.console import release_one

    _serve(config, lambda settings, checked: release_one(settings, checked, connector, yes=yes))


def _serve(config: Path | None, work: "Callable[[Settings, BridgeConfig], Awaitable[None]]") -> None:
    def with_config(settings: "Settings") -> Awaitable[None]:
        from erp_bridge.config import load_config

        return work(settings, load_config(settings.bridge_config))

    _run(with_config, **({} if config is None else {"bridge_config": config}))


def _run(work: "Callable[[Settings], Awaitable[None]]", **given: Path) -> None:
    """Load settings, set up logs and failpoints, work; what is expected to fail is said in words."""
    from erp_bridge.errors import LinesideBridgeError
    from erp_bridge.logging import log_to_stderr
    from erp_bridge.settings import load_settings
    from plant_server.contract.failpoints import UnknownFailpoint, arm

    async def run_it() -> None:
        await work(load_settings(**given))

    try:
        arm()
        log_to_stderr()
        asyncio.run(run_it())
    except (LinesideBridgeError, UnknownFailpoint) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
