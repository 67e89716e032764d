"""Loss of power: what `append` acknowledged is there afterwards, once. A spool that is weakened is found out."""

import shutil

import pytest

from tests.edge.delivery.power_cut import MUTANTS, power_cuts

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None and shutil.which("cc") is None,
    reason="no C compiler: the shim that writes down what a disk was told cannot be built",
)

FAILING = "log believed unsynced"
BLOCKS = "blocks shared"


@pytest.mark.parametrize("storage", ["disk", "flash"])
def test_no_power_cut_loses_an_acknowledged_entry(storage: str) -> None:
    result = power_cuts(40, seed=20, storage=storage)
    assert result.cuts == 40
    assert result.appended > 1000, "the lives were too short to lose anything"
    assert (result.lost, result.broken) == (0, [])


@pytest.mark.parametrize("mutant", sorted(MUTANTS.keys() - {FAILING, BLOCKS}))
def test_a_spool_that_syncs_less_is_found_out(mutant: str) -> None:
    assert power_cuts(12, seed=21, storage="disk", mutant=mutant).lost > 0


def test_a_sync_that_failed_is_not_believed_by_the_next_process() -> None:
    """The kernel shows what the disk does not have, and syncs it no more."""
    sound = power_cuts(40, seed=31, failing=True)
    assert sound.refused > 20, "too little failed"
    assert (sound.lost, sound.broken) == (0, [])
    assert power_cuts(40, seed=31, failing=True, mutant=FAILING).lost > 0


def test_flash_that_loses_a_whole_block_is_found_out_when_commits_share_one() -> None:
    assert power_cuts(60, seed=23, storage="flash", mutant=BLOCKS).lost > 0
