"""The judge against systems broken on purpose: each fault is harmless to the honest program, and shows with the broken
one. A judge that is content with these would be worth nothing."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant
from tests.system.check_history import Verdict, check
from tests.system.workshop import Wiring, Workshop, workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

MUTANTS = Path(__file__).with_name("mutants")
PAUSE_S = 3.0
"""Longer than an edge waits for an answer, so that it sends again."""
SETTLE_WITHIN_S = 6.0
DEATHS = 4
LOST = "SELECT coalesce(sum(last - first + 1), 0)::bigint FROM plant.gap WHERE reason = 'not_kept'"


def test_an_ingest_that_stores_repeats_is_found_out(tmp_path: Path) -> None:
    with workshop(tmp_path) as shop:
        begin_again(shop)
        pause_ingest(shop)
        verdict = judged(shop)
        assert verdict.good, str(verdict)

        sabotage(shop.plant.ingest, "stores_repeats")
        begin_again(shop)
        pause_ingest(shop)
        verdict = judged(shop)
        assert any("reading stored too often" in problem for problem in verdict.problems), str(verdict)


def test_an_edge_that_takes_sent_for_committed_is_found_out(tmp_path: Path) -> None:
    with workshop(tmp_path) as shop:
        begin_again(shop)
        die_before_commit(shop)
        kill_broker(shop)
        verdict = judged(shop)
        assert verdict.good, str(verdict)

        sabotage(shop.edge, "trusts_what_it_sent")
        begin_again(shop)
        die_before_commit(shop)
        kill_broker(shop)
        verdict = judged(shop)
        assert verdict.table.lost > 0, str(verdict)
        assert any("reading lost" in problem for problem in verdict.problems), str(verdict)
        assert any("the plant stored up to" in problem for problem in verdict.problems), str(verdict)


def test_an_ingest_that_answers_before_its_commit_is_found_out(tmp_path: Path) -> None:
    """The edge keeps nothing that it was told is stored. So what the plant then asks for again is lost."""
    with workshop(tmp_path, Wiring(spool=(("keep_h", 0),), rewire=poll_out_of_step)) as shop:
        shop.edge.stop()
        shop.edge.program = [str(MUTANTS / "forgets_quickly.py")]
        begin_again(shop)
        for _ in range(DEATHS):
            die_before_commit(shop)
        verdict = judged(shop)
        assert verdict.good, str(verdict)
        assert shop.value(LOST) == 0

        sabotage(shop.plant.ingest, "answers_too_early")
        begin_again(shop)
        for _ in range(DEATHS):
            die_before_commit(shop)
        judged(shop)
        assert shop.value(LOST) > 0


def poll_out_of_step(config: dict[str, Any], _: Plant) -> None:
    """The edge forgets whole batches: so most of them should hold a single entry."""
    for device, period_s in zip(config["devices"], (0.31, 0.43, 0.57, 0.71), strict=True):
        device["period_s"] = period_s


def sabotage(child: Child, mutant: str) -> None:
    """From its next start on it runs the broken program."""
    child.stop()
    child.program = [str(MUTANTS / f"{mutant}.py")]


def begin_again(shop: Workshop) -> None:
    shop.plant.ingest.start()
    shop.edge.start()
    shop.produce()
    shop.wait_until_moving()


def pause_ingest(shop: Workshop) -> None:
    """The plant is slow for a while: the edge hears nothing and sends again."""
    shop.wait_until_moving()
    pid = shop.plant.ingest.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    paused = time.monotonic()
    shop.wait_until("the end of the pause", lambda: time.monotonic() > paused + PAUSE_S)
    os.kill(pid, signal.SIGCONT)
    shop.wait_until_moving()


def die_before_commit(shop: Workshop) -> None:
    """Ingest dies with messages in its hands, and begins again."""
    ingest = shop.plant.ingest
    ingest.stop()
    ingest.start(LINESIDE_FAILPOINT="ingest.before_commit:3")
    assert ingest.wait(30), f"ingest never came to its failpoint:\n{ingest.last_words()}"
    assert ingest.exit_code == -signal.SIGKILL
    shop.wait_until_spooled()
    ingest.start()


def kill_broker(shop: Workshop) -> None:
    shop.plant.broker.kill()
    shop.wait_until_spooled()
    shop.plant.broker.start()


def judged(shop: Workshop) -> Verdict:
    """Bring the factory to rest as far as it goes, which a broken one may not, and judge it."""
    shop.halt()
    deadline = time.monotonic() + SETTLE_WITHIN_S
    shop.wait_until("rest", lambda: is_at_rest(shop) or time.monotonic() > deadline)
    shop.edge.stop()
    return check(shop.floor.state_dir, shop.plant.database.url(), shop.floor.spool_path)


def is_at_rest(shop: Workshop) -> bool:
    return shop.committed() == shop.head()[1] and shop.table().balanced
