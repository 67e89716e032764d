"""The truth table after kills: edge, broker, ingest with and without a standby, PostgreSQL, keeper, all interleaved."""

from pathlib import Path

import pytest

from tests.system.kills import KINDS, run_kills

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
EACH = 25
SEED = 20261124


def test_every_part_and_entry_is_stored_once_whatever_is_killed(tmp_path: Path) -> None:
    run = run_kills(tmp_path, seed=SEED, each=EACH)
    print(
        f"\nseed {run.seed}: {run.total} kills, {run.at_failpoint.total()} at failpoints, slowest {run.slowest_s:.1f} s"
    )
    print(run.verdict)
    assert all(run.kills[kind] == EACH for kind in KINDS)
    assert run.verdict is not None
    assert run.verdict.good, f"seed {run.seed}\n{run.verdict}"
