"""The devices of a running edge: each can be stopped and another started in its place, and the others notice nothing."""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from edge.acquisition.device_settings import Device
from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Profile
from edge.acquisition.timestamps import ClockGuard
from edge.contract.payloads import Value
from edge.contract.spool_metrics import COUNTS, PATH, RATE_MAX, ROLE, SCALE, UNIT, VOCABULARY, WIDTH
from edge.delivery.entries import TagDefinition
from edge.delivery.spool_writer import SpoolWriter
from edge.drivers import driver_of
from edge.settings import Timing

log = structlog.get_logger()


class RunningDevices:
    """`pollers`: those of now, always the same list. Their tasks belong to the group that `start` is given."""

    def __init__(self, writer: SpoolWriter, clock: ClockGuard, timing: Timing) -> None:
        self.pollers: list[DevicePoller] = []
        self._writer = writer
        self._clock = clock
        self._timing = timing
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def made(self, device: Device, profile: Profile) -> DevicePoller:
        """A poller that is not started; it opens nothing. Raises ConfigError."""
        if profile.verified == "draft":
            log.warning("profile_is_a_draft", device=device.name, profile=device.profile)
        driver = driver_of(device, profile, self._clock.now_ms)
        return DevicePoller(device, profile, driver, self._writer, self._clock, self._timing)

    def start(self, tasks: asyncio.TaskGroup, pollers: Iterable[DevicePoller]) -> None:
        for poller in pollers:
            self.pollers.append(poller)
            name = poller.device_name
            self._tasks[name] = tasks.create_task(poller.run(), name=f"edge.device[{name}]")

    async def stop(self, names: Iterable[str], within_s: float) -> dict[str, DevicePoller]:
        """End these and say that their contact is lost; returns their pollers. A device that hangs while it is being
        closed is left behind after `within_s`: it can tell nothing any more."""
        wanted = set(names)
        stopped = {poller.device_name: poller for poller in self.pollers if poller.device_name in wanted}
        for poller in stopped.values():
            poller.is_over = True
        tasks = [self._tasks.pop(name) for name in stopped]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        for poller in stopped.values():
            self.pollers.remove(poller)
            await poller.end("the configuration changed")
        return stopped

    async def stop_all(self, within_s: float) -> None:
        """The edge ends. What is said of contact then is said at its next start."""
        for poller in self.pollers:
            poller.is_over = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)


def definitions(devices: Iterable[Device], profiles: Mapping[str, Profile]) -> Iterable[TagDefinition]:
    """What births say of every tag: only what its profile knows."""
    for device in devices:
        for tag in profiles[device.name].tags:
            properties: dict[str, Value] = {
                ROLE: tag.role.value,
                UNIT: tag.unit,
                PATH: device.path,
                WIDTH: tag.width,
                SCALE: None if tag.width is None else (tag.modulus or 0) >> tag.width,
                COUNTS: tag.counts.value if tag.counts else None,
                RATE_MAX: float(tag.rate_max) if tag.rate_max is not None else None,
                VOCABULARY: tag.vocabulary,
            }
            known = {name: value for name, value in properties.items() if value is not None}
            yield TagDefinition(device.name, tag.name, tag.datatype, known)
