"""When births come: first, complete, and before any data (chapters 2, 5 and 6)."""

from tests.contract.tck.breaking import move, sent
from tests.contract.tck.registry import add, rule
from tests.contract.tck.session_view import DATA, SEQUENCED, View, found


@rule(
    "tck-id-principles-birth-certificates-order",
    broken_by=move(sent("NDATA"), before=sent("NBIRTH")),
)
def a_birth_is_the_first_message_of_a_session(view: View) -> None:
    for session in found([each for each in view.edge_sessions if each.sent()], "edge session with messages"):
        first = session.sent()[0]
        assert first.type == "NBIRTH", f"{first} is the first message of its session"
    for session in found(view.host_sessions, "host session"):
        states, commands = session.states("client"), session.sent()
        assert states, f"connection {session.connection} published no birth"
        assert states[0].says(True), f"connection {session.connection} published no birth"
        assert not commands or states[0].index < commands[0].index, (
            f"{commands[0]} came before the host's birth"
        )


@rule(
    "tck-id-message-flow-device-birth-publish-nbirth-wait",
    broken_by=move(sent("DBIRTH"), before=sent("NBIRTH")),
)
def dbirth_comes_after_an_nbirth_of_its_session(view: View) -> None:
    view.sent_by_edges("DBIRTH")
    for session in view.edge_sessions:
        for message in session.sent("DBIRTH"):
            before = [each for each in session.sent("NBIRTH") if each.index < message.index]
            assert before, f"{message} has no NBIRTH before it"


@rule("tck-id-payloads-dbirth-order", broken_by=move(sent("DDATA"), before=sent("DBIRTH")))
def dbirths_come_right_after_the_nbirth(view: View) -> None:
    """A later DBIRTH is of a device that had died, or whose metrics changed: it was born in the sequence too."""
    view.sent_by_edges("DBIRTH")
    dead: set[tuple[object, ...]] = set()
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        assert run[0].type == "NBIRTH", f"{run[0]} is not an NBIRTH"
        born: set[tuple[object, ...]] = set()
        data_seen = False
        for message in run:
            device = (message.topic.node, message.topic.device)
            data_seen = data_seen or message.type in DATA
            if message.type == "DDEATH":
                dead.add(device)
            elif message.type == "DBIRTH":
                assert not data_seen or device in born | dead, f"{message} comes after data"
                born.add(device)
                dead.discard(device)


def _data_waits(kind: str, birth: str) -> None:
    def reading(view: View) -> None:
        view.sent_by_edges(kind)
        for session in view.edge_sessions:
            born: set[str | None] = set()
            for message in session.sent(*SEQUENCED):
                if message.type == "NBIRTH":
                    born = {None}
                elif message.type == "DBIRTH":
                    born.add(message.topic.device)
                elif message.type == kind:
                    assert message.topic.device in born, f"{message} comes before its birth"

    def late_births(view: View) -> None:
        reading(view)
        dbirths_come_right_after_the_nbirth(view)

    add((f"tck-id-payloads-{kind.lower()}-order",), late_births, move(sent(kind), before=sent(birth)))


_data_waits("NDATA", "DBIRTH")
_data_waits("DDATA", "DBIRTH")
