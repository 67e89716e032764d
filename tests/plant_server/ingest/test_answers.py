from uuid import UUID

from edge.contract import payloads
from edge.delivery.window import MESSAGES_MAX
from plant_server.ingest.answers import (
    HALF_A_WINDOW,
    Answers,
    Committed,
    committed_command,
    rebirth_command,
)
from plant_server.ingest.message import EdgeKey
from plant_server.ingest.pipeline import Outcome
from tests.plant_server.ingest.wire_edge import EPOCH_1

EDGE = EdgeKey("demo", "press-shop")
EPOCH = UUID(EPOCH_1)


def outcome(number: int, kind: str = "moved", *, messages: int = 1) -> Outcome:
    told = Outcome(committed={EDGE: (EPOCH, number)})
    if kind == "moved":
        told.moved[EDGE] = messages
    else:
        getattr(told, kind).add(EDGE)
    return told


def test_committed_goes_out_at_most_ten_times_a_second_and_the_last_one_always() -> None:
    answers, sent = Answers(), []
    for tick in range(100):  # One second, a commit every 10 ms.
        now_s = tick / 100
        answers.note(outcome(tick), now_s)
        sent += [committed.number for _, committed in answers.take_due(now_s)]
    assert len(sent) <= 11
    assert sent == sorted(sent)
    wait_s = answers.wait_s(0.99, longest_s=5)
    sent += [committed.number for _, committed in answers.take_due(0.99 + wait_s)]
    assert sent[-1] == 99
    assert answers.wait_s(2, longest_s=5) == 5


def test_an_edge_of_whose_window_half_is_stored_is_told_at_once() -> None:
    answers = Answers()
    answers.note(outcome(1), 10.0)
    answers.take_due(10.0)
    answers.note(outcome(HALF_A_WINDOW, messages=HALF_A_WINDOW - 1), 10.001)
    assert answers.take_due(10.001) == []
    answers.note(outcome(HALF_A_WINDOW + 1), 10.002)
    assert answers.take_due(10.002) == [(EDGE, Committed(EPOCH, HALF_A_WINDOW + 1))]
    answers.note(outcome(HALF_A_WINDOW + 2), 10.003)
    assert answers.take_due(10.003) == []


def test_the_half_fits_into_the_window() -> None:
    assert HALF_A_WINDOW == MESSAGES_MAX // 2


def test_a_birth_is_answered_at_once() -> None:
    answers = Answers()
    answers.note(outcome(1), 10.0)
    answers.take_due(10.0)
    answers.note(outcome(1, "born"), 10.001)
    assert answers.take_due(10.001) == [(EDGE, Committed(EPOCH, 1))]


def test_an_edge_that_is_behind_is_told_a_few_times_a_second() -> None:
    answers, sent = Answers(), 0
    for tick in range(100):
        now_s = tick / 100
        answers.note(outcome(5, "behind"), now_s)
        sent += len(answers.take_due(now_s))
    assert 2 <= sent <= 4


def test_whoever_leaves_sends_the_rest() -> None:
    answers = Answers()
    answers.note(outcome(1), 10.0)
    answers.take_due(10.0)
    answers.note(outcome(2), 10.01)
    assert answers.take_due(10.01) == []
    assert answers.take_due(10.01, all_of_them=True) == [(EDGE, Committed(EPOCH, 2))]


def test_the_commands_are_as_sparkplug_wants_them() -> None:
    """Names and timestamps; no seq, no alias, no datatypes: those are stated in births."""
    command = committed_command(EDGE, Committed(EPOCH, 42), 1_800_000_000_000)
    assert command.topic == "spBv1.0/demo/NCMD/press-shop"
    payload = payloads.decode(command.payload)
    assert (payload.seq, payload.timestamp_ms) == (None, 1_800_000_000_000)
    assert [(m.name, m.alias, m.datatype, m.value, m.timestamp_ms) for m in payload.metrics] == [
        ("Spool/Epoch", None, None, EPOCH_1, 1_800_000_000_000),
        ("Spool/Committed", None, None, 42, 1_800_000_000_000),
    ]
    [rebirth] = payloads.decode(rebirth_command(EDGE, 1).payload).metrics
    assert (rebirth.name, rebirth.datatype, rebirth.value) == ("Node Control/Rebirth", None, True)
