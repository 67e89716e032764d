"""Bridges that die, stop and run side by side: in the core's ledger each document stands once, with its exact sum."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.erp_bridge.bridge_here import core_settings
from tests.erp_bridge.bridge_process import BridgeProcess, until
from tests.erp_bridge.floor import Floor
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import BusinessProcess, released_order

FAILPOINTS = (
    "bridge.claim.after_commit",
    "bridge.send.before",
    "bridge.send.after",
    "bridge.mark.after_commit",
)
TIMEOUT_S, SETTLE_S = 1.0, 3.0
MakesBridge = Callable[[str], BridgeProcess]


@pytest.fixture
def make_bridge(tmp_path: Path, bridge_url: str, core_process: BusinessProcess) -> Iterator[MakesBridge]:
    made: list[BridgeProcess] = []

    def make(name: str) -> BridgeProcess:
        settings = core_settings(core_process.endpoint, timeout_s=TIMEOUT_S, settle_s=SETTLE_S)
        (tmp_path / name).mkdir()
        made.append(BridgeProcess(tmp_path / name, bridge_url, {"connectors": {"core": settings}}))
        return made[-1]

    yield make
    for bridge in made:
        bridge.stop()


def ask(database: PlantDatabase, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(database.superuser_url, row_factory=dict_row, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def states(database: PlantDatabase) -> Counter[str]:
    return Counter(row["state"] for row in ask(database, "SELECT state FROM bridge.document"))


def in_ledger(core: BusinessProcess, *orders: str) -> list[dict[str, Any]]:
    """What was posted for the orders, by the core's own ledger."""
    return [line for line in core.ledger() if line["event"] == "document" and line["work_order"] in orders]


def assert_told_once(core: BusinessProcess, expected: dict[str, list[str]]) -> None:
    """Each order has exactly these completions, in this order, under keys that are used once."""
    found = in_ledger(core, *expected)
    assert max(Counter(line["external_id"] for line in found).values()) == 1
    for number, quantities in expected.items():
        told = [line["document"]["lines"][0]["quantity"] for line in found if line["work_order"] == number]
        assert told == quantities
        assert sum(map(Decimal, told)) == sum(map(Decimal, quantities))


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_bridge_killed_anywhere_and_two_after_it_post_each_document_once(
    core: httpx.Client,
    core_process: BusinessProcess,
    floor: Floor,
    plant_database: PlantDatabase,
    make_bridge: MakesBridge,
    failpoint: str,
) -> None:
    expected = {released_order(core): ["1", "2.5", "3"], released_order(core): ["4", "5"]}
    for number, quantities in expected.items():
        for quantity in quantities:
            floor.good(number, quantity)

    killed = make_bridge("killed").start(f"{failpoint}:{1 if 'claim' in failpoint else 2}")
    assert killed.wait_for_end() == -signal.SIGKILL, killed.words()
    assert states(plant_database)["accepted"] < 5  # It died at work.
    both = (make_bridge("one").start(), make_bridge("two").start())
    until(lambda: states(plant_database) == {"accepted": 5}, "five accepted", both)

    assert_told_once(core_process, expected)
    until(lambda: all("bridge_ready" in bridge.words() for bridge in both), "both started", both)
    assert [bridge.stop() for bridge in both] == [0, 0]


def test_a_sender_that_stands_still_keeps_its_lane_and_one_that_lost_it_sends_nothing(
    core: httpx.Client,
    core_process: BusinessProcess,
    floor: Floor,
    plant_database: PlantDatabase,
    make_bridge: MakesBridge,
) -> None:
    stuck, other = released_order(core), released_order(core)
    late = {"kind": "timeout_then_success", "match": "completions", "delay_s": 0.8}
    core.post("/control/lie", json=late)
    floor.good(stuck, "7")
    floor.good(stuck, "8")
    first = make_bridge("first").start()
    sending = "SELECT 1 FROM bridge.document WHERE state = 'sending'"
    until(lambda: ask(plant_database, sending) and in_ledger(core_process, stuck), "it sends", (first,))
    first.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()

    second = make_bridge("second").start()
    floor.good(other, "1")
    until(lambda: in_ledger(core_process, other), "the other lane goes on", (second,))
    until(lambda: time.monotonic() > stopped + 2 * SETTLE_S, "twice the time to settle")
    assert len(in_ledger(core_process, stuck)) == 1
    attempts = ask(plant_database, "SELECT max(attempts) AS most FROM bridge.document WHERE attempts > 0")
    assert attempts == [{"most": 1}]

    cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lineside bridge send%'"
    ask(plant_database, cut_off)  # Also the second one's, which come back.
    until(lambda: states(plant_database) == {"accepted": 3}, "the second takes over", (second,))
    first.send_signal(signal.SIGCONT)
    floor.good(other, "2")
    until(lambda: states(plant_database) == {"accepted": 4}, "both work", (first, second))

    assert_told_once(core_process, {stuck: ["7", "8"], other: ["1", "2"]})
