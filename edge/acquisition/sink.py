"""Where a poller puts what it has read."""

from collections.abc import Sequence
from typing import Protocol

from edge.acquisition.driver import Reading


class Sink(Protocol):
    """Where readings go. The spool: when a call returns, what it was given is on its way to the disk, in order.

    Devices are named by their Sparkplug device id; times are UTC in ms by the edge's clock.
    """

    async def entry(self, device: str, readings: Sequence[Reading]) -> None:
        """The changed readings of one poll."""
        ...

    async def contact(self, device: str, online: bool, time_ms: int) -> None:
        """The device's contact changed. Each `True` is a new connection."""
        ...

    async def gap(self, device: str, reason: str, tags: Sequence[str], from_ms: int, to_ms: int) -> None:
        """Readings of these tags that were made in this time will never come."""
        ...
