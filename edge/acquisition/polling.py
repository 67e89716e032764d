"""One task per device: connect, poll on a fixed grid, take what the device tells by itself, tell what is new, come
back after a loss.

The task owns its device alone: its connection, its deadline, its back-off. Nothing it waits for can slow
another device. Every connection that is lost is told as contact lost, and as contact made once the first poll
of the next one has been answered, even if both fall into one period: the plant takes each contact made for the
beginning of an unbroken watch over the counters.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from edge.acquisition.commanding import CommandDesk
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Driver, Loss, Notified, Reading, Watcher
from edge.acquisition.poll_schedule import PollSchedule
from edge.acquisition.poll_statistics import PollStatistics
from edge.acquisition.profile import HEARTBEAT, Profile, Tag
from edge.acquisition.report_by_exception import ReportByException
from edge.acquisition.shared_line import LineCounts, counts_of, turn_of
from edge.acquisition.sink import Sink
from edge.acquisition.timestamps import ClockGuard, StrictlyLater
from edge.contract.datatypes import Quality
from edge.contract.spool_metrics import REDEFINED
from edge.errors import ClockNotReady, DeviceError, DeviceRefused, DeviceUnavailable
from edge.health_turns import Turn
from edge.settings import Timing

log = structlog.get_logger(__name__)

LINE_PATIENCE_S = 120.0
"""A line that many devices share comes round to each of them within this, or something hangs."""
WATCH_S = 30.0
"""For a device to take all that is to be watched: thousands of items, a hundred at a time."""


@dataclass(frozen=True, slots=True)
class Anew:
    """Counters whose first reading is no step from what was read before `since_ms` (UTC): they show another number now."""

    tags: tuple[str, ...]
    since_ms: int


class DevicePoller:
    """Polls one device for ever. `run` is its task."""

    def __init__(
        self,
        device: Device,
        profile: Profile,
        driver: Driver,
        sink: Sink,
        clock: ClockGuard,
        timing: Timing,
    ) -> None:
        """`driver` is for this device and stamps by the same clock; it is opened anew after every loss."""
        self.statistics = PollStatistics()
        self.turn = Turn()
        self.device_name = device.name
        self.device_url = device.url
        self.profile_name = profile.name
        self._device = device
        self._profile = profile
        self._driver = driver
        self.desk = CommandDesk(device, profile)
        self._sink = sink
        self._clock = clock
        self._timing = timing
        asked = [tag for tag in profile.polled if tag.watch is None]
        self._schedule = PollSchedule(asked, device.period_s)
        self._watched = profile.watched
        self._watcher: Watcher | None = None  # Of the present connection, if the device tells anything.
        self._report = ReportByException()
        self._times = StrictlyLater()
        self._heartbeat_due_ms = 0
        self._contact_ms = 0  # When the present contact was made.
        self._held_since_ms: int | None = None  # Set while the clock cannot be believed.
        self.anew: Anew | None = None  # Until it was told.
        self.read_ms: int | None = None  # When it was read last, UTC.
        self.is_over = False  # Set by whoever cancels `run`: a library that swallows that must not poll on.
        self._log = log.bind(device=device.name)

    @property
    def bad_tags(self) -> list[str]:
        """Tags without a value, as last told."""
        return self._report.bad

    @property
    def line_counts(self) -> LineCounts | None:
        return counts_of(self._driver)

    async def run(self) -> None:
        """Until cancelled. A failure of the device is retried; any other ends the task."""
        failures = 0
        while not self.is_over:
            answers_before = self.statistics.polls + self.statistics.notified
            try:
                await self._one_connection()
            except DeviceError as error:
                if self.is_over:
                    return
                answers = self.statistics.polls + self.statistics.notified
                failures = 0 if answers > answers_before else failures + 1
                await self._contact_lost(error)
                wait_s = self._backoff_s(error, failures)
                self.turn.within(wait_s)
                await asyncio.sleep(wait_s)

    def _backoff_s(self, error: DeviceError, failures: int) -> float:
        """None after a connection that worked: most often it can be made again at once."""
        if isinstance(error, DeviceRefused):
            return self._timing.backoff_max_s
        if failures == 0:
            return 0.0
        doublings = min(failures - 1, 16)
        return min(self._timing.backoff_first_s * 2.0**doublings, self._timing.backoff_max_s)

    async def _one_connection(self) -> None:
        """From connecting to the loss. Raises DeviceError; returns only if it is over."""
        loop = asyncio.get_running_loop()
        self.turn.within(2 * self._device.timeout_s + WATCH_S)
        async with self._opened() as connection:
            self._watcher = await self._watching(connection)
            self._schedule.restart()
            self._report.tell_all_next()
            self._heartbeat_due_ms = 0
            period_s, slot, next_s = self._device.period_s, 0, loop.time()
            while not self.is_over:
                self.turn.within(self._device.timeout_s + LINE_PATIENCE_S)
                await self._poll(slot)
                next_s += period_s
                slot += 1
                late_s = loop.time() - next_s
                if late_s > 0:
                    skipped = int(late_s // period_s) + 1
                    self.statistics.skipped_slots += skipped
                    next_s += skipped * period_s
                    slot += skipped
                self.turn.within(next_s - loop.time() + self._device.timeout_s + LINE_PATIENCE_S)
                await self._serve_until(next_s, connection)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Driver]:
        timeout_s = self._device.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._driver.__aenter__()
        except TimeoutError as error:
            raise DeviceUnavailable(f"not connected within {timeout_s:g} s") from error
        try:
            yield connection
        finally:
            await connection.__aexit__(None, None, None)

    async def _watching(self, connection: Driver) -> Watcher | None:
        """Have the device tell what the profile wants told."""
        if not self._watched:
            return None
        if not isinstance(connection, Watcher):
            raise TypeError(f"the driver of {self.device_name} cannot have tags told")
        timeout_s = max(self._device.timeout_s, WATCH_S)
        try:
            async with asyncio.timeout(timeout_s):
                await connection.watch(self._watched)
        except TimeoutError as error:
            raise DeviceUnavailable(f"its tags are not watched within {timeout_s:g} s") from error
        return connection

    async def _serve_until(self, deadline_s: float, connection: Driver) -> None:
        """Take what the device tells, and do what hosts ask of it, as it comes, until it is time for the next poll."""
        loop, watcher, desk = asyncio.get_running_loop(), self._watcher, self.desk
        if watcher is not None and self._held_since_ms is not None:
            watcher.arrived.set()  # What waited for the clock, and what it did not say because of it.
        events = [watcher.arrived] if watcher is not None else []
        events += [desk.arrived] if desk.is_needed else []
        while await _any_set(events, deadline_s - loop.time()):
            if watcher is not None and watcher.arrived.is_set():
                await self._take(watcher)
            if desk.arrived.is_set():
                async with turn_of(self._driver):
                    await desk.serve(connection, self._device.timeout_s)

    async def _take(self, watcher: Watcher) -> None:
        try:
            now_ms = self._clock.now_ms()
            told = watcher.take()
        except ClockNotReady as error:
            self._hold(error)
            watcher.arrived.clear()
            return
        await self._release(now_ms)
        if told.readings or told.losses:
            self.statistics.notified += 1
            self.statistics.answered()
            await self._contact_made(now_ms)
        elif not self.statistics.online:
            return  # It has said nothing yet.
        await self._tell_losses(told)
        await self._tell(told.readings, now_ms)

    async def _tell_losses(self, told: Notified) -> None:
        for loss in told.losses:
            await self._gap(loss)

    async def _gap(self, loss: Loss) -> None:
        self.statistics.gaps += 1
        self._log.warning("changes_lost", reason=loss.reason, tags=len(loss.tags), first=loss.tags[:1])
        await self._sink.gap(self._device.name, loss.reason, loss.tags, loss.from_ms, loss.to_ms)

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
        self.statistics.answered()
        await self._contact_made(started_ms)
        await self._tell(readings, ended_ms)

    async def _tell(self, readings: Sequence[Reading], now_ms: int) -> None:
        """Of these readings what is new, and a sign of life when one is due."""
        self.read_ms = now_ms
        await self._begin_anew(now_ms)
        told = [self._stamped(reading) for reading in self._report.worth_telling(readings)]
        if now_ms >= self._heartbeat_due_ms:
            told.append(self._heartbeat(now_ms))
        if told:
            await self._sink.entry(self._device.name, told)

    async def _begin_anew(self, now_ms: int) -> None:
        """What the counters made since they were read by their former definition belongs to no reading."""
        if self.anew is not None:
            anew, self.anew = self.anew, None
            await self._sink.gap(self._device.name, REDEFINED, anew.tags, anew.since_ms, now_ms)

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
        answers = self.statistics.polls + self.statistics.notified
        beat = Reading(HEARTBEAT, answers & 0xFFFFFFFF, now_ms, Quality.GOOD, True)
        return self._stamped(beat)

    async def _contact_made(self, time_ms: int) -> None:
        if self.statistics.online:
            return
        self._log.info("device_online", profile=self._profile.name, url=self._device.url)
        self.statistics.online = self.desk.is_open = True
        self._contact_ms = time_ms
        await self._sink.contact(self._device.name, True, time_ms)

    async def _contact_lost(self, error: DeviceError) -> None:
        self.statistics.failed(str(error), is_refusal=isinstance(error, DeviceRefused))
        if self.statistics.online is False:
            return
        self._log.warning("device_unavailable", reason=str(error), url=self._device.url)
        self.statistics.losses += 1
        await self.end("the device is out of contact")

    async def end(self, reason: str) -> None:
        """Say that there is no contact any more, unless that was said. From outside only after `run` has ended."""
        self.desk.close(reason)
        if self.statistics.online is False:
            return
        self.statistics.online = False
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


async def _any_set(events: Sequence[asyncio.Event], timeout_s: float) -> bool:
    """Wait for the first of them. False: the time is over."""
    if not events:
        await asyncio.sleep(timeout_s)
        return False
    if timeout_s <= 0:
        return False
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
