"""NDEATH, DDEATH and how an edge leaves (chapters 4, 5 and 6)."""

import dataclasses

from tests.contract.capture import Capture, DeviceLost, Record, ToldToStop
from tests.contract.mqtt_packets import Connect, Disconnect, Publish
from tests.contract.sparkplug_reading import Metric, NotSparkplug, Payload, Value, read
from tests.contract.tck.breaking import (
    Where,
    change,
    drop,
    metric,
    move,
    packet,
    payload,
    position,
    sent,
    to_edge,
    will,
    will_payload,
    with_metric,
    with_seq,
)
from tests.contract.tck.registry import rule
from tests.contract.tck.session_view import BD_SEQ, Session, View, bd_seq_of, found

_EDGE_CONNECT = to_edge(packet(Connect))
# How long an edge may take to notice a lost device, to obey, and to leave.
SOON_MS = 30_000


def _deaths(view: View) -> list[tuple[str, bytes]]:
    """Every NDEATH: registered as a will, and published by the edge itself."""
    deaths = []
    for session in view.edge_sessions:
        if session.connect.will is not None:
            deaths.append((f"the will of connection {session.connection}", session.connect.will.payload))
        deaths += [(str(message), message.publish.payload) for message in session.sent("NDEATH")]
    return found(deaths, "NDEATH")


def _more(old: Payload) -> Payload:
    return with_metric(Metric("Reason", value=Value("string", "gone")))(old)


@rule("tck-id-topics-ndeath-payload", broken_by=change(_EDGE_CONNECT, will_payload(_more)))
def ndeath_has_the_bd_seq_and_nothing_else(view: View) -> None:
    for what, body in _deaths(view):
        names = [each.name for each in read(body).metrics]
        assert names == [BD_SEQ], f"{what} carries {names}"


@rule("tck-id-topics-ndeath-seq", broken_by=change(_EDGE_CONNECT, will_payload(with_seq(0))))
@rule("tck-id-payloads-ndeath-seq", broken_by=change(sent("NDEATH"), payload(with_seq(9))))
def ndeath_has_no_seq(view: View) -> None:
    for what, body in _deaths(view):
        assert read(body).seq is None, f"{what} has seq {read(body).seq}"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-payload",
    broken_by=change(_EDGE_CONNECT, will(payload=b"OFFLINE")),
)
def the_will_is_a_sparkplug_payload(view: View) -> None:
    for what, body in _deaths(view):
        try:
            assert read(body).metrics, f"{what} has no metric"
        except NotSparkplug as error:
            raise AssertionError(f"{what} is no Sparkplug payload: {error}") from error


def _other_bd_seq(old: Metric) -> Metric:
    return dataclasses.replace(old, value=Value("long", 77))


@rule(
    "tck-id-payloads-ndeath-bdseq",
    broken_by=change(sent("NDEATH"), payload(metric(_other_bd_seq, name=BD_SEQ))),
)
def ndeath_has_the_bd_seq_of_its_nbirth(view: View) -> None:
    for session in found(
        [each for each in view.edge_sessions if each.sent("NBIRTH")], "session with an NBIRTH"
    ):
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        deaths = [session.connect.will.payload, *(each.publish.payload for each in session.sent("NDEATH"))]
        births = [each.publish.payload for each in session.sent("NBIRTH")]
        numbers = {bd_seq_of(body) for body in deaths + births}
        assert len(numbers) == 1, f"connection {session.connection} has bdSeq {numbers}"
        assert None not in numbers, f"connection {session.connection} has bdSeq {numbers}"


# --- leaving ---


def _disconnect_of_edge(capture: Capture, record: Record) -> bool:
    return record.client_id in capture.edges and isinstance(record.what, Disconnect)


def _left(view: View) -> list[Session]:
    """Sessions an edge ended itself, once born."""
    sessions = [each for each in view.edge_sessions if each.sent("NBIRTH") and each.of(Disconnect)]
    return found(sessions, "session that an edge ended with DISCONNECT")


@rule("tck-id-payloads-ndeath-will-message-publisher", broken_by=drop(sent("NDEATH")))
@rule(
    "tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311",
    broken_by=move(_disconnect_of_edge, before=sent("NDEATH")),
)
def ndeath_is_published_before_disconnect(view: View) -> None:
    for session in _left(view):
        goodbye = session.of(Disconnect)[0][0]
        deaths = [each for each in session.sent("NDEATH") if each.index < goodbye]
        assert deaths, f"connection {session.connection} said DISCONNECT without an NDEATH"


@rule(
    "tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath",
    broken_by=drop(sent("NDEATH"), nth=-2),
)
def an_edge_told_to_stop_publishes_its_ndeath(view: View) -> None:
    stops = [
        (index, record)
        for index, record in enumerate(view.capture.records)
        if isinstance(record.what, ToldToStop) and record.client_id in view.capture.edges
    ]
    for index, record in found(stops, "edge that was told to stop"):
        sessions = [each for each in view.edge_sessions if each.client_id == record.client_id]
        current = [each for each in sessions if each.first_index < index < each.last_index]
        assert current, f"{record.client_id} had no session when it was told to stop"
        assert [each for each in current[0].sent("NDEATH") if each.index > index], (
            f"{record.client_id} left silently"
        )


def _data_between(capture: Capture) -> Capture:
    """A data message between an edge's NDEATH and its DISCONNECT."""
    index = position(capture, sent("NDEATH"))
    data = next(record for record in reversed(capture.records[:index]) if sent("DDATA")(capture, record))
    late = dataclasses.replace(
        data, connection=capture.records[index].connection, at_ms=capture.records[index].at_ms
    )
    return capture.with_records([*capture.records[: index + 1], late, *capture.records[index + 1 :]])


@rule(
    "tck-id-operational-behavior-edge-node-intentional-disconnect-packet",
    broken_by=_data_between,
)
def nothing_comes_between_ndeath_and_disconnect(view: View) -> None:
    """A permission to say DISCONNECT: when it is said, it is the next packet of the edge."""
    for session in _left(view):
        by_edge = [record.what for _, record in session.of(Publish, Disconnect) if record.sender == "client"]
        assert isinstance(by_edge[-1], Disconnect), (
            f"connection {session.connection} goes on after DISCONNECT"
        )
        last = by_edge[-2]
        assert isinstance(last, Publish), f"{last} stands before DISCONNECT"
        assert "/NDEATH/" in last.topic, f"{last} stands before DISCONNECT"


# --- a device is lost ---

_LOST: Where = packet(DeviceLost)


@rule("tck-id-operational-behavior-device-ddeath", broken_by=drop(sent("DDEATH")))
def a_lost_device_gets_a_ddeath(view: View) -> None:
    losses = [
        (index, record) for index, record in enumerate(view.capture.records) if _LOST(view.capture, record)
    ]
    for index, record in found(losses, "lost device"):
        assert isinstance(record.what, DeviceLost)
        deaths = [
            message
            for session in view.edge_sessions
            if session.client_id == record.client_id
            for message in session.sent("DDEATH")
            if message.index > index and message.topic.device == record.what.device
        ]
        assert deaths, f"no DDEATH for {record.what.device}"
        assert deaths[0].at_ms - record.at_ms <= SOON_MS, f"{deaths[0]} came after {SOON_MS} ms"
