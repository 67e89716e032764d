"""A slice of the long run of `make torture`: an edge that polls leaks no file descriptor, lags little, and loses nothing.

    LINESIDE_LONG_RUN_S=1800 python -m pytest -n 0 tests/system/test_long_run.py    longer

Whether its memory grows cannot be told in a minute: that is asked in `make torture` alone.
"""

import os
from pathlib import Path

import pytest

from tests.benchmarks.long_run import BOUNDS, long_run

DURATION_S = float(os.environ.get("LINESIDE_LONG_RUN_S", "60"))
TAGS = 1000
NOT_IN_A_SLICE = ("rss_mb_per_h",)

pytestmark = [pytest.mark.system, pytest.mark.timeout(DURATION_S + 240)]


def test_an_edge_that_runs_on_leaks_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)  # noqa: S103  (PostgreSQL's account has to get through)
    figures = long_run(tmp_path / "run", tags=TAGS, duration_s=DURATION_S)
    assert {
        name: figures[name] for name in BOUNDS if name not in NOT_IN_A_SLICE and figures[name] > BOUNDS[name]
    } == {}
    assert figures["fds_end"] == figures["fds_start"]
    assert figures["uncommitted"] == 0
    assert figures["tags_per_s"] > TAGS / 2  # Beside other tests; alone it is all of them.
