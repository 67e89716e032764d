"""The front door: one command. Each subcommand imports its package only when it is called.

An edge box has no FastAPI and a plant server no OPC UA; what is missing is said in words.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

PACKAGES = {
    "demo": ("plant_server.demo.commands", "demo"),
    "edge": ("edge.commands", "edge"),
    "ingest": ("plant_server.commands", "server"),
    "keeper": ("plant_server.commands", "server"),
    "api": ("plant_server.commands", "server"),
    "bridge": ("erp_bridge.commands", "bridge"),
    "migrate": ("plant_server.commands", "server"),
    "audit": ("plant_server.commands", "server"),
    "prepare": ("plant_server.commands", "server"),
    "digest": ("plant_server.digest.commands", "server"),
    "shifts": ("plant_server.shifts.commands", "server"),
    "backup": ("plant_server.installation.commands", "server"),
    "restore": ("plant_server.installation.commands", "server"),
    "doctor": ("plant_server.installation.commands", "server"),
    "dashboards": ("dashboards.commands", "server"),
    "sim": ("simulators.commands", "sim"),
}
"""Subcommand -> the module whose `app` (or `<name>_app`) holds it, and the extra that installs what it needs."""
OURS = ("edge", "plant_server", "erp_bridge", "dashboards", "simulators")


class LazyCommands(TyperGroup):
    """Finds a subcommand by importing the module that holds it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PACKAGES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in PACKAGES:
            return None
        module = import_module(PACKAGES[cmd_name][0])
        app: Any = getattr(module, f"{cmd_name}_app", None) or module.app
        command: Any = typer.main.get_command(app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lineside: a shop-floor MES edge. Counts every part and kWh once, from the PLC to the ledger.",
)


@app.callback()
def _front_door() -> None:
    pass


def main() -> None:
    """Run the command line. A package of another extra that is not installed is said in words."""
    try:
        app()
    except ModuleNotFoundError as error:
        command = next((word for word in sys.argv[1:] if word in PACKAGES), None)
        if command is None or error.name is None or error.name.split(".")[0] in OURS:
            raise
        extra = PACKAGES[command][1]
        print(f"`lineside {command}` needs {error.name}: pip install 'lineside[{extra}]'", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
