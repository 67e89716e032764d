"""What an edge makes of its primary host's STATE (chapter 5)."""

import dataclasses
import itertools

from tests.contract.capture import Capture, ToldToStop
from tests.contract.mqtt_packets import Closed, Disconnect
from tests.contract.tck.breaking import (
    Where,
    body,
    change,
    drop,
    level,
    older_by,
    sent,
    state,
    to_edge,
)
from tests.contract.tck.death import SOON_MS
from tests.contract.tck.registry import rule
from tests.contract.tck.session_view import Message, Session, State, View, found

_ONLINE_AT_EDGE: Where = to_edge(state("server", online=True))
_OFFLINE_AT_EDGE: Where = to_edge(state("server", online=False))


def _heard(view: View, session: Session) -> list[State]:
    """What reached the edge of its own primary host in this session."""
    return [each for each in session.states("server") if each.host_id == view.edge_of(session).primary_host]


def _stamp(heard: State) -> int:
    assert isinstance(heard.timestamp_ms, int), f"record {heard.index}: STATE without a timestamp"
    return heard.timestamp_ms


def _belief(heard: list[State], before: int) -> bool | None:
    """Whether the host counts as online: the newest by timestamp decides, an older message is not believed."""
    newest_ms, online = None, None
    for each in heard:
        if each.index < before and (newest_ms is None or _stamp(each) >= newest_ms):
            newest_ms, online = _stamp(each), each.says(True)
    return online


def _first_births(view: View) -> list[tuple[Session, Message]]:
    births = [
        (session, session.sent("NBIRTH")[0]) for session in view.edge_sessions if session.sent("NBIRTH")
    ]
    return found(births, "NBIRTH")


# --- waiting ---


@rule("tck-id-message-flow-edge-node-birth-publish-phid-wait", broken_by=drop(_ONLINE_AT_EDGE, nth=None))
def births_wait_for_a_state_message(view: View) -> None:
    for session, birth in _first_births(view):
        before = [each for each in session.states("server") if each.index < birth.index]
        assert [each for each in before if each.says(True)], f"{birth} came before any STATE online"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-id",
    broken_by=change(_ONLINE_AT_EDGE, level(2, "another-host"), nth=None),
)
def births_wait_for_the_host_of_the_configuration(view: View) -> None:
    for session, birth in _first_births(view):
        assert _belief(_heard(view, session), birth.index), f"{birth}: its own primary host was not online"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-online",
    "tck-id-operational-behavior-edge-node-birth-sequence-wait",
    broken_by=change(_ONLINE_AT_EDGE, body(online=False), nth=None),
)
def births_wait_for_online_true(view: View) -> None:
    for session, birth in _first_births(view):
        before = [each for each in _heard(view, session) if each.index < birth.index]
        assert before, f"{birth} came before any STATE"
        assert _belief(before, birth.index) is True, f"{birth} came while its host was not online"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp",
    broken_by=change(_ONLINE_AT_EDGE, older_by(1_000_000), nth=None),
)
def births_do_not_believe_an_older_online(view: View) -> None:
    compared = 0
    for session, birth in _first_births(view):
        before = [each for each in _heard(view, session) if each.index < birth.index]
        compared += len(before) > 1
        assert _belief(before, birth.index) is True, (
            f"{birth}: the online it had heard was older than an offline"
        )
    assert compared, "nothing to check: no edge heard STATE twice before its birth"


# --- the host goes offline ---


def _offline_at(view: View) -> list[tuple[Session, State]]:
    """Where a born edge heard a valid offline of its host."""
    cases = []
    for session, birth in _first_births(view):
        heard = _heard(view, session)
        last_online_ms = None
        for each in heard:
            if each.says(True):
                last_online_ms = max(_stamp(each), last_online_ms or 0)
            elif each.index > birth.index and (last_online_ms is None or _stamp(each) >= last_online_ms):
                cases.append((session, each))
                break
    return found(cases, "STATE offline at a born edge")


@rule(
    "tck-id-message-flow-edge-node-birth-publish-phid-offline",
    broken_by=drop(sent("NDEATH")),
)
def the_edge_says_ndeath_when_its_host_goes(view: View) -> None:
    for session, offline in _offline_at(view):
        deaths = [each for each in session.sent("NDEATH") if each.index > offline.index]
        assert deaths, f"connection {session.connection}: no NDEATH after the host went offline"
        assert deaths[0].at_ms - offline.at_ms <= SOON_MS, (
            f"{deaths[0]} came {deaths[0].at_ms - offline.at_ms} ms later"
        )


def _end_of(session: Session) -> tuple[int, int] | None:
    """(index, time) of the end of a session; None if it went on to the end of the capture."""
    ends = session.of(Disconnect, Closed)
    return (ends[0][0], ends[0][1].at_ms) if ends else None


def _stays(capture: Capture) -> Capture:
    """The first edge that heard an offline keeps its session."""
    records = list(capture.records)
    offline = next(number for number, record in enumerate(records) if _born_offline(capture, number))
    connection = records[offline].connection
    return capture.with_records(
        [
            each
            for each in records
            if each.connection != connection or not isinstance(each.what, Disconnect | Closed)
        ]
    )


def _born_offline(capture: Capture, number: int) -> bool:
    record = capture.records[number]
    born = any(
        each.connection == record.connection and sent("NBIRTH")(capture, each)
        for each in capture.records[:number]
    )
    return born and _OFFLINE_AT_EDGE(capture, record)


@rule("tck-id-operational-behavior-edge-node-termination-host-offline", broken_by=_stays)
def the_edge_disconnects_when_its_host_goes(view: View) -> None:
    for session, offline in _offline_at(view):
        end = _end_of(session)
        assert end is not None, f"connection {session.connection} stays though its host is offline"
        assert end[1] - offline.at_ms <= SOON_MS, (
            f"connection {session.connection} stayed {end[1] - offline.at_ms} ms"
        )


def _next_session(view: View, session: Session) -> Session | None:
    return next(
        (
            each
            for each in view.edge_sessions
            if each.client_id == session.client_id and each.first_index > session.last_index
        ),
        None,
    )


def _never_again(capture: Capture) -> Capture:
    """Edges that heard their host go do not connect again."""
    offline = next(number for number in range(len(capture.records)) if _born_offline(capture, number))
    return capture.with_records(
        [
            each
            for number, each in enumerate(capture.records)
            if number < offline
            or each.client_id not in capture.edges
            or each.connection <= _highest(capture, offline)
        ]
    )


def _highest(capture: Capture, before: int) -> int:
    return max(each.connection for each in capture.records[:before])


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-offline-reconnect",
    broken_by=_never_again,
)
def the_edge_connects_again_after_its_host_went(view: View) -> None:
    reconnected = []
    for session, _ in _offline_at(view):
        if not _is_last_of_its_edge_on_purpose(view, session):
            following = _next_session(view, session)
            assert following is not None, f"after connection {session.connection} the edge stayed away"
            reconnected.append(following)
    found(reconnected, "edge that lost its host")


def _is_last_of_its_edge_on_purpose(view: View, session: Session) -> bool:
    """The edge was told to stop soon after its host went."""
    return any(
        isinstance(record.what, ToldToStop) and record.client_id == session.client_id
        for record in view.capture.records[session.last_index : session.last_index + 20]
    )


def _same_server_again(capture: Capture) -> Capture:
    """The edge goes back to the server it left, though its list has another."""
    view = View(capture)
    session, _ = next(
        (each, heard) for each, heard in _offline_at(view) if len(view.edge_of(each).servers) > 1
    )
    following = _next_session(view, session)
    assert following is not None
    return _edited(capture, following.connection, session.server)


def _edited(capture: Capture, connection: int, server: str) -> Capture:
    return capture.with_records(
        [
            dataclasses.replace(each, server=server) if each.connection == connection else each
            for each in capture.records
        ]
    )


@rule(
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk",
    broken_by=_same_server_again,
)
def the_edge_walks_to_the_next_server_of_its_list(view: View) -> None:
    walked = []
    for session, _ in _offline_at(view):
        following = _next_session(view, session)
        if following is not None:
            servers = view.edge_of(session).servers
            expected = servers[(servers.index(session.server) + 1) % len(servers)]
            assert following.server == expected, f"from {session.server} the edge went to {following.server}"
            walked.append(following)
    found(walked, "edge that connected again")


@rule(
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-single-server",
    broken_by=_stays,
)
def an_edge_has_one_connection_at_a_time(view: View) -> None:
    by_edge: dict[str, list[Session]] = {}
    for session in view.edge_sessions:
        by_edge.setdefault(session.client_id, []).append(session)
    for sessions in found([each for each in by_edge.values() if len(each) > 1], "edge that connected twice"):
        for before, after in itertools.pairwise(sessions):
            end = _end_of(before)
            assert end is not None, f"connection {after.connection} is a second one"
            assert end[0] < after.first_index, f"connection {after.connection} is a second one"


def _offline_is_older(view: View) -> list[tuple[Session, State]]:
    cases = []
    for session, birth in _first_births(view):
        last_online_ms = None
        for each in _heard(view, session):
            if each.says(True):
                last_online_ms = max(_stamp(each), last_online_ms or 0)
            elif each.index > birth.index and last_online_ms is not None and _stamp(each) < last_online_ms:
                cases.append((session, each))
    return found(cases, "offline older than the last online, at a born edge")


def _leaves_at_the_old_death(capture: Capture) -> Capture:
    view = View(capture)
    session, offline = _offline_is_older(view)[0]
    end = next(record for _, record in session.of(Disconnect))
    kept = [
        each
        for number, each in enumerate(capture.records)
        if number <= offline.index or each.connection != session.connection
    ]
    kept.insert(offline.index + 1, end)
    return capture.with_records(kept)


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-offline-timestamp",
    broken_by=_leaves_at_the_old_death,
)
def the_edge_stays_when_an_older_death_arrives(view: View) -> None:
    for session, offline in _offline_is_older(view):
        later = [each for each in session.sent() if each.index > offline.index and each.type != "NDEATH"]
        assert later, f"connection {session.connection} ends after an offline older than its host's online"
