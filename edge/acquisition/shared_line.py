"""Devices that share one line, of which one may speak at a time: what the poller has to know of it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge.acquisition.driver import Driver


@dataclass(slots=True)
class LineCounts:
    """What happened on a line since the edge was started."""

    place: str  # As a person calls the line: `192.168.1.20:502`, `/dev/ttyUSB0`.
    requests: int = 0
    answers: int = 0  # Exceptions included.
    exceptions: int = 0
    silent: int = 0  # Requests without an answer in time.
    late: int = 0  # Replies to former requests, thrown away.
    foreign: int = 0  # Replies of another unit, function or size, thrown away.
    garbled: int = 0  # Times bytes came that were no frame.


@runtime_checkable
class OnSharedLine(Protocol):
    """A driver whose device shares its line with others."""

    @property
    def line_counts(self) -> LineCounts:
        """Of the line, not of the device: the same object for all who share it."""
        ...

    def turn(self) -> AbstractAsyncContextManager[None]:
        """To be had around each `read` and each command, before its deadline begins: the wait for others is not this
        device's fault. Whoever has it gives it back within its deadline, so each waits that long for each of the others."""
        ...


def turn_of(driver: Driver) -> AbstractAsyncContextManager[None]:
    """The driver's turn on its line; at once where it has the line for itself."""
    return driver.turn() if isinstance(driver, OnSharedLine) else nullcontext()


def counts_of(driver: Driver) -> LineCounts | None:
    """Of the driver's line; None where it has the line for itself."""
    return driver.line_counts if isinstance(driver, OnSharedLine) else None
