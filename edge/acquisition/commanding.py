"""What hosts ask of devices: written or called if the configuration names it, refused, logged and counted if not.

Nothing is done later: a command that finds the device out of contact, or that is older than a minute (somebody had the
broker retain it), is refused. Nothing is done twice by us: a command is not repeated after a failure, and whether one
that got no answer was obeyed is for the next reading to show.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import structlog

from edge.acquisition.command_settings import CallableMethod, WritableTag
from edge.acquisition.decode import FLOAT32_MAX
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Value
from edge.acquisition.profile import Profile, Tag
from edge.contract.datatypes import DataType
from edge.contract.payloads import INTEGER_BITS, Metric, as_float32, integer_range
from edge.errors import CommandRefused, DeviceError, DeviceUnavailable

log = structlog.get_logger(__name__)

DEVICE_CONTROL = "Device Control/"
OLDEST_MS = 60_000
WAITING_MAX = 16
"""Commands of one device that wait for it. More than a person gives."""


@runtime_checkable
class Commandable(Protocol):
    """A driver that can do something to its device. Raises CommandRefused if the device says no, else as `Driver.read`."""

    async def write(self, tag: Tag, value: Value) -> None:
        """Write the value, which is in the tag's unit, to where the tag lives."""
        ...

    async def call(self, method: CallableMethod) -> None:
        """Call a method with the arguments of the configuration."""
        ...


@dataclass(slots=True)
class CommandStatistics:
    """Counts since the start of the edge."""

    done: int = 0
    refused: int = 0
    failed: int = 0  # The device said no, or did not answer.


@dataclass(frozen=True, slots=True)
class _Write:
    name: str
    tag: Tag
    value: Value


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    method: CallableMethod


class CommandDesk:
    """Of one device. Hosts `ask`, the device's own task `serve`s; both in one event loop."""

    def __init__(self, device: Device, profile: Profile) -> None:
        tags = {tag.name: tag for tag in profile.polled}
        self._writable = {allowed.tag: (tags[allowed.tag], allowed) for allowed in device.writable}
        self._methods = {DEVICE_CONTROL + method.name: method for method in device.methods}
        self._waiting: deque[_Write | _Call] = deque()
        self._log = log.bind(device=device.name)
        self.device_name = device.name
        self.statistics = CommandStatistics()
        self.arrived = asyncio.Event()
        self.is_open = False  # The device is in contact.

    @property
    def is_needed(self) -> bool:
        """Whether anything at all is allowed."""
        return bool(self._writable or self._methods)

    @property
    def methods(self) -> Sequence[str]:
        """Names of the metrics by which methods are called: births declare them."""
        return tuple(self._methods)

    def ask(self, name: str, metric: Metric, now_ms: int) -> None:
        """Take a command, or refuse it with a line in the log."""
        try:
            self._waiting.append(self._allowed(name, metric, now_ms))
            self.arrived.set()
        except CommandRefused as error:
            self.statistics.refused += 1
            self._log.warning("command_refused", metric=name, reason=str(error))

    def close(self, reason: str) -> None:
        """The device is out of contact: what waits is refused."""
        self.is_open = False
        while self._waiting:
            self.statistics.refused += 1
            self._log.warning("command_refused", metric=self._waiting.popleft().name, reason=reason)
        self.arrived.clear()

    async def serve(self, connection: object, timeout_s: float) -> None:
        """Do the command that came first; `arrived` stays set while others wait. One at a time: who shares a line with the
        device waits for one deadline, not for one per command. Raises DeviceUnavailable or DeviceRefused when the device is
        gone."""
        command = self._waiting.popleft() if self._waiting else None
        if not self._waiting:
            self.arrived.clear()
        if command is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._do(command, connection)
        except CommandRefused as error:
            self.statistics.failed += 1
            self._log.warning("command_failed", metric=command.name, reason=str(error))
        except TimeoutError as error:
            gone = DeviceUnavailable(f"no answer to a command within {timeout_s:g} s")
            self._unanswered(command, gone)
            raise gone from error
        except DeviceError as error:
            self._unanswered(command, error)
            raise

    def _unanswered(self, command: _Write | _Call, error: DeviceError) -> None:
        """Whether it was obeyed nobody knows, so it is not given again."""
        self.statistics.failed += 1
        self._log.error("command_unanswered", metric=command.name, reason=str(error))

    async def _do(self, command: _Write | _Call, connection: object) -> None:
        if not isinstance(connection, Commandable):
            raise CommandRefused("this kind of device takes no commands")
        started_s = time.monotonic()
        if isinstance(command, _Write):
            await connection.write(command.tag, command.value)
            self._log.info("tag_written", tag=command.tag.name, value=command.value)
        else:
            await connection.call(command.method)
            self._log.info(
                "method_called", method=command.method.name, s=round(time.monotonic() - started_s, 3)
            )
        self.statistics.done += 1

    def _allowed(self, name: str, metric: Metric, now_ms: int) -> _Write | _Call:
        """Raises CommandRefused."""
        if not self.is_open:
            raise CommandRefused("the device is out of contact")
        if (
            metric.is_historical
            or metric.timestamp_ms is None
            or abs(now_ms - metric.timestamp_ms) > OLDEST_MS
        ):
            raise CommandRefused("it is not from now")
        if len(self._waiting) >= WAITING_MAX:
            raise CommandRefused("too many commands are waiting")
        if (method := self._methods.get(name)) is not None:
            if metric.value is not True:
                raise CommandRefused("a method is called by writing true")
            return _Call(name, method)
        if name not in self._writable:
            raise CommandRefused("the configuration does not allow it")
        tag, allowed = self._writable[name]
        return _Write(name, tag, _checked(metric.value, tag, allowed))


def _checked(value: object, tag: Tag, allowed: WritableTag) -> Value:
    """The value as the tag would publish it. Raises CommandRefused."""
    if tag.datatype is DataType.BOOLEAN or isinstance(value, bool):
        if tag.datatype is not DataType.BOOLEAN or not isinstance(value, bool):
            raise CommandRefused(f"{value!r} is no {tag.datatype.name}")
        return value
    if tag.datatype.is_text:
        if not isinstance(value, str):
            raise CommandRefused(f"{value!r} is no {tag.datatype.name}")
        return value
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise CommandRefused(f"{value!r} is no {tag.datatype.name}")
    if tag.datatype in INTEGER_BITS:
        least, most = integer_range(tag.datatype)
        if value != int(value) or not least <= value <= most:
            raise CommandRefused(f"{value!r} is no {tag.datatype.name}")
        value = int(value)
    low, high = (_as_sent(bound, tag) for bound in (allowed.min, allowed.max))
    if (low and value < min(low)) or (high and value > max(high)):
        raise CommandRefused(f"{value:g} is not between {allowed.min} and {allowed.max}")
    return value


def _as_sent(bound: float | None, tag: Tag) -> tuple[float, ...]:
    """A bound, and what it becomes on the way of a Float: 12.3 is 12.30000019 then, and is no more than 12.3."""
    if bound is None:
        return ()
    if tag.datatype is not DataType.FLOAT or abs(bound) > FLOAT32_MAX:
        return (bound,)
    return bound, as_float32(bound)
