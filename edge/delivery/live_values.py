"""The newest value of every tag: what births say, and what screens see while a backlog drains."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from edge.contract.datatypes import Quality
from edge.delivery.entries import ScalarValue


class LiveValue(NamedTuple):
    value: ScalarValue
    time_ms: int
    quality: int


@dataclass(slots=True)
class LiveDevice:
    """`online` is None until the poller said so for the first time."""

    online: bool | None = None
    values: dict[int, LiveValue] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)  # Tags that moved since `take_changed`.


class LiveValues:
    """Filled beside the spool, by tag id. Read by the publisher in the same event loop."""

    def __init__(self) -> None:
        self.devices: dict[str, LiveDevice] = {}

    def device(self, name: str) -> LiveDevice:
        return self.devices.setdefault(name, LiveDevice())

    def saw(self, device: str, rows: Iterable[tuple[int, int, ScalarValue, int]]) -> None:
        """Note (tag id, time_ms, value, quality) rows."""
        known = self.device(device)
        values = {tag: LiveValue(value, time_ms, quality) for tag, time_ms, value, quality in rows}
        known.values |= values
        known.changed |= values.keys()

    def contact(self, device: str, online: bool) -> None:
        self.device(device).online = online

    def forget(self, device: str) -> None:
        """Its tags may mean something else from now on: births say nothing of them until they are read again."""
        self.devices[device] = LiveDevice(self.device(device).online)

    def take_changed(self, device: str) -> dict[int, LiveValue]:
        """What moved since the last call."""
        known = self.device(device)
        moved = {tag: known.values[tag] for tag in known.changed}
        known.changed = set()
        return moved

    def stale(self, tag: int) -> LiveValue:
        """What a birth says of a tag nobody has read yet."""
        return LiveValue(None, 0, Quality.STALE)
