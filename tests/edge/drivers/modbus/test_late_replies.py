"""Late replies on a line without transaction numbers: a unit through a serial server that answers when it likes.

Every answer holds the number of the question it belongs to, so a value that is believed can be checked.
"""

import asyncio
import random

import pytest

from edge.acquisition.timestamps import wall_clock_ms
from edge.drivers.modbus import ModbusDriver
from edge.drivers.modbus.frames import EXCEPTION, Request, rtu_frame
from edge.drivers.modbus.late_replies import LATE_S, Owed, shape_of
from edge.errors import DeviceUnavailable

READ = Request(3, 10, 2)


def reply(request: Request) -> bytes:
    return bytes([request.function, request.size]) + bytes(request.size)


def test_a_unit_that_owes_is_asked_by_the_neighbouring_function_first():
    owed = Owed()
    owed.add(READ, 0.0)
    question = owed.unmistakable(READ)
    assert (question.function, question.start) == (4, 10)
    assert owed.may_be(reply(READ))
    assert not owed.may_be(reply(question))
    assert not owed.may_be(bytes([4 | EXCEPTION, 1])), "that it does not know the function is an answer too"
    owed.settled()
    assert not owed


def test_no_question_of_a_hundred_can_be_mistaken_for_one_before():
    owed, seen = Owed(), set()
    for _ in range(100):
        question = owed.unmistakable(READ)
        assert shape_of(question) not in seen
        assert not owed.may_be(reply(question))
        seen.add(shape_of(question))
        owed.add(question, 0.0)


def test_an_exception_that_may_belong_to_an_owed_question_is_not_taken():
    owed = Owed()
    owed.add(READ, 0.0)
    assert owed.may_be(bytes([3 | EXCEPTION, 2]))


def test_after_a_long_time_nothing_is_owed():
    owed = Owed()
    owed.add(READ, 100.0)
    owed.forget_old(100.0 + LATE_S - 1)
    assert owed
    owed.forget_old(100.0 + LATE_S)
    assert not owed


class SlowUnit:
    """RTU over TCP. Each register of an answer holds the number of its question; answers come at once, with one of the
    next questions, or never, always in order. `whims` is the source of chance; none: it behaves."""

    def __init__(self, whims: random.Random | None) -> None:
        self.whims = whims
        self.questions = 0
        self.port = 0
        self._waiting: list[bytes] = []
        self._tasks: set[asyncio.Task] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader, writer) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            while True:
                request = await reader.readexactly(8)
                self.questions += 1
                self._answer(request)
                while self._waiting and (self.whims is None or self.whims.random() < 0.6):
                    writer.write(self._waiting.pop(0))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, request: bytes) -> None:
        function, count = request[1], int.from_bytes(request[4:6])
        fate = self.whims.random() if self.whims else 1.0
        if fate < 0.1:
            return
        if fate < 0.2:
            self._waiting.append(rtu_frame(request[0], bytes([function | EXCEPTION, 6])))
            return
        words = (self.questions & 0xFFFF).to_bytes(2) * count
        self._waiting.append(rtu_frame(request[0], bytes([function, 2 * count]) + words))


@pytest.mark.system
@pytest.mark.parametrize("seed", range(3))
async def test_a_value_that_is_believed_is_the_answer_to_the_question_that_was_asked(
    seed, modbus_device, register_tag, profile_with
):
    tags = (register_tag("number", 10),)
    believed = refused = 0
    async with SlowUnit(random.Random(seed)) as unit:
        device = modbus_device(0, url=f"modbus+rtu://127.0.0.1:{unit.port}", reply_s=0.05)
        driver = ModbusDriver(device, profile_with(tags), wall_clock_ms)
        for _ in range(60):
            try:
                async with driver:
                    (reading,) = await driver.read(tags)
            except DeviceUnavailable:
                refused += 1
                continue
            if reading.value is not None:
                assert reading.value == unit.questions, f"seed {seed}"
                believed += 1
        unit.whims = None
        assert await _first_answer(driver, tags) == unit.questions, "it behaves again, and is believed again"
    assert believed >= 5
    assert refused >= 5
    assert driver._bus.counts.late > 0


async def _first_answer(driver: ModbusDriver, tags):
    for _ in range(20):
        try:
            async with driver:
                (reading,) = await driver.read(tags)
        except DeviceUnavailable:
            continue
        return reading.value
    pytest.fail("a unit that answers every question is not believed")
