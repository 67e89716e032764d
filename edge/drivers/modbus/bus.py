"""One line and the units behind it: who may speak, and whose word a reply is.

Devices with the same address in their URL share one bus, so a gateway or meter that takes a single connection gets a
single one, and a serial line has one master. A device has the bus for one poll (`turn`); turns are given in the order
they were asked for, so no unit can starve another, and a silent unit costs the others one `reply_s` before its poller
backs off. The connection is kept while units come and go: that one is silent is no loss of the others.
"""

import asyncio
from collections import Counter, defaultdict
from weakref import WeakValueDictionary

from edge.acquisition.modbus_url import Endpoint
from edge.acquisition.shared_line import LineCounts
from edge.drivers.modbus.frames import EXCEPTION, Frame, Request, rtu_frame, tcp_frame
from edge.drivers.modbus.late_replies import Owed
from edge.drivers.modbus.line import Line, open_line
from edge.errors import DeviceUnavailable

SILENT_MAX = 8
"""So many questions in a row without any answer: the line may be dead, and is opened anew."""


class Garbled(DeviceUnavailable):
    """Bytes came, and no frame of sense: noise, or two that spoke at once."""


_buses: "WeakValueDictionary[Endpoint, Bus]" = WeakValueDictionary()


def bus_of(endpoint: Endpoint) -> "Bus":
    """The bus of an address: the same for all devices of this process that name it."""
    bus = _buses.get(endpoint)
    if bus is None:
        bus = _buses[endpoint] = Bus(endpoint)
    return bus


class Bus:
    """Opens nothing until a unit joins."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.turn = asyncio.Lock()  # Fair: first come, first served.
        self.counts = LineCounts(endpoint.place)
        self._opening = asyncio.Lock()
        self._line: Line | None = None
        self._members: Counter[int] = Counter()
        self._owed: defaultdict[int, Owed] = defaultdict(Owed)
        self._transaction = 0
        self._silent: set[int] = set()
        self._silent_in_a_row = 0

    @property
    def is_open(self) -> bool:
        return self._line is not None and self._line.is_open

    async def join(self, unit: int) -> None:
        """Have the line open for a unit. Raises DeviceUnavailable; the caller has the deadline."""
        async with self._opening:
            if not self.is_open:
                self._line = await open_line(self.endpoint)
                self._line.strangers(self._count_stranger)
                self._silent.clear()
                self._silent_in_a_row = 0
        self._members[unit] += 1

    def leave(self, unit: int) -> None:
        """The last one closes the line."""
        self._members[unit] -= 1
        self._members += Counter()  # Keeps those above 0.
        if not self._members:
            self.close()

    def close(self) -> None:
        """For all units at once."""
        self._members.clear()
        if self._line is not None:
            self._line.close()
            self._line = None

    async def ask(self, unit: int, request: Request, timeout_s: float) -> bytes:
        """The PDU of the reply, which may be an exception. For whoever has the turn. Raises DeviceUnavailable."""
        if self._line is None:
            raise DeviceUnavailable("the connection was closed by the device")
        if not self.endpoint.rtu:
            return await self._ask_tcp(self._line, unit, request, timeout_s)
        await self._settle(self._line, unit, request, timeout_s)
        try:
            return await self._ask_rtu(self._line, unit, request, timeout_s)
        except Garbled:
            # Noise is of the moment. An order may have been obeyed: it is not repeated.
            if request.function not in (1, 2, 3, 4):
                raise
        await self._settle(self._line, unit, request, timeout_s)
        return await self._ask_rtu(self._line, unit, request, timeout_s)

    async def _ask_tcp(self, line: Line, unit: int, request: Request, timeout_s: float) -> bytes:
        self._transaction = transaction = self._transaction % 0xFFFF + 1

        def fits(frame: Frame) -> bool:
            if frame.transaction == transaction and frame.unit == unit:
                return (frame.pdu[0] & ~EXCEPTION) == request.function or self._count_stranger(frame)
            return self._count_stranger(frame)

        self.counts.requests += 1
        answered = False
        try:
            reply = await line.ask(tcp_frame(unit, request.pdu, transaction), fits, timeout_s)
            answered = True
        except TimeoutError:
            raise DeviceUnavailable(f"no answer from unit {unit} within {timeout_s:g} s") from None
        finally:
            line.strangers(self._count_stranger)
            if not answered and line.is_open:
                self._was_silent(line, unit)  # Also when the caller's deadline ended the wait.
        self._has_answered(reply)
        if not request.is_answered_by(reply):
            raise DeviceUnavailable(_what_is_wrong(request, reply))
        return reply

    async def _settle(self, line: Line, unit: int, request: Request, timeout_s: float) -> None:
        """A unit that owes replies is first asked something that cannot be mistaken for one of them."""
        owed = self._owed[unit]
        owed.forget_old(asyncio.get_running_loop().time())
        if owed:
            await self._ask_rtu(line, unit, owed.unmistakable(request), timeout_s)

    async def _ask_rtu(self, line: Line, unit: int, request: Request, timeout_s: float) -> bytes:
        owed, loop = self._owed[unit], asyncio.get_running_loop()

        def fits(frame: Frame) -> bool:
            if frame.unit == unit and owed.may_be(frame.pdu):
                self.counts.late += 1
                return False
            return (frame.unit == unit and request.is_answered_by(frame.pdu)) or self._count_stranger(frame)

        await line.quiet()
        line.reader.begin(unit, request)
        self.counts.requests += 1
        answered = False
        try:
            reply = await line.ask(rtu_frame(unit, request.pdu), fits, timeout_s)
            answered = True
        except TimeoutError:
            if line.reader.is_inside_a_frame:
                self.counts.garbled += 1
                raise Garbled(f"garbled answer from unit {unit}") from None
            raise DeviceUnavailable(f"no answer from unit {unit} within {timeout_s:g} s") from None
        finally:
            line.strangers(self._count_stranger)
            if not answered:  # Also when the caller's deadline ended the wait.
                owed.add(request, loop.time())
                if line.is_open and not line.reader.is_inside_a_frame:
                    self._was_silent(line, unit)
        owed.settled()
        self._has_answered(reply)
        return reply

    def _has_answered(self, reply: bytes) -> None:
        self.counts.answers += 1
        self.counts.exceptions += bool(reply[0] & EXCEPTION)
        self._silent.clear()
        self._silent_in_a_row = 0

    def _was_silent(self, line: Line, unit: int) -> None:
        """A line on which nobody answers any more is closed: a new connection may be better."""
        self.counts.silent += 1
        self._silent.add(unit)
        self._silent_in_a_row += 1
        cut = not self.endpoint.rtu and line.reader.is_inside_a_frame
        if cut or self._silent >= self._members.keys() or self._silent_in_a_row >= SILENT_MAX:
            line.close("no unit of this connection answered any more")

    def _count_stranger(self, frame: Frame) -> bool:
        late = not self.endpoint.rtu and frame.transaction != self._transaction
        if late:
            self.counts.late += 1
        else:
            self.counts.foreign += 1
        return False


def _what_is_wrong(request: Request, reply: bytes) -> str:
    """Of a reply that is this request's by number and unit, and yet does not fit."""
    if request.function in (3, 4) and reply[0] == request.function:
        got = max(0, len(reply) - 2) // 2
        return f"answered {got} of {request.count} values from register {request.start}"
    return f"answered {reply[:8].hex(' ')} to function {request.function}"
