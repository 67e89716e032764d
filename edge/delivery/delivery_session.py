"""One connection's worth of delivery: births, entries, what the plant answers, and leaving in order."""

import asyncio
import random
from collections import deque

import structlog

from edge.contract.failpoints import failpoint
from edge.contract.payloads import MalformedPayload, decode_state
from edge.contract.spool_metrics import HEARTBEAT_EVERY_S
from edge.contract.topics import TopicError, state_topic
from edge.delivery.announcements import Announcements
from edge.delivery.backlog import Backlog, Batch
from edge.delivery.broker_list import Stay
from edge.delivery.delivering import Delivering, now_ms
from edge.delivery.heard_commands import command_in
from edge.delivery.mqtt_link import MqttLink
from edge.delivery.sparkplug_session import Command, SparkplugSession
from edge.delivery.spool import Spool
from edge.delivery.spool_fill import fill_of
from edge.delivery.spool_writer import EpochChanged
from edge.delivery.window import Window
from edge.errors import BrokerTrouble, SpoolUnavailable
from edge.health_turns import SPOOL_PATIENCE_S

log = structlog.get_logger()

LIVE_EVERY_S = 1.0
STORE_POSITION_EVERY_S = 0.5
REBIRTHS_MIN_S = 1.0
"""A host that asks for rebirths in a loop gets one a second."""


class DeliverySession:
    """`run` it once, on a link that is connected and subscribed."""

    def __init__(self, delivering: Delivering, link: MqttLink, session: SparkplugSession) -> None:
        self._delivering = delivering
        self._statistics = delivering.statistics
        self._writer = delivering.writer
        self._link = link
        self._session = session
        self._timing = delivering.settings.timing
        broker = delivering.settings.broker
        self._acknowledged = broker.acknowledge == "plant"
        self._state_topic = state_topic(broker.primary_host) if broker.primary_host is not None else None
        self._window = Window(back_off_max_s=self._timing.backoff_max_s)
        self._backlog = Backlog(
            self._writer, session.epoch, session.shown_ms, poison_after_s=delivering.poison_after_s
        )
        self._announcements = Announcements(link, session, self._writer.live)
        self._unproven: deque[tuple[int, int]] = (
            deque()
        )  # (message of the link, last entry); `acknowledge: none`
        self._birth_at: float | None = None if self._state_topic else self._now()
        self._last_birth_at = -REBIRTHS_MIN_S
        self._broker = delivering.brokers.current
        self._stay = Stay.begin(
            self._now(),
            has_others=delivering.brokers.has_others,
            awaits_host=self._state_topic is not None,
        )
        self._leaving: BrokerTrouble | None = None
        self._stops = False
        self._caught_up_at = self._now()
        self._live_at = 0.0
        self._beat_at = 0.0
        self._look_at = 0.0
        self._said = 0  # Messages of the link when the next heartbeat was put off.
        self._stored = self._writer.spool.committed
        self._store_at = 0.0

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    @property
    def _born(self) -> bool:
        return self._announcements.are_given

    async def run(self) -> BrokerTrouble | None:
        """Until the link is lost, the plant is better looked for elsewhere, or the edge stops (None). Raises
        SpoolUnavailable."""
        delivering = self._delivering
        while not self._is_over:
            delivering.turn.within(SPOOL_PATIENCE_S)
            try:
                await self._take_inbox()
                if not self._is_over:
                    await self._act()
            except EpochChanged:
                continue  # `_act` begins with it.
            if delivering.stop_at is not None and (self._now() >= delivering.stop_at or self._is_done()):
                self._stops = True
            if not self._is_over:
                await delivering.sleep_until(self._next_deadline())
        await self._leave()
        return BrokerTrouble.LOST if self._link.lost is not None else self._leaving

    @property
    def _is_over(self) -> bool:
        return self._stops or self._leaving is not None or self._link.lost is not None

    async def _leave(self) -> None:
        if self._born and self._link.lost is None:
            await self._link.publish_last(self._session.will(now_ms()))
        try:
            await self._store_position(force=True)
        except EpochChanged:
            log.debug("position_of_an_epoch_that_is_over")

    async def _act(self) -> None:
        await self._look_at_spool()
        if self._session.epoch != self._writer.spool.epoch:
            self._begin_epoch()
        now = self._now()
        if self._birth_at is not None and now >= self._birth_at:
            self._give_birth()
        due_at = self._window.due_at()
        if self._born and due_at is not None and now >= due_at:
            await self._go_back()
        self._leaving = self._leaving or self._stay.why_leave(now)
        if self._born and self._birth_at is None:  # A birth that is due lets no data pass before it.
            await self._send()
            self._take_receipts()
            self._show_live()
            self._announcements.tell_fill(now_ms())
            self._beat()
        await self._store_position()

    def _next_deadline(self) -> float:
        times = [self._now() + LIVE_EVERY_S, self._birth_at, self._delivering.stop_at]
        if self._born:
            times.append(self._window.due_at())
        return min(time for time in times if time is not None)

    def _is_done(self) -> bool:
        """Whether nothing is left to wait for before leaving."""
        position = self._window.position
        return not self._born or (position is not None and position >= self._writer.spool.head)

    # -- what the broker brings -------------------------------------------------------------------------------------

    async def _take_inbox(self) -> None:
        while not self._is_over and not self._link.inbox.empty():
            arrived = self._link.inbox.get_nowait()
            try:
                if arrived.topic == self._state_topic:
                    self._host_said(*decode_state(arrived.payload))
                else:
                    await self._obey(command_in(arrived, self._delivering, self._session))
            except (MalformedPayload, TopicError) as error:
                log.warning("command_malformed", topic=arrived.topic, reason=str(error))

    def _host_said(self, online: bool, timestamp_ms: int) -> None:
        host = self._broker.host
        if not host.heard(online, timestamp_ms):
            if online and not host.online:
                self._stay.host_is_dated_back(self._now())
            return
        if online:
            self._stay.host_came()
            if not self._born and self._birth_at is None:
                self._birth_at = self._now() + random.uniform(0, self._timing.birth_delay_max_s)  # noqa: S311
        elif self._born or self._stay.has_others:
            self._leaving = BrokerTrouble.HOST_OFFLINE
        else:
            self._birth_at = None

    async def _obey(self, command: Command) -> None:
        if not self._born:
            return
        if command.rebirth:
            self._birth_at = max(self._now(), self._last_birth_at + REBIRTHS_MIN_S)
        if command.committed is None or command.epoch != self._session.epoch or not self._acknowledged:
            return
        if command.epoch != self._writer.spool.epoch:
            return  # It was replaced just now; `_act` begins the new one.
        spool = self._writer.spool
        if command.committed > spool.sent:
            log.error("spool_rolled_back", committed=command.committed, sent=spool.sent, epoch=spool.epoch)
            await self._writer.call_in(self._session.epoch, Spool.begin_epoch)
            return
        was = self._window.position
        self._stay.answered()
        self._window.committed(command.committed, self._now())
        self._backlog.plant_answered()
        if was is None:
            self._backlog.forget()
            log.info("delivery_position", committed=command.committed, head=spool.head)

    def _begin_epoch(self) -> None:
        """The numbers begin again at 1: a new NBIRTH says so."""
        self._statistics.epochs_begun += 1
        self._session.epoch = self._writer.spool.epoch
        self._stored = self._writer.spool.committed
        self._backlog.begin(self._session.epoch)
        self._window = Window(back_off_max_s=self._timing.backoff_max_s)
        if self._born:
            self._give_birth()

    # -- what we say ------------------------------------------------------------------------------------------------

    def _give_birth(self) -> None:
        self._announcements.give_births(now_ms())
        self._birth_at, self._last_birth_at = None, self._now()
        self._statistics.births += 1
        self._delivering.brokers.worked()
        self._backlog.forget()
        self._unproven.clear()
        self._window.born(self._now())
        if not self._acknowledged:
            self._window.committed(self._writer.spool.committed, self._now())

    async def _go_back(self) -> None:
        unanswered = self._window.first_unanswered()
        self._window.go_back(self._now())
        self._unproven.clear()
        self._statistics.times_gone_back += 1
        self._stay.unanswered(self._now())
        if self._window.position is not None:
            first = self._window.position + 1
            await self._backlog.went_back(first, unanswered, self._window.fruitless, self._now())
        if self._acknowledged and (self._window.position is None or self._window.fruitless > 1):
            # Nobody answered the last birth, or sending again did not help. The plant answers every birth, so its
            # silence or its word tells whether it is down, or cannot store what comes next.
            self._give_birth()

    async def _send(self) -> None:
        """Send while the window is open and something is waiting."""
        while self._window.may_send() and self._link.lost is None and not self._link.is_congested:
            batch = await self._backlog.next_message(self._window.next, self._now(), now_ms())
            if self._session.epoch != self._writer.spool.epoch:
                raise EpochChanged
            if batch is None:
                self._caught_up_at = self._now()
                self._announcements.bury_and_bear(now_ms())
                return
            self._publish(batch)

    def _publish(self, batch: Batch) -> None:
        if batch.device is None:
            message = self._session.told(batch.entries[0], now_ms())
        else:
            self._announcements.ensure_born(batch.device, now_ms())
            message = self._session.readings(
                batch.device, batch.entries, now_ms(), historical=batch.historical
            )
        self._writer.spool.sent = max(self._writer.spool.sent, batch.last)
        self._link.publish(message)
        failpoint("edge.publish.after_send")
        self._window.sent(batch.first, batch.last, len(message.payload), self._now())
        self._statistics.messages += 1
        self._statistics.entries += len(batch.entries)
        if not self._acknowledged:
            if not self._unproven:
                self._link.ask_for_receipt()
            self._unproven.append((self._link.published, batch.last))

    def _take_receipts(self) -> None:
        """`acknowledge: none`: what the broker has read counts as delivered. Asked again while more is on its way."""
        last = None
        while self._unproven and self._unproven[0][0] <= self._link.received:
            last = self._unproven.popleft()[1]
        if last is not None:
            self._window.committed(last, self._now())
            if self._unproven:
                self._link.ask_for_receipt()
            self._delivering.wake.set()  # There is room in the window again.

    def _show_live(self) -> None:
        """While a backlog drains, screens see the newest values: transient, never stored."""
        now = self._now()
        if now < self._live_at or self._window.position is None:
            return
        self._live_at = now + LIVE_EVERY_S
        self._announcements.show_live(now_ms(), is_behind=now - self._caught_up_at > LIVE_EVERY_S)

    def _beat(self) -> None:
        """Whoever says nothing else says that it is there: screens know a dead edge by its silence."""
        now = self._now()
        if self._link.published == self._said and now >= self._beat_at and not self._link.is_congested:
            self._link.publish(self._session.heartbeat(now_ms()))
        if self._link.published != self._said:
            self._said, self._beat_at = self._link.published, now + HEARTBEAT_EVERY_S

    async def _look_at_spool(self) -> None:
        """How full it is: for a birth that is due, else as often as a heartbeat, which bounds how often it is told."""
        is_birth_due = self._birth_at is not None and self._now() >= self._birth_at
        if self._now() < self._look_at and not is_birth_due:
            return
        self._look_at = self._now() + HEARTBEAT_EVERY_S
        try:
            self._announcements.fill = await self._writer.call(fill_of, now_ms())
        except SpoolUnavailable as error:
            log.debug("spool_not_looked_at", reason=str(error))

    async def _store_position(self, *, force: bool = False) -> None:
        """Keep the plant's word on disk, not more than twice a second: it saves only re-sending."""
        position = self._window.position
        if position is None or position == self._stored or (not force and self._now() < self._store_at):
            return
        self._store_at = self._now() + STORE_POSITION_EVERY_S
        try:
            await self._writer.call_in(self._session.epoch, Spool.commit_up_to, position)
        except SpoolUnavailable as error:
            log.warning("position_not_kept", committed=position, reason=str(error))
            return
        self._stored = position
