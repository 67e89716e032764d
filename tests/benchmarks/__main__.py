"""`make bench`: every figure in one run, printed as a table and written to bench.json.

    python -m tests.benchmarks                 all rows
    python -m tests.benchmarks ingest start    some rows; those not measured stay as they are in bench.json
    python -m tests.benchmarks --torture       1000 kills, 3000 power cuts, 100 kills up to the ERP, ten minutes of pulled cables, half an
                                               hour of an edge: torture.json

Each row carries the time (UTC) at which it was `measured`. A row that is not built yet is absent, never zero. Ends with 1 where
a row counted something `wrong`, `lost` or `duplicated` or names a bound it went `beyond`: such a figure is no figure.
"""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.results import failures, keep

Row = Callable[[Path], dict[str, Any]]


def rows(torture: bool) -> dict[str, Row]:
    from tests.benchmarks import (
        commands,
        drain,
        erp,
        erp_kills,
        faults,
        ingest,
        long_run,
        machines,
        panels,
        polling,
        report,
        start,
        terminal,
    )

    if torture:
        return {
            "faults": lambda home: faults.faults(home, kills=1000, power_cuts_=3000),
            "erp_kills": lambda home: erp_kills.erp_kills(home, kills=100),
            "machines": machines.machines,
            "long_run": long_run.long_run,
        }
    return {
        "opcua_1000": lambda home: polling.opcua(home, 1000),
        "opcua_10000": lambda home: polling.opcua(home, 10_000),
        "modbus_1000": lambda home: polling.modbus(home, 1000),
        "modbus_10000": lambda home: polling.modbus(home, 10_000),
        "ingest": ingest.ingest,
        "drain": drain.drain,
        "commands": commands.commands,
        "report": report.report,
        "start": start.start,
        "panels": panels.panels,
        "oee_7_days": panels.oee_7_days,
        "erp": erp.erp,
        "terminal": terminal.terminal,
        "faults": lambda home: faults.faults(home, kills=54, power_cuts_=300),
    }


def main(arguments: list[str]) -> int:
    torture = "--torture" in arguments
    chosen = [argument for argument in arguments if not argument.startswith("-")]
    known = rows(torture)
    if unknown := [name for name in chosen if name not in known]:
        print(f"no such row: {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    file = Path("torture.json" if torture else "bench.json")
    console = Console()
    results: dict[str, dict[str, Any]] = {}
    for name, row in known.items():
        if not chosen or name in chosen:
            results[name] = _measured(name, row, console)
            keep(file, {name: results[name]}, list(known))
    console.print(_table(results))
    failed = failures(results)
    for problem in failed:
        console.print(f"[bold red]{problem}[/]")
    return 1 if failed else 0


def _measured(name: str, row: Row, console: Console) -> dict[str, Any]:
    began = time.monotonic()
    with (
        console.status(f"measuring {name}"),
        tempfile.TemporaryDirectory(prefix=f"lineside-{name}-") as folder,
    ):
        os.chmod(folder, 0o755)  # noqa: S103  (PostgreSQL's account has to get through)
        figures = row(Path(folder))
    console.print(f"{name}: {figures}   ({time.monotonic() - began:.0f} s)")
    return figures | {"measured": datetime.now(UTC).isoformat(timespec="seconds")}


def _table(results: dict[str, dict[str, Any]]) -> Table:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table("row", "figure", "value", title=machine)
    for name, figures in results.items():
        for index, (figure, value) in enumerate(figures.items()):
            table.add_row("" if index else name, figure, str(value))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
