"""`lineside sim`: run a simulated factory, and let faults strike it."""

import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.business_server import System
    from simulators.faults import FactoryControl

app = typer.Typer(
    no_args_is_help=True, help="Simulated machines that speak the real protocols and know the truth."
)

_STATE_DIR = Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "sim"
StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Folder of endpoints.json and the truth ledgers.")
]


@app.command(epilog="Example: lineside sim run --scenario demo --speed 10 --seed 1 --start")
def run(
    scenario: Annotated[str, typer.Option(help="A scenario by name, or the path of a YAML file.")] = "demo",
    state_dir: StateDir = _STATE_DIR,
    speed: Annotated[
        float, typer.Option(help="Divides cycle times and stops, up to 20. Clocks stay real.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same scrap and stops.")] = 1,
    ports: Annotated[
        str, typer.Option(help="preferred (the scenario's, or the next free) or any.")
    ] = "preferred",
    start: Annotated[bool, typer.Option("--start", help="Start production at once.")] = False,
    host: Annotated[
        str,
        typer.Option(help="IPv4 address the machines listen at; 0.0.0.0 lets other computers reach them."),
    ] = "127.0.0.1",
) -> None:
    """Run a factory until Ctrl-C or `lineside sim shutdown`."""
    import asyncio
    import sys

    import structlog

    from simulators.factory import FactorySettings
    from simulators.factory import run as run_factory
    from simulators.machine_link import MachineDied
    from simulators.scenario import ScenarioError, load

    if ports not in ("preferred", "any"):
        raise typer.BadParameter("--ports is preferred or any")
    try:
        IPv4Address(host)
    except ValueError as wrong:
        raise typer.BadParameter(f"--host: {wrong}") from wrong
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    state_dir.mkdir(parents=True, exist_ok=True)
    choice: Any = ports
    try:
        settings = FactorySettings(load(scenario), state_dir, seed, speed, choice, start, host)
        asyncio.run(run_factory(settings))
    except (ScenarioError, MachineDied) as failed:
        typer.echo(str(failed), err=True)
        raise typer.Exit(1) from failed


@app.command(epilog="Example: lineside sim fault press1 restart --duration 2")
def fault(
    machine: Annotated[str, typer.Argument(help="Name of the machine.")],
    name: Annotated[str, typer.Argument(help="restart, refused, frozen, slow, glitch or job_reset.")],
    state_dir: StateDir = _STATE_DIR,
    duration: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    delay: Annotated[float | None, typer.Option(help="slow: seconds each answer is late.")] = None,
    device: Annotated[str, typer.Option(help="machine or meter.")] = "machine",
) -> None:
    """Let a fault strike a machine of a running factory."""
    choice: Any = (name, device)
    _ask(
        state_dir,
        lambda factory: factory.fault(
            machine, choice[0], duration_s=duration, delay_s=delay, device=choice[1]
        ),
    )


@app.command(epilog="Example: lineside sim start")
def start(state_dir: StateDir = _STATE_DIR) -> None:
    """Start production."""
    _ask(state_dir, lambda factory: factory.start())


@app.command(epilog="Example: lineside sim stop")
def stop(state_dir: StateDir = _STATE_DIR) -> None:
    """Stop production; the servers stay up and show the last values."""
    _ask(state_dir, lambda factory: factory.stop())


@app.command(epilog="Example: lineside sim status")
def status(state_dir: StateDir = _STATE_DIR) -> None:
    """What each machine does and made."""
    _ask(state_dir, lambda factory: factory.status())


@app.command(epilog="Example: lineside sim shutdown")
def shutdown(state_dir: StateDir = _STATE_DIR) -> None:
    """End a running factory."""
    _ask(state_dir, lambda factory: factory.shutdown())


@app.command(epilog="Example: lineside sim core --port 8090 --seed-data")
def core(
    state_dir: StateDir = _STATE_DIR,
    port: Annotated[int, typer.Option(help="First port tried, then the next free. 0: any.")] = 8090,
    token_ttl_s: Annotated[float, typer.Option(help="Seconds an access token is good for.")] = 3600.0,
    seed_data: Annotated[bool, typer.Option("--seed-data", help="Items, stock and orders, once.")] = False,
) -> None:
    """Run the simulated business core (finance, stock, sales, supply) until Ctrl-C."""
    from simulators import erp_core

    _serve(lambda: erp_core.make(state_dir, token_ttl_s, seeded=seed_data), port)


@app.command(epilog="Example: lineside sim plm --port 8091 --seed-data")
def plm(
    state_dir: StateDir = _STATE_DIR,
    port: Annotated[int, typer.Option(help="First port tried, then the next free. 0: any.")] = 8091,
    token_ttl_s: Annotated[float, typer.Option(help="Seconds an access token is good for.")] = 3600.0,
    seed_data: Annotated[bool, typer.Option("--seed-data", help="Items, BOMs and ECO-1001, once.")] = False,
) -> None:
    """Run the simulated PLM (items, BOMs, drawings, change orders) until Ctrl-C."""
    from simulators import plm as simulated_plm

    _serve(lambda: simulated_plm.make(state_dir, token_ttl_s, seeded=seed_data), port)


@app.command(
    epilog="Example: lineside sim crew --people .lineside/secrets/demo-people.yaml --station press1 --seed 1"
)
def crew(
    people: Annotated[Path, typer.Option(help="YAML rows of role, name and pin; the demo writes one.")],
    plant: Annotated[str, typer.Option(help="Address of the plant's API.")] = "http://127.0.0.1:8080",
    state_dir: Annotated[Path, typer.Option("--state-dir", help="Folder of crew.jsonl.")] = _STATE_DIR,
    station: Annotated[
        list[str] | None, typer.Option(help="Name of a station, once for each. [all with a machine]")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same habits.")] = 1,
    core: Annotated[
        Path | None, typer.Option(help="State folder of a simulated core: deliveries are booked there first.")
    ] = None,
) -> None:
    """Let people work the plant's orders off. SIGTERM or Ctrl-C: they end their runs and go; twice: at once."""
    import asyncio

    from simulators.crew import CrewSettings
    from simulators.crew import run as run_crew
    from simulators.crew_people import CrewFailed

    try:
        names = tuple(station or ())
        asyncio.run(run_crew(CrewSettings(plant, people, state_dir, seed=seed, names=names, core=core)))
    except CrewFailed as failed:
        typer.echo(str(failed), err=True)
        raise typer.Exit(1) from failed
    except asyncio.CancelledError as left:
        typer.echo("left at once; runs may be open", err=True)
        raise typer.Exit(1) from left


@app.command(epilog="Example: lineside sim lie core commit_and_lost_reply --match completions --times 2")
def lie(
    system: Annotated[str, typer.Argument(help="core or plm.")],
    kind: Annotated[str, typer.Argument(help="Which lie; an unknown one lists them.")],
    state_dir: StateDir = _STATE_DIR,
    match: Annotated[str, typer.Option(help="A resource, as in /api/completions; * for all.")] = "*",
    times: Annotated[int, typer.Option(help="How often; 0 takes it back.")] = 1,
    method: Annotated[str | None, typer.Option(help="POST, GET or *.")] = None,
    field: Annotated[str | None, typer.Option(help="ok_and_dropped_field: which.")] = None,
    delay: Annotated[float, typer.Option(help="timeout_then_success: seconds.")] = 5.0,
) -> None:
    """Tell a running core or PLM to lie to whoever asks it next."""
    order = {"kind": kind, "match": match, "times": times, "method": method, "field": field, "delay_s": delay}
    _tell(state_dir, system, "/control/lie", order)


@app.command(epilog="Example: lineside sim tell plm /control/boms/FG-100/B/release")
def tell(
    system: Annotated[str, typer.Argument(help="core or plm.")],
    path: Annotated[str, typer.Argument(help="A path below /control; see the README of the simulators.")],
    body: Annotated[str, typer.Argument(help="JSON.")] = "{}",
    state_dir: StateDir = _STATE_DIR,
) -> None:
    """Do in a running core or PLM what a planner, an accountant or an engineer would do."""
    import json

    try:
        parsed = json.loads(body)
    except ValueError as wrong:
        raise typer.BadParameter(f"not JSON: {wrong}") from wrong
    _tell(state_dir, system, path, parsed)


@app.command(epilog="Example: lineside sim scenarios")
def scenarios() -> None:
    """List the scenarios that come with Lineside."""
    from simulators.scenario import load, names

    for name in names():
        typer.echo(f"{name:16} {load(name).title}")


def _serve(make: "Callable[[], System]", port: int) -> None:
    from simulators.business_server import log_to_stderr, serve
    from simulators.business_store import AlreadyRunning

    log_to_stderr()
    try:
        serve(make, port)
    except (AlreadyRunning, OSError) as failed:
        typer.echo(str(failed), err=True)
        raise typer.Exit(1) from failed


def _tell(state_dir: Path, system: str, path: str, body: object) -> None:
    import json

    from simulators.business_client import BusinessClient, BusinessRefused

    try:
        with BusinessClient.of(state_dir, system) as client:
            typer.echo(json.dumps(client.post(path, body), indent=2, ensure_ascii=False))
    except (BusinessRefused, OSError) as failed:
        typer.echo(f"{type(failed).__name__}: {failed}", err=True)
        raise typer.Exit(1) from failed


def _ask(state_dir: Path, question: "Callable[[FactoryControl], Awaitable[dict[str, Any]]]") -> None:
    import asyncio
    import json

    from simulators.faults import FactoryControl, FactoryRefused

    async def ask() -> dict[str, Any]:
        async with FactoryControl.of(state_dir) as factory:
            return await question(factory)

    try:
        typer.echo(json.dumps(asyncio.run(ask()), indent=2))
    except (FactoryRefused, FileNotFoundError, ConnectionError, TimeoutError) as failed:
        typer.echo(f"{type(failed).__name__}: {failed}", err=True)
        raise typer.Exit(1) from failed
