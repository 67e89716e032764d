"""Devices that share one line, of which one may speak at a time: what the poller has to know of it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, runtime_checkable

from edge.acquisition.driver import Driver


@runtime_checkable
class OnSharedLine(Protocol):
    """A driver whose device shares its line with others."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """To be had around each `read`, before its deadline begins: the wait for others is not this device's fault.
        Whoever has it gives it back within the deadline of one read, so each waits that long for each of the others."""
        ...


def turn_of(driver: Driver) -> AbstractAsyncContextManager[None]:
    """The driver's turn on its line; at once where it has the line for itself."""
    return driver.turn() if isinstance(driver, OnSharedLine) else nullcontext()
