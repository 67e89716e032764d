"""Row `machines`: ten minutes at speed 20 of pulled cables, restarts and wraps, after a day of history out of a spool.

The same code as the scenario of `make test`, for longer. `lost` and `duplicated` are those of the truth table, from the machines'
own ledgers to that of the core; `wrong`: readings and entries that the plant has otherwise than the spool.
"""

from pathlib import Path
from typing import Any

from tests.scenarios.machines_on_cables import run

SEED = 20261124
SECONDS = 600.0


def machines(home: Path) -> dict[str, Any]:
    outcome = run(home, seed=SEED, seconds=SECONDS)
    table = outcome.verdict.table
    return {
        "seconds": round(outcome.seconds),
        "history_readings": outcome.history.readings,
        "cables_pulled": outcome.pulled.total(),
        "struck": outcome.struck.total(),
        "parts": table.made("parts"),
        "lost": table.lost,
        "duplicated": table.duplicated,
        "wrong": len(outcome.verdict.problems),
        "seed": SEED,
    }
