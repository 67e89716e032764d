"""`lineside edge browse` and `lineside edge probe`: what stands on the command line, and what is printed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.acquisition.device_settings import Device
    from edge.onboarding.draft import Draft

FOUND_NOTHING = 2

Out = Annotated[Path | None, typer.Option("--out", help="Write a draft of a profile to this .yaml file.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def browse(
    url: Annotated[str, typer.Argument(help="opc.tcp://host:port/path; without a port 4840.")],
    depth: Annotated[int, typer.Option(min=1, max=50, help="Levels below the root.")] = 12,
    filter_: Annotated[
        str | None,
        typer.Option("--filter", help="Part of a path, or a pattern with * and ?; case is ignored."),
    ] = None,
    root: Annotated[
        str | None, typer.Option(help="Node id to begin at. Default: the Objects folder.")
    ] = None,
    watch: Annotated[
        float, typer.Option(min=0, max=3600, help="Look so many seconds which values move: counters rise.")
    ] = 0.0,
    out: Out = None,
    devices: Annotated[
        Path | None,
        typer.Option(
            "--devices", help="Write devices for the machines that ready profiles fit to this .yaml file."
        ),
    ] = None,
    force: Force = False,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Without signing and encryption. Only where the network is trusted."),
    ] = False,
    policy: Annotated[
        str | None,
        typer.Option(help="Basic256Sha256, Aes128Sha256RsaOaep or Aes256Sha256RsaPss. Default: the first."),
    ] = None,
    mode: Annotated[str | None, typer.Option(help="Sign or SignAndEncrypt. Default: SignAndEncrypt.")] = None,
    trust: Annotated[
        Path | None, typer.Option(help="Server certificates to trust: a file or a folder.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The edge's own certificate. Default: one is made and kept.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    user: Annotated[str | None, typer.Option(help="User to log in as.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is the password.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds for one answer.")] = 10.0,
    max_nodes: Annotated[int, typer.Option(min=1, max=1_000_000, help="Nodes to look at.")] = 20_000,
    max_seconds: Annotated[float, typer.Option(min=1, max=3600, help="Time for the walk.")] = 60.0,
) -> None:
    """Walk through an OPC UA server, show its variables, and draft a profile. Only reads. Exit code 2: none found."""
    import asyncio

    from edge.onboarding.browse_table import show
    from edge.onboarding.browsing import BrowseOptions, browse
    from edge.onboarding.device_draft import devices_yaml
    from edge.onboarding.opcua_walk import Bounds

    security = {
        "policy": policy,
        "mode": mode,
        "trust": trust,
        "certificate": certificate,
        "key": key,
        "user": user,
        "password_file": password_file,
    }
    given = {name: value for name, value in security.items() if value is not None}
    device = _device(url, "opc.tcp", timeout_s=timeout, security=given, insecure=insecure)
    options = BrowseOptions(Bounds(depth, max_nodes, max_seconds), root, filter_, watch)
    with _progress() as say, _in_words():
        browsed = asyncio.run(browse(device, options, _name(out, device), say))
    show(browsed)
    if browsed.companions.proposals:
        drafted = devices_yaml(browsed.companions.proposals, device)
        typer.echo(f"for your configuration:\n{drafted}", nl=False)
        if devices is not None:
            _write_text(devices, drafted, "--devices", force=force)
            typer.echo(f"{devices}: {len(browsed.companions.proposals)} devices, to be taken over")
    elif devices is not None:
        typer.echo("no machine was found that a ready profile fits", err=True)
        raise typer.Exit(FOUND_NOTHING)
    if not browsed.found and (out is not None or not browsed.companions.proposals):
        raise typer.Exit(FOUND_NOTHING)
    if out is not None:
        _write(out, browsed.draft, force=force)


def probe(
    url: Annotated[
        str,
        typer.Argument(
            help="modbus://host:port, modbus+rtu://host:port or modbus+rtu:///dev/ttyUSB0?baud=9600."
        ),
    ],
    unit_id: Annotated[str, typer.Option(help="Unit ids to ask, as 1-10 or 1,5,126.")] = "1-10",
    profile: Annotated[str, typer.Option(help="Profiles to try: all, none, or names with commas.")] = "all",
    scan: Annotated[
        str, typer.Option(help="Registers to read raw, counted from 0 as on the wire; or none.")
    ] = "holding:0-99,input:0-99",
    watch: Annotated[
        float, typer.Option(min=0, max=3600, help="Look so many seconds which values move: counters rise.")
    ] = 2.0,
    out: Out = None,
    force: Force = False,
    timeout: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds to wait for one answer.")] = 1.0,
    pause: Annotated[float, typer.Option(min=0, max=5, help="Rest after each answer, in seconds.")] = 0.05,
    max_requests: Annotated[int, typer.Option(min=1, max=100_000, help="Requests in all.")] = 2000,
) -> None:
    """Find the units behind a Modbus address, try the shipped profiles, show raw registers, and draft a profile.

    Only reads (function codes 3 and 4). Exit code 2: no unit answers.
    """
    import asyncio

    from edge.onboarding.modbus_draft import draft_of
    from edge.onboarding.modbus_scan import ranges_of
    from edge.onboarding.modbus_units import units_of
    from edge.onboarding.probe_table import show
    from edge.onboarding.probing import ProbeOptions, probe, profiles_to_try

    device = _device(url, "modbus+rtu" if url.startswith("modbus+rtu:") else "modbus")
    try:
        units = units_of(unit_id)
        ranges = [] if scan == "none" else ranges_of(scan)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with _progress() as say, _in_words():
        profiles = [] if profile == "none" else profiles_to_try(profile)
        options = ProbeOptions(units, profiles, ranges, watch, timeout, pause, max_requests)
        probed = asyncio.run(probe(device, options, say))
    show(probed)
    if not probed.units:
        raise typer.Exit(FOUND_NOTHING)
    if out is None:
        return
    if len(probed.scans) != 1:
        typer.echo("a draft is of one scanned unit: choose it with --unit-id", err=True)
        raise typer.Exit(1)
    draft = draft_of(probed.scans[0], _name(out, device), url, scan)
    if not draft.tags:
        typer.echo("all registers that were read are 0 or not there: nothing to draft", err=True)
        raise typer.Exit(FOUND_NOTHING)
    _write(out, draft, force=force)


def _device(url: str, scheme: str, **more: Any) -> "Device":
    """The device as a configuration would describe it, so that the same rules hold. Exits with what is wrong."""
    from urllib.parse import urlsplit

    from pydantic import ValidationError

    from edge.acquisition.device_settings import Device

    if not url.startswith(f"{scheme}://"):
        raise typer.BadParameter(f"should be {scheme}://host[:port]", param_hint="URL")
    place = urlsplit(url).netloc or urlsplit(url).path.strip("/")
    name = "".join(part if part.isalnum() or part in ".-" else "-" for part in place)
    try:
        return Device(name=name or "device", profile="draft", url=url, path="new", **more)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise typer.BadParameter("; ".join(lines)) from error


def _name(out: Path | None, device: "Device") -> str:
    from edge.onboarding.draft import profile_name

    return profile_name(out.stem if out is not None else device.host or device.name)


def _write(path: Path, draft: "Draft", *, force: bool) -> None:
    from edge.onboarding.draft import as_yaml

    _write_text(path, as_yaml(draft), "--out", force=force)
    typer.echo(f"{path}: {len(draft.tags)} tags, {draft.guesses} lines with CONFIRM to go through")


def _write_text(path: Path, text: str, option: str, *, force: bool) -> None:
    if not path.name.endswith((".yaml", ".yml")):
        raise typer.BadParameter("should end with .yaml", param_hint=option)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        typer.echo(f"{path} is there already; another name, or --force", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{path} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error


@contextmanager
def _progress() -> Iterator[Any]:
    """One line on the terminal that says what is being done; nothing where output is not a terminal."""
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(escape(text))


@contextmanager
def _in_words() -> Iterator[None]:
    """What is expected to fail is said in words."""
    from edge.errors import LinesideEdgeError

    try:
        yield
    except LinesideEdgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
