"""How a running edge is, as its health page, its metrics and the service manager are told.

Nothing is counted for it: the parts of the edge count anyway, and whoever asks gets a picture of what they have, in a
thread of its own. Each value is one integer, float or text, so there is nothing half written to be read. No part is
waited for, so the picture comes also while a broker, a device or the disk hangs.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edge.acquisition.polling import DevicePoller
from edge.acquisition.shared_line import LineCounts
from edge.acquisition.timestamps import ClockGuard, wall_clock_ms
from edge.configuration.state import ConfigurationState
from edge.delivery.publisher import Publisher
from edge.delivery.spool_writer import SpoolWriter
from edge.health_disk import DiskLook, DiskState
from edge.health_turns import Turn
from edge.settings import Settings


@dataclass(slots=True)
class RunningEdge:
    """What is watched. Whoever changes the configuration replaces `settings`, `pollers` and `configured_ms`."""

    settings: Settings
    writer: SpoolWriter
    publisher: Publisher
    pollers: Sequence[DevicePoller]
    clock: ClockGuard
    started_ms: int = field(default_factory=wall_clock_ms)
    configured_ms: int = field(default_factory=wall_clock_ms)
    """When the present configuration was accepted, UTC ms."""
    configuration: ConfigurationState | None = None  # None: of no file, so it cannot change.

    def turns(self) -> dict[str, Turn]:
        """Of each loop, by name."""
        loops = {"spool": self.writer.turn, "delivery": self.publisher.turn}
        return loops | {f"device {poller.device_name}": poller.turn for poller in self.pollers}

    def lines(self) -> list[LineCounts]:
        """Of Modbus lines; devices that share one count on the same."""
        counts = (poller.line_counts for poller in self.pollers)
        return list({one.place: one for one in counts if one is not None}.values())


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """`trouble`: of edge.errors.BrokerTrouble, what happened there last. Times are UTC ms."""

    url: str
    is_current: bool
    connected_ms: int | None
    host_online: bool | None
    trouble: str
    reason: str
    trouble_ms: int | None


@dataclass(frozen=True, slots=True)
class SpoolHealth:
    """`lag_s`: age of the oldest entry the plant has not committed, 0 if there is none, None if it is not known.
    `seen_s_ago`: how old what the disk said is; None: it never answered."""

    epoch: str
    head: int
    committed: int
    backlog: int
    lag_s: float | None
    bytes: int
    max_bytes: int
    free_bytes: int | None
    buffer_bytes: int
    thinned: int
    set_aside: int
    failure: str
    seen_s_ago: float | None


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """`online` None: not tried yet. Ages in seconds, None: never."""

    name: str
    url: str
    profile: str
    online: bool | None
    answered_s_ago: float | None
    poll_s: float
    error: str
    error_is_refusal: bool
    error_s_ago: float | None
    bad_tags: tuple[str, ...]
    polls: int
    losses: int
    gaps: int
    skipped: int


@dataclass(frozen=True, slots=True)
class EdgeHealth:
    """One picture. `hangs`: loops that broke their word, with by how many seconds."""

    edge: str
    group: str
    version: str
    taken_ms: int
    started_ms: int
    configured_ms: int
    primary_host: str | None
    brokers: tuple[BrokerHealth, ...]
    plant_ahead_s: float | None
    births: int
    went_back: int
    epochs_begun: int
    spool: SpoolHealth
    devices: tuple[DeviceHealth, ...]
    lines: tuple[LineCounts, ...]
    clock_mistrust: str
    cpu_s: float
    rss_bytes: int
    hangs: dict[str, float]
    configuration: str = "running"
    """What became of the configuration file as it stands: an edge.configuration.state.Outcome …"""
    configuration_words: tuple[str, ...] = ()
    """… and why it was not taken, or what it changed."""
    configuration_changes: int = 0


class Health:
    """Takes the picture; from any thread."""

    def __init__(self, running: RunningEdge) -> None:
        self.running = running
        self._disk = DiskLook(running.writer)
        self._version = _version()

    def take(self) -> EdgeHealth:
        running, now_s = self.running, time.monotonic()
        settings, done = running.settings, running.publisher.statistics
        return EdgeHealth(
            edge=settings.edge.name,
            group=settings.edge.group,
            version=self._version,
            taken_ms=wall_clock_ms(),
            started_ms=running.started_ms,
            configured_ms=running.configured_ms,
            primary_host=settings.broker.primary_host,
            brokers=_brokers(running.publisher),
            plant_ahead_s=done.plant_ahead_s,
            births=done.births,
            went_back=done.times_gone_back,
            epochs_begun=done.epochs_begun,
            spool=self._spool(self._disk.look()),
            devices=tuple(_device(poller, now_s) for poller in running.pollers),
            lines=tuple(running.lines()),
            clock_mistrust=running.clock.mistrust,
            cpu_s=time.process_time(),
            rss_bytes=_rss_bytes(),
            hangs=self.hangs(),
            **_configuration(running.configuration),
        )

    def hangs(self) -> dict[str, float]:
        """Loops that should have been round again, with how long ago. Asks no disk."""
        overdue = {name: turn.overdue_s() for name, turn in self.running.turns().items()}
        return {name: seconds for name, seconds in overdue.items() if seconds > 0}

    def has_begun(self) -> bool:
        """Whether every loop is at work."""
        return all(turn.due_s is not None for turn in self.running.turns().values())

    def _spool(self, disk: DiskState) -> SpoolHealth:
        writer = self.running.writer
        spool = writer.spool
        backlog = max(0, spool.head - spool.committed)
        lag_s = 0.0 if backlog == 0 else None
        if backlog and disk.oldest_ms is not None:
            lag_s = max(0.0, (wall_clock_ms() - disk.oldest_ms) / 1000)
        return SpoolHealth(
            epoch=spool.epoch,
            head=spool.head,
            committed=spool.committed,
            backlog=backlog,
            lag_s=lag_s,
            bytes=disk.spool_bytes,
            max_bytes=spool.limits.max_bytes,
            free_bytes=disk.free_bytes,
            buffer_bytes=writer.waiting_bytes,
            thinned=spool.thinned_runs + writer.buffer_thinned,
            set_aside=disk.set_aside,
            failure=writer.failure,
            seen_s_ago=None if disk.seen_s is None else time.monotonic() - disk.seen_s,
        )


def _configuration(state: ConfigurationState | None) -> dict[str, Any]:
    if state is None:
        return {}
    return {
        "configuration": str(state.outcome),
        "configuration_words": state.words,
        "configuration_changes": state.changes,
    }


def _brokers(publisher: Publisher) -> tuple[BrokerHealth, ...]:
    brokers = publisher.brokers
    return tuple(
        BrokerHealth(
            url=one.url,
            is_current=one is brokers.current,
            connected_ms=one.connected_ms,
            host_online=one.host.online if one.connected_ms is not None else None,
            trouble="" if one.trouble is None else str(one.trouble),
            reason=one.reason,
            trouble_ms=one.trouble_ms,
        )
        for one in brokers.known
    )


def _device(poller: DevicePoller, now_s: float) -> DeviceHealth:
    counted = poller.statistics
    return DeviceHealth(
        name=poller.device_name,
        url=poller.device_url,
        profile=poller.profile_name,
        online=counted.online,
        answered_s_ago=None if counted.answered_s is None else max(0.0, now_s - counted.answered_s),
        poll_s=counted.last_poll_s,
        error=counted.last_error,
        error_is_refusal=counted.last_error_is_refusal,
        error_s_ago=None if counted.last_error_s is None else max(0.0, now_s - counted.last_error_s),
        bad_tags=tuple(poller.bad_tags),
        polls=counted.polls,
        losses=counted.losses,
        gaps=counted.gaps,
        skipped=counted.skipped_slots,
    )


def _version() -> str:
    try:
        return version("lineside")
    except PackageNotFoundError:  # Run from a folder that was never installed.
        return "unknown"


def _rss_bytes() -> int:
    """Memory of this process that is in RAM; 0 where there is no /proc."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            kib = next((line.split()[1] for line in status if line.startswith("VmRSS:")), "0")
    except OSError:
        return 0
    return int(kib) * 1024
