"""One subscription: which message it is at, what it has told, when it was last heard of. Sends nothing.

A server numbers the notification messages of a subscription from 1 up; a keep-alive carries the number that will come
next (OPC 10000-4, 5.14.1.4). So a number that is skipped is a message that went lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncua import ua

from edge.acquisition.profile import Tag, Watch

SEQUENCE_MAX = 2**32 - 1  # After it comes 1.

_OVERFLOW = 0x0480  # InfoType DataValue (bits 10 and 11) with the overflow bit, OPC 10000-4, 7.39.1.
_OVERFLOW_MASK = 0x0C80


def overflowed(status: int) -> bool:
    """Whether changes before this value, or between this value and the one before, fell out of the server's queue."""
    return status & _OVERFLOW_MASK == _OVERFLOW


@dataclass(slots=True)
class Item:
    """A tag that the server watches. `handle`: what notifications call it. `number`: what the server does; None: it does
    not watch it. `is_gone`: the server said that there is no such node any more."""

    handle: int
    tag: Tag
    node: ua.NodeId | None  # None: it has none in this server.
    watch: Watch
    number: int | None = None
    is_gone: bool = False


@dataclass(slots=True)
class Subscription:
    """`keep_alive_s`: the server says something at least so often. `is_current`: since this was last asked, the server
    said something and has no more to say: what was told last still holds. Times are the loop's."""

    number: int
    items: Sequence[Item]
    keep_alive_s: float
    heard_s: float
    next_sequence: int | None = None  # None: nothing came yet.
    refused: list[Item] = field(default_factory=list)  # Not watched; asked for again now and then.
    is_current: bool = False

    @property
    def gone(self) -> list[Item]:
        """Watched, and of no node any more."""
        return [item for item in self.items if item.is_gone and item.number is not None]

    @property
    def due_s(self) -> float:
        """When it is taken for dead, if nothing comes. A server is late by one interval now and then."""
        return self.heard_s + 2 * self.keep_alive_s

    def heard(self, now_s: float, *, has_more: bool) -> None:
        self.heard_s, self.is_current = now_s, not has_more

    def missing(self, message: ua.NotificationMessage) -> list[int]:
        """Numbers of the messages that should have come before this one. Takes note of it."""
        number, expected = int(message.SequenceNumber), self.next_sequence
        skipped = 0 if expected is None else (number - expected) % SEQUENCE_MAX
        if skipped > SEQUENCE_MAX // 2:
            return []  # An earlier one once more.
        is_keep_alive = not message.NotificationData
        self.next_sequence = number if is_keep_alive else following(number)
        if expected is None or not skipped:
            return []
        return list(_numbers(expected, skipped))

    def unseen(self, available: Sequence[int]) -> tuple[list[int], bool]:
        """Of the messages a server still has, those that never came, in order; and whether one before them is gone.
        Takes note of them."""
        expected = self.next_sequence
        if expected is None:
            return sorted(available), False
        later = sorted((number - expected) % SEQUENCE_MAX for number in available)
        steps = [step for step in later if step <= SEQUENCE_MAX // 2]
        numbers = [(expected + step - 1) % SEQUENCE_MAX + 1 for step in steps]
        if numbers:
            self.next_sequence = following(numbers[-1])
        return numbers, steps != list(range(len(steps)))


def following(number: int) -> int:
    return number + 1 if number < SEQUENCE_MAX else 1


def _numbers(first: int, count: int) -> Iterator[int]:
    for _ in range(count):
        yield first
        first = following(first)


def changes(message: ua.NotificationMessage) -> list[Any]:
    """Values of a message, as (client handle, DataValue) of asyncua."""
    found: list[Any] = []
    for data in message.NotificationData or []:
        if isinstance(data, ua.DataChangeNotification):
            found += [(item.ClientHandle, item.Value) for item in data.MonitoredItems or []]
    return found


def ended(message: ua.NotificationMessage) -> str | None:
    """Why the server will tell no more, if it says so: a lifetime that ran out, or another session that took over."""
    for data in message.NotificationData or []:
        if isinstance(data, ua.StatusChangeNotification):
            return f"the server ended the subscription: {data.Status.name}"
    return None
