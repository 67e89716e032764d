"""QoS, retain flag, clean session and subscriptions: the MQTT side of every message (chapters 2, 4, 5 and 6)."""

from tests.contract.mqtt_packets import Connect, Subscribe
from tests.contract.tck.breaking import change, drop, fields, packet, sent, to_edge, to_host, will
from tests.contract.tck.registry import add, rule
from tests.contract.tck.session_view import COMMANDS, Session, View, found

_EDGE_CONNECT, _HOST_CONNECT = to_edge(packet(Connect)), to_host(packet(Connect))


def _quality_of_service_0(kind: str, *tck_ids: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_hosts(kind) if kind in COMMANDS else view.sent_by_edges(kind):
            assert message.publish.qos == 0, f"{message} has QoS {message.publish.qos}"

    add(tck_ids, reading, change(sent(kind), fields(qos=1)))


def _not_retained(kind: str, *tck_ids: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_hosts(kind) if kind in COMMANDS else view.sent_by_edges(kind):
            assert not message.publish.retain, f"{message} is retained"

    add(tck_ids, reading, change(sent(kind), fields(retain=True)))


def _both(kind: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_hosts(kind) if kind in COMMANDS else view.sent_by_edges(kind):
            assert (message.publish.qos, message.publish.retain) == (0, False), (
                f"{message} not QoS 0, not retained"
            )

    add((f"tck-id-topics-{kind.lower()}-mqtt",), reading, change(sent(kind), fields(qos=1, retain=True)))


_quality_of_service_0(
    "NBIRTH", "tck-id-payloads-nbirth-qos", "tck-id-message-flow-edge-node-birth-publish-nbirth-qos"
)
_quality_of_service_0(
    "DBIRTH", "tck-id-payloads-dbirth-qos", "tck-id-message-flow-device-birth-publish-dbirth-qos"
)
_quality_of_service_0("NDATA", "tck-id-payloads-ndata-qos")
_quality_of_service_0("DDATA", "tck-id-payloads-ddata-qos")
_quality_of_service_0("NCMD", "tck-id-payloads-ncmd-qos")
_quality_of_service_0("DCMD", "tck-id-payloads-dcmd-qos")

_not_retained(
    "NBIRTH", "tck-id-payloads-nbirth-retain", "tck-id-message-flow-edge-node-birth-publish-nbirth-retained"
)
_not_retained(
    "DBIRTH", "tck-id-payloads-dbirth-retain", "tck-id-message-flow-device-birth-publish-dbirth-retained"
)
_not_retained("NDATA", "tck-id-payloads-ndata-retain")
_not_retained("DDATA", "tck-id-payloads-ddata-retain")
_not_retained("NCMD", "tck-id-payloads-ncmd-retain")
_not_retained("DCMD", "tck-id-payloads-dcmd-retain")

for _kind in ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH", "NCMD", "DCMD"):
    _both(_kind)  # tck-id-topics-nbirth-mqtt, …-dbirth-mqtt, and so on


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-qos",
    "tck-id-payloads-ndeath-will-message-qos",
    broken_by=change(_EDGE_CONNECT, will(qos=0)),
)
def the_ndeath_will_has_qos_1(view: View) -> None:
    for session in found(view.edge_sessions, "edge session"):
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        assert session.connect.will.qos == 1, f"the will has QoS {session.connect.will.qos}"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-will-retained",
    "tck-id-payloads-ndeath-will-message-retain",
    broken_by=change(_EDGE_CONNECT, will(retain=True)),
)
def the_ndeath_will_is_not_retained(view: View) -> None:
    for session in found(view.edge_sessions, "edge session"):
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        assert not session.connect.will.retain, f"the will of connection {session.connection} is retained"


@rule(
    "tck-id-principles-persistence-clean-session-311",
    broken_by=change(_EDGE_CONNECT, fields(clean_session=False)),
)
def edges_ask_for_a_clean_session(view: View) -> None:
    _clean(view.edge_sessions)


@rule(
    "tck-id-message-flow-phid-sparkplug-clean-session-311",
    broken_by=change(_HOST_CONNECT, fields(clean_session=False)),
)
def hosts_ask_for_a_clean_session(view: View) -> None:
    _clean(view.host_sessions)


def _clean(sessions: list[Session]) -> None:
    for session in found(
        [each for each in sessions if each.connect.protocol_level == 4], "MQTT 3.1.1 session"
    ):
        assert session.connect.clean_session, f"connection {session.connection} keeps its session"


def _requested(session: Session, before: int) -> dict[str, int]:
    """Filters and their QoS that were subscribed to before this record."""
    return {
        topic_filter: qos
        for index, record in session.of(Subscribe)
        if index < before and isinstance(record.what, Subscribe)
        for topic_filter, qos in record.what.filters
    }


@rule(
    "tck-id-message-flow-edge-node-ncmd-subscribe",
    broken_by=change(
        to_edge(packet(Subscribe)), lambda what: Subscribe(((*what.filters[0][:1], 0), *what.filters[1:]))
    ),
)
def the_edge_subscribes_to_its_ncmd_before_its_birth(view: View) -> None:
    for session in _born(view):
        edge = view.edge_of(session)
        qos = _requested(session, session.sent("NBIRTH")[0].index).get(
            f"spBv1.0/{edge.group}/NCMD/{edge.edge}"
        )
        assert qos == 1, f"connection {session.connection} subscribed to its NCMD with QoS {qos}"


@rule(
    "tck-id-message-flow-device-dcmd-subscribe",
    broken_by=change(
        to_edge(packet(Subscribe)), lambda what: Subscribe((what.filters[0], *what.filters[2:]))
    ),
)
def the_edge_subscribes_to_the_dcmd_of_its_devices(view: View) -> None:
    for session in _born(view):
        edge = view.edge_of(session)
        for message in session.sent("DBIRTH"):
            prefix = f"spBv1.0/{edge.group}/DCMD/{edge.edge}/"
            asked = _requested(session, session.last_index + 1)
            qos = asked.get(
                prefix + str(message.topic.device), asked.get(prefix + "+", asked.get(prefix + "#"))
            )
            assert qos == 1, (
                f"connection {session.connection} subscribed to {message.topic.device}'s DCMD with {qos}"
            )


@rule(
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state-subs",
    broken_by=change(to_edge(packet(Subscribe)), lambda what: Subscribe(what.filters[:2])),
)
def every_edge_subscribes_to_its_primary_hosts_state(view: View) -> None:
    for session in _born(view):
        asked = _requested(session, session.sent("NBIRTH")[0].index)
        state = f"spBv1.0/STATE/{view.edge_of(session).primary_host}"
        assert state in asked, f"connection {session.connection} was born without a subscription to {state}"
    births = [
        state for session in view.host_sessions for state in session.states("client") if state.says(True)
    ]
    found(births, "STATE birth of the primary host")


def _born(view: View) -> list[Session]:
    return found(
        [session for session in view.edge_sessions if session.sent("NBIRTH")], "session with an NBIRTH"
    )


@rule(
    "tck-id-payloads-ndeath-will-message",
    "tck-id-message-flow-edge-node-birth-publish-will-message",
    broken_by=change(_EDGE_CONNECT, fields(will=None)),
)
def every_connect_of_an_edge_has_a_will(view: View) -> None:
    for session in found(view.edge_sessions, "edge session"):
        assert session.connect.will is not None, f"connection {session.connection} has no will"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-connect",
    broken_by=drop(lambda capture, record: record.client_id in capture.edges and _is_connack(record.what)),
)
def births_are_published_in_an_accepted_session(view: View) -> None:
    for session in _born(view):
        accepted = [index for index, record in session.indexed if _is_connack(record.what)]
        first = session.sent("NBIRTH", "DBIRTH")[0]
        assert accepted, f"{first} was sent before the session was accepted"
        assert accepted[0] < first.index, f"{first} was sent before the session was accepted"


def _is_connack(what: object) -> bool:
    return type(what).__name__ == "ConnAck" and getattr(what, "return_code", None) == 0
