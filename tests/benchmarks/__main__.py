"""`make bench`: every figure in one run, printed as a table and written to bench.json.

    python -m tests.benchmarks                 all rows
    python -m tests.benchmarks ingest start    some rows
    python -m tests.benchmarks --torture       1000 kills and 3000 power cuts, written to torture.json

A row that is not built yet is absent, never zero. A row that could not run here is absent too, with the reason printed.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Callable[[Path], dict[str, Any]]


def rows(torture: bool) -> dict[str, Row]:
    from tests.benchmarks import (
        commands,
        drain,
        erp,
        faults,
        ingest,
        panels,
        polling,
        report,
        start,
        terminal,
    )

    if torture:
        return {"faults": lambda home: faults.faults(home, kills=1000, power_cuts_=3000)}
    return {
        "opcua_1000": lambda home: polling.opcua(home, 1000),
        "modbus_1000": lambda home: polling.modbus(home, 1000),
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
    console, results = Console(), {}
    for name, row in known.items():
        if chosen and name not in chosen:
            continue
        began = time.monotonic()
        with (
            console.status(f"measuring {name}"),
            tempfile.TemporaryDirectory(prefix=f"lineside-{name}-") as folder,
        ):
            os.chmod(folder, 0o755)  # noqa: S103  (PostgreSQL's account has to get through)
            results[name] = row(Path(folder))
        console.print(f"{name}: {results[name]}   ({time.monotonic() - began:.0f} s)")
    table = Table(
        "row",
        "figure",
        "value",
        title=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    for name, figures in results.items():
        for index, (figure, value) in enumerate(figures.items()):
            table.add_row("" if index else name, figure, str(value))
    console.print(table)
    file = Path("torture.json" if torture else "bench.json")
    file.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
