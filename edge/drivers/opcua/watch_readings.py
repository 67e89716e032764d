"""What a server told, as readings and losses. Outlives connections, because what was lost between two belongs to both.

Counts and meters carry the edge's time, so several changes that came in one message would seem to have happened in one
millisecond, faster than any machine. Of such a run only its end is told, and what stood before each decrease: nothing
is lost by it. And since a server is silent about a count that stands still, each sign of life of the subscription tells
it again: the plant judges the next step by the time since the last reading.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge.acquisition.decode import Publisher
from edge.acquisition.driver import Clock, Loss, Notified, Reading
from edge.acquisition.profile import Tag
from edge.contract.datatypes import Quality
from edge.drivers.opcua.subscription import overflowed
from edge.drivers.opcua.values import Values, reading_of
from edge.drivers.opcua.watching import Watching

STILL_EVERY_S = 5.0


class WatchReadings:
    """Of one device. `begin` with each connection, `end` when it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._publishers: dict[str, Publisher] = {}
        self._told_ms: dict[str, int] = {}
        self._counts: dict[
            str, Reading
        ] = {}  # The last good one of each counter and meter, in this connection.
        self._lost_since_s: float | None = None  # By the loop: nothing was heard from then on.
        self._still_due_s = 0.0
        self._began_ms = 0  # Of this connection: no value is dated before it.

    def begin(self, tags: Sequence[Tag], values: Values) -> None:
        self._publishers = {tag.name: values.publisher(tag) for tag in tags}
        self._counts.clear()
        self._began_ms = 0

    def went_on(self) -> None:
        """The server kept all changes since the connection before."""
        self._lost_since_s = None

    def end(self, watching: Watching) -> None:
        heard = [subscription.heard_s for subscription in watching.subscriptions]
        if heard and self._lost_since_s is None:
            self._lost_since_s = min(heard)

    def take(self, watching: Watching) -> Notified:
        """What was told since the last call. Raises ClockNotReady; everything waits then."""
        now_ms, now_s = self._clock(), asyncio.get_running_loop().time()
        changes, watching.changes = watching.changes, []
        if changes and not self._began_ms:
            self._began_ms = now_ms
        losses = list(self._losses(watching, now_ms, now_s, told=bool(changes)))
        readings: list[Reading] = []
        overflowing: list[Reading] = []
        began_ms = now_ms
        for change in changes:
            tag = change.item.tag
            reading = reading_of(tag, self._publishers[tag.name], change.value, now_ms)
            if change.why:
                reading = replace(reading, why=change.why)
            if overflowed(change.value[1]):
                overflowing.append(reading)
                began_ms = min(began_ms, self._told_ms.get(tag.name, reading.time_ms))
            self._told_ms[tag.name] = max(reading.time_ms, self._began_ms)
            readings.append(reading)
        if overflowing:
            names = tuple(dict.fromkeys(reading.tag.name for reading in overflowing))
            losses.append(Loss("overflow", names, began_ms, max(one.time_ms for one in overflowing)))
        readings = without_runs(readings)
        return Notified([*readings, *self._still(watching, readings, now_ms, now_s)], losses)

    def _losses(self, watching: Watching, now_ms: int, now_s: float, *, told: bool) -> Iterable[Loss]:
        def at_ms(moment_s: float) -> int:
            return now_ms - int((now_s - moment_s) * 1000)

        lost, watching.lost = watching.lost, []
        dropped, watching.dropped = watching.dropped, {}
        if told and self._lost_since_s is not None:
            since_s, self._lost_since_s = self._lost_since_s, None
            yield Loss("no_contact", tuple(self._publishers), at_ms(since_s), now_ms)
        for subscription, since_s in lost:
            names = tuple(item.tag.name for item in subscription.items)
            yield Loss("no_contact", names, at_ms(since_s), now_ms)
        if dropped:
            names = tuple(item.tag.name for item in dropped.values())
            yield Loss("overflow", names, min(self._told_ms.get(name, now_ms) for name in names), now_ms)

    def _still(
        self, watching: Watching, readings: Sequence[Reading], now_ms: int, now_s: float
    ) -> list[Reading]:
        """Counts of subscriptions that are alive and have nothing more to say, as of now."""
        for reading in readings:
            if reading.tag.role.is_counted:
                self._counts.pop(reading.tag.name, None)
                if reading.quality is Quality.GOOD:
                    self._counts[reading.tag.name] = reading
        if now_s < self._still_due_s:
            return []
        self._still_due_s = now_s + STILL_EVERY_S
        fresh = {reading.tag.name for reading in readings}
        still: list[Reading] = []
        for subscription in watching.subscriptions:
            if subscription.is_current:
                subscription.is_current = False
                names = (item.tag.name for item in subscription.items)
                still += [
                    replace(self._counts[name], time_ms=now_ms)
                    for name in names
                    if name in self._counts and name not in fresh
                ]
        return still


def without_runs(readings: Sequence[Reading]) -> list[Reading]:
    """The same without counts that a later one of the same tag does not fall below."""
    later: dict[str, Reading] = {}
    kept: list[Reading] = []
    for reading in reversed(readings):
        name = reading.tag.name
        if reading.tag.role.is_counted:
            after, later[name] = later.get(name), reading
            if after is not None and _leads_up_to(reading, after):
                continue
        kept.append(reading)
    return kept[::-1]


def _leads_up_to(reading: Reading, after: Reading) -> bool:
    before, value = reading.value, after.value
    is_good = reading.quality is Quality.GOOD and after.quality is Quality.GOOD
    return is_good and isinstance(before, int) and isinstance(value, int) and before <= value
