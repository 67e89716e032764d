"""Nothing lost, nothing twice, everything in its order, whichever of api, keeper, bridge and core is killed."""

from pathlib import Path

import pytest

from tests.system.business_kills import KINDS, PAUSES, BusinessKiller
from tests.system.office_at_work import end_of_shift, office_at_work

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
EACH = 25
SEED = 20261124


def test_what_was_made_stands_in_the_core_once_whatever_is_killed(tmp_path: Path) -> None:
    with office_at_work(tmp_path, SEED) as (factory, second_bridge):
        killer = BusinessKiller(factory, second_bridge, seed=SEED, each=EACH)
        try:
            killer.run(factory.crew.tend)
            verdict = end_of_shift(factory)
        finally:
            killer.close()
    print(f"\nseed {SEED}: {killer.done}\n{verdict}")
    assert all(killer.done.kills[kind] >= EACH for kind in KINDS)
    assert all(killer.done.at_failpoint[kind] >= EACH // 2 for kind in ("api", "keeper", "bridge"))
    assert killer.done.pauses >= PAUSES - 1
    assert verdict.documents > 0
    assert verdict.good, f"seed {SEED}: {killer.done}\n{verdict}"
