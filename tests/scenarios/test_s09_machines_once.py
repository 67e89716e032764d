"""S09: machines over OPC UA and Modbus are counted once up to the core's ledger, whatever happens to cables and controllers.

After a day of history out of the spool. The seed is printed. LINESIDE_S09_S=600 runs the full ten minutes, as `make torture` does in its row `machines`.
"""

import os
import time
from pathlib import Path

import pytest

from tests.scenarios.machines_on_cables import DAY_S, EVERY_S, HISTORY_MACHINES, HISTORY_TAGS, run

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
SECONDS = 75.0
READINGS_OF_A_DAY = (
    HISTORY_MACHINES * (HISTORY_TAGS + 1) * (DAY_S / EVERY_S) * 0.99
)  # Each machine is out of reach for 5 s after a restart.


def test_what_machines_made_is_booked_once_through_pulled_cables_restarts_and_wraps(tmp_path: Path) -> None:
    seed = int(os.environ.get("LINESIDE_SEED", time.time_ns() % 1_000_000))
    seconds = float(os.environ.get("LINESIDE_S09_S", SECONDS))
    print(f"seed {seed} (LINESIDE_SEED), {seconds:.0f} s (LINESIDE_S09_S)")
    outcome = run(tmp_path, seed=seed, seconds=seconds)
    print(f"{outcome.seconds:.0f} s, pulled {outcome.pulled}, struck {outcome.struck}\n{outcome.verdict}")
    assert outcome.seconds >= seconds
    assert outcome.history.readings > READINGS_OF_A_DAY
    assert outcome.pulled.total() >= 3, outcome.pulled
    assert outcome.struck.total() >= 3, outcome.struck
    assert outcome.struck["restart"] >= 1, outcome.struck
    assert outcome.verdict.table.faults["wrap"] >= HISTORY_MACHINES + 2, outcome.verdict.table.faults
    assert outcome.verdict.good, str(outcome.verdict)
    table = outcome.verdict.table
    assert (table.lost, table.duplicated) == (0, 0)
    for row in outcome.rows("parts"):
        assert row.booked + row.not_assigned + row.in_doubt + row.gaps == row.made, row
    worked = [row for row in outcome.rows("parts") if not row.machine.startswith("history")]
    assert sum(row.booked for row in worked) > 0.5 * sum(row.made for row in worked), worked
    assert all(row.posted == row.booked for row in table.rows), table.as_json()
