"""Rebirth: what an edge does when a host asks for it (chapter 5)."""

import dataclasses
from collections.abc import Callable

from tests.contract.capture import Capture
from tests.contract.mqtt_packets import Publish
from tests.contract.sparkplug_reading import Metric, Value
from tests.contract.tck.breaking import Where, change, delivered, metric, payload, position, sent, to_edge
from tests.contract.tck.commands import asks_rebirth
from tests.contract.tck.registry import Mutation, rule
from tests.contract.tck.session_view import DATA, Message, Session, View, bd_seq_of, found, topic_of

# An edge may have had this much under way when the request arrived; then it must be silent until its birth.
STOP_WITHIN_MS = 2000
ANSWER_WITHIN_MS = 30_000


def _asked(view: View) -> list[tuple[Session, Message]]:
    """Rebirth requests that reached a born edge, each with the session it reached."""
    return found(
        [
            (session, message)
            for session in view.edge_sessions
            for message in session.delivered("NCMD")
            if asks_rebirth(message.payload)
            and any(each.index < message.index for each in session.sent("NBIRTH"))
        ],
        "rebirth request at a born edge",
    )


def _after(session: Session, request: Message) -> list[Message]:
    return [each for each in session.sent() if each.index > request.index]


def _request_at_edge() -> Where:
    return to_edge(delivered("NCMD", having=asks_rebirth))


def _late(mutation: Callable[[Capture, int], Capture]) -> Mutation:
    return lambda capture: mutation(capture, position(capture, _request_at_edge()))


def _data_goes_on(capture: Capture, request: int) -> Capture:
    """A data message of the edge three seconds after the request, and its birth only after that."""
    data = next(
        record
        for record in reversed(capture.records[:request])
        if record.sender == "client"
        and record.connection == capture.records[request].connection
        and isinstance(record.what, Publish)
        and topic_of(record.what.topic).type == "DDATA"
    )
    wait_ms = STOP_WITHIN_MS + 1000
    late = dataclasses.replace(data, at_ms=capture.records[request].at_ms + wait_ms)
    later = [
        dataclasses.replace(record, at_ms=record.at_ms + wait_ms) for record in capture.records[request + 1 :]
    ]
    return capture.with_records([*capture.records[: request + 1], late, *later])


@rule(
    "tck-id-operational-behavior-data-commands-rebirth-action-1",
    broken_by=_late(_data_goes_on),
)
def data_stops_at_a_rebirth_request(view: View) -> None:
    for session, request in _asked(view):
        for message in _after(session, request):
            if message.type == "NBIRTH":
                break
            late_ms = message.at_ms - request.at_ms
            assert message.type not in DATA or late_ms <= STOP_WITHIN_MS, (
                f"{message}: {late_ms} ms after the request"
            )


def _without_last_dbirth(capture: Capture, request: int) -> Capture:
    index = next(
        number
        for number, record in enumerate(capture.records)
        if number > request and sent("DBIRTH")(capture, record)
    )
    records = list(capture.records)
    records.pop(index)
    return capture.with_records(records)


@rule(
    "tck-id-operational-behavior-data-commands-rebirth-action-2",
    broken_by=_late(_without_last_dbirth),
)
def a_rebirth_is_the_whole_birth_sequence(view: View) -> None:
    for session, request in _asked(view):
        alive = _alive(session, request.index)
        births = [each for each in _after(session, request) if each.type == "NBIRTH"]
        assert births, f"{request} was not answered"
        assert births[0].at_ms - request.at_ms <= ANSWER_WITHIN_MS, f"{request} was answered by {births[0]}"
        sequence = set()
        for message in _after(session, births[0]):
            if message.type != "DBIRTH":
                break
            sequence.add(message.topic.device)
        assert alive <= sequence, f"{births[0]}: no DBIRTH of {alive - sequence}"


def _alive(session: Session, before: int) -> set[str | None]:
    alive: set[str | None] = set()
    for message in session.sent("DBIRTH", "DDEATH"):
        if message.index < before:
            (alive.add if message.type == "DBIRTH" else alive.discard)(message.topic.device)
    return alive


def _other_bd_seq(old: Metric) -> Metric:
    return dataclasses.replace(old, value=Value("long", 77))


def _birth_with_next_bd_seq(capture: Capture, request: int) -> Capture:
    seen = sum(1 for record in capture.records[:request] if sent("NBIRTH")(capture, record))
    return change(sent("NBIRTH"), payload(metric(_other_bd_seq, name="bdSeq")), nth=seen)(capture)


@rule(
    "tck-id-operational-behavior-data-commands-rebirth-action-3",
    broken_by=_late(_birth_with_next_bd_seq),
)
def a_rebirth_keeps_the_bd_seq_of_the_will(view: View) -> None:
    for session, request in _asked(view):
        births = [each for each in _after(session, request) if each.type == "NBIRTH"]
        assert births, f"{request} was not answered"
        assert session.connect.will is not None
        in_will, in_birth = bd_seq_of(session.connect.will.payload), bd_seq_of(births[0].publish.payload)
        assert in_birth == in_will, f"{births[0]}: bdSeq {in_birth}, in the will {in_will}"
