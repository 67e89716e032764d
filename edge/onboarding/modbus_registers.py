"""Reads raw registers of a Modbus device that nobody described: function codes 3 and 4 alone, paced and counted.

A device that is not known may be a slow gateway with an old meter behind it: there is one request at a time, a rest
after each, and a bound on how many there are.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from edge.acquisition.addresses import Table
from edge.acquisition.modbus_url import Endpoint
from edge.drivers.modbus.bus import Bus
from edge.drivers.modbus.driver import FUNCTIONS, NOBODY_BEHIND_THE_GATEWAY, words_of
from edge.drivers.modbus.frames import EXCEPTION, Request
from edge.errors import DeviceUnavailable

PROBE = -1
"""Takes part in the line in the place of the units that are looked for."""
CONNECT_S = 3.0
TABLES = (Table.HOLDING, Table.INPUT)


class TooManyRequests(Exception):
    """The bound on requests is reached; what was read so far is all there will be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request. Registers, or the exception code of the device, or silence (both None)."""

    registers: Sequence[int] | None = None
    exception: int | None = None

    @property
    def is_silence(self) -> bool:
        """Nobody behind this unit id: no reply, or a gateway that says so."""
        return self.registers is None and (
            self.exception is None or self.exception in NOBODY_BEHIND_THE_GATEWAY
        )


SILENCE = Answer()


class Registers:
    """One connection to an address. Opened by `async with`. `requests` counts what was asked."""

    def __init__(self, endpoint: Endpoint, *, timeout_s: float, pause_s: float, requests_max: int) -> None:
        self._bus = Bus(endpoint)
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._requests_max = requests_max
        self._asked = False

    @property
    def requests(self) -> int:
        return self._bus.counts.requests

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.close()

    async def read(self, unit: int, table: Table, start: int, count: int) -> Answer:
        """Ask once. Raises DeviceUnavailable when nobody listens at the address any more, TooManyRequests."""
        if self.requests >= self._requests_max:
            raise TooManyRequests(f"after {self.requests} requests")
        if self._asked:
            await asyncio.sleep(self._pause_s)
        self._asked = True
        if not self._bus.is_open:
            await self._open()
        try:
            async with self._bus.turn:
                reply = await self._bus.ask(unit, Request(FUNCTIONS[table], start, count), self._timeout_s)
        except DeviceUnavailable:
            return SILENCE
        if reply[0] & EXCEPTION:
            return Answer(exception=reply[1])
        return Answer(registers=words_of(reply, count))

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(max(self._timeout_s, CONNECT_S)):
                await self._bus.join(PROBE)
        except TimeoutError:
            place = self._bus.endpoint.place
            raise DeviceUnavailable(f"cannot connect to {place}: no answer") from None
