"""One attempt to deliver one document: look up if it may be there already, send, read back, compare.

Nothing here writes to our database; what became of the attempt is returned.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.connectors.connector import Connector, Request, Stored
from erp_bridge.delivery.outcome import Outcome, lost, not_yet, refused, retry, skipped, unknown
from erp_bridge.documents.difference import differences
from erp_bridge.errors import (
    Busy,
    ClosedPeriod,
    ConnectorError,
    Duplicate,
    LostAnswer,
    MappingError,
    NotNeeded,
    NotSent,
    NotSignedIn,
    NotYet,
    RefusedByErp,
)
from plant_server.contract.failpoints import failpoint

BACKOFF_FIRST_S = 1.0
log = structlog.get_logger("lineside.bridge")


class StillOurs:
    """Whether this sender may still send: it holds its lane, and so little time passed that nobody took over."""

    def __init__(
        self,
        holds_lane: Callable[[], Awaitable[bool]],
        settings: ConnectorSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._holds_lane = holds_lane
        self._clock = clock
        self._latest = clock() + settings.settle_s - settings.timeout_s

    async def __call__(self) -> bool:
        return await self._holds_lane() and self._clock() < self._latest


async def deliver(
    connector: Connector,
    settings: ConnectorSettings,
    request: Request,
    key: str,
    *,
    attempt: int,
    ask_first: bool,
    still_ours: StillOurs,
) -> Outcome:
    """Deliver `request` under `key`. `ask_first`: it may be there already. Never sends after `still_ours` says no."""
    try:
        if ask_first:
            found = await _found(connector, request, key)
            if found is not None:
                return found
        if not await still_ours():
            return retry("took_too_long", "the attempt took so long that another may have begun", 0.0)
        failpoint("bridge.send.before")
        reference = await connector.post(request)
        failpoint("bridge.send.after")
    except Duplicate:
        return await _of_duplicate(connector, request, key)
    except ConnectorError as error:
        return _of_error(error, settings, attempt, request)
    except MappingError as error:
        return refused(error.code, error.message, error.details)
    return await _read_back(connector, request, reference)


async def _found(connector: Connector, request: Request, key: str) -> Outcome | None:
    """What the other system holds under our key; None: nothing. Raises ConnectorError."""
    references: Sequence[str] = await connector.look_up(request, key)
    if not references:
        return None
    if len(references) > 1:
        return unknown(f"{len(references)} documents have our key", {"references": list(references)})
    return await _read_back(connector, request, references[0])


async def _of_duplicate(connector: Connector, request: Request, key: str) -> Outcome:
    """It says that it knows the key: then it must show what it holds."""
    try:
        found = await _found(connector, request, key)
    except ConnectorError as error:
        return lost(f"refused as a duplicate, and not to be seen: {error}")
    return found or unknown("refused as a duplicate, and nothing is found under our key")


async def _read_back(connector: Connector, request: Request, reference: str) -> Outcome:
    """As it is stored there. When it cannot be read now, it is looked up later: the key finds it."""
    try:
        stored = await connector.read_back(request, reference)
    except RefusedByErp as error:
        details = error.details | {"reference": reference}
        return refused(error.code, error.message, details, aside=not error.others_wait)
    except ConnectorError as error:
        return lost(f"{reference} was answered, but cannot be read back: {error}")
    return _compared(request, stored)


def _compared(request: Request, stored: Stored) -> Outcome:
    difference = differences(request.expected, stored.body)
    state = "modified" if difference else "accepted"
    return Outcome(
        "modified" if difference else "accepted",
        "modified" if difference else "accepted",
        reference=stored.reference,
        answer=stored.answer or {"id": stored.reference, "state": state},
        read_back=stored.body,
        difference=difference or None,
    )


def _of_error(error: ConnectorError, settings: ConnectorSettings, attempt: int, request: Request) -> Outcome:
    match error:
        case NotNeeded():
            return skipped("not_needed", str(error))
        case Busy():
            return retry("busy", str(error), min(error.retry_after_s, settings.retry_max_s))
        case NotSignedIn():
            return retry("not_signed_in", str(error), backoff_s(attempt, settings.retry_max_s))
        case NotSent():
            return retry("not_reached", str(error), backoff_s(attempt, settings.retry_max_s))
        case ClosedPeriod():
            return _of_closed_period(error, settings, attempt, request)
        case NotYet():
            wait_s = backoff_s(attempt, settings.retry_max_s) if error.wait_s is None else error.wait_s
            return not_yet(error.code, error.message, wait_s)
        case RefusedByErp():
            return refused(error.code, error.message, error.details, aside=not error.others_wait)
        case LostAnswer():
            return lost(str(error))
    raise error  # A new kind of error must say what it means.


def _of_closed_period(
    error: ClosedPeriod, settings: ConnectorSettings, attempt: int, request: Request
) -> Outcome:
    """The next open day; the event keeps its own time. Without a later day there is none to post it for yet."""
    day, tried = error.first_open_date, str(request.body.get("posting_date", ""))
    if day is None or day.isoformat() <= tried:
        return retry("closed_period", str(error), backoff_s(attempt, settings.retry_max_s))
    waiting = retry("closed_period", f"{error}; posted for {day.isoformat()}", 0.0)
    return replace(waiting, posting_date=day)


def backoff_s(attempt: int, longest_s: float) -> float:
    """1 s, 2 s, 4 s, …, at most `longest_s`."""
    return float(min(longest_s, BACKOFF_FIRST_S * 2 ** min(attempt - 1, 20)))
