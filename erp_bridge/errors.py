"""What can go wrong at the bridge, and whose fault it is.

    LinesideBridgeError
    ├── ConfigError               settings or bridge.yaml: nothing is started until a person mends them
    ├── DatabaseUnavailable       our own database: started over with back-off
    ├── MigrationError            a table of ours cannot be made or was changed afterwards
    ├── MappingError              a fact of the plant that cannot become a document: a person
    │   └── UnknownCode           a code nobody has mapped: a person maps it
    ├── ToldBefore                all of a document was told before the plant was restored: nothing is sent
    ├── StillHeld                 a system cannot be released yet, or is not held: says why
    └── ConnectorError            the other system
        ├── NotSent               it was not reached: nothing was done there; retried
        ├── LostAnswer            it may have been done: looked up before anything is sent again
        ├── Busy                  it asked us to wait, and did nothing
        ├── NotSignedIn           it refuses our credentials: retried, and shown until a person mends them
        ├── Duplicate             it knows our key already: looked up
        ├── ClosedPeriod          its books are closed for that day: posted for the next open one
        ├── NotNeeded             it has no use for the document: nothing is sent
        ├── NotYet                it is too early for the document: sent later, after the others of its order
        └── RefusedByErp          it said no, and will say no again: a person

Whatever is not in this tree is a mistake of ours and ends the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


class LinesideBridgeError(Exception):
    """Root of the expected failures of the bridge."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing a person has to mend in settings or configuration."""

    name: str  # `LINESIDE_BRIDGE_DATABASE_URL`, `bridge.yaml: connectors.core.url`
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class ConfigError(LinesideBridgeError):
    """All mistakes at once."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class DatabaseUnavailable(LinesideBridgeError):
    """No answer in time, connection refused or lost."""


class MigrationError(LinesideBridgeError):
    """A migration failed or was changed after it was applied."""


class MappingError(LinesideBridgeError):
    """A fact cannot be told as a document. `code` is stable and has a text in refusal_texts.py."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})


class UnknownCode(MappingError):
    """`code` of `kind` stands in no row of the code map for that system."""

    def __init__(self, system: str, kind: str, code: str, *, theirs: bool = False) -> None:
        side = "their" if theirs else "our"
        super().__init__(
            "unmapped_code",
            f"{side} {kind} {code!r} is not mapped for {system}",
            {"system": system, "kind": kind, "code": code, "side": side},
        )


class ToldBefore(LinesideBridgeError):
    """What a document tells stands there already, under keys of before the restore."""


class StillHeld(LinesideBridgeError):
    """Releasing a system is refused. `code` is stable: not-held, not-examined."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ConnectorError(LinesideBridgeError):
    """Something between us and the other system."""


class NotSent(ConnectorError):
    """The system was not reached; nothing was done there."""


class LostAnswer(ConnectorError):
    """The request left and no usable answer came: it may have been done."""


class Busy(ConnectorError):
    """The system did nothing and asks to come again after `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotSignedIn(ConnectorError):
    """Even fresh credentials are refused. Nothing was done."""


class Duplicate(ConnectorError):
    """The system knows this key: it was done before, or the key is somebody else's."""


class ClosedPeriod(ConnectorError):
    """The books are closed for the posting date. `first_open_date` is None when the system does not tell."""

    def __init__(self, message: str, first_open_date: date | None) -> None:
        super().__init__(message)
        self.first_open_date = first_open_date


class NotNeeded(ConnectorError):
    """The system has no use for this document."""


class NotYet(ConnectorError):
    """Something has to come first; nothing was done. `wait_s` None: nobody knows how long that takes."""

    def __init__(self, code: str, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.wait_s = wait_s


class RefusedByErp(ConnectorError):
    """The system understood and will not do it. Nothing was stored there. `others_wait`: whether what comes after it of
    the same order builds on it, and waits until a person has dealt with it."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        others_wait: bool = True,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.others_wait = others_wait
