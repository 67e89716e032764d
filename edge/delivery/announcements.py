"""What an edge says besides its entries: births, deaths of devices, how full its spool is, and the newest values for
screens."""

import structlog

from edge.contract.spool_fill import SpoolFill
from edge.delivery.live_values import LiveValue, LiveValues
from edge.delivery.mqtt_link import MqttLink
from edge.delivery.sparkplug_session import Message, SparkplugSession
from edge.delivery.spool_fill import is_news

log = structlog.get_logger()

MESSAGE_BYTES_MAX = 256 * 1024
LIVE_BYTES_MAX = 200 * 1024
"""By estimate, as with entries."""


class Announcements:
    """`are_given`: the node's birth was published in this session. `fill`: of the spool, as it was looked at last."""

    def __init__(self, link: MqttLink, session: SparkplugSession, live: LiveValues) -> None:
        self._link = link
        self._session = session
        self._live = live
        self._too_large: set[str] = set()
        self.are_given = False
        self.fill: SpoolFill | None = None
        self._told_fill: SpoolFill | None = None

    def give_births(self, now_ms: int) -> None:
        """NBIRTH, then DBIRTH of every device in contact."""
        self._link.publish(self._session.node_birth(now_ms, self.fill))
        self.are_given, self._told_fill = True, self.fill
        for device in self._session.devices:
            if self._live.device(device).online:
                self.ensure_born(device, now_ms)

    def ensure_born(self, device: str, now_ms: int) -> None:
        """DBIRTH, if this device had none since the node's."""
        if device in self._session.born:
            return
        message = self._session.device_birth(device, self._live.device(device), now_ms)
        self._warn_if_large(device, message)
        self._link.publish(message)

    def bury_and_bear(self, now_ms: int) -> None:
        """All entries are told: devices out of contact die for the host too, and those that are back are born."""
        for device in list(self._session.born):
            if self._live.device(device).online is False:
                self._link.publish(self._session.device_death(device, now_ms))
        for device in self._session.devices:
            if self._live.device(device).online:
                self.ensure_born(device, now_ms)

    def tell_fill(self, now_ms: int) -> None:
        """How full the spool is, if that is news since it was told last."""
        if self.fill is not None and is_news(self.fill, self._told_fill):
            self._link.publish(self._session.spool_fill(self.fill, now_ms))
            self._told_fill = self.fill

    def show_live(self, now_ms: int, *, is_behind: bool) -> None:
        """What moved since the last call, if the entries that tell it have to wait."""
        for device in list(self._session.born):
            moved = self._live.take_changed(device)
            if is_behind and moved:
                for part in _in_messages(moved):
                    self._link.publish(self._session.live(device, part, now_ms))

    def _warn_if_large(self, device: str, message: Message) -> None:
        """A birth cannot be cut. The broker or the plant may refuse it: said once, for a person to split the device."""
        if len(message.payload) > MESSAGE_BYTES_MAX and device not in self._too_large:
            self._too_large.add(device)
            log.warning("birth_too_large", device=device, bytes=len(message.payload), limit=MESSAGE_BYTES_MAX)


def _in_messages(values: dict[int, LiveValue]) -> list[dict[int, LiveValue]]:
    parts: list[dict[int, LiveValue]] = [{}]
    size = 0
    for tag, value in values.items():
        size += 48 + (4 * len(value.value) if isinstance(value.value, str) else 0)
        if size > LIVE_BYTES_MAX and parts[-1]:
            parts.append({})
            size = 0
        parts[-1][tag] = value
    return parts
