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
    """A device to connect to. `async with` opens the connection; leaving the block closes it.

    One driver object is one connection: after a failure the poller leaves the block and makes a new one,
    so a driver needs no reconnect logic of its own.
    Both methods raise DeviceUnavailable (retry) or DeviceRefused (a person must act), and pass cancellation on.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read(self, tags: Sequence[Tag]) -> Sequence[Reading]:
        """Read the tags now, each once, in any order. A tag the device does not know is BAD; the others are read."""
        ...
