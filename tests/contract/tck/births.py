"""What births say and when (chapters 2, 4, 5 and 6)."""

import dataclasses
import itertools

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.mqtt_packets import Connect
from tests.contract.sparkplug_reading import Metric, NotSparkplug, Payload, Value
from tests.contract.tck.breaking import (
    change,
    fields,
    metric,
    move,
    packet,
    payload,
    sent,
    to_edge,
    will_payload,
    with_metric,
    without_metric,
)
from tests.contract.tck.registry import Mutation, add, rule
from tests.contract.tck.session_view import BD_SEQ, DATA, REBIRTH, SEQUENCED, Message, View, bd_seq_of, found

# --- every metric, with name, type and value ---


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """A metric as the last birth before a message declared it."""

    metric: Metric
    birth: Message


def declared_before(view: View, *kinds: str) -> list[tuple[Message, Metric, Declared | None]]:
    """Every metric of every message of `kinds`, with its declaration in the last birth of the same node or device."""
    cases = []
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        births: dict[str | None, Message] = {}
        for message in run:
            if message.type in ("NBIRTH", "DBIRTH"):
                births[message.topic.device] = message
            elif message.type in kinds:
                birth = births.get(message.topic.device)
                cases += [(message, each, _declaration(each, birth)) for each in message.payload.metrics]
    return found(cases, kinds)


def _declaration(used: Metric, birth: Message | None) -> Declared | None:
    for candidate in birth.payload.metrics if birth is not None else ():
        by_alias = used.alias is not None and candidate.alias == used.alias
        if by_alias or (used.alias is None and used.name is not None and candidate.name == used.name):
            assert birth is not None
            return Declared(candidate, birth)
    return None


def _declares_all(data: str, *tck_ids: str) -> None:
    def reading(view: View) -> None:
        for message, used, declared in declared_before(view, data):
            assert declared is not None, (
                f"{message}: {used.name or used.alias} was not in the birth before it"
            )

    birth = "NBIRTH" if data == "NDATA" else "DBIRTH"
    add(
        tck_ids[:1],
        reading,
        change(sent(data), payload(with_metric(Metric(None, 999, 1, value=Value("int", 1))))),
    )
    shorter = change(sent(birth, having=lambda old: len(old.metrics) > 1), payload(_without_used))
    add(tck_ids[1:], reading, shorter)


def _without_used(old: Payload) -> Payload:
    used = "Cabinet Temperature" if old.metric("Cabinet Temperature") else "Parts"
    return without_metric(used)(old)


_declares_all("NDATA", "tck-id-topics-nbirth-metric-reqs", "tck-id-operational-behavior-data-publish-nbirth")
_declares_all("DDATA", "tck-id-topics-dbirth-metric-reqs", "tck-id-operational-behavior-data-publish-dbirth")


def _assert_has_value(message: Message, each: Metric) -> None:
    assert each.name, f"{message}: a metric without a name"
    assert each.datatype is not None, f"{message}: {each.name} has no datatype"
    if each.is_null:
        assert each.value is None, f"{message}: {each.name} is null and has a value"
        return
    assert each.value is not None, f"{message}: {each.name} has neither a value nor is_null"
    expected = sparkplug.field_for(each.datatype)
    assert each.value.field == expected, (
        f"{message}: {each.name} ({each.datatype}) is in {each.value.field}_value"
    )


def _has_values(kind: str, *, minimum: str, values: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_edges(kind):
            for each in found(list(message.payload.metrics), f"metric in {message}"):
                _assert_has_value(message, each)

    without_value = metric(lambda old: dataclasses.replace(old, value=None, is_null=False))
    null_with_value = metric(lambda old: dataclasses.replace(old, is_null=True))
    add((minimum,), reading, change(sent(kind), payload(without_value)))
    add((values,), reading, change(sent(kind), payload(null_with_value)))


_has_values(
    "NBIRTH",
    minimum="tck-id-topics-nbirth-metrics",
    values="tck-id-operational-behavior-data-publish-nbirth-values",
)
_has_values(
    "DBIRTH",
    minimum="tck-id-topics-dbirth-metrics",
    values="tck-id-operational-behavior-data-publish-dbirth-values",
)


def _is_protobuf(kind: str, tck_id: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_edges(kind):
            try:
                assert message.payload.metrics, f"{message} has no metric"
            except NotSparkplug as error:
                raise AssertionError(f"{message} is no Sparkplug payload: {error}") from error

    add((tck_id,), reading, change(sent(kind), fields(payload=b'{"timestamp": 1, "metrics": []}')))


_is_protobuf("NBIRTH", "tck-id-message-flow-edge-node-birth-publish-nbirth-payload")
_is_protobuf("DBIRTH", "tck-id-message-flow-device-birth-publish-dbirth-payload")

# --- bdSeq ---


@rule(
    "tck-id-topics-nbirth-bdseq-included",
    "tck-id-payloads-nbirth-bdseq",
    broken_by=change(sent("NBIRTH"), payload(without_metric(BD_SEQ))),
)
def nbirth_has_a_bd_seq(view: View) -> None:
    for message in view.sent_by_edges("NBIRTH"):
        assert message.payload.metric(BD_SEQ) is not None, f"{message} has no bdSeq"


def _another_bd_seq(old: Metric) -> Metric:
    return dataclasses.replace(old, value=Value("long", 77))


_OTHER_BD_SEQ = payload(metric(_another_bd_seq, name=BD_SEQ))


@rule("tck-id-topics-nbirth-bdseq-matching", broken_by=change(sent("NBIRTH"), _OTHER_BD_SEQ))
@rule("tck-id-payloads-nbirth-bdseq-repeat", broken_by=change(sent("NBIRTH"), _OTHER_BD_SEQ, nth=2))
def nbirth_has_the_bd_seq_of_the_will(view: View) -> None:
    view.sent_by_edges("NBIRTH")
    for session in view.edge_sessions:
        for message in session.sent("NBIRTH"):
            assert session.connect.will is not None, f"connection {session.connection} has no will"
            in_will, in_birth = bd_seq_of(session.connect.will.payload), bd_seq_of(message.publish.payload)
            assert in_birth is not None, f"{message}: bdSeq {in_birth}, in the will {in_will}"
            assert in_birth == in_will, f"{message}: bdSeq {in_birth}, in the will {in_will}"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload-bdSeq",
    broken_by=change(sent("NBIRTH"), payload(metric(fields(datatype=sparkplug.UINT8), name=BD_SEQ))),
)
def nbirth_has_the_bd_seq_as_int64(view: View) -> None:
    nbirth_has_the_bd_seq_of_the_will(view)
    for message in view.sent_by_edges("NBIRTH"):
        bd_seq = message.payload.metric(BD_SEQ)
        assert bd_seq is not None, f"{message}: bdSeq is no Int64"
        assert bd_seq.datatype == sparkplug.INT64, f"{message}: bdSeq is no Int64"


def _bd_seqs(view: View) -> list[list[int]]:
    """The bdSeq of every CONNECT, in order, for each edge."""
    by_edge: dict[str, list[int]] = {}
    for session in view.edge_sessions:
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        bd_seq = bd_seq_of(session.connect.will.payload)
        assert bd_seq is not None, f"the will of connection {session.connection} has no bdSeq"
        by_edge.setdefault(session.client_id, []).append(bd_seq)
    return found([each for each in by_edge.values() if len(each) > 1], "edge that connected twice")


def _assert_steps(values: list[int]) -> None:
    for before, after in itertools.pairwise(values):
        assert after == (before + 1) % 256, f"bdSeq goes from {before} to {after}"


_BD_SEQ_IN_WILL = will_payload(metric(_another_bd_seq, name=BD_SEQ))


@rule("tck-id-topics-nbirth-bdseq-increment", broken_by=change(to_edge(packet(Connect)), _BD_SEQ_IN_WILL))
def bd_seq_starts_at_0_and_steps_by_1(view: View) -> None:
    for values in _bd_seqs(view):
        assert values[0] == 0, f"the first bdSeq is {values[0]}"
        _assert_steps(values)


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq",
    broken_by=change(to_edge(packet(Connect)), _BD_SEQ_IN_WILL, nth=-1),
)
def the_will_has_the_next_bd_seq_as_int64(view: View) -> None:
    for values in _bd_seqs(view):
        _assert_steps(values)
        assert max(values) <= 255, f"bdSeq {max(values)}"
    for session in view.edge_sessions:
        assert session.connect.will is not None
        bd_seq = sparkplug.read(session.connect.will.payload).metric(BD_SEQ)
        assert bd_seq is not None, "bdSeq is no Int64"
        assert bd_seq.datatype == sparkplug.INT64, "bdSeq is no Int64"


# --- Node Control/Rebirth ---


def _rebirth_metric(broken: Mutation, *tck_ids: str, alias: bool = False, datatype: bool = False) -> None:
    """Every NBIRTH has it; and has no alias for it, has it as a Boolean, has it false, as asked."""

    def reading(view: View) -> None:
        for message in view.sent_by_edges("NBIRTH"):
            control = message.payload.metric(REBIRTH)
            assert control is not None, f"{message} has no {REBIRTH}"
            if alias:
                assert control.alias is None, f"{message}: {REBIRTH} has alias {control.alias}"
            if datatype:
                assert control.datatype == sparkplug.BOOLEAN, (
                    f"{message}: {REBIRTH} is of type {control.datatype}"
                )

    add(tck_ids, reading, broken)


def _rebirth_with(**changes: object) -> Mutation:
    return change(sent("NBIRTH"), payload(metric(fields(**changes), name=REBIRTH)))


_rebirth_metric(
    change(sent("NBIRTH"), payload(without_metric(REBIRTH))),
    "tck-id-operational-behavior-data-commands-rebirth-name",
)
_rebirth_metric(
    _rebirth_with(alias=900), "tck-id-operational-behavior-data-commands-rebirth-name-aliases", alias=True
)
_rebirth_metric(
    _rebirth_with(datatype=sparkplug.STRING),
    "tck-id-operational-behavior-data-commands-rebirth-datatype",
    datatype=True,
)


@rule(
    "tck-id-topics-nbirth-rebirth-metric",
    "tck-id-payloads-nbirth-rebirth-req",
    "tck-id-operational-behavior-data-commands-rebirth-value",
    broken_by=_rebirth_with(value=Value("boolean", True)),
)
def nbirth_has_rebirth_false(view: View) -> None:
    for message in view.sent_by_edges("NBIRTH"):
        control = message.payload.metric(REBIRTH)
        assert control is not None, f"{message} has no {REBIRTH}"
        assert control.datatype == sparkplug.BOOLEAN, f"{message}: {REBIRTH} is of type {control.datatype}"
        assert control.value == Value("boolean", False), f"{message}: {REBIRTH} is {control.value}"


# --- order ---


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
    """Later DBIRTHs are of devices that had died, or whose metrics changed: they were born in the sequence too."""
    view.sent_by_edges("DBIRTH")
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        assert run[0].type == "NBIRTH", f"{run[0]} is not an NBIRTH"
        born: set[str | None] = set()
        data_seen = False
        for message in run:
            data_seen = data_seen or message.type in DATA
            if message.type == "DBIRTH":
                assert not data_seen or message.topic.device in born, f"{message} comes after data"
                born.add(message.topic.device)


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
