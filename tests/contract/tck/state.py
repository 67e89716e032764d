"""STATE: what a host says of itself, in its will, at its birth and when it leaves (chapters 1, 3, 4, 5, 6 and 10)."""

import dataclasses

from tests.contract.capture import Capture, ToldToStop
from tests.contract.mqtt_packets import Closed, Connect, Disconnect, Publish, Subscribe
from tests.contract.tck.breaking import (
    Where,
    body,
    both,
    change,
    drop,
    fields,
    level,
    move,
    older_by,
    packet,
    repeat,
    sent,
    state,
    to_edge,
    to_host,
    will,
    will_body,
    will_level,
)
from tests.contract.tck.registry import rule
from tests.contract.tck.sequence import CLOSE_MS
from tests.contract.tck.session_view import Session, State, View, found, state_body

_CONNECT: Where = to_host(packet(Connect))
_BIRTH: Where = state("client", online=True)
_DEATH: Where = state("client", online=False)
_SOON_MS = 10_000


def _births(view: View) -> list[tuple[Session, State]]:
    """Each online STATE a host published, with its session."""
    said = [(session, each) for session in view.host_sessions for each in session.states("client")]
    return found([case for case in said if case[1].says(True)], "STATE birth")


def _deaths(view: View) -> list[tuple[Session, State]]:
    """Each offline STATE a host published itself."""
    said = [(session, each) for session in view.host_sessions for each in session.states("client")]
    return found([case for case in said if not case[1].says(True)], "STATE death")


def _sessions(view: View) -> list[Session]:
    return found(view.host_sessions, "host session")


def _assert_body(what: str, said: dict[str, object] | None, *, online: bool) -> None:
    assert said is not None, f"{what} is no JSON object"
    assert set(said) == {"online", "timestamp"}, f"{what} has the keys {sorted(said)}"
    assert said["online"] is online, f"{what} says online {said['online']!r}"
    stamp = said["timestamp"]
    assert isinstance(stamp, int), f"{what} has the timestamp {stamp!r}"
    assert not isinstance(stamp, bool), f"{what} has the timestamp {stamp!r}"


def _will_stamp(session: Session) -> object:
    will_ = session.connect.will
    said = None if will_ is None else state_body(will_.payload)
    return None if said is None else said.get("timestamp")


# --- the will ---


@rule(
    "tck-id-host-topic-phid-death-required",
    "tck-id-operational-behavior-host-application-connect-will",
    broken_by=change(_CONNECT, fields(will=None)),
)
def every_connect_of_a_host_has_a_will(view: View) -> None:
    for session in _sessions(view):
        assert session.connect.will is not None, f"connection {session.connection} has no will"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-topic",
    "tck-id-payloads-state-will-message",
    broken_by=change(_CONNECT, will_level(2, "another-host")),
)
def the_hosts_will_is_on_its_state_topic(view: View) -> None:
    every_connect_of_a_host_has_a_will(view)
    for session in _sessions(view):
        topic = session.connect.will.topic if session.connect.will else None
        assert topic == f"spBv1.0/STATE/{view.host_of(session).host_id}", f"the will is on {topic}"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-qos",
    "tck-id-payloads-state-will-message-qos",
    broken_by=change(_CONNECT, will(qos=0)),
)
def the_hosts_will_has_qos_1(view: View) -> None:
    for session in _sessions(view):
        assert session.connect.will is not None, f"{session.connect.will}"
        assert session.connect.will.qos == 1, f"{session.connect.will}"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-retained",
    "tck-id-payloads-state-will-message-retain",
    broken_by=change(_CONNECT, will(retain=False)),
)
def the_hosts_will_is_retained(view: View) -> None:
    for session in _sessions(view):
        assert session.connect.will is not None, f"{session.connect.will}"
        assert session.connect.will.retain, f"{session.connect.will}"


@rule("tck-id-host-topic-phid-death-payload", broken_by=change(_CONNECT, will(payload=b"OFFLINE")))
@rule("tck-id-payloads-state-will-message-payload", broken_by=change(_CONNECT, will_body(online="false")))
@rule(
    "tck-id-operational-behavior-host-application-connect-will-payload",
    broken_by=change(_CONNECT, will_body(online=True)),
)
@rule(
    "tck-id-operational-behavior-host-application-death-payload",
    broken_by=change(_CONNECT, will_body(timestamp="now")),
)
def the_hosts_will_says_offline_since_a_time(view: View) -> None:
    for session in _sessions(view):
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        said = state_body(session.connect.will.payload)
        _assert_body(f"the will of connection {session.connection}", said, online=False)


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
    "tck-id-host-topic-phid-death-payload-connect",
    broken_by=change(_CONNECT, will_body(timestamp=1_500_000_000_000)),
)
def the_hosts_will_has_the_time_of_its_connect(view: View) -> None:
    for session in _sessions(view):
        stamp = _will_stamp(session)
        assert isinstance(stamp, int), (
            f"connection {session.connection}: the will has the timestamp {stamp!r}"
        )
        assert abs(stamp - session.began_ms) <= CLOSE_MS, (
            f"the will is stamped {stamp - session.began_ms} ms off"
        )


# --- subscriptions ---


def _asked_before_birth(session: Session) -> list[str]:
    births = [each.index for each in session.states("client")]
    first = births[0] if births else session.last_index + 1
    return [
        topic_filter
        for index, record in session.of(Subscribe)
        if index < first and isinstance(record.what, Subscribe)
        for topic_filter, _ in record.what.filters
    ]


def _has_own_state(view: View, session: Session, asked: list[str]) -> bool:
    own = f"spBv1.0/STATE/{view.host_of(session).host_id}"
    return bool({own, "spBv1.0/STATE/+", "spBv1.0/STATE/#", "spBv1.0/#"} & set(asked))


@rule(
    "tck-id-payloads-state-subscribe",
    broken_by=drop(to_host(packet(Subscribe))),
)
@rule(
    "tck-id-host-topic-phid-birth-sub-required",
    broken_by=move(to_host(packet(Subscribe)), before=to_edge(state("server", online=True)), before_nth=1),
)
def a_host_subscribes_to_its_own_state_before_its_birth(view: View) -> None:
    for session in _sessions(view):
        asked = _asked_before_birth(session)
        assert _has_own_state(view, session, asked), (
            f"connection {session.connection} had subscribed to {asked}"
        )


@rule(
    "tck-id-message-flow-phid-sparkplug-subscription",
    broken_by=change(to_host(packet(Subscribe)), lambda what: Subscribe(what.filters[:1])),
)
def a_host_subscribes_to_sparkplug_before_its_birth(view: View) -> None:
    for session in _sessions(view):
        asked = _asked_before_birth(session)
        assert _has_own_state(view, session, asked), (
            f"connection {session.connection} had subscribed to {asked}"
        )
        others = [
            each for each in asked if each.startswith("spBv1.0/") and not each.startswith("spBv1.0/STATE")
        ]
        assert others, f"connection {session.connection} had subscribed to no edge nodes"


# --- birth ---


def _one_birth_each(view: View) -> None:
    for session in _sessions(view):
        said = session.states("client")
        assert said, f"connection {session.connection} published no birth"
        assert said[0].says(True), f"connection {session.connection} published no birth"


@rule(
    "tck-id-intro-sparkplug-host-state",
    "tck-id-components-ph-state",
    "tck-id-conformance-primary-host",
    broken_by=drop(_DEATH, nth=None),
)
def a_host_says_when_it_is_there_and_when_not(view: View) -> None:
    _one_birth_each(view)
    _deaths(view)


@rule(
    "tck-id-host-topic-phid-birth-required",
    "tck-id-message-flow-phid-sparkplug-state-publish",
    "tck-id-operational-behavior-host-application-connect-birth",
    broken_by=drop(_BIRTH),
)
def a_host_publishes_its_birth_right_after_connecting(view: View) -> None:
    _one_birth_each(view)
    for session in _sessions(view):
        waited_ms = session.states("client")[0].at_ms - session.began_ms
        assert waited_ms <= _SOON_MS, f"connection {session.connection}: the birth came after {waited_ms} ms"


@rule(
    "tck-id-host-topic-phid-birth-message",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state",
    broken_by=move(sent("NCMD"), before=_BIRTH),
)
def a_hosts_birth_is_its_first_message(view: View) -> None:
    for session in _sessions(view):
        published = [record.what for _, record in session.of(Publish) if record.sender == "client"]
        assert published, f"connection {session.connection} published nothing"
        first = published[0]
        assert isinstance(first, Publish), f"{first.topic} came first"
        assert "/STATE/" in first.topic, f"{first.topic} came first"
        assert (state_body(first.payload) or {}).get("online") is True, (
            "the first STATE of a session is no birth"
        )


def _on_own_topic(cases: list[tuple[Session, State]], view: View) -> None:
    for session, said in cases:
        topic, expected = said.publish.topic, f"spBv1.0/STATE/{view.host_of(session).host_id}"
        assert topic == expected, f"record {said.index} is on {topic}"


@rule(
    "tck-id-host-topic-phid-birth-topic",
    "tck-id-operational-behavior-host-application-connect-birth-topic",
    broken_by=change(_BIRTH, level(2, "another-host")),
)
def a_birth_is_on_the_hosts_own_topic(view: View) -> None:
    _on_own_topic(_births(view), view)


@rule(
    "tck-id-host-topic-phid-birth-qos",
    "tck-id-operational-behavior-host-application-connect-birth-qos",
    broken_by=change(_BIRTH, fields(qos=0)),
)
def a_birth_has_qos_1(view: View) -> None:
    for _, said in _births(view):
        assert said.publish.qos == 1, f"record {said.index} has QoS {said.publish.qos}"


@rule(
    "tck-id-host-topic-phid-birth-retain",
    "tck-id-operational-behavior-host-application-connect-birth-retained",
    broken_by=change(_BIRTH, fields(retain=False)),
)
def a_birth_is_retained(view: View) -> None:
    for _, said in _births(view):
        assert said.publish.retain, f"record {said.index} is not retained"


@rule("tck-id-payloads-state-birth", broken_by=change(_BIRTH, fields(qos=0, retain=False)))
def a_birth_is_retained_with_qos_1_after_the_subscription(view: View) -> None:
    a_birth_has_qos_1(view)
    a_birth_is_retained(view)
    a_birth_is_on_the_hosts_own_topic(view)
    a_host_subscribes_to_its_own_state_before_its_birth(view)


@rule("tck-id-host-topic-phid-birth-payload", broken_by=change(_BIRTH, fields(payload=b"ONLINE")))
@rule(
    "tck-id-message-flow-phid-sparkplug-state-publish-payload",
    broken_by=change(_BIRTH, body(timestamp=None)),
)
@rule(
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp",
    broken_by=change(_BIRTH, older_by(1)),
)
@rule(
    "tck-id-operational-behavior-host-application-connect-birth-payload",
    broken_by=change(_BIRTH, older_by(-1)),
)
@rule("tck-id-payloads-state-birth-payload", broken_by=change(_BIRTH, body(online="true")))
def a_birth_says_online_since_the_time_in_the_will(view: View) -> None:
    for session in _sessions(view):
        first = session.states("client")[:1]
        assert first, f"connection {session.connection} published no STATE"
        _assert_body(f"record {first[0].index}", first[0].body, online=True)
    for session, said in _births(view):
        _assert_body(f"record {said.index}", said.body, online=True)
        assert said.timestamp_ms == _will_stamp(session), f"record {said.index} has not the time of the will"


@rule(
    "tck-id-operational-behavior-host-application-multi-server-timestamp",
    broken_by=change(_BIRTH, older_by(20), nth=1),
)
def each_server_has_its_own_timestamp(view: View) -> None:
    for session, said in _births(view):
        own = _will_stamp(session)
        assert said.timestamp_ms == own, (
            f"record {said.index}: {said.timestamp_ms} is not {session.server}'s {own}"
        )


@rule(
    "tck-id-message-flow-hid-sparkplug-state-message-delivered",
    broken_by=drop(_BIRTH, nth=-1),
)
def a_host_called_offline_says_online_again(view: View) -> None:
    cases = 0
    for session in _sessions(view):
        said = session.states("client")
        own_offline = [each.index for each in said if not each.says(True)]
        left = own_offline[0] if own_offline else session.last_index + 1
        for heard in session.states("server"):
            own = heard.host_id == view.host_of(session).host_id
            if own and not heard.says(True) and said and said[0].index < heard.index < left:
                cases += 1
                _assert_says_again(session, heard)
    assert cases, "nothing to check: no host heard itself called offline"


def _assert_says_again(session: Session, heard: State) -> None:
    again = [each for each in session.states("client") if each.index > heard.index and each.says(True)]
    assert again, f"record {heard.index} was not contradicted"
    assert again[0].at_ms - heard.at_ms <= _SOON_MS, f"record {heard.index} was contradicted too late"
    assert again[0].timestamp_ms == _will_stamp(session), (
        f"record {again[0].index} has not the time of the will"
    )


def _a_second_host(capture: Capture) -> Capture:
    """Another client claims the host's id."""
    first = next(record for record in capture.records if _CONNECT(capture, record))
    assert isinstance(first.what, Connect)
    other = dataclasses.replace(first.what, client_id="another-host-client")
    number = 1 + max(record.connection for record in capture.records)
    claim = dataclasses.replace(first, connection=number, client_id=other.client_id, what=other)
    return capture.with_records([*capture.records, claim])


@rule("tck-id-operational-behavior-host-application-host-id", broken_by=_a_second_host)
def a_host_id_belongs_to_one_client(view: View) -> None:
    owners: dict[str, set[str]] = {}
    for session in view.sessions:
        if session.connect.will is not None and "/STATE/" in session.connect.will.topic:
            owners.setdefault(session.connect.will.topic, set()).add(session.client_id)
    for topic, clients in found(list(owners.items()), "host"):
        assert len(clients) == 1, f"{topic} is claimed by {sorted(clients)}"


# --- leaving ---


@rule(
    "tck-id-host-topic-phid-death-topic",
    "tck-id-operational-behavior-host-application-death-topic",
    broken_by=change(_DEATH, level(2, "another-host")),
)
def a_death_is_on_the_hosts_own_topic(view: View) -> None:
    _on_own_topic(_deaths(view), view)


@rule(
    "tck-id-host-topic-phid-death-qos",
    "tck-id-operational-behavior-host-application-death-qos",
    broken_by=change(_DEATH, fields(qos=0)),
)
def a_death_has_qos_1(view: View) -> None:
    for _, said in _deaths(view):
        assert said.publish.qos == 1, f"record {said.index} has QoS {said.publish.qos}"


@rule(
    "tck-id-host-topic-phid-death-retain",
    "tck-id-operational-behavior-host-application-death-retained",
    broken_by=change(_DEATH, fields(retain=False)),
)
def a_death_is_retained(view: View) -> None:
    for _, said in _deaths(view):
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
    _assert_body(f"record {deaths[-1].index}", deaths[-1].body, online=False)
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
    broken_by=drop(_DEATH),
)
def a_host_told_to_stop_publishes_its_death(view: View) -> None:
    for session in _stops(view):
        _assert_death_before(session, session.last_index)


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean",
    "tck-id-host-topic-phid-death-payload-disconnect-clean",
    broken_by=change(_DEATH, older_by(3_600_000)),
)
def a_death_comes_before_disconnect_with_the_time_of_leaving(view: View) -> None:
    clean = [(each, each.of(Disconnect)) for each in view.host_sessions]
    for session, goodbyes in found([case for case in clean if case[1]], "DISCONNECT of a host"):
        _assert_death_before(session, goodbyes[0][0])


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
    "tck-id-host-topic-phid-death-payload-disconnect-with-no-disconnect-packet",
    broken_by=drop(_DEATH, nth=-1),
)
def a_death_comes_before_the_connection_ends(view: View) -> None:
    """Asked of every intended end, with DISCONNECT or without: what counts is that the socket closes after it."""
    for session in _stops(view):
        closed = found(session.of(Closed), f"end of connection {session.connection}")
        _assert_death_before(session, closed[0][0])


@rule(
    "tck-id-operational-behavior-host-application-disconnect-intentional",
    broken_by=both(repeat(_DEATH, older_by(0)), change(_DEATH, body(online=True), nth=1)),
)
def nothing_comes_between_death_and_disconnect(view: View) -> None:
    """A permission to say DISCONNECT: when it is said, the death is the last message before it."""
    ended = [each for each in view.host_sessions if each.of(Disconnect)]
    for session in found(ended, "DISCONNECT of a host"):
        published = [record.what for _, record in session.of(Publish) if record.sender == "client"]
        last = published[-1]
        assert isinstance(last, Publish), f"{last.topic} came last"
        assert "/STATE/" in last.topic, f"{last.topic} came last"
        assert (state_body(last.payload) or {}).get("online") is False, "the last STATE is no death"
