"""What is asked, by whom, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it. `text` is what is compared when a key comes again: `person:7`, `integrator token`, `bridge`."""

    text: str
    person_id: int | None = None
    device: str | None = None  # The terminal it came from: `station:3`.


@dataclass(frozen=True, slots=True)
class Command:
    """One request to change something. Sent again with its key, it is answered again and not done again."""

    key: UUID  # Becomes the Event's id.
    kind: str  # `work_order.report`
    route: str  # `POST /api/v1/work-orders/7/report`, as it was called
    body: Mapping[str, Any]
    actor: Actor
    event_time: (
        datetime  # When it happened, aware; a client's clock that is off was corrected (client_clock.py).
    )
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Kept with the Event beside what became of it, also of a refused one: what was odd about how it came."""

    def __post_init__(self) -> None:
        if self.event_time.tzinfo is None:
            raise ValueError("event_time must be aware")


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` as JSON values. With a status of 400 or more it is a refusal: `code`, `detail`, `params`."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


class Refused(Exception):
    """A rule of the plant says no. What the handler wrote is rolled back; a small Event keeps the refusal for ever,
    so the same key is refused again even when the rule would say yes by then.

    `code` stands in problem_texts.py. What is not worth keeping (no such order) is a Problem instead.
    """

    def __init__(self, code: str, status: int = 409, detail: str | None = None, **params: Any) -> None:
        if not 400 <= status < 500:
            raise ValueError(f"a refusal has a status of 4xx, not {status}")
        super().__init__(f"{status} {code}: {detail or ''}")
        self.code = code
        self.status = status
        self.detail = detail
        self.params = params
