"""What became of one attempt to deliver a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

State = Literal["accepted", "modified", "refused", "unknown", "ready", "sending", "skipped"]
DeliveryState = Literal["accepted", "modified", "rejected", "unknown", "retry", "lost", "skipped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is the document's from now on; `wait_s` (None: as it stands) until the next attempt."""

    state: State
    delivery_state: DeliveryState
    reference: str | None = None
    answer: Mapping[str, Any] | None = None
    read_back: Mapping[str, Any] | None = None
    difference: Sequence[Mapping[str, Any]] | None = None
    problem: Mapping[str, Any] | None = None
    posting_date: date | None = None
    wait_s: float | None = None
    error: str | None = None
    aside: bool = False
    """The others of its lane need not wait for it."""


def refused(
    code: str, message: str, details: Mapping[str, Any] | None = None, *, aside: bool = False
) -> Outcome:
    """A person has to do something before it is sent again."""
    return Outcome("refused", "rejected", problem=problem(code, message, details), error=message, aside=aside)


def unknown(message: str, details: Mapping[str, Any] | None = None) -> Outcome:
    """Nobody but a person can tell whether it was done."""
    return Outcome("unknown", "unknown", problem=problem("outcome_unknown", message, details), error=message)


def retry(code: str, message: str, wait_s: float) -> Outcome:
    """Certainly not done; sent again by itself."""
    return Outcome("ready", "retry", problem=problem(code, message), wait_s=wait_s, error=message)


def not_yet(code: str, message: str, wait_s: float) -> Outcome:
    """Not done, because its time has not come; the others of its lane go first."""
    return Outcome("ready", "retry", problem=problem(code, message), wait_s=wait_s, error=message, aside=True)


def lost(message: str) -> Outcome:
    """Perhaps done: looked up when it has settled."""
    return Outcome("sending", "lost", problem=problem("answer_lost", message), error=message)


def skipped(code: str, message: str) -> Outcome:
    """There is nothing to tell."""
    return Outcome("skipped", "skipped", problem=problem(code, message), error=message)


def problem(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As it stands in the database and in the API; texts for people are in refusal_texts.py."""
    return {"code": code, "message": message, "details": dict(details or {})}
