"""When something happened, by the clock of whoever sends it, and what that is by ours.

A terminal's clock may be minutes off, and a fact may wait for hours. So it tells two moments of its own clock: when it
happened (`X-Client-Time`) and when it is sent (`X-Client-Sent`). However wrong that clock is, the time between the two
is right: the fact is that much older than our now. Within `MOST_SKEW` the two clocks count as one, since the way takes
time as well; beyond it the time is corrected, and a note of it is kept with the Event.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request
from pydantic import AwareDatetime, TypeAdapter

TIME_HEADER = "X-Client-Time"
SENT_HEADER = "X-Client-Sent"
MOST_SKEW = timedelta(seconds=2)
OLDEST = timedelta(days=3660)  # Of a clock that tells nonsense; no fact waits for longer.
_TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True, slots=True)
class ClientTime:
    """`event_time` by our clock; `notes` for the Event: empty unless the time was corrected."""

    event_time: datetime
    notes: dict[str, Any]


def by_our_clock(said: datetime | None, sent: datetime | None, now: datetime) -> ClientTime:
    """`said`, `sent`: by the client's clock, aware. Without `said`: now; without `sent` it is taken at its word."""
    if said is None or sent is None or abs(sent - now) <= MOST_SKEW:
        return ClientTime(said or now, {})
    # A clock that was set back in between does not make a fact of the future.
    age = min(max(sent - said, timedelta()), OLDEST)
    notes = {"client_time": said.isoformat(), "client_skew_s": round((sent - now).total_seconds(), 3)}
    return ClientTime(now - age, {"clock": notes})


def received_time(request: Request) -> datetime:
    """When the request was looked at first; the same whoever asks."""
    if not hasattr(request.state, "received_time"):
        request.state.received_time = datetime.now(UTC)
    known: datetime = request.state.received_time
    return known


def client_time(request: Request) -> ClientTime:
    """By its headers. Raises ValueError: one of them is no time with a zone."""
    said, sent = (request.headers.get(name) for name in (TIME_HEADER, SENT_HEADER))
    return by_our_clock(
        _TIME.validate_python(said) if said is not None else None,
        _TIME.validate_python(sent) if sent is not None else None,
        received_time(request),
    )
