"""Modbus TCP, by pymodbus.

One connection, one request at a time. pymodbus compares transaction ids and skips a reply that belongs to an
earlier request; beyond that, a request that timed out costs the connection (the poller makes a new one), so a
late reply has nothing left to answer. pymodbus' own retries and reconnects are off: the poller decides.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

import structlog
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from edge.acquisition.addresses import Table
from edge.acquisition.decode import publisher, register_decoder
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Reading
from edge.acquisition.profile import Profile, Tag
from edge.contract.datatypes import Quality
from edge.drivers.modbus.plan import Limits, Read, modbus_address, plan_reads, split_read
from edge.errors import DeviceUnavailable

log = structlog.get_logger(__name__)

# pymodbus writes a line at every failed attempt; the poller says once what is wrong.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

NOT_IN_THE_DEVICE = frozenset({ExcCodes.ILLEGAL_FUNCTION, ExcCodes.ILLEGAL_ADDRESS, ExcCodes.ILLEGAL_VALUE})
"""Asked again it would say the same: the read is split, and at last the one value given up."""

NOBODY_BEHIND_THE_GATEWAY = frozenset({ExcCodes.GATEWAY_PATH_UNAVIABLE, ExcCodes.GATEWAY_NO_RESPONSE})

PLANS_MAX = 16


class ModbusDriver:
    """One Modbus unit. What it learned about the device's map outlives a connection."""

    def __init__(self, device: Device, profile: Profile, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._limits = Limits.of(profile)
        self._pause_s = profile.pause_s
        self._plans: dict[int, _Plan] = {}
        self._named_absent: set[str] = set()
        self._client: AsyncModbusTcpClient | None = None
        self._log = log.bind(device=device.name)

    async def __aenter__(self) -> Self:
        client = AsyncModbusTcpClient(
            self._device.host,
            port=self._device.port,
            timeout=self._device.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_connect=self._connection_changed,
        )
        self._client = client
        try:
            connected = await client.connect()
        except BaseException:
            client.close()
            raise
        if not connected:
            client.close()
            raise DeviceUnavailable(f"cannot connect to {self._device.host}:{self._device.port}")
        for plan in self._plans.values():
            plan.try_absent_again()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, tags: Sequence[Tag]) -> list[Reading]:
        plan = self._plan(tags)
        readings: list[Reading] = []
        index = 0
        while index < len(plan.blocks):
            if index and self._pause_s:
                await asyncio.sleep(self._pause_s)
            block = plan.blocks[index]
            answer = await self._request(block.read)
            time_ms = self._clock()
            if answer.isError() and answer.exception_code in NOT_IN_THE_DEVICE:
                self._refused(plan, index)
                continue
            readings += block.bad(time_ms) if answer.isError() else block.readings(answer, time_ms)
            index += 1
        if not plan.blocks and plan.absent:
            plan.replan()
            raise DeviceUnavailable("refuses every address of the profile")
        for block in plan.absent:
            readings += block.bad(self._clock())
        return readings

    def _plan(self, tags: Sequence[Tag]) -> "_Plan":
        plan = self._plans.get(id(tags))
        if plan is None or plan.tags is not tags:
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            plan = self._plans[id(tags)] = _Plan(tags, self._limits)
        return plan

    def _refused(self, plan: "_Plan", index: int) -> None:
        """The device does not know all of what a read asked for: ask for less, for good."""
        for tag in plan.ask_for_less(index):
            if tag.name not in self._named_absent:
                self._named_absent.add(tag.name)
                self._log.warning("tag_not_in_device", tag=tag.name, register=modbus_address(tag).register)

    async def _request(self, read: Read) -> ModbusPDU:
        """The answer, which may be an exception of the device. Raises DeviceUnavailable."""
        client = self._client
        if client is None or not client.connected:
            raise DeviceUnavailable("the connection was closed by the device")
        try:
            answer = await _function(client, read.table)(
                read.start, count=read.count, device_id=self._device.unit_id
            )
        except ModbusException as error:
            raise DeviceUnavailable(error.string) from error
        if answer.isError():
            if answer.exception_code in NOBODY_BEHIND_THE_GATEWAY:
                raise DeviceUnavailable(f"the gateway has no answer from unit {self._device.unit_id}")
            return answer
        got = len(answer.bits if read.table.is_bits else answer.registers)
        if got < read.count:
            raise DeviceUnavailable(f"answered {got} of {read.count} values from register {read.start}")
        return answer

    def _connection_changed(self, connected: bool) -> None:
        """Called by pymodbus, which would let a request in flight wait for its whole timeout."""
        if connected or self._client is None:
            return
        waiting = self._client.ctx.response_future
        if not waiting.done() and self._client.ctx.request_transaction_id:
            waiting.set_exception(ConnectionException("the device closed the connection"))
            waiting.exception()  # Taken note of, also if nobody waits.


class _Plan:
    """How a set of tags is read from this device, as far as is known by now."""

    def __init__(self, tags: Sequence[Tag], limits: Limits) -> None:
        self.tags = tags
        self.blocks: list[_Block] = []
        self.absent: list[_Block] = []
        self._limits = limits
        self.replan()

    def replan(self) -> None:
        self.blocks = [_Block(read) for read in plan_reads(self.tags, self._limits)]
        self.absent = []

    def ask_for_less(self, index: int) -> Sequence[Tag]:
        """Split a refused read. What cannot be split is absent; returns its tags."""
        halves = split_read(self.blocks[index].read, self._limits)
        if halves is not None:
            self.blocks[index : index + 1] = [_Block(half) for half in halves]
            return ()
        block = self.blocks.pop(index)
        self.absent.append(block)
        return block.read.tags

    def try_absent_again(self) -> None:
        """The device may be another one by now, or have another firmware."""
        self.blocks += self.absent
        self.absent = []


class _Block:
    """A read, and how its answer becomes readings."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self._places = [
            (
                tag,
                modbus_address(tag).register - read.start,
                register_decoder(modbus_address(tag)),
                publisher(tag),
            )
            for tag in read.tags
        ]

    def readings(self, answer: ModbusPDU, time_ms: int) -> Iterator[Reading]:
        words: Sequence[int] = answer.bits if self.read.table.is_bits else answer.registers
        for tag, offset, decode, publish in self._places:
            value = publish(decode(words, offset))
            quality = Quality.BAD if value is None else Quality.GOOD
            yield Reading(tag, value, time_ms, quality, True)

    def bad(self, time_ms: int) -> list[Reading]:
        return [Reading(tag, None, time_ms, Quality.BAD, True) for tag in self.read.tags]


def _function(client: AsyncModbusTcpClient, table: Table) -> Callable[..., Awaitable[ModbusPDU]]:
    match table:
        case Table.HOLDING:
            return client.read_holding_registers
        case Table.INPUT:
            return client.read_input_registers
        case Table.COIL:
            return client.read_coils
        case Table.DISCRETE:
            return client.read_discrete_inputs
