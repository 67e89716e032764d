"""What hosts say of themselves: the STATE messages of a capture, for the checks of births, deaths and wills."""

from tests.contract.mqtt_packets import Connect
from tests.contract.tck.breaking import Where, packet, state, to_host
from tests.contract.tck.session_view import Session, State, View, found, state_body

CONNECT: Where = to_host(packet(Connect))
BIRTH: Where = state("client", online=True)
DEATH: Where = state("client", online=False)
SOON_MS = 10_000


def online_states(view: View) -> list[tuple[Session, State]]:
    """Each online STATE a host published, with its session."""
    said = [(session, each) for session in view.host_sessions for each in session.states("client")]
    return found([case for case in said if case[1].says(True)], "STATE birth")


def offline_states(view: View) -> list[tuple[Session, State]]:
    """Each offline STATE a host published itself."""
    said = [(session, each) for session in view.host_sessions for each in session.states("client")]
    return found([case for case in said if not case[1].says(True)], "STATE death")


def host_sessions(view: View) -> list[Session]:
    return found(view.host_sessions, "host session")


def assert_body(what: str, said: dict[str, object] | None, *, online: bool) -> None:
    assert said is not None, f"{what} is no JSON object"
    assert set(said) == {"online", "timestamp"}, f"{what} has the keys {sorted(said)}"
    assert said["online"] is online, f"{what} says online {said['online']!r}"
    stamp = said["timestamp"]
    assert isinstance(stamp, int), f"{what} has the timestamp {stamp!r}"
    assert not isinstance(stamp, bool), f"{what} has the timestamp {stamp!r}"


def will_stamp(session: Session) -> object:
    will_ = session.connect.will
    said = None if will_ is None else state_body(will_.payload)
    return None if said is None else said.get("timestamp")


def assert_on_own_topic(cases: list[tuple[Session, State]], view: View) -> None:
    for session, said in cases:
        topic, expected = said.publish.topic, f"spBv1.0/STATE/{view.host_of(session).host_id}"
        assert topic == expected, f"record {said.index} is on {topic}"
