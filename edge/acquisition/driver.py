"""What a driver is: the one interface between the poller and a protocol."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from edge.acquisition.profile import Tag
from edge.contract.datatypes import Quality

Value = int | float | bool | str | None

Clock = Callable[[], int]
"""The edge's clock: UTC in ms. Raises ClockNotReady while it cannot be believed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one tag.

    `value` is what is published: of a counter or meter an exact int in the tag's unit, of a measurement
    the scaled number. A BAD reading has no value, never the last good one.
    `time_ms` is the source's time if it is credible, else the edge's read time, and then `time_by_edge`.
    """

    tag: Tag
    value: Value
    time_ms: int
    quality: Quality
    time_by_edge: bool


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
