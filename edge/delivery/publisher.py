"""Delivers the spool: connect, wait for the plant, give birth, send what it has not committed, take its word for it.

    CONNECT ─▶ STATE online ─▶ births ─▶ first Committed ─▶ window full? ─▶ send ─▶ Committed ─▶ …
       ▲            │ offline, lost                            │ nothing heard: go back to committed + 1
       └────────────┘ NDEATH, next broker                      ▼

One task owns all of it, so that no two decisions race. It is woken by the broker, by the spool and by its timer.
What happens within one connection is `delivery_session`.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence

import structlog

from edge.acquisition.commanding import CommandDesk
from edge.contract.topics import MessageType, edge_topic, state_topic
from edge.delivery.broker_list import BrokerList
from edge.delivery.delivering import Delivering, now_ms
from edge.delivery.delivery_session import DeliverySession
from edge.delivery.mqtt_link import MqttLink
from edge.delivery.sparkplug_session import NodeIdentity, SparkplugSession
from edge.delivery.spool import Spool
from edge.delivery.spool_writer import SpoolWriter
from edge.errors import BrokerTrouble, BrokerUnavailable, SpoolUnavailable
from edge.health_turns import SPOOL_PATIENCE_S
from edge.settings import Settings

log = structlog.get_logger()

_LEFT_BECAUSE: dict[BrokerTrouble | None, str] = {
    BrokerTrouble.HOST_OFFLINE: "the primary host is not connected to this broker",
    BrokerTrouble.HOST_ABSENT: "the primary host said nothing that holds at this broker",
    BrokerTrouble.PLANT_SILENT: "the plant does not answer at this broker",
}


class Publisher:
    """`run` is its task. `stop` lets it end in order: what is pending is given `drain_s`, then NDEATH, DISCONNECT."""

    def __init__(
        self,
        writer: SpoolWriter,
        settings: Settings,
        desks: Sequence[CommandDesk] = (),
        *,
        poison_after_s: float = 60.0,
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._identity = NodeIdentity(settings.edge.group, settings.edge.name)
        timing = settings.timing
        self.brokers = BrokerList(settings.broker.urls, timing.backoff_first_s, timing.backoff_max_s)
        self._delivering = Delivering(
            writer, settings, poison_after_s, self.brokers, desks={desk.device_name: desk for desk in desks}
        )
        self._methods = {desk.device_name: desk.methods for desk in desks}
        self._bd_seq: int | None = None  # On disk already, but in no CONNECT yet.
        self._session: SparkplugSession | None = None  # The present or the last one.
        self.statistics = self._delivering.statistics
        self.turn = self._delivering.turn

    def stop(self, drain_s: float = 2.0) -> None:
        self._delivering.stop_at = asyncio.get_running_loop().time() + drain_s
        self._delivering.wake.set()

    def redefine(self, desks: Sequence[CommandDesk], devices: Iterable[str]) -> None:
        """The spool knows other tags now, and commands go to these desks. `devices` are born anew, the others go on."""
        self._delivering.desks = {desk.device_name: desk for desk in desks}
        self._methods = {desk.device_name: desk.methods for desk in desks}
        if self._session is not None:
            self._session.redefine(self._writer.spool.tags, self._methods, devices)
        self._delivering.wake.set()

    async def run(self) -> None:
        """Until stopped. A broker that fails or is not the plant's is followed by the next in the list, with back-off."""
        brokers = self.brokers
        while not self._delivering.is_stopping:
            url = brokers.current.url
            try:
                trouble, reason = await self._one_session(url)
                if brokers.ended(trouble, reason, now_ms()):
                    tell = log.warning if trouble is BrokerTrouble.LOST else log.info
                    tell(
                        "broker_lost" if trouble is BrokerTrouble.LOST else "broker_left",
                        url=url,
                        reason=reason,
                    )
            except BrokerUnavailable as error:
                if brokers.ended(error.trouble, str(error), now_ms()):
                    log.warning("broker_unavailable", url=url, trouble=error.trouble, reason=str(error))
            except SpoolUnavailable as error:  # Reading does not work, or a new epoch cannot be written.
                brokers.ended(None, "", now_ms())
                log.error("delivery_interrupted", reason=str(error))
            await self._pause(brokers.wait_s() * random.uniform(0.5, 1.0))  # noqa: S311  (edges must not come back in step)

    async def _pause(self, seconds: float) -> None:
        self.turn.within(seconds)
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._delivering.is_stopping and asyncio.get_running_loop().time() < deadline:
            await self._delivering.sleep_until(deadline)

    async def _one_session(self, url: str) -> tuple[BrokerTrouble | None, str]:
        """Returns why it ended (None: because the edge ends) and the words for it."""
        self.turn.within(SPOOL_PATIENCE_S)
        spool = self._writer.spool
        if self._bd_seq is None:
            self._bd_seq = await self._writer.call(Spool.next_bd_seq)
        session = SparkplugSession(self._identity, self._bd_seq, spool.epoch, spool.tags, self._methods)
        self._session = session
        client_id = f"lineside-edge-{self._identity.group}-{self._identity.edge}"
        will = session.will(now_ms())
        link = MqttLink(self._settings.broker, url, client_id, will, self._delivering.wake)
        try:
            async with link:
                await link.subscribe(self._subscriptions())
                self.statistics.connects += 1
                if self.brokers.connected(now_ms()):
                    log.info("broker_connected", url=url, bd_seq=self._bd_seq)
                trouble = await DeliverySession(self._delivering, link, session).run()
                return trouble, link.lost or _LEFT_BECAUSE.get(trouble, "stop")
        finally:
            if link.sent_connect:
                self._bd_seq = None

    def _subscriptions(self) -> list[str]:
        group, edge = self._identity.group, self._identity.edge
        topics = [
            str(edge_topic(group, MessageType.NCMD, edge)),
            f"{str(edge_topic(group, MessageType.NCMD, edge)).replace('/NCMD/', '/DCMD/')}/+",
        ]
        if self._settings.broker.primary_host is not None:
            topics.append(state_topic(self._settings.broker.primary_host))
        return topics
