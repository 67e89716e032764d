"""The judge of the business side against a bridge broken on purpose: answers are lost, and it posts twice.

The honest bridge hears the same lies in test_business_kills.py, and posts once.
"""

import time
from pathlib import Path

import pytest

from plant_server.demo.run import Factory
from simulators import business_truth
from tests.system.office_at_work import end_of_shift, office_at_work

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

MUTANT = Path(__file__).with_name("mutants") / "posts_again_unseen.py"
SEED = 7
LOST = 3
LIES_WITHIN_S = 60.0


def test_a_bridge_that_posts_again_without_looking_is_found_out(tmp_path: Path) -> None:
    with office_at_work(tmp_path, SEED) as (factory, second_bridge):
        for bridge in (factory.business.bridge, second_bridge):
            bridge.stop()
            bridge.program = [str(MUTANT)]
            bridge.start()
        lose_answers(factory)
        verdict = end_of_shift(factory)
    assert not verdict.good, str(verdict)
    assert verdict.table.lost == 0, str(verdict)
    assert verdict.table.duplicated > 0, str(verdict)
    assert verdict.duplicated >= LOST, str(verdict)


def lose_answers(factory: Factory) -> None:
    """The core posts completions, and its answers never arrive."""
    with factory.business.client("core") as core:
        lie = {"kind": "commit_and_lost_reply", "match": "completions", "times": LOST}
        core.post("/control/lie", lie)
    deadline = time.monotonic() + LIES_WITHIN_S
    while business_truth.lies_told(factory.business.state_dir).get("commit_and_lost_reply", 0) < LOST:
        factory.check_alive()
        assert time.monotonic() < deadline, factory.business.bridge.last_words()
        factory.crew.tend()
        time.sleep(0.2)
