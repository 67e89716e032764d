"""What can go wrong at the plant server, and whose fault it is.

    LinesidePlantError
    ├── ConfigError              the settings: nothing is started until a person mends them
    ├── DatabaseError            the database
    │   ├── DatabaseUnavailable  no answer, or the session is gone: started over with back-off
    │   ├── SchemaNotReady       not migrated, or by another version: a person runs `lineside migrate`
    │   └── MigrationError       a migration cannot be applied: nothing of it was
    ├── CursorConflict           somebody else moved a cursor of ours: everything cached is dropped, started over
    └── BackupError              a backup that is not made or not taken back: installation/errors.py

Whatever is not in this tree is a mistake of ours and ends the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class LinesidePlantError(Exception):
    """Root of the expected failures of the plant server."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing a person has to mend in the settings."""

    name: str  # `LINESIDE_MQTT__URL`
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class ConfigError(LinesidePlantError):
    """All mistakes of the settings at once."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class DatabaseError(LinesidePlantError):
    """Something between this process and the database."""


class DatabaseUnavailable(DatabaseError):
    """No answer in time, connection refused or lost. Retry with back-off."""


class SchemaNotReady(DatabaseError):
    """The tables are not those this version was written for."""


class MigrationError(DatabaseError):
    """A migration failed or was changed after it was applied."""


class CursorConflict(LinesidePlantError):
    """A cursor did not move as its transaction expected, so the transaction was rolled back."""
