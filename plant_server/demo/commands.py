"""`lineside demo`: a whole factory on this machine, with one command."""

import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from plant_server.demo.plant import PlantOptions
    from plant_server.demo.run import DemoOptions, Factory

    Edges = tuple[tuple[str, str], ...]
    """Pairs of group and name."""

app = typer.Typer()
WIDE = 110  # Columns of the truth table; in a file or a narrow terminal its lines are long rather than cut.


@app.command(
    epilog="Examples: lineside demo   |   lineside demo --duration 120 --report r.json   |   lineside demo --speed 20"
)
def demo(
    duration: Annotated[
        float | None,
        typer.Option(min=60, help="Seconds of production, then the truth table. Without: until Ctrl-C."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the truth table as JSON.")] = None,
    seed: Annotated[int | None, typer.Option(help="Repeat an earlier run's machines. [random]")] = None,
    speed: Annotated[
        float, typer.Option(min=0.1, max=20, help="Divides cycle times; clocks stay real.")
    ] = 10.0,
    scenario: Annotated[
        str, typer.Option(help="`lineside sim scenarios` lists them; or a YAML file.")
    ] = "demo",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what this folder's demo made before.")
    ] = False,
    plant_only: Annotated[
        bool,
        typer.Option("--plant-only", help="Database, broker and plant alone, for machines of your own."),
    ] = False,
    edge: Annotated[
        list[str] | None, typer.Option(help="group:name of an edge of your own that may connect too.")
    ] = None,
    postgres: Annotated[str | None, typer.Option(help="installed or wheel. [what is there]")] = None,
    broker: Annotated[str | None, typer.Option(help="mosquitto or amqtt. [what is there]")] = None,
) -> None:
    """Run simulated machines, an edge, a broker, a database, the plant, an ERP, a PLM, the bridge and a crew here."""
    from plant_server.demo.shop_floor import FactoryFailed
    from plant_server.embedded.errors import EmbeddedServerError

    options = _options(_plant(postgres, broker), scenario, seed, speed, duration)
    try:
        if plant_only:
            _run_plant_alone(options, _edges(edge or []), fresh=fresh)
        failed = _run(_with_edges(options, _edges(edge or [])), report, fresh=fresh or duration is not None)
    except (FactoryFailed, EmbeddedServerError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    if failed:
        raise typer.Exit(1)


def _plant(postgres: str | None, broker: str | None) -> "PlantOptions":
    from typing import cast

    from plant_server.demo.plant import SHIFTS, PlantOptions
    from plant_server.embedded.broker import Kind
    from plant_server.embedded.postgres_binaries import Source

    if postgres not in (None, "installed", "wheel") or broker not in (None, "mosquitto", "amqtt"):
        raise typer.BadParameter("--postgres is installed or wheel, --broker is mosquitto or amqtt")
    return PlantOptions(
        postgres=cast("Source | None", postgres),
        broker=cast("Kind | None", broker),
        tls=broker != "amqtt",
        shifts=SHIFTS,
    )


def _options(
    plant: "PlantOptions", scenario: str, seed: int | None, speed: float, duration: float | None
) -> "DemoOptions":
    from plant_server.demo.run import DemoOptions
    from plant_server.demo.shop_floor import FloorOptions

    seed = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    return DemoOptions(
        home=Path(os.environ.get("LINESIDE_HOME", ".lineside")).resolve(),
        plant=plant,
        floor=FloorOptions(scenario=scenario, seed=seed, speed=speed),
        duration_s=duration,
    )


def _with_edges(options: "DemoOptions", own: "Edges") -> "DemoOptions":
    """Edges of one's own beside the demo's."""
    from dataclasses import replace

    return replace(options, plant=replace(options.plant, edges=(*options.plant.edges, *own)))


def _edges(names: list[str]) -> "Edges":
    """`group:name` as pairs."""
    pairs = [tuple(name.split(":")) for name in names]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise typer.BadParameter("--edge is group:name")
    return tuple((group, name) for group, name in pairs)


def _run_plant_alone(options: "DemoOptions", own: "Edges", *, fresh: bool) -> "NoReturn":
    from dataclasses import replace

    from rich.console import Console

    from plant_server.demo.folder import forget
    from plant_server.demo.plant_alone import run

    if fresh:
        forget(options.home)
    console = Console()
    plant = replace(options.plant, edges=own or options.plant.edges, accept_equipment=False, shifts=None)
    run(options.home, plant, lambda text: console.print(text, soft_wrap=True, highlight=False, markup=False))


def _run(options: "DemoOptions", report_path: Path | None, *, fresh: bool) -> bool:
    """Run the demo on this terminal; returns whether it failed to prove itself."""
    from rich.console import Console

    from plant_server.demo import run as demo_run
    from plant_server.demo.folder import forget

    console = Console()
    if fresh:
        forget(options.home)
    started = time.monotonic()
    with console.status("starting") as status:

        def wait(seconds: float, text: str) -> None:
            status.update(f"{text}, {time.monotonic() - started:.0f} s since the start")
            time.sleep(seconds)

        with demo_run.living_factory(options, console.print) as factory:
            console.print(f"living after {time.monotonic() - started:.1f} s   seed {options.floor.seed}")
            _introduce(factory, console.print)
            if options.duration_s is None:
                console.print("Ctrl-C ends it.")
                demo_run.command(factory.floor, "start")
                demo_run.keep_going(factory, wait, lambda: 1.0)
            report = demo_run.produce(options, factory, wait)
    Console(width=max(console.width, WIDE)).print(report.as_table())
    if report_path is not None:
        demo_run.write_report(report, report_path)
    for shortcoming in report.shortcomings():
        console.print(f"[red]{shortcoming}")
    return bool(report.shortcomings())


def _introduce(factory: "Factory", say: "Callable[[str], None]") -> None:
    """Where everything is, and who may sign in."""
    plant, business = factory.plant, factory.business
    say(f"  plant   {plant.api_url}   terminals at /, machines at /status, API at /openapi.json")
    say(f"  broker  {plant.broker.url}   {plant.broker.notice or ''}")
    for device in factory.floor.devices:
        say(f"  {device['name']:14} {device['url']}")
    say(f"  bridge  {business.bridge_url}   its key: {business.bridge_key()}")
    say(f"  core    {business.url('core')}   PLM {business.url('plm')}, both simulated")
    say(f"  files   {plant.home}")
    say("  sign in " + ", ".join(f"{one.name} ({one.role}) {one.pin}" for one in factory.crew.people))
    say("          a crew works the orders off; what you do at a terminal counts beside it")
