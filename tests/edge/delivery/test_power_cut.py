"""Loss of power: what `append` acknowledged is there afterwards."""

import shutil

import pytest

from tests.edge.delivery.power_cut import power_cuts

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("cc") is None,
    reason="no C compiler: the shim that knows what a disk has kept cannot be built",
)


def test_no_power_cut_loses_an_acknowledged_entry() -> None:
    result = power_cuts(60, seed=20)
    assert result.cuts == 60
    assert result.appended > 1000, "the lives were too short to lose anything"
    assert (result.lost, result.broken) == (0, [])


@pytest.mark.parametrize("synchronous", [0, 1], ids=["OFF", "NORMAL"])
def test_a_spool_that_syncs_less_is_found_out(synchronous: int) -> None:
    assert power_cuts(30, seed=21, synchronous=synchronous).lost > 0
