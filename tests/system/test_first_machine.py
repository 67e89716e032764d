"""The guide "Your first machine in ten minutes", carried out as it is written, on machines that are not ours.

From two addresses to counters in the plant's database: an OPC UA server (node-opcua) and a Modbus server (libmodbus),
a plant of the demo, an edge, a page with new devices, proposals that are accepted, parts that are counted.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.edge.onboarding.foreign_machines import ModbusMachine, OpcUaMachine, modbus_machine, opcua_machine
from tests.system.guide import Block, Reader, blocks_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

EDGE = Path(__file__).parents[2] / "edge"
ENGLISH, CHINESE = EDGE / "FIRST_MACHINE.md", EDGE / "FIRST_MACHINE.zh-CN.md"
COUNT_WITHIN_S = 60.0
PARTS = 7


def test_both_languages_have_the_same_commands() -> None:
    assert blocks_of(CHINESE) == blocks_of(ENGLISH)


@dataclass(frozen=True, slots=True)
class Machines:
    press: OpcUaMachine
    bus: ModbusMachine


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    folders = [tmp_path / "opcua", tmp_path / "modbus"]
    for folder in folders:
        folder.mkdir()
    with opcua_machine(folders[0]) as press, modbus_machine(folders[1]) as bus:
        press.order(run=4)
        bus.order("run 4")
        yield Machines(press, bus)


def test_from_two_addresses_to_counted_parts(machines: Machines, tmp_path: Path) -> None:
    folder = tmp_path / "first-machine"
    folder.mkdir()
    steps = iter(blocks_of(ENGLISH))
    with Reader(folder) as reader:
        reader.starts(next(steps))
        plant = reader.sees(r"plant +(http://[0-9.:]+)")
        broker = reader.sees(r"broker +(mqtts://[0-9.:]+)")
        addresses = {
            "PLANT": plant,
            "BROKER": broker,
            "MACHINE": machines.press.url,
            "METER": machines.bus.url,
        }
        reader.knows(next(steps), addresses)
        draft(reader, steps, folder, machines)
        assert "3 of 3 devices are well" in reader.does(next(steps))
        reader.starts(next(steps))
        count(reader, next(steps), next(steps), machines, plant)
    assert next(steps, None) is None, "a step of the guide was not carried out"
    assert machines.bus.order("make 0") == 0, "something was sent that was no read of registers"


def draft(reader: Reader, steps: Iterator[Block], folder: Path, machines: Machines) -> None:
    """Steps 3 to 5: look, draft, confirm. Then the machines stand still."""
    assert "Press 1/计数/良品/计数" in reader.does(next(steps))
    assert "press.yaml: 7 tags" in reader.does(next(steps))
    assert "good_count" in reader.does(next(steps))
    reader.does(next(steps))
    assert "CONFIRM" not in "".join(
        line for line in (folder / "press.yaml").read_text(encoding="utf-8").splitlines() if "- {" in line
    )
    found = reader.does(next(steps))
    assert "unit 1 is read by: profile: eastron_sdm630, unit_id: 1" in found
    machines.bus.order("make 10")  # The low word has wrapped by now, and rises.
    assert "role: counter" in reader.does(next(steps))
    machines.press.order(run=0)
    machines.bus.order("run 0")


def count(reader: Reader, accept: Block, look: Block, machines: Machines, plant: str) -> None:
    """Steps 8 and 9: accepted, and every part counted; the page shows it."""

    def totals() -> dict[tuple[str, str], int]:
        return {(one["device"], one["tag"]): one["total"] for one in json.loads(reader.does(look))["items"]}

    until(
        "an odometer of every counter",
        lambda: {"press1", "meter1", "cell1"} <= {device for device, _ in totals()},
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        page = browser.new_page(locale="en")
        page.set_default_timeout(20_000)
        page.goto(f"{plant}/status")
        for device in ("press1", "meter1", "cell1"):
            expect(page.locator("#new-list")).to_contain_text(f"first/{device}")
        answers = reader.does(accept)
        assert answers.count('"state":"accepted"') == 3
        expect(page.locator("#new")).to_be_hidden()
        before = totals()
        machines.press.order(make=PARTS)
        machines.bus.order(f"make {PARTS}")
        (cell_tag,) = [tag for device, tag in before if device == "cell1"]
        for key in (("press1", "good_count"), ("cell1", cell_tag)):
            until(f"{PARTS} parts of {key}", lambda key=key: totals()[key] == before[key] + PARTS)
        until(
            "700 Wh of the press",
            lambda: totals()["press1", "energy_total"] == before["press1", "energy_total"] + 700,
        )
        assert totals()["press1", "reject_count"] == before["press1", "reject_count"]
        shown = totals()["press1", "good_count"]
        expect(page.locator("tr", has_text="press1").locator("td.number").first).to_have_text(f"{shown}")
        browser.close()


def until(what: str, condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + COUNT_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {COUNT_WITHIN_S:g} s in vain for {what}"
        time.sleep(0.2)
