"""One task per device: connect, poll on a fixed grid, tell what is new, come back after a loss.

The task owns its device alone: its connection, its deadline, its back-off. Nothing it waits for can slow
another device. Every connection that is lost is told as contact lost, and as contact made once the first poll
of the next one has been answered, even if both fall into one period: the plant takes each contact made for the
beginning of an unbroken watch over the counters.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Driver, Reading
from edge.acquisition.poll_schedule import PollSchedule
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.acquisition.report_by_exception import ReportByException
from edge.acquisition.shared_line import turn_of
from edge.acquisition.timestamps import ClockGuard, StrictlyLater
from edge.contract.datatypes import Quality
from edge.errors import ClockNotReady, DeviceError, DeviceRefused, DeviceUnavailable
from edge.settings import Timing

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Where readings go. The spool: when a call returns, what it was given is on its way to the disk, in order.

    Devices are named by their Sparkplug device id; times are UTC in ms by the edge's clock.
    """

    async def entry(self, device: str, readings: Sequence[Reading]) -> None:
        """The changed readings of one poll."""
        ...

    async def contact(self, device: str, online: bool, time_ms: int) -> None:
        """The device's contact changed. Each `True` is a new connection."""
        ...

    async def gap(self, device: str, reason: str, tags: Sequence[str], from_ms: int, to_ms: int) -> None:
        """Readings of these tags that were made in this time will never come."""
        ...


@dataclass(slots=True)
class PollStatistics:
    """What the metrics page shows of one device. Counts since the start of the edge."""

    polls: int = 0  # Answered.
    skipped_slots: int = 0  # Of the grid, because a poll took longer than a period.
    losses: int = 0  # Times the contact was lost.
    online: bool | None = None  # None: not tried yet.
    last_poll_s: float = 0.0  # How long the last answered poll took.
    last_error: str = ""


class DevicePoller:
    """Polls one device for ever. `run` is its task."""

    def __init__(
        self, device: Device, profile: Profile, driver: Driver, sink: Sink, clock: ClockGuard, timing: Timing
    ) -> None:
        """`driver` is for this device and stamps by the same clock; it is opened anew after every loss."""
        self.statistics = PollStatistics()
        self.device_name = device.name
        self._device = device
        self._profile = profile
        self._driver = driver
        self._sink = sink
        self._clock = clock
        self._timing = timing
        self._schedule = PollSchedule(profile.polled, device.period_s)
        self._report = ReportByException()
        self._times = StrictlyLater()
        self._heartbeat_due_ms = 0
        self._contact_ms = 0  # When the present contact was made.
        self._held_since_ms: int | None = None  # Set while the clock cannot be believed.
        self._log = log.bind(device=device.name)

    async def run(self) -> None:
        """Until cancelled. A failure of the device is retried; any other ends the task."""
        failures = 0
        while True:
            polls_before = self.statistics.polls
            try:
                await self._one_connection()
            except DeviceError as error:
                failures = 0 if self.statistics.polls > polls_before else failures + 1
                await self._contact_lost(error)
                await asyncio.sleep(self._backoff_s(error, failures))

    def _backoff_s(self, error: DeviceError, failures: int) -> float:
        """None after a connection that worked: most often it can be made again at once."""
        if isinstance(error, DeviceRefused):
            return self._timing.backoff_max_s
        if failures == 0:
            return 0.0
        doublings = min(failures - 1, 16)
        return min(self._timing.backoff_first_s * 2.0**doublings, self._timing.backoff_max_s)

    async def _one_connection(self) -> None:
        """From connecting to the loss. Raises DeviceError; returns never."""
        loop = asyncio.get_running_loop()
        async with self._opened():
            self._schedule.restart()
            self._report.tell_all_next()
            self._heartbeat_due_ms = 0
            period_s, slot, next_s = self._device.period_s, 0, loop.time()
            while True:
                await self._poll(slot)
                next_s += period_s
                slot += 1
                late_s = loop.time() - next_s
                if late_s > 0:
                    skipped = int(late_s // period_s) + 1
                    self.statistics.skipped_slots += skipped
                    next_s += skipped * period_s
                    slot += skipped
                await asyncio.sleep(next_s - loop.time())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        timeout_s = self._device.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._driver.__aenter__()
        except TimeoutError as error:
            raise DeviceUnavailable(f"not connected within {timeout_s:g} s") from error
        try:
            yield
        finally:
            await connection.__aexit__(None, None, None)

    async def _poll(self, slot: int) -> None:
        tags = self._schedule.due(slot)
        if not tags:
            return
        try:
            async with turn_of(self._driver):
                started_ms = self._clock.now_ms()
                readings = await self._read(tags)
                ended_ms = self._clock.now_ms()
        except ClockNotReady as error:
            self._hold(error)
            return
        await self._release(ended_ms)
        self.statistics.polls += 1
        await self._contact_made(started_ms)
        told = [self._stamped(reading) for reading in self._report.worth_telling(readings)]
        if ended_ms >= self._heartbeat_due_ms:
            told.append(self._heartbeat(ended_ms))
        if told:
            await self._sink.entry(self._device.name, told)

    async def _read(self, tags: Sequence[Tag]) -> Sequence[Reading]:
        loop, timeout_s = asyncio.get_running_loop(), self._device.timeout_s
        started_s = loop.time()
        try:
            async with asyncio.timeout(timeout_s):
                readings = await self._driver.read(tags)
        except TimeoutError as error:
            raise DeviceUnavailable(f"no answer within {timeout_s:g} s") from error
        self.statistics.last_poll_s = loop.time() - started_s
        return readings

    def _stamped(self, reading: Reading) -> Reading:
        """What the source dates before the contact was made counts from then on: a state that did not change over a
        loss would otherwise seem older than the loss, and stay unknown after it."""
        if reading.time_ms < self._contact_ms:
            reading = replace(reading, time_ms=self._contact_ms, time_by_edge=True)
        time_ms = self._times.next_ms(reading.tag.name, reading.time_ms)
        return reading if time_ms == reading.time_ms else replace(reading, time_ms=time_ms)

    def _heartbeat(self, now_ms: int) -> Reading:
        self._heartbeat_due_ms = now_ms + int(self._timing.heartbeat_s * 1000)
        beat = Reading(HEARTBEAT, self.statistics.polls & 0xFFFFFFFF, now_ms, Quality.GOOD, True)
        return self._stamped(beat)

    async def _contact_made(self, time_ms: int) -> None:
        if self.statistics.online:
            return
        self._log.info("device_online", profile=self._profile.name, url=self._device.url)
        self.statistics.online = True
        self._contact_ms = time_ms
        await self._sink.contact(self._device.name, True, time_ms)

    async def _contact_lost(self, error: DeviceError) -> None:
        self.statistics.last_error = str(error)
        if self.statistics.online is False:
            return
        self._log.warning("device_unavailable", reason=str(error), url=self._device.url)
        self.statistics.online = False
        self.statistics.losses += 1
        try:
            time_ms = self._clock.now_ms()
        except ClockNotReady:
            time_ms = self._clock.last_ms  # Nothing later can be said.
        await self._sink.contact(self._device.name, False, time_ms)

    def _hold(self, error: ClockNotReady) -> None:
        if self._held_since_ms is None:
            self._held_since_ms = self._clock.last_ms
            self._log.error("clock_not_ready", reason=str(error))

    async def _release(self, now_ms: int) -> None:
        """The clock is right again: what was not stamped meanwhile is a gap."""
        if self._held_since_ms is None:
            return
        from_ms, self._held_since_ms = self._held_since_ms, None
        self._log.info("clock_ready", held_from_ms=from_ms)
        names = [tag.name for tag in self._profile.polled]
        await self._sink.gap(self._device.name, "clock", names, from_ms, now_ms)
