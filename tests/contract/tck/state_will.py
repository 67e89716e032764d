"""A host's will and subscriptions (chapters 4, 5 and 6)."""

from tests.contract.mqtt_packets import Subscribe
from tests.contract.tck.breaking import (
    change,
    drop,
    fields,
    move,
    packet,
    to_host,
    will,
    will_body,
    will_level,
)
from tests.contract.tck.registry import rule
from tests.contract.tck.sequence import CLOSE_MS
from tests.contract.tck.session_view import Session, View, state_body
from tests.contract.tck.state_said import BIRTH, CONNECT, assert_body, host_sessions, will_stamp


@rule(
    "tck-id-host-topic-phid-death-required",
    "tck-id-operational-behavior-host-application-connect-will",
    broken_by=change(CONNECT, fields(will=None)),
)
def every_connect_of_a_host_has_a_will(view: View) -> None:
    for session in host_sessions(view):
        assert session.connect.will is not None, f"connection {session.connection} has no will"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-topic",
    "tck-id-payloads-state-will-message",
    broken_by=change(CONNECT, will_level(2, "another-host")),
)
def the_hosts_will_is_on_its_state_topic(view: View) -> None:
    every_connect_of_a_host_has_a_will(view)
    for session in host_sessions(view):
        topic = session.connect.will.topic if session.connect.will else None
        assert topic == f"spBv1.0/STATE/{view.host_of(session).host_id}", f"the will is on {topic}"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-qos",
    "tck-id-payloads-state-will-message-qos",
    broken_by=change(CONNECT, will(qos=0)),
)
def the_hosts_will_has_qos_1(view: View) -> None:
    for session in host_sessions(view):
        assert session.connect.will is not None, f"{session.connect.will}"
        assert session.connect.will.qos == 1, f"{session.connect.will}"


@rule(
    "tck-id-operational-behavior-host-application-connect-will-retained",
    "tck-id-payloads-state-will-message-retain",
    broken_by=change(CONNECT, will(retain=False)),
)
def the_hosts_will_is_retained(view: View) -> None:
    for session in host_sessions(view):
        assert session.connect.will is not None, f"{session.connect.will}"
        assert session.connect.will.retain, f"{session.connect.will}"


@rule("tck-id-host-topic-phid-death-payload", broken_by=change(CONNECT, will(payload=b"OFFLINE")))
@rule("tck-id-payloads-state-will-message-payload", broken_by=change(CONNECT, will_body(online="false")))
@rule(
    "tck-id-operational-behavior-host-application-connect-will-payload",
    broken_by=change(CONNECT, will_body(online=True)),
)
@rule(
    "tck-id-operational-behavior-host-application-death-payload",
    broken_by=change(CONNECT, will_body(timestamp="now")),
)
def the_hosts_will_says_offline_since_a_time(view: View) -> None:
    for session in host_sessions(view):
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        said = state_body(session.connect.will.payload)
        assert_body(f"the will of connection {session.connection}", said, online=False)


@rule(
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
    "tck-id-host-topic-phid-death-payload-connect",
    broken_by=change(CONNECT, will_body(timestamp=1_500_000_000_000)),
)
def the_hosts_will_has_the_time_of_its_connect(view: View) -> None:
    for session in host_sessions(view):
        stamp = will_stamp(session)
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
    broken_by=move(BIRTH, before=to_host(packet(Subscribe))),
)
def a_host_subscribes_to_its_own_state_before_its_birth(view: View) -> None:
    for session in host_sessions(view):
        asked = _asked_before_birth(session)
        assert _has_own_state(view, session, asked), (
            f"connection {session.connection} had subscribed to {asked}"
        )


def _state_only(what: Subscribe) -> Subscribe:
    return Subscribe(tuple(each for each in what.filters if "/STATE/" in each[0]))


@rule(
    "tck-id-message-flow-phid-sparkplug-subscription",
    broken_by=change(to_host(packet(Subscribe)), _state_only, nth=None),
)
def a_host_subscribes_to_sparkplug_before_its_birth(view: View) -> None:
    for session in host_sessions(view):
        asked = _asked_before_birth(session)
        assert _has_own_state(view, session, asked), (
            f"connection {session.connection} had subscribed to {asked}"
        )
        others = [
            each for each in asked if each.startswith("spBv1.0/") and not each.startswith("spBv1.0/STATE")
        ]
        assert others, f"connection {session.connection} had subscribed to no edge nodes"
