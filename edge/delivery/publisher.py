"""Delivers the spool: connect, wait for the plant, give birth, send what it has not committed, take its word for it.

    CONNECT ─▶ STATE online ─▶ births ─▶ first Committed ─▶ window full? ─▶ send ─▶ Committed ─▶ …
       ▲            │ offline, lost                            │ nothing heard: go back to committed + 1
       └────────────┘ NDEATH, next broker                      ▼

One task owns all of it, so that no two decisions race. It is woken by the broker, by the spool and by its timer.
"""

import asyncio
import random
import time
from dataclasses import dataclass

import structlog

from edge.contract.failpoints import failpoint
from edge.contract.payloads import MalformedPayload, decode, decode_state
from edge.contract.topics import MessageType, edge_topic, state_topic
from edge.delivery.backlog import Backlog
from edge.delivery.mqtt_link import MqttLink
from edge.delivery.primary_host import PrimaryHost
from edge.delivery.sparkplug_session import Command, CommandReader, NodeIdentity, SparkplugSession
from edge.delivery.spool_writer import SpoolWriter
from edge.delivery.window import Window
from edge.errors import BrokerUnavailable
from edge.settings import Settings

log = structlog.get_logger()

LIVE_EVERY_S = 1.0
STORE_POSITION_EVERY_S = 0.5
REBIRTHS_MIN_S = 1.0
"""A host that asks for rebirths in a loop gets one a second."""


@dataclass(slots=True)
class PublisherStatistics:
    connects: int = 0
    births: int = 0
    messages: int = 0
    entries: int = 0
    times_gone_back: int = 0
    epochs_begun: int = 0


class Publisher:
    """`run` is its task. `stop` lets it end in order: what is pending is given `drain_s`, then NDEATH, DISCONNECT."""

    def __init__(self, writer: SpoolWriter, settings: Settings, *, poison_after_s: float = 60.0) -> None:
        self.statistics = PublisherStatistics()
        self._writer = writer
        self._settings = settings
        self._identity = NodeIdentity(settings.edge.group, settings.edge.name)
        self._acknowledged = settings.broker.acknowledge == "plant"
        self._wake = writer.appended
        self._host = PrimaryHost()
        self._commands = CommandReader()
        self._poison_after_s = poison_after_s
        self._stopping = False
        self._stop_at = 0.0

    def stop(self, drain_s: float = 2.0) -> None:
        self._stopping = True
        self._stop_at = self._now() + drain_s
        self._wake.set()

    async def run(self) -> None:
        """Until stopped. A broker that fails is followed by the next in the list, with back-off."""
        timing, failures, down_said = self._settings.timing, 0, False
        while not self._stopping:
            url = self._settings.broker.urls[failures % len(self._settings.broker.urls)]
            connects = self.statistics.connects
            try:
                await self._one_session(url)
            except BrokerUnavailable as error:
                if not down_said:
                    log.warning("broker_unavailable", url=url, reason=str(error))
                    down_said = True
            if self.statistics.connects > connects:
                failures, down_said = 0, False
            failures += 1
            wait_s = min(timing.backoff_max_s, timing.backoff_first_s * 2.0 ** min(failures - 1, 16))
            await self._pause(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  (edges must not come back in step)

    async def _pause(self, seconds: float) -> None:
        deadline = self._now() + seconds
        while not self._stopping and self._now() < deadline:
            await self._sleep_until(deadline)

    async def _one_session(self, url: str) -> None:
        bd_seq = await self._writer.call(self._writer.spool.next_bd_seq)
        session = SparkplugSession(self._identity, bd_seq, self._writer.spool.epoch, self._writer.spool.tags)
        client_id = f"lineside-edge-{self._identity.group}-{self._identity.edge}"
        will = session.will(_now_ms())
        async with MqttLink(self._settings.broker, url, client_id, will, self._wake) as link:
            await link.subscribe(self._subscriptions())
            self.statistics.connects += 1
            log.info("broker_connected", url=url, bd_seq=bd_seq)
            await _Delivery(self, link, session).run()

    def _subscriptions(self) -> list[str]:
        group, edge = self._identity.group, self._identity.edge
        topics = [
            str(edge_topic(group, MessageType.NCMD, edge)),
            str(edge_topic(group, MessageType.NCMD, edge)).replace("/NCMD/", "/DCMD/") + "/+",
        ]
        if self._settings.broker.primary_host is not None:
            topics.append(state_topic(self._settings.broker.primary_host))
        return topics

    async def _sleep_until(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline - self._now())):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class _Delivery:
    """One connection's worth of delivery."""

    def __init__(self, publisher: Publisher, link: MqttLink, session: SparkplugSession) -> None:
        self._publisher = publisher
        self._writer = publisher._writer
        self._link = link
        self._session = session
        self._timing = publisher._settings.timing
        self._window = Window(back_off_max_s=self._timing.backoff_max_s)
        self._backlog = Backlog(self._writer, poison_after_s=publisher._poison_after_s)
        self._epochs_begun = self._writer.epochs_begun
        self._birth_at: float | None = None if publisher._settings.broker.primary_host else self._now()
        self._born = False
        self._leaving: str | None = None
        self._live_at = 0.0
        self._stored = self._writer.spool.committed
        self._store_at = 0.0
        self._last_birth_at = -REBIRTHS_MIN_S

    def _now(self) -> float:
        return self._publisher._now()

    async def run(self) -> None:
        """Until the link is lost, the host goes offline, or the edge stops."""
        publisher = self._publisher
        while self._link.lost is None and self._leaving is None:
            await self._take_inbox()
            if self._epochs_begun != self._writer.epochs_begun:
                await self._after_epoch_change()
            await self._act()
            if publisher._stopping and (self._now() >= publisher._stop_at or self._drained()):
                self._leaving = "stop"
                break
            await publisher._sleep_until(self._next_deadline())
        await self._store_position(force=True)
        publisher._host.disconnected()
        if self._link.lost is None:
            if self._born:
                await self._link.publish_last(self._session.will(_now_ms()))
            log.info("broker_left", reason=self._leaving)
        else:
            log.warning("broker_lost", reason=self._link.lost)

    async def _act(self) -> None:
        now = self._now()
        if self._birth_at is not None and now >= self._birth_at:
            self._give_birth()
        due_at = self._window.due_at()
        if self._born and self._publisher._acknowledged and due_at is not None and now >= due_at:
            await self._go_back()
        if self._born:
            await self._send()
            self._show_live()
        await self._store_position()

    def _next_deadline(self) -> float:
        now = self._now()
        times = [now + LIVE_EVERY_S]
        if self._birth_at is not None:
            times.append(self._birth_at)
        due_at = self._window.due_at()
        if due_at is not None and self._born:
            times.append(due_at)
        if self._publisher._stopping:
            times.append(self._publisher._stop_at)
        return min(times)

    def _drained(self) -> bool:
        return self._window.position is not None and self._window.position >= self._writer.spool.head

    # -- what the broker brings -------------------------------------------------------------------------------------

    async def _take_inbox(self) -> None:
        while not self._link.inbox.empty():
            arrived = self._link.inbox.get_nowait()
            try:
                if "/STATE/" in arrived.topic:
                    self._host_said(*decode_state(arrived.payload))
                else:
                    await self._obey(self._publisher._commands.read(decode(arrived.payload).metrics))
            except MalformedPayload as error:
                log.warning("command_malformed", topic=arrived.topic, reason=str(error))

    def _host_said(self, online: bool, timestamp_ms: int) -> None:
        host = self._publisher._host
        if not host.heard(online, timestamp_ms):
            return
        if online and not self._born and self._birth_at is None:
            self._birth_at = self._now() + random.uniform(0, self._timing.birth_delay_max_s)  # noqa: S311
        elif not online and self._born:
            self._leaving = "host offline"
        elif not online:
            self._birth_at = None

    async def _obey(self, command: Command) -> None:
        if command.rebirth and self._born:
            self._birth_at = max(self._now(), self._last_birth_at + REBIRTHS_MIN_S)
        if command.committed is None or command.epoch != self._writer.spool.epoch or not self._born:
            return
        spool = self._writer.spool
        if command.committed > spool.sent:
            log.error("spool_rolled_back", committed=command.committed, sent=spool.sent, epoch=spool.epoch)
            await self._writer.call(spool.begin_epoch)
            await self._after_epoch_change()
            return
        was = self._window.position
        self._window.committed(command.committed, self._now())
        self._backlog.plant_answered()
        if was is None:
            self._backlog.forget()
            log.info("delivery_position", committed=command.committed, head=spool.head)

    async def _after_epoch_change(self) -> None:
        """The numbers begin again at 1: a new NBIRTH says so."""
        self._epochs_begun = self._writer.epochs_begun
        self._publisher.statistics.epochs_begun += 1
        self._session.epoch = self._writer.spool.epoch
        self._stored = self._writer.spool.committed
        self._backlog.forget()
        if self._born:
            self._give_birth()

    # -- what we say ------------------------------------------------------------------------------------------------

    def _give_birth(self) -> None:
        now_ms = _now_ms()
        self._link.publish(self._session.node_birth(now_ms))
        for device in self._session.devices:
            if self._writer.live.device(device).online:
                self._link.publish(
                    self._session.device_birth(device, self._writer.live.device(device), now_ms)
                )
        self._born, self._birth_at, self._last_birth_at = True, None, self._now()
        self._publisher.statistics.births += 1
        self._backlog.forget()
        self._window.born(self._now())
        if not self._publisher._acknowledged:
            self._window.committed(self._writer.spool.committed, self._now())

    async def _go_back(self) -> None:
        self._window.go_back(self._now())
        self._backlog.forget()
        self._publisher.statistics.times_gone_back += 1
        if self._window.position is None:
            self._give_birth()  # Nobody answered the last one.
        else:
            await self._backlog.set_aside_poison(self._window.position + 1, self._now())

    async def _send(self) -> None:
        """Send while the window is open and something is waiting."""
        while self._window.may_send() and self._link.lost is None:
            batch = await self._backlog.next_message(self._window.next, self._now(), _now_ms())
            if batch is None:
                self._bury_the_lost()
                return
            if batch.device is not None and batch.device not in self._session.born:
                live = self._writer.live.device(batch.device)
                self._link.publish(self._session.device_birth(batch.device, live, _now_ms()))
            if batch.device is None:
                message = self._session.told(batch.entries[0], _now_ms())
            else:
                message = self._session.readings(
                    batch.device, batch.entries, _now_ms(), historical=batch.historical
                )
            self._link.publish(message)
            failpoint("edge.publish.after_send")
            self._writer.spool.sent = max(self._writer.spool.sent, batch.last)
            self._window.sent(batch.first, batch.last, len(message.payload), self._now())
            self._count(len(batch.entries))
            if not self._publisher._acknowledged:
                self._window.committed(batch.last, self._now())

    def _count(self, entries: int) -> None:
        self._publisher.statistics.messages += 1
        self._publisher.statistics.entries += entries

    def _bury_the_lost(self) -> None:
        """All is told: devices that are out of contact now die for the host too."""
        for device in list(self._session.born):
            if self._writer.live.device(device).online is False:
                self._link.publish(self._session.device_death(device, _now_ms()))
        for device in self._session.devices:
            live = self._writer.live.device(device)
            if live.online and device not in self._session.born:
                self._link.publish(self._session.device_birth(device, live, _now_ms()))

    def _show_live(self) -> None:
        """While a backlog drains, screens see the newest values: transient, never stored."""
        if self._now() < self._live_at:
            return
        self._live_at = self._now() + LIVE_EVERY_S
        for device in list(self._session.born):
            moved = self._writer.live.take_changed(device)
            if self._backlog.draining and moved:
                self._link.publish(self._session.live(device, moved, _now_ms()))

    async def _store_position(self, *, force: bool = False) -> None:
        """Keep the plant's word on disk, not more than twice a second: it saves only re-sending."""
        position = self._window.position
        if position is None or position == self._stored or (not force and self._now() < self._store_at):
            return
        self._store_at = self._now() + STORE_POSITION_EVERY_S
        await self._writer.call(self._writer.spool.commit_up_to, position)
        self._stored = position


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
