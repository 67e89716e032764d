"""A host's death: STATE offline before it leaves (chapters 4 and 5)."""

from tests.contract.capture import ToldToStop
from tests.contract.mqtt_packets import Closed, Disconnect
from tests.contract.tck.breaking import body, both, change, drop, fields, level, older_by, repeat
from tests.contract.tck.registry import rule
from tests.contract.tck.sequence import CLOSE_MS
from tests.contract.tck.session_view import Session, View, found, state_body
from tests.contract.tck.state_said import DEATH, assert_body, assert_on_own_topic, offline_states


@rule(
    "tck-id-host-topic-phid-death-topic",
    "tck-id-operational-behavior-host-application-death-topic",
    broken_by=change(DEATH, level(2, "another-host")),
)
def a_death_is_on_the_hosts_own_topic(view: View) -> None:
    assert_on_own_topic(offline_states(view), view)


@rule(
    "tck-id-host-topic-phid-death-qos",
    "tck-id-operational-behavior-host-application-death-qos",
    broken_by=change(DEATH, fields(qos=0)),
)
def a_death_has_qos_1(view: View) -> None:
    for _, said in offline_states(view):
        assert said.publish.qos == 1, f"record {said.index} has QoS {said.publish.qos}"


@rule(
    "tck-id-host-topic-phid-death-retain",
    "tck-id-operational-behavior-host-application-death-retained",
    broken_by=change(DEATH, fields(retain=False)),
)
def a_death_is_retained(view: View) -> None:
    for _, said in offline_states(view):
        assert said.publish.retain, f"record {said.index} is not retained"


def _stops(view: View) -> list[Session]:
    """Host sessions that were alive when their host was told to stop."""
    records = enumerate(view.capture.records)
    told = [
        (index, record)
        for index, record in records
        if isinstance(record.what, ToldToStop) and record.client_id in view.capture.hosts
    ]
    sessions = [
        session
        for index, record in told
        for session in view.host_sessions
        if session.server == record.server and session.first_index < index < session.last_index
    ]
    return found(sessions, "host that was told to stop")


def _assert_death_before(session: Session, end: int) -> None:
    """The host said offline, with the time it did so, before this record."""
    deaths = [each for each in session.states("client") if not each.says(True) and each.index < end]
    assert deaths, f"connection {session.connection} ended without a STATE death"
    assert_body(f"record {deaths[-1].index}", deaths[-1].body, online=False)
    stamp = deaths[-1].timestamp_ms
    assert isinstance(stamp, int)
    assert abs(stamp - deaths[-1].at_ms) <= CLOSE_MS, (
        f"the death is stamped {stamp - deaths[-1].at_ms} ms off"
    )
    birth_ms = session.states("client")[0].timestamp_ms
    assert isinstance(birth_ms, int), "the death has the time of the birth"
    assert stamp > birth_ms, "the death has the time of the birth"


@rule(
    "tck-id-operational-behavior-host-application-termination",
    broken_by=drop(DEATH),
)
def a_host_told_to_stop_publishes_its_death(view: View) -> None:
    for session in _stops(view):
        _assert_death_before(session, session.last_index)


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean",
    "tck-id-host-topic-phid-death-payload-disconnect-clean",
    broken_by=change(DEATH, older_by(3_600_000)),
)
def a_death_comes_before_disconnect_with_the_time_of_leaving(view: View) -> None:
    clean = [(each, each.of(Disconnect)) for each in view.host_sessions]
    for session, goodbyes in found([case for case in clean if case[1]], "DISCONNECT of a host"):
        _assert_death_before(session, goodbyes[0][0])


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
    "tck-id-host-topic-phid-death-payload-disconnect-with-no-disconnect-packet",
    broken_by=drop(DEATH, nth=-1),
)
def a_death_comes_before_the_connection_ends(view: View) -> None:
    """Asked of every intended end, with DISCONNECT or without: what counts is that the socket closes after it."""
    for session in _stops(view):
        closed = found(session.of(Closed), f"end of connection {session.connection}")
        _assert_death_before(session, closed[0][0])


@rule(
    "tck-id-operational-behavior-host-application-disconnect-intentional",
    broken_by=both(repeat(DEATH, older_by(0)), change(DEATH, body(online=True), nth=1)),
)
def nothing_comes_between_death_and_disconnect(view: View) -> None:
    """A permission to say DISCONNECT: when it is said, the death is the last message before it."""
    ended = [each for each in view.host_sessions if each.of(Disconnect)]
    for session in found(ended, "DISCONNECT of a host"):
        published = session.published()
        last = published[-1]
        assert "/STATE/" in last.topic, f"{last.topic} came last"
        assert (state_body(last.payload) or {}).get("online") is False, "the last STATE is no death"
