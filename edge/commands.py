"""`lineside edge …`: run an agent, check its configuration and its devices, look at devices nobody described."""

from typing import Annotated

import typer

from edge.configuration.commands import Config, path_of
from edge.configuration.commands import app as config_app
from edge.onboarding.commands import browse, probe
from edge.trust_commands import app as trust_app

app = typer.Typer(no_args_is_help=True, help="Run and check an edge agent; browse and probe new machines.")

app.command(
    epilog="Example: lineside edge browse opc.tcp://192.168.1.10:4840 --insecure --watch 10 --out press.yaml"
)(browse)
app.command(epilog="Example: lineside edge probe modbus://192.168.1.20 --unit-id 1-10")(probe)
app.add_typer(config_app, name="config")
app.add_typer(trust_app, name="trust")


@app.command(epilog="Example: lineside edge run --config press-shop.yaml")
def run(
    config: Config = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch/--no-watch",
            help="Take a changed file by itself, or only on SIGHUP and `edge config reload`.",
        ),
    ] = True,
) -> None:
    """Poll the devices and deliver to the plant until stopped.

    A changed configuration is taken while it runs, if it is valid as a whole; a file with mistakes at the start gives way to
    the last configuration that was accepted. See `lineside edge config`.
    """
    import asyncio

    from edge.configuration.starting import starting_configuration
    from edge.contract.failpoints import UnknownFailpoint, arm
    from edge.errors import LinesideEdgeError
    from edge.logging import log_to_stderr
    from edge.run import run as run_edge

    try:
        arm()
        log_to_stderr()
        asyncio.run(run_edge(starting_configuration(path_of(config)), watch=watch))
    except (LinesideEdgeError, UnknownFailpoint) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command(epilog="Example: lineside edge check --config press-shop.yaml")
def check(
    config: Config = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the file and the profiles only; open no connection.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Check the configuration, then read every device once and show value, unit, quality and age of each tag.

    Exit code 1: mistakes in the file or in a profile, all of them told with file and line. 2: a device does not answer,
    or a tag has no value.
    """
    import asyncio
    import json

    from edge import check_table
    from edge.acquisition.check import check_devices
    from edge.errors import ConfigError
    from edge.logging import log_to_stderr
    from edge.settings import load_settings

    log_to_stderr()
    path = path_of(config)
    try:
        settings = load_settings(path)
    except ConfigError as error:
        if as_json:
            typer.echo(json.dumps(check_table.as_json(str(path), error.mistakes, []), ensure_ascii=False))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if not as_json:
        typer.echo(f"{path}: {len(settings.devices)} devices, no mistakes")
    devices = [] if offline else asyncio.run(check_devices(settings))
    if as_json:
        typer.echo(json.dumps(check_table.as_json(str(path), [], devices), ensure_ascii=False))
    elif not offline:
        check_table.show(devices)
    if not all(checked.is_well for checked in devices):
        raise typer.Exit(2)


@app.command(epilog="Example: lineside edge profiles")
def profiles() -> None:
    """List the device profiles that come with Lineside, and the document each was taken from."""
    from edge.acquisition.profile import profile_names
    from edge.acquisition.profile_file import load_profile

    for name in profile_names():
        profile = load_profile(name)
        typer.echo(
            f"{name:22} {profile.driver:6} {len(profile.tags):3} tags   {profile.document}, {profile.revision}"
        )
