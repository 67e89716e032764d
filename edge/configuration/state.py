"""Which configuration an edge runs on, and what became of the file since: for metrics, health and `edge config reload`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from edge.configuration.accepted import write_durably

log = structlog.get_logger()

STATE_FILE, REQUEST_FILE = "state.json", "reload"


class Outcome(StrEnum):
    """Of the last look at the file."""

    RUNNING = "running"  # As it stands, since the start or the last change.
    CHANGED = "changed"  # It was put into the running edge.
    REFUSED = "refused"  # It has mistakes; the edge goes on with what it had.
    NEEDS_RESTART = "needs_restart"  # It changes what a running edge cannot; nothing of it was taken.
    NO_ROOM = "no_room"  # The spool's disk takes nothing; tried again.


@dataclass(slots=True)
class ConfigurationState:
    """`accepted_at`: since when the configuration that runs is the accepted one. `words`: what was changed last, or why the
    file is not taken. Replaced field by field in the event loop, and read from any thread."""

    file: Path
    accepted_at: datetime
    outcome: Outcome = Outcome.RUNNING
    words: tuple[str, ...] = ()
    changes: int = 0

    @property
    def is_current(self) -> bool:
        """Whether the edge runs on the file as it stands."""
        return self.outcome in (Outcome.RUNNING, Outcome.CHANGED)

    def __str__(self) -> str:
        said = f"running on the configuration of {in_words(self.accepted_at)}"
        if self.is_current:
            return said
        why = {Outcome.REFUSED: "is refused", Outcome.NEEDS_RESTART: "needs a restart"}
        return f"{said}; {self.file} {why.get(self.outcome, 'waits for room in the spool')}: {'; '.join(self.words)}"


def in_words(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an edge wrote about its configuration. `token`: of the request it answers."""

    outcome: Outcome
    words: tuple[str, ...]
    token: str


def write_state(folder: Path, state: ConfigurationState, token: str) -> None:
    """For other processes of this machine. Raises OSError."""
    body = {
        "file": str(state.file),
        "accepted_at": state.accepted_at.isoformat(),
        "outcome": state.outcome,
        "words": list(state.words),
        "token": token,
    }
    write_durably(folder / STATE_FILE, json.dumps(body, indent=1, ensure_ascii=False), mode=0o644)


def read_state(folder: Path) -> Answer | None:
    """None while there is none, or none of this release."""
    try:
        body: Any = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return Answer(Outcome(body["outcome"]), tuple(body["words"]), str(body["token"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.debug("no_configuration_state", reason=str(error))
        return None


def take_request(folder: Path) -> str | None:
    """The token of whoever asks for a reload, once."""
    request = folder / REQUEST_FILE
    try:
        token = request.read_text(encoding="utf-8")
        request.unlink()
    except (OSError, UnicodeDecodeError):
        return None
    return token
