"""Puts the parts of an edge together, and takes them apart in order. The only place that knows all of them."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterable, Sequence

import structlog

from edge.acquisition.polling import Anew, DevicePoller
from edge.acquisition.timestamps import ClockGuard
from edge.configuration.accepted import AcceptedConfigurations
from edge.configuration.difference import difference
from edge.configuration.reading import Configuration
from edge.configuration.starting import Start
from edge.contract.spool_metrics import REDEFINED
from edge.delivery.live_values import LiveValues
from edge.delivery.publisher import Publisher
from edge.delivery.spool import SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import SpoolWriter
from edge.health import Health, RunningEdge
from edge.health_notify import ServiceManager, keep_told
from edge.metrics import serving_health
from edge.reconfiguration import WORDS_LOGGED_MAX, Reconfiguration
from edge.running_devices import RunningDevices, definitions
from edge.settings import Settings

log = structlog.get_logger()

COMMIT_EVERY_S = {"disk": 0.05, "flash": 0.25}
SETTLED_S = 10.0
"""After so long what an edge keeps is there: its program, its profiles, a first reading of each tag."""
STOP_S = 4.0
"""An edge that is told to stop is gone within 5 s; what it could not deliver waits in the spool."""


async def run(start: Start, *, watch: bool = True) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP has the configuration read again. `watch`: so does a change of its files.

    Raises SpoolError when the spool cannot be durable where it lies."""
    stop, asked = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _on_hangup, _has_terminal(), stop, asked)
    loop.call_later(SETTLED_S, _settle)
    await run_from(start, stop, asked, watch=watch)


def _settle() -> None:
    """Python's garbage collector looks no more through what stays: over and over it costs 2 µs a tag."""
    gc.collect()
    gc.freeze()


async def run_until(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set, on settings that are in no file."""
    await run_from(Start(Configuration.of(settings)), stop, asyncio.Event())


async def run_from(start: Start, stop: asyncio.Event, asked: asyncio.Event, *, watch: bool = True) -> None:
    """Run until `stop` is set. Pollers end first, then what they read is written, then the publisher says goodbye."""
    settings, profiles = start.configuration.settings, start.configuration.profiles
    kept = settings.spool
    limits = SpoolLimits(kept.max_bytes, kept.max_age_h, kept.keep_h, kept.storage)
    spool = await asyncio.to_thread(open_or_set_aside, settings.spool.path, limits)
    ids = await asyncio.to_thread(spool.register, list(definitions(settings.devices, profiles)))
    writer = SpoolWriter(spool, ids, LiveValues(), commit_every_s=COMMIT_EVERY_S[settings.spool.storage])
    clock = ClockGuard(last_entry_ms=spool.newest_ms())
    log.info(
        "edge_started", edge=settings.edge.name, epoch=spool.epoch, head=spool.head, committed=spool.committed
    )
    try:
        devices = RunningDevices(writer, clock, settings.timing)
        pollers = [devices.made(device, profiles[device.name]) for device in settings.devices]
        await _tell_what_ended(start, writer, pollers)
        publisher = Publisher(writer, settings, [poller.desk for poller in pollers])
        running = RunningEdge(settings, writer, publisher, devices.pollers, clock)
        reconfiguration = None
        if start.path is not None:
            reconfiguration = Reconfiguration(start, start.path, running, devices, asked, watches=watch)
        health = Health(running)
        with serving_health(health):
            await _work(running, devices, pollers, reconfiguration, health, stop)
    finally:
        writer.close()
        writer.spool.close()
    log.info("edge_stopped", head=writer.spool.head, committed=writer.spool.committed)


async def _work(
    running: RunningEdge,
    devices: RunningDevices,
    pollers: Sequence[DevicePoller],
    reconfiguration: Reconfiguration | None,
    health: Health,
    stop: asyncio.Event,
) -> None:
    """The edge's tasks, until `stop` is set; they end in order, within STOP_S."""
    writer, publisher = running.writer, running.publisher
    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.run(), name="edge.publisher")
        writing = tasks.create_task(writer.run(), name="edge.spool")
        devices.start(tasks, pollers)
        telling = keep_told(ServiceManager(os.environ), health, stop)
        tasks.create_task(telling, name="edge.service_manager")
        changing = None
        if reconfiguration is not None:
            changing = tasks.create_task(reconfiguration.run(tasks), name="edge.configuration")
        await stop.wait()
        if changing is not None:
            changing.cancel()
        await devices.stop_all(STOP_S / 4)
        writer.stop()
        await asyncio.wait([writing], timeout=STOP_S / 4)
        publisher.stop(drain_s=STOP_S / 4)
        await asyncio.wait([publishing], timeout=STOP_S / 2)
        for task in (writing, publishing):
            task.cancel()


async def _tell_what_ended(start: Start, writer: SpoolWriter, pollers: Sequence[DevicePoller]) -> None:
    """Nobody watched the devices from the last entry until now: their state in between is unknown, not the last one. And
    what was read by the configuration before is no beginning of what another one reads."""
    ended_ms = writer.spool.newest_ms()
    if not ended_ms:
        return
    before = start.configuration
    earlier: Iterable[Configuration] = ()
    if start.before is not None and start.path is not None:
        before = start.before
        earlier = AcceptedConfigurations(start.configuration.settings.spool.path).configurations(start.path)
    for name in dict.fromkeys((*before.profiles, *start.configuration.profiles)):
        await writer.contact(name, False, ended_ms)
    found = difference(before, start.configuration, earlier)
    if not found.is_nothing:
        log.info("configuration_changed", words=(*found.words, *found.needs_restart)[:WORDS_LOGGED_MAX])
    for poller in pollers:
        counters = found.anew.get(poller.device_name)
        if counters:
            await writer.gap(poller.device_name, REDEFINED, counters, ended_ms, ended_ms)
            poller.anew = Anew(counters, ended_ms)


def _on_hangup(had_terminal: bool, stop: asyncio.Event, asked: asyncio.Event) -> None:
    """The same signal says that the terminal of a person is gone: then the edge ends, as it always did."""
    if had_terminal and not _has_terminal():
        stop.set()
    else:
        asked.set()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
