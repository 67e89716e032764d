"""What can go wrong at the edge, and whose fault it is.

    LinesideEdgeError
    ├── ConfigError            the configuration or a profile: nothing is started until a person mends it
    ├── ClockNotReady          this computer's clock: nothing is stamped until it is believable; then goes on
    ├── DeviceError            a device
    │   ├── DeviceUnavailable  no answer, or the connection is gone: tried again with back-off
    │   └── DeviceRefused      it answered no (certificate, password, policy): tried again, slowly; a person must act
    ├── CommandRefused         a command of a host: not allowed here, or refused by the device; not tried again
    ├── BrokerUnavailable      the broker refuses or does not answer: the next one is tried, with back-off
    └── SpoolError             the spool file will not be durable where it lies
        └── SpoolUnavailable   the disk is full and nothing more could be given up, or it fails; tried again

Whatever is not in this tree is a mistake of ours and ends the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class LinesideEdgeError(Exception):
    """Root of the expected failures of the edge."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing a person has to mend in a file or in the environment."""

    source: str  # A file name, or `environment`.
    line: int | None  # Counted from 1; None where there are no lines.
    path: str  # `devices[0].url`, or the name of a variable.
    message: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(LinesideEdgeError):
    """All mistakes of a configuration at once, each with file and line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))

    @classmethod
    def of_file(cls, path: Path, message: str) -> "ConfigError":
        """A single mistake that concerns a whole file."""
        return cls([Mistake(str(path), None, "", message)])


class ClockNotReady(LinesideEdgeError):
    """The clock is before the build date or before what was stamped last. It heals by itself or by NTP."""


class DeviceError(LinesideEdgeError):
    """Something between the edge and one device."""


class DeviceUnavailable(DeviceError):
    """No answer in time, connection refused or lost. Retry."""


class DeviceRefused(DeviceError):
    """The device answered and said no. Retrying quickly would only lock an account or fill its log."""


class CommandRefused(LinesideEdgeError):
    """What a host asked of a device is not allowed by the configuration, or the device said no. Never repeated."""


class BrokerTrouble(StrEnum):
    """Why a broker is not, or no longer, the one that is used. Each has its next action on the health page."""

    UNREACHABLE = "unreachable"  # No such name, no route, nobody listens there.
    SILENT = "silent"  # It takes the connection and does not answer.
    CERTIFICATE = "certificate"  # Ours or its own is not accepted, or cannot be read.
    REFUSED = "refused"  # User, password, client id or a right.
    LOST = "lost"  # It worked, and ended.
    HOST_OFFLINE = "host_offline"  # The primary host says that it is not connected to this broker.
    HOST_ABSENT = "host_absent"  # The primary host says nothing at this broker.
    PLANT_SILENT = "plant_silent"  # The primary host is online there, and stores nothing.


class BrokerUnavailable(LinesideEdgeError):
    """No connection to this broker, or it refused us. Retry; readings wait in the spool."""

    def __init__(self, message: str, trouble: BrokerTrouble = BrokerTrouble.UNREACHABLE) -> None:
        self.trouble = trouble
        super().__init__(message)


class SpoolError(LinesideEdgeError):
    """The spool file cannot be used."""


class SpoolUnavailable(SpoolError):
    """Not even a gap record fits, or the disk does not write or read. Readings wait in memory, thinned when they grow;
    retried every second."""
