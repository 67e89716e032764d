"""What a driver is: the one interface between the poller and a protocol."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from edge.acquisition.profile import Tag
from edge.contract.datatypes import Quality

Value = int | float | bool | str | None

Clock = Callable[[], int]
"""The edge's clock: UTC in ms. Raises ClockNotReady while it cannot be believed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one tag.

    `value` is what is published: of a counter or meter an exact int in the tag's unit, of a measurement
    the scaled number. A BAD reading has no value, never the last good one; `why` is then what a person may be told.
    `time_ms` is the source's time if it is credible, else the edge's read time, and then `time_by_edge`.
    """

    tag: Tag
    value: Value
    time_ms: int
    quality: Quality
    time_by_edge: bool
    why: str = ""


class Driver(Protocol):
    """A device to connect to. `async with` opens a connection; leaving the block closes it.

    After a failure the poller leaves the block and enters it again, so a driver needs no reconnect logic of its
    own, and may keep what it learned about the device. An `__aenter__` that fails or is cancelled leaves nothing
    open. All methods raise DeviceUnavailable (retry) or DeviceRefused (a person must act), and pass
    cancellation on: the caller has the deadline. `__aexit__` returns within about a second.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read(self, tags: Sequence[Tag]) -> Sequence[Reading]:
        """Read the tags now, each once, in any order. A tag the device does not know is BAD; the others are read."""
        ...


@dataclass(frozen=True, slots=True)
class Loss:
    """Changes of these tags that the device saw between two times (UTC ms) and that will never come.

    `reason`: `overflow` (more changes than somebody's queue held) or `no_contact`.
    """

    reason: str
    tags: tuple[str, ...]
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Notified:
    """What the device told since the last call, in its order; losses belong before the readings."""

    readings: Sequence[Reading] = ()
    losses: Sequence[Loss] = ()


@runtime_checkable
class Watcher(Protocol):
    """A driver whose device tells changes by itself. `watch` is called once per connection, before any read."""

    arrived: asyncio.Event
    """Set when `take` has something to give, a failure too."""

    async def watch(self, tags: Sequence[Tag]) -> None:
        """Have the device tell the changes of these tags, their present values first. A tag it does not know is told
        as BAD. Raises as `Driver.read` does."""
        ...

    def take(self) -> Notified:
        """What was told since the last call. Raises as `Driver.read` does once the device tells no more, and
        ClockNotReady: what was told then waits."""
        ...
