"""Tells systemd, if it started this edge, when it works, that it still does, and that it stops (sd_notify(3)).

The watchdog is fed only while every loop of the edge keeps its word (see `health_turns`): a loop that hangs stops the
feeding, and so does an event loop that is stuck, because the feeding happens in it. A broker, a device or a disk that
is away does not: a restart would not help, and would lose what waits in memory.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

import structlog

from edge.health import Health

log = structlog.get_logger()

LOOK_EVERY_S = 1.0


class ServiceManager:
    """systemd; without `NOTIFY_SOCKET` nobody, and nothing is sent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.feed_every_s = _watchdog_s(environment) / 3
        """0: there is no watchdog."""

    @property
    def is_there(self) -> bool:
        return bool(self._address)

    def tell(self, *lines: str) -> None:
        """`READY=1` and the like. Never waits, and never fails: the work goes on whoever listens."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.debug("service_manager_not_told", reason=str(error))


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """As sd_watchdog_enabled(3) reads it: 0 if there is none, or if it is meant for another process."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environment.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return 0.0


async def keep_told(manager: ServiceManager, health: Health, stop: asyncio.Event) -> None:
    """READY once every loop is at work, then food for the watchdog and a line for `systemctl status`, until `stop` is
    set; then STOPPING."""
    if not manager.is_there:
        return
    loop, fed_at, said, ready = asyncio.get_running_loop(), 0.0, "", False
    every_s = min(LOOK_EVERY_S, manager.feed_every_s or LOOK_EVERY_S)
    while not stop.is_set():
        if not ready and health.has_begun():
            manager.tell("READY=1")
            ready = True
        hangs = health.hangs()
        if ready and not hangs and manager.feed_every_s and loop.time() >= fed_at + manager.feed_every_s:
            manager.tell("WATCHDOG=1")
            fed_at = loop.time()
        if (status := _status(health, hangs)) != said:
            manager.tell(f"STATUS={status}")
            said = status
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await stop.wait()
    manager.tell("STOPPING=1")


def _status(health: Health, hangs: Mapping[str, float]) -> str:
    """One line, without asking the disk."""
    if hangs:
        return f"hangs: {', '.join(hangs)}"
    running = health.running
    in_contact = sum(poller.statistics.online is True for poller in running.pollers)
    connected = [one.url for one in running.publisher.brokers.known if one.connected_ms is not None]
    broker = connected[0] if connected else "no broker"
    return f"{in_contact} of {len(running.pollers)} devices in contact, {broker}"
