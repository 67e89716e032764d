"""Puts the parts of an edge together, and takes them apart in order. The only place that knows all of them."""

import asyncio
import os
import signal
from collections.abc import Iterable, Sequence

import structlog

from edge.acquisition.device_settings import Device
from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Profile
from edge.acquisition.timestamps import ClockGuard
from edge.contract.payloads import Value
from edge.contract.spool_metrics import COUNTS, PATH, RATE_MAX, ROLE, SCALE, UNIT, VOCABULARY, WIDTH
from edge.delivery.entries import TagDefinition
from edge.delivery.live_values import LiveValues
from edge.delivery.publisher import Publisher
from edge.delivery.spool import SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import SpoolWriter
from edge.drivers import driver_of, profile_of
from edge.health import Health, RunningEdge
from edge.health_notify import ServiceManager, keep_told
from edge.metrics import serving_health
from edge.settings import Settings

log = structlog.get_logger()

COMMIT_EVERY_S = {"disk": 0.05, "flash": 0.25}
STOP_S = 4.0
"""An edge that is told to stop is gone within 5 s; what it could not deliver waits in the spool."""


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises SpoolError when the spool cannot be durable where it lies."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_until(settings, stop)


async def run_until(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set. Pollers end first, then what they read is written, then the publisher says goodbye."""
    profiles = {device.name: profile_of(device) for device in settings.devices}
    limits = SpoolLimits(settings.spool.max_bytes, settings.spool.max_age_h, settings.spool.keep_h)
    spool = await asyncio.to_thread(open_or_set_aside, settings.spool.path, limits)
    ids = await asyncio.to_thread(spool.register, list(_definitions(settings.devices, profiles)))
    writer = SpoolWriter(spool, ids, LiveValues(), commit_every_s=COMMIT_EVERY_S[settings.spool.storage])
    await _tell_when_it_ended(settings.devices, writer)
    for device in settings.devices:
        if profiles[device.name].verified == "draft":
            log.warning("profile_is_a_draft", device=device.name, profile=device.profile)
    clock = ClockGuard(last_entry_ms=spool.newest_ms())
    log.info(
        "edge_started", edge=settings.edge.name, epoch=spool.epoch, head=spool.head, committed=spool.committed
    )
    try:
        pollers = [
            _poller(device, profiles[device.name], writer, clock, settings) for device in settings.devices
        ]
        publisher = Publisher(writer, settings, [poller.desk for poller in pollers])
        health = Health(RunningEdge(settings, writer, publisher, pollers, clock))
        with serving_health(health):
            await _work(writer, publisher, pollers, health, stop)
    finally:
        writer.close()
        writer.spool.close()
    log.info("edge_stopped", head=writer.spool.head, committed=writer.spool.committed)


async def _work(
    writer: SpoolWriter,
    publisher: Publisher,
    pollers: Sequence[DevicePoller],
    health: Health,
    stop: asyncio.Event,
) -> None:
    """The edge's tasks, until `stop` is set; they end in order, within STOP_S."""
    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.run(), name="edge.publisher")
        writing = tasks.create_task(writer.run(), name="edge.spool")
        polling = [
            tasks.create_task(poller.run(), name=f"edge.device[{poller.device_name}]") for poller in pollers
        ]
        telling = keep_told(ServiceManager(os.environ), health, stop)
        tasks.create_task(telling, name="edge.service_manager")
        await stop.wait()
        for task in polling:
            task.cancel()
        await asyncio.wait(polling, timeout=STOP_S / 4) if polling else None
        writer.stop()
        await asyncio.wait([writing], timeout=STOP_S / 4)
        publisher.stop(drain_s=STOP_S / 4)
        await asyncio.wait([publishing], timeout=STOP_S / 2)
        for task in (writing, publishing):
            task.cancel()


async def _tell_when_it_ended(devices: Iterable[Device], writer: SpoolWriter) -> None:
    """Nobody watched the devices from the last entry until now: their state in between is unknown, not the last one."""
    ended_ms = writer.spool.newest_ms()
    if ended_ms:
        for device in devices:
            await writer.contact(device.name, False, ended_ms)


def _poller(
    device: Device, profile: Profile, writer: SpoolWriter, clock: ClockGuard, settings: Settings
) -> DevicePoller:
    driver = driver_of(device, profile, clock.now_ms)
    return DevicePoller(device, profile, driver, writer, clock, settings.timing)


def _definitions(devices: Iterable[Device], profiles: dict[str, Profile]) -> Iterable[TagDefinition]:
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
