"""Reads raw registers of a Modbus device that nobody described: function codes 3 and 4 alone, paced and counted.

A device that is not known may be a slow gateway with an old meter behind it: there is one request at a time, a rest
after each, and a bound on how many there are.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException

from edge.acquisition.addresses import Table
from edge.errors import DeviceUnavailable

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # What goes wrong is said once, by us.

NOBODY = frozenset({ExcCodes.GATEWAY_PATH_UNAVIABLE, ExcCodes.GATEWAY_NO_RESPONSE})
"""A gateway's word for a unit that is not there."""
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
        return self.registers is None and (self.exception is None or self.exception in NOBODY)


SILENCE = Answer()


class Registers:
    """One connection to an address. Opened by `async with`. `requests` counts what was asked."""

    def __init__(self, host: str, port: int, *, timeout_s: float, pause_s: float, requests_max: int) -> None:
        self.requests = 0
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._requests_max = requests_max
        self._client: AsyncModbusTcpClient | None = None

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def read(self, unit: int, table: Table, start: int, count: int) -> Answer:
        """Ask once. Raises DeviceUnavailable when nobody listens at the address any more, TooManyRequests."""
        if self.requests >= self._requests_max:
            raise TooManyRequests(f"after {self.requests} requests")
        if self.requests:
            await asyncio.sleep(self._pause_s)
        self.requests += 1
        client = (
            self._client if self._client is not None and self._client.connected else await self._connect()
        )
        ask = client.read_holding_registers if table is Table.HOLDING else client.read_input_registers
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await ask(start, count=count, device_id=unit)
        except (ModbusException, TimeoutError):
            self._close()  # A late reply has nothing left to answer.
            return SILENCE
        if answer.isError():
            return Answer(exception=int(answer.exception_code))
        if len(answer.registers) < count:
            return Answer(exception=int(ExcCodes.ILLEGAL_VALUE))
        return Answer(registers=answer.registers[:count])

    async def _connect(self) -> AsyncModbusTcpClient:
        self._close()
        client = AsyncModbusTcpClient(
            self._host, port=self._port, timeout=self._timeout_s, retries=0, reconnect_delay=0
        )
        self._client = client
        if not await client.connect():
            self._close()
            raise DeviceUnavailable(f"cannot connect to {self._host}:{self._port}")
        return client

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
