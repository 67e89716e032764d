"""One attempt against a system that a test plays: when it is asked first, when nothing is sent, when nobody can tell."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import check_config
from erp_bridge.connectors.connector import Request, Stored
from erp_bridge.connectors.core import Core
from erp_bridge.delivery.attempt import StillOurs, backoff_s, deliver
from erp_bridge.delivery.outcome import Outcome
from erp_bridge.errors import (
    Busy,
    ClosedPeriod,
    ConnectorError,
    Duplicate,
    LostAnswer,
    NotNeeded,
    NotSent,
    NotSignedIn,
    NotYet,
    RefusedByErp,
)

KEY = str(UUID(int=1))
BODY = {"external_id": KEY, "quantity": "5", "posting_date": "2026-11-24"}
REQUEST = Request("/api/completions", BODY, BODY, "completions")


class Played(Core):
    """Holds what it was sent, and answers as told."""

    def __init__(self, settings: ConnectorSettings, **answers: Any) -> None:
        super().__init__("core", settings)
        self.held: list[str] = list(answers.pop("held", []))
        self.posts = 0
        self._answers = answers

    async def post(self, request: Request) -> str:
        self.posts += 1
        if self._answers.get("does", True):
            self.held.append(f"R-{self.posts}")
        if "post" in self._answers:
            raise self._answers["post"]
        return self.held[-1]

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        if "look_up" in self._answers:
            raise self._answers["look_up"]
        return self.held

    async def read_back(self, request: Request, reference: str) -> Stored:
        if "read_back" in self._answers:
            raise self._answers["read_back"]
        return Stored(reference, BODY | self._answers.get("stores", {}))


@pytest.fixture
def settings(tmp_path: Any) -> ConnectorSettings:
    endpoint = tmp_path / "endpoint.json"
    endpoint.write_text("{}")
    told = {
        "connector": "core",
        "endpoint_file": str(endpoint),
        "timeout_s": 1,
        "settle_s": 3,
        "retry_max_s": 9,
    }
    return check_config({"connectors": {"core": told}}).connectors["core"]


async def attempt(
    played: Played,
    settings: ConnectorSettings,
    *,
    ask_first: bool = False,
    holds_lane: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    async def holds() -> bool:
        return holds_lane

    still_ours = StillOurs(holds, settings, clock)
    return await deliver(
        played, settings, REQUEST, KEY, attempt=1, ask_first=ask_first, still_ours=still_ours
    )


async def test_what_is_there_already_is_not_sent(settings: ConnectorSettings) -> None:
    played = Played(settings, held=["R-9"])
    outcome = await attempt(played, settings, ask_first=True)
    assert (outcome.state, outcome.reference, played.posts) == ("accepted", "R-9", 0)


async def test_without_an_answer_to_the_look_up_nothing_is_sent(settings: ConnectorSettings) -> None:
    played = Played(settings, look_up=NotSent("no route"))
    outcome = await attempt(played, settings, ask_first=True)
    assert (outcome.state, played.posts) == ("ready", 0)


async def test_two_documents_under_our_key_are_for_a_person(settings: ConnectorSettings) -> None:
    played = Played(settings, held=["R-1", "R-2"])
    outcome = await attempt(played, settings, ask_first=True)
    assert (outcome.state, played.posts) == ("unknown", 0)
    assert outcome.problem is not None
    assert outcome.problem["details"] == {"references": ["R-1", "R-2"]}


async def test_a_sender_that_lost_its_lane_sends_nothing(settings: ConnectorSettings) -> None:
    played = Played(settings)
    outcome = await attempt(played, settings, holds_lane=False)
    assert (outcome.state, played.posts) == ("ready", 0)


async def test_a_sender_that_stood_still_too_long_sends_nothing(
    settings: ConnectorSettings,
) -> None:
    played = Played(settings)
    clock = iter([0.0, settings.settle_s])
    outcome = await attempt(played, settings, clock=lambda: next(clock))
    assert (outcome.state, played.posts) == ("ready", 0)


@pytest.mark.parametrize(
    ("error", "state", "wait_s"),
    [
        (LostAnswer("?"), "sending", None),
        (NotSent("?"), "ready", 1.0),
        (NotSignedIn("?"), "ready", 1.0),
        (Busy("?", 7), "ready", 7),
        (Busy("?", 70), "ready", 9),
        (RefusedByErp("over_receipt", "?"), "refused", None),
        (NotNeeded("?"), "skipped", None),
        (NotYet("early", "?"), "ready", 1.0),
        (NotYet("early", "?", 900.0), "ready", 900.0),
        (ClosedPeriod("?", None), "ready", 1.0),
        (ClosedPeriod("?", date(2026, 11, 24)), "ready", 1.0),
    ],
)
async def test_every_error_has_its_consequence(
    settings: ConnectorSettings, error: ConnectorError, state: str, wait_s: float | None
) -> None:
    outcome = await attempt(Played(settings, post=error, does=False), settings)
    assert (outcome.state, outcome.wait_s, outcome.posting_date) == (state, wait_s, None)


async def test_what_is_too_early_or_will_never_be_possible_holds_up_nothing(
    settings: ConnectorSettings,
) -> None:
    errors = (NotYet("early", "?"), RefusedByErp("no", "?", others_wait=False), RefusedByErp("no", "?"))
    asides = [(await attempt(Played(settings, post=one, does=False), settings)).aside for one in errors]
    assert asides == [True, True, False]


async def test_a_later_open_day_is_the_posting_date_of_the_next_attempt(settings: ConnectorSettings) -> None:
    closed = ClosedPeriod("closed", date(2026, 12, 1))
    outcome = await attempt(Played(settings, post=closed, does=False), settings)
    assert (outcome.state, outcome.wait_s, outcome.posting_date) == ("ready", 0.0, date(2026, 12, 1))


async def test_a_duplicate_that_can_be_seen_is_accepted_and_one_that_cannot_is_for_a_person(
    settings: ConnectorSettings,
) -> None:
    seen = await attempt(Played(settings, post=Duplicate("known"), held=["R-1"], does=False), settings)
    unseen = await attempt(Played(settings, post=Duplicate("known"), does=False), settings)
    assert (seen.state, unseen.state) == ("accepted", "unknown")


async def test_what_cannot_be_read_back_is_looked_up_later(settings: ConnectorSettings) -> None:
    outcome = await attempt(Played(settings, read_back=NotSent("gone")), settings)
    assert (outcome.state, outcome.delivery_state) == ("sending", "lost")


async def test_what_is_stored_otherwise_is_modified(settings: ConnectorSettings) -> None:
    outcome = await attempt(Played(settings, stores={"quantity": "4"}), settings)
    assert outcome.state == "modified"
    assert outcome.difference == [{"field": "quantity", "sent": "5", "stored": "4"}]


def test_waits_grow_and_stay_below_the_longest() -> None:
    assert [backoff_s(attempt, 10) for attempt in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]
