"""Commands at a device that is polled: what a loss in the middle makes of them, and what they cost the others of a line."""

import asyncio
from contextlib import asynccontextmanager

from structlog.testing import capture_logs

from edge.acquisition.device_settings import Device
from edge.acquisition.shared_line import LineCounts
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric
from edge.errors import DeviceUnavailable
from tests.edge.acquisition.test_polling import ScriptedDriver, Sink, polling, until


def device(name: str, period_s: float) -> Device:
    url = "modbus://127.0.0.1"
    timing = {"period_s": period_s, "timeout_s": 10.0}
    return Device(name=name, profile="bench", url=url, path="demo", writable=["speed"], **timing)


def ask(poller, *values: int) -> None:
    now_ms = wall_clock_ms()
    for value in values:
        poller.desk.ask("speed", Metric(value, DataType.INT32, "speed", timestamp_ms=now_ms), now_ms)


class Line:
    """Has one turn, and remembers in which order it was had."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.done: list[str] = []


class OnLine(ScriptedDriver):
    """Reads at once; a write takes until somebody else wants the line."""

    def __init__(self, name: str, line: Line) -> None:
        super().__init__([])
        self._name, self._line = name, line
        self.line_counts = LineCounts("line")

    @asynccontextmanager
    async def turn(self):
        self._line.waiting += 1
        async with self._line.lock:
            self._line.waiting -= 1
            yield

    async def read(self, tags):
        self._line.done.append(f"read {self._name}")
        return await super().read(tags)

    async def write(self, tag, value) -> None:
        await until(lambda: self._line.waiting)
        self._line.done.append(f"write {value}")

    async def call(self, method) -> None:
        raise AssertionError("no method is declared")


async def test_who_waits_for_the_line_has_it_after_one_command_of_another():
    line = Line()
    async with (
        polling(OnLine("cell", line), Sink(), device=device("cell", 3600)) as cell,
        polling(OnLine("meter", line), Sink(), device=device("meter", 0.05)) as meter,
    ):
        await until(lambda: cell.statistics.polls and meter.statistics.polls)
        ask(cell, 1, 2, 3)
        await until(lambda: cell.desk.statistics.done == 3)
    commanded = line.done[line.done.index("write 1") :]
    writes = [place for place, what in enumerate(commanded) if what.startswith("write")]
    assert [commanded[place] for place in writes] == ["write 1", "write 2", "write 3"]
    assert [commanded[place + 1] for place in writes[:-1]] == ["read meter"] * 2


class LostInAWrite(ScriptedDriver):
    def __init__(self) -> None:
        super().__init__([])
        self.asked: list[int] = []

    async def write(self, tag, value) -> None:
        self.asked.append(value)
        raise DeviceUnavailable("the connection was closed by the device")

    async def call(self, method) -> None:
        raise AssertionError("no method is declared")


async def test_a_device_lost_in_a_command_fails_it_and_has_the_rest_refused():
    driver = LostInAWrite()
    with capture_logs() as lines:
        async with polling(driver, Sink(), device=device("cell", 3600)) as poller:
            await until(lambda: poller.statistics.polls)
            ask(poller, 1, 2, 3)
            await until(lambda: poller.statistics.polls == 2)
    counted = poller.desk.statistics
    assert (driver.asked, counted.done, counted.failed, counted.refused) == ([1], 0, 1, 2)
    told = [(line["event"], line.get("reason")) for line in lines if "command" in line["event"]]
    assert told == [
        ("command_unanswered", "the connection was closed by the device"),
        *[("command_refused", "the device is out of contact")] * 2,
    ]
