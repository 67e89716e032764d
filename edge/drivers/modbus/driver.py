"""A Modbus unit: what its tags are read with, and what its answers mean.

The line itself, its turns and its late replies are the bus's (`bus.py`). Nothing is asked twice here: a request that is
not answered ends the connection of this unit, and the poller decides when it is tried again.
"""

import asyncio
import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import structlog

from edge.acquisition.addresses import Table
from edge.acquisition.command_settings import CallableMethod
from edge.acquisition.decode import publisher, register_decoder
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Reading, Value
from edge.acquisition.modbus_url import endpoint_of
from edge.acquisition.profile import Profile, Tag
from edge.acquisition.shared_line import LineCounts
from edge.contract.datatypes import Quality
from edge.drivers.modbus.bus import bus_of
from edge.drivers.modbus.frames import EXCEPTION, Request
from edge.drivers.modbus.orders import order_of
from edge.drivers.modbus.plan import Limits, Read, modbus_address, plan_reads, split_read
from edge.drivers.modbus.sunspec import find_model
from edge.errors import CommandRefused, DeviceUnavailable

log = structlog.get_logger(__name__)

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
NO_PATH, NO_RESPONSE = 0x0A, 0x0B

NOT_IN_THE_DEVICE = frozenset({ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE})
"""Asked again it would say the same: the read is split, and at last the one value given up."""

NOBODY_BEHIND_THE_GATEWAY = frozenset({NO_PATH, NO_RESPONSE})

FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}

PLANS_MAX = 16
ABSENT_AGAIN_S = 60.0
"""What a device refused it is asked again so often: it may have been starting, or being set up."""


class ModbusDriver:
    """One Modbus unit. What it learned about the device's map outlives a connection."""

    def __init__(self, device: Device, profile: Profile, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._bus = bus_of(endpoint_of(device.url))
        self._limits = Limits.of(profile).narrowed(device.registers_per_read, device.gap_limit)
        self._pause_s = profile.pause_s
        self._reply_s = min(device.reply_s, device.timeout_s)
        self._plans: dict[int, _Plan] = {}
        self._named_absent: set[str] = set()
        self._joined = False
        self._sunspec_model = profile.sunspec_model
        self._base: int | None = None if profile.sunspec_model else 0  # What registers count from.
        self._log = log.bind(device=device.name)

    async def __aenter__(self) -> Self:
        await self._bus.join(self._device.unit_id)
        self._joined = True
        if self._sunspec_model:
            self._base = None  # It may be another device by now.
        for plan in self._plans.values():
            plan.try_absent_again()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._joined:
            self._joined = False
            self._bus.leave(self._device.unit_id)

    @property
    def line_counts(self) -> LineCounts:
        return self._bus.counts

    def turn(self) -> AbstractAsyncContextManager[None]:
        """This unit's turn on its line: to be had for each poll and each command, before their deadline begins."""
        return self._bus.turn

    async def read(self, tags: Sequence[Tag]) -> list[Reading]:
        if self._base is None and self._sunspec_model:
            self._base = await find_model(self._holding, self._sunspec_model)
        plan = self._plan(tags)
        plan.try_absent_now_and_then(asyncio.get_running_loop().time())
        readings: list[Reading] = []
        index = 0
        while index < len(plan.blocks):
            if index and self._pause_s:
                await asyncio.sleep(self._pause_s)
            block = plan.blocks[index]
            words = await self._request(block.read)
            time_ms = self._clock()
            if isinstance(words, int) and words in NOT_IN_THE_DEVICE:
                self._refused(plan, index)
                continue
            if isinstance(words, int):
                readings += block.bad(time_ms, f"the device answers exception {words}")
            else:
                readings += block.readings(words, time_ms)
            index += 1
        if not plan.blocks and plan.absent:
            plan.replan()
            raise DeviceUnavailable("refuses every address of the profile")
        for block in plan.absent:
            readings += block.bad(self._clock(), "the device has no such register")
        return readings

    async def write(self, tag: Tag, value: Value) -> None:
        """Write a value to the tag's registers, once. Raises CommandRefused, DeviceUnavailable: then nobody knows."""
        if self._sunspec_model:
            raise CommandRefused("what a SunSpec model holds is not written")
        reply = await self._bus.ask(self._device.unit_id, order_of(tag, value), self._reply_s)
        if reply[0] & EXCEPTION:
            raise CommandRefused(f"the device answers exception {reply[1]}")

    async def call(self, method: CallableMethod) -> None:
        """Raises CommandRefused."""
        raise CommandRefused(f"{method.name}: a Modbus device has no methods")

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

    async def _holding(self, start: int, count: int) -> Sequence[int] | None:
        words = await self._ask(Table.HOLDING, start, count)
        return None if isinstance(words, int) else words

    async def _request(self, read: Read) -> Sequence[int] | int:
        return await self._ask(read.table, (self._base or 0) + read.start, read.count)

    async def _ask(self, table: Table, start: int, count: int) -> Sequence[int] | int:
        """Registers or bits; or the code of an exception of the device. Raises DeviceUnavailable."""
        unit = self._device.unit_id
        request = Request(FUNCTIONS[table], start, count)
        reply = await self._bus.ask(unit, request, self._reply_s)
        if reply[0] & EXCEPTION:
            if reply[1] in NOBODY_BEHIND_THE_GATEWAY:
                raise DeviceUnavailable(f"the gateway has no answer from unit {unit}")
            return reply[1]
        return bits_of(reply, count) if table.is_bits else words_of(reply, count)


def words_of(reply: bytes, count: int) -> Sequence[int]:
    """The registers of a reply to functions 3 and 4."""
    return struct.unpack_from(f">{count}H", reply, 2)


def bits_of(reply: bytes, count: int) -> Sequence[int]:
    """The bits of a reply to functions 1 and 2: the lowest bit of the first byte is the first."""
    return [reply[2 + at // 8] >> at % 8 & 1 for at in range(count)]


class _Plan:
    """How a set of tags is read from this device, as far as is known by now."""

    def __init__(self, tags: Sequence[Tag], limits: Limits) -> None:
        self.tags = tags
        self.blocks: list[_Block] = []
        self.absent: list[_Block] = []
        self._limits = limits
        self._absent_again_s = 0.0
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

    def try_absent_now_and_then(self, now_s: float) -> None:
        if not self.absent:
            self._absent_again_s = now_s + ABSENT_AGAIN_S
        elif now_s >= self._absent_again_s:
            self._absent_again_s = now_s + ABSENT_AGAIN_S
            self.try_absent_again()

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

    def readings(self, words: Sequence[int], time_ms: int) -> Iterator[Reading]:
        for tag, offset, decode, publish in self._places:
            value = publish(decode(words, offset))
            if value is not None:
                yield Reading(tag, value, time_ms, Quality.GOOD, True)
            else:
                yield Reading(tag, None, time_ms, Quality.BAD, True, _no_value(tag, words, offset))

    def bad(self, time_ms: int, why: str) -> list[Reading]:
        return [Reading(tag, None, time_ms, Quality.BAD, True, why) for tag in self.read.tags]


def _no_value(tag: Tag, words: Sequence[int], offset: int) -> str:
    """A sentinel, NaN, or what the tag's type cannot hold: shown as the device shows it."""
    held = " ".join(f"{word:04X}" for word in words[offset : offset + modbus_address(tag).count])
    return f"no value: the device shows {held}"
