"""Counters that wrap, restart, are reset and lie, in the living system: booked right, or an open case. Never silent."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from plant_server.demo.plant import Plant
from simulators import truth
from simulators.truth_table import Row
from tests.system.scripted_cells import RATE_MAX_PER_S, ScriptedCell, ScriptedCells
from tests.system.workshop import Wiring, Workshop, workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SCENARIO = Path(__file__).with_name("counters.yaml")
START_VALUES = {
    "reset_seen": 1000,
    "reset_unseen": 0,
    "reset_standing": 0,
    "wraps": 65530,
    "lies": 300,
    "reset_in_outage": 1000,
    "goes_on_in_outage": 500,
}
SHOWN = """SELECT last_value.value FROM plant.last_value JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
           WHERE device.name = %(device)s AND tag.name = 'parts'"""
NO_CONTACT_WITHIN_S = 10.0
CLIMB = 40  # Parts between two polls, which may be 0.1 s apart where 0.2 s were planned.


@dataclass(frozen=True, slots=True)
class Bench:
    """Scripted cells and simulated machines on one edge."""

    shop: Workshop
    cells: ScriptedCells

    def cell(self, name: str) -> ScriptedCell:
        return self.cells.by_name[name]

    def seen(self, name: str, value: int) -> None:
        """Until the plant has the reading, and with it what the odometer made of it."""
        self.shop.wait_until(
            f"{name} at {value}", lambda: self.shop.value(SHOWN, device=name) == value, every_s=0.03
        )

    def make(self, name: str, parts: int) -> None:
        """Make parts and wait until the plant has seen them."""
        cell = self.cell(name)
        cell.make(parts)
        self.seen(name, cell.shown)

    def climb(self, name: str, to: int) -> None:
        """Make parts until the counter shows `to`, well within the machine's rate."""
        while (left := to - self.cell(name).shown) > 0:
            self.make(name, min(left, CLIMB))

    def row(self, name: str) -> Row:
        return next(row for row in self.shop.table().rows if row.machine == name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with ExitStack() as open_:
        home: Path = tmp_path_factory.mktemp("counters")
        cells = open_.enter_context(ScriptedCells(home / "demo"))

        def add_cells(config: dict[str, Any], _: Plant) -> None:
            for name, shown in START_VALUES.items():
                config["devices"].append(cells.add(name, shown=shown).device())

        wiring = Wiring(scenario=str(SCENARIO), rewire=add_cells)
        bench = Bench(open_.enter_context(workshop(home, wiring)), cells)
        for name, shown in START_VALUES.items():
            bench.seen(name, shown)
        bench.make("reset_standing", 40)
        bench.cell("reset_standing").restart(then_make=5)  # It takes a minute: the last test looks at it.
        bench.shop.produce()
        yield bench


def assert_told(row: Row) -> None:
    """Nothing missing, nothing too much; what is not in the total is in a case whose bounds hold the truth."""
    assert (row.missing, row.outside) == (0, 0), row
    assert row.stored == row.made or row.cases, row


def assert_exact(row: Row) -> None:
    assert (row.stored, row.cases) == (row.made, []), row


def test_a_reset_seen_live_counts_what_comes_after(bench: Bench) -> None:
    bench.make("reset_seen", 10)
    bench.cell("reset_seen").restart()
    bench.seen("reset_seen", 0)
    bench.make("reset_seen", 30)
    row = bench.row("reset_seen")
    assert row.made == 40
    assert_told(row)


def test_a_reset_between_two_polls_is_a_case(bench: Bench) -> None:
    bench.make("reset_unseen", 40)
    bench.cell("reset_unseen").restart(then_make=5)
    bench.seen("reset_unseen", 5)
    bench.make("reset_unseen", 3)
    row = bench.row("reset_unseen")
    assert row.made == 48
    assert row.cases, row
    assert_told(row)


def test_a_16_bit_wrap_is_counted_exactly(bench: Bench) -> None:
    """A 31-bit one comes with press1, whose counter starts 10 below its top."""
    bench.make("wraps", 26)
    bench.make("wraps", 5)
    assert bench.cell("wraps").shown == 25
    assert_exact(bench.row("wraps"))


def test_one_false_zero_counts_nothing(bench: Bench) -> None:
    bench.cell("lies").show(0)
    bench.seen("lies", 0)
    bench.cell("lies").show_truth()
    bench.seen("lies", 300)
    bench.make("lies", 7)
    assert_exact(bench.row("lies"))


def test_what_was_made_while_the_edge_was_dead_is_counted_or_asked(bench: Bench) -> None:
    shop = bench.shop
    bench.seen("reset_in_outage", 1000)
    shop.edge.kill()
    died = time.monotonic()
    bench.cell("reset_in_outage").restart(then_make=700)
    bench.cell("goes_on_in_outage").make(60)
    bench.cell("goes_on_in_outage").make(40)
    made = shop.made()
    shop.wait_until(
        "the time 700 parts take, and production meanwhile",
        lambda: time.monotonic() > died + 700 / RATE_MAX_PER_S and shop.made() > made,
    )
    shop.edge.start()
    bench.seen("reset_in_outage", 700)
    bench.climb("reset_in_outage", 800)
    bench.climb("reset_in_outage", 1200)
    bench.seen("goes_on_in_outage", 600)
    went_on, reset = bench.row("goes_on_in_outage"), bench.row("reset_in_outage")
    assert (went_on.made, reset.made) == (100, 1200)
    assert_told(went_on)
    assert_told(reset)
    assert reset.cases, reset


def test_faults_of_every_kind_of_machine_balance(bench: Bench) -> None:
    shop = bench.shop
    shop.fault("press1", "restart", 2.0)
    shop.fault("mould1", "job_reset")
    shop.fault("cell1", "glitch", 1.5)
    over(shop, "press1", "restart")
    over(shop, "cell1", "glitch")
    shop.fault("cell1", "restart", 1.0)
    shop.fault("mould1", "refused", 2.0)
    over(shop, "cell1", "restart")
    over(shop, "mould1", "refused")
    shop.halt()
    shop.wait_until(
        "every machine told", lambda: all((row.missing, row.outside) == (0, 0) for row in machines(bench))
    )


def test_a_dead_reader_is_shown_and_its_time_is_unknown(bench: Bench) -> None:
    shop = bench.shop
    shop.edge.start()
    shop.produce()
    shop.wait_until("contact with press1", lambda: state_of(shop, "press1")["contact"] == "in contact", 60)
    shop.edge.kill()
    killed_at = time.time()
    shop.wait_until(
        "no contact on the screen",
        lambda: state_of(shop, "press1")["contact"] == "no contact",
        NO_CONTACT_WITHIN_S,
    )
    shop.wait_until("a while without a reader", lambda: time.time() > killed_at + 3)
    shop.edge.start()
    shop.wait_until("contact with press1", lambda: state_of(shop, "press1")["contact"] == "in contact", 60)
    shop.wait_until(
        "the time without a reader as unknown", lambda: state_at(shop, "press1", killed_at + 2) == "unknown"
    )
    shop.wait_until("a known state again", lambda: state_of(shop, "press1")["state"] != "unknown")


def test_a_counter_that_stands_still_after_a_reset_is_asked_about(bench: Bench) -> None:
    shop = bench.shop
    shop.edge.start()
    shop.wait_until("a case", lambda: bench.row("reset_standing").cases, 90)
    row = bench.row("reset_standing")
    assert row.made == 45
    assert_told(row)
    verdict = shop.verdict()
    assert verdict.good, str(verdict)


def machines(bench: Bench) -> list[Row]:
    return [row for row in bench.shop.table().rows if row.machine in ("press1", "mould1", "cell1")]


def over(shop: Workshop, machine: str, fault: str) -> None:
    """Until the fault is over by the ledger."""
    path = truth.ledger_path(shop.floor.state_dir, machine)

    def is_over() -> bool:
        events = [line for line in truth.read(path) if isinstance(line, truth.Event)]
        return any(line.event == "fault_over" and line.facts["fault"] == fault for line in events)

    shop.wait_until(f"the end of {fault}", is_over)


def state_of(shop: Workshop, machine: str, span: str = "") -> dict[str, Any]:
    path = quote(f"test/plant1/area1/line1/{machine}")
    with urlopen(f"{shop.plant.api_url}/api/v1/machines/{path}/state{span}", timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def state_at(shop: Workshop, machine: str, at_s: float) -> str | None:
    """What the API says of one moment, UTC."""
    moment = datetime.fromtimestamp(at_s, UTC)
    from_, to = (datetime.fromtimestamp(at_s + shift, UTC).isoformat() for shift in (-30, 30))
    for interval in state_of(shop, machine, f"?from={quote(from_)}&to={quote(to)}")["intervals"]:
        begins = datetime.fromisoformat(interval["from_ts"])
        ends = datetime.fromisoformat(interval["to_ts"]) if interval["to_ts"] else None
        if begins <= moment and (ends is None or moment < ends):
            return str(interval["state"])
    return None
