"""What births say: every metric, and Node Control/Rebirth (chapters 4 and 5)."""

import dataclasses

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.sparkplug_reading import Metric, NotSparkplug, Payload, Value
from tests.contract.tck.breaking import change, fields, metric, payload, sent, with_metric, without_metric
from tests.contract.tck.registry import Mutation, add, rule
from tests.contract.tck.session_view import REBIRTH, Message, View, found

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
    shorter = change(sent(birth, having=lambda old: len(old.metrics) > 1), payload(_without_aliases))
    add(tck_ids[1:], reading, shorter)


def _without_aliases(old: Payload) -> Payload:
    return dataclasses.replace(old, metrics=tuple(each for each in old.metrics if each.alias is None))


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


def _null_with_value(old: Payload) -> Payload:
    chosen = next(index for index, each in enumerate(old.metrics) if each.value is not None)
    null = dataclasses.replace(old.metrics[chosen], is_null=True)
    return dataclasses.replace(old, metrics=(*old.metrics[:chosen], null, *old.metrics[chosen + 1 :]))


def _has_values(kind: str, *, minimum: str, values: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_edges(kind):
            for each in found(list(message.payload.metrics), f"metric in {message}"):
                _assert_has_value(message, each)

    without_value = metric(lambda old: dataclasses.replace(old, value=None, is_null=False))
    add((minimum,), reading, change(sent(kind), payload(without_value)))
    add((values,), reading, change(sent(kind), payload(_null_with_value)))


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
