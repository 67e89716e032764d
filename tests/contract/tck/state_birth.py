"""A host's birth: STATE online, first and retained (chapters 1, 3, 4, 5, 6 and 10)."""

import dataclasses

from tests.contract.capture import Capture
from tests.contract.mqtt_packets import Connect
from tests.contract.tck.breaking import body, change, drop, fields, level, move, older_by, position, sent
from tests.contract.tck.registry import rule
from tests.contract.tck.session_view import Session, State, View, found, state_body
from tests.contract.tck.state_said import (
    BIRTH,
    CONNECT,
    DEATH,
    SOON_MS,
    assert_body,
    assert_on_own_topic,
    host_sessions,
    offline_states,
    online_states,
    will_stamp,
)
from tests.contract.tck.state_will import a_host_subscribes_to_its_own_state_before_its_birth


def _one_birth_each(view: View) -> None:
    for session in host_sessions(view):
        said = session.states("client")
        assert said, f"connection {session.connection} published no birth"
        assert said[0].says(True), f"connection {session.connection} published no birth"


@rule(
    "tck-id-intro-sparkplug-host-state",
    "tck-id-components-ph-state",
    "tck-id-conformance-primary-host",
    broken_by=drop(DEATH, nth=None),
)
def a_host_says_when_it_is_there_and_when_not(view: View) -> None:
    _one_birth_each(view)
    offline_states(view)


@rule(
    "tck-id-host-topic-phid-birth-required",
    "tck-id-message-flow-phid-sparkplug-state-publish",
    "tck-id-operational-behavior-host-application-connect-birth",
    broken_by=drop(BIRTH, nth=None),
)
def a_host_publishes_its_birth_right_after_connecting(view: View) -> None:
    _one_birth_each(view)
    for session in host_sessions(view):
        waited_ms = session.states("client")[0].at_ms - session.began_ms
        assert waited_ms <= SOON_MS, f"connection {session.connection}: the birth came after {waited_ms} ms"


@rule(
    "tck-id-host-topic-phid-birth-message",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state",
    broken_by=move(sent("NCMD"), before=BIRTH),
)
def a_hosts_birth_is_its_first_message(view: View) -> None:
    for session in host_sessions(view):
        published = session.published()
        assert published, f"connection {session.connection} published nothing"
        first = published[0]
        assert "/STATE/" in first.topic, f"{first.topic} came first"
        assert (state_body(first.payload) or {}).get("online") is True, (
            "the first STATE of a session is no birth"
        )


@rule(
    "tck-id-host-topic-phid-birth-topic",
    "tck-id-operational-behavior-host-application-connect-birth-topic",
    broken_by=change(BIRTH, level(2, "another-host")),
)
def a_birth_is_on_the_hosts_own_topic(view: View) -> None:
    assert_on_own_topic(online_states(view), view)


@rule(
    "tck-id-host-topic-phid-birth-qos",
    "tck-id-operational-behavior-host-application-connect-birth-qos",
    broken_by=change(BIRTH, fields(qos=0)),
)
def a_birth_has_qos_1(view: View) -> None:
    for _, said in online_states(view):
        assert said.publish.qos == 1, f"record {said.index} has QoS {said.publish.qos}"


@rule(
    "tck-id-host-topic-phid-birth-retain",
    "tck-id-operational-behavior-host-application-connect-birth-retained",
    broken_by=change(BIRTH, fields(retain=False)),
)
def a_birth_is_retained(view: View) -> None:
    for _, said in online_states(view):
        assert said.publish.retain, f"record {said.index} is not retained"


@rule("tck-id-payloads-state-birth", broken_by=change(BIRTH, fields(qos=0, retain=False)))
def a_birth_is_retained_with_qos_1_after_the_subscription(view: View) -> None:
    a_birth_has_qos_1(view)
    a_birth_is_retained(view)
    a_birth_is_on_the_hosts_own_topic(view)
    a_host_subscribes_to_its_own_state_before_its_birth(view)


@rule("tck-id-host-topic-phid-birth-payload", broken_by=change(BIRTH, fields(payload=b"ONLINE")))
@rule(
    "tck-id-message-flow-phid-sparkplug-state-publish-payload",
    broken_by=change(BIRTH, body(timestamp=None)),
)
@rule(
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp",
    broken_by=change(BIRTH, older_by(1)),
)
@rule(
    "tck-id-operational-behavior-host-application-connect-birth-payload",
    broken_by=change(BIRTH, older_by(-1)),
)
@rule("tck-id-payloads-state-birth-payload", broken_by=change(BIRTH, body(online="true")))
def a_birth_says_online_since_the_time_in_the_will(view: View) -> None:
    for session in host_sessions(view):
        first = session.states("client")[:1]
        assert first, f"connection {session.connection} published no STATE"
        assert_body(f"record {first[0].index}", first[0].body, online=True)
    for session, said in online_states(view):
        assert_body(f"record {said.index}", said.body, online=True)
        assert said.timestamp_ms == will_stamp(session), f"record {said.index} has not the time of the will"


@rule(
    "tck-id-operational-behavior-host-application-multi-server-timestamp",
    broken_by=change(BIRTH, older_by(20), nth=1),
)
def each_server_has_its_own_timestamp(view: View) -> None:
    for session, said in online_states(view):
        own = will_stamp(session)
        assert said.timestamp_ms == own, (
            f"record {said.index}: {said.timestamp_ms} is not {session.server}'s {own}"
        )


def _never_contradicts(capture: Capture) -> Capture:
    """Each host session says online once, at its birth, and never again."""
    births = [(index, record) for index, record in enumerate(capture.records) if BIRTH(capture, record)]
    first = {record.connection: index for index, record in reversed(births)}
    again = {index for index, record in births if first[record.connection] != index}
    return capture.with_records([each for index, each in enumerate(capture.records) if index not in again])


@rule(
    "tck-id-message-flow-hid-sparkplug-state-message-delivered",
    broken_by=_never_contradicts,
)
def a_host_called_offline_says_online_again(view: View) -> None:
    cases = 0
    for session in host_sessions(view):
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
    assert again[0].at_ms - heard.at_ms <= SOON_MS, f"record {heard.index} was contradicted too late"
    assert again[0].timestamp_ms == will_stamp(session), (
        f"record {again[0].index} has not the time of the will"
    )


def _a_second_host(capture: Capture) -> Capture:
    """Another client claims the host's id while the host is there."""
    index = position(capture, CONNECT)
    first = capture.records[index]
    assert isinstance(first.what, Connect)
    other = dataclasses.replace(first.what, client_id="another-host-client")
    number = 1 + max(record.connection for record in capture.records)
    claim = dataclasses.replace(first, connection=number, client_id=other.client_id, what=other)
    return capture.with_records([*capture.records[: index + 1], claim, *capture.records[index + 1 :]])


@rule("tck-id-operational-behavior-host-application-host-id", broken_by=_a_second_host)
def a_host_id_belongs_to_one_client_at_a_time(view: View) -> None:
    claims = [
        (session.connect.will.topic, session)
        for session in view.sessions
        if session.connect.will is not None and "/STATE/" in session.connect.will.topic
    ]
    for topic, session in found(claims, "host"):
        for other_topic, other in claims:
            together = session.first_index < other.first_index <= session.last_index
            same = (topic, session.server) == (other_topic, other.server)
            assert not (together and same), f"{topic}: {session.client_id} and {other.client_id} at once"
