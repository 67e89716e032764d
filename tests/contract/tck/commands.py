"""Commands and rebirth requests: what hosts send (chapters 4, 5 and 6)."""

import dataclasses

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.capture import Capture, Record
from tests.contract.sparkplug_reading import Metric, Payload, Value
from tests.contract.tck.breaking import change, fields, level, metric, payload, sent
from tests.contract.tck.registry import add, rule
from tests.contract.tck.sequence import CLOSE_MS
from tests.contract.tck.session_view import BIRTHS, COMMANDS, REBIRTH, TYPES, Message, View, found


def asks_rebirth(body: Payload) -> bool:
    return body.metric(REBIRTH) is not None


def _is_no_rebirth(body: Payload) -> bool:
    return not asks_rebirth(body)


_REQUEST = sent("NCMD", having=asks_rebirth)

# --- what a host sends ---


def _from_hosts(view: View) -> list[Message]:
    return view.sent_by_hosts(*TYPES)


@rule(
    "tck-id-operational-behavior-data-commands-ncmd-verb",
    broken_by=change(sent("NCMD", having=_is_no_rebirth), level(2, "NDATA")),
)
def a_host_speaks_to_nodes_by_ncmd(view: View) -> None:
    for message in found(
        [each for each in _from_hosts(view) if each.topic.device is None], "message to a node"
    ):
        assert message.type == "NCMD", f"{message} is sent by a host"


@rule(
    "tck-id-operational-behavior-data-commands-dcmd-verb", broken_by=change(sent("DCMD"), level(2, "DDATA"))
)
def a_host_speaks_to_devices_by_dcmd(view: View) -> None:
    for message in found(
        [each for each in _from_hosts(view) if each.topic.device is not None], "device command"
    ):
        assert message.type == "DCMD", f"{message} is sent by a host"


def _requests(view: View) -> list[Message]:
    """Messages of hosts that are rebirth requests: by their metric, whatever their verb."""
    return found([each for each in _from_hosts(view) if asks_rebirth(each.payload)], "rebirth request")


@rule(
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-verb",
    broken_by=change(_REQUEST, level(2, "NDATA")),
)
def a_rebirth_is_asked_for_by_ncmd(view: View) -> None:
    for message in _requests(view):
        assert message.type == "NCMD", f"{message} asks for a rebirth"


@rule(
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-name",
    broken_by=change(_REQUEST, payload(metric(fields(name="Node Control/rebirth"), name=REBIRTH))),
)
def a_rebirth_is_asked_for_by_its_name(view: View) -> None:
    spoken = [
        each.name or ""
        for message in view.sent_by_hosts("NCMD")
        for each in message.payload.metrics
        if "rebirth" in (each.name or "").lower()
    ]
    for name in found(spoken, "rebirth request"):
        assert name == REBIRTH, f"a rebirth is asked for as {name!r}"


@rule(
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-value",
    broken_by=change(_REQUEST, payload(metric(fields(value=Value("boolean", False)), name=REBIRTH))),
)
def a_rebirth_request_says_true(view: View) -> None:
    for message in _requests(view):
        control = message.payload.metric(REBIRTH)
        assert control is not None, f"{message}: {control}"
        assert control.value == Value("boolean", True), f"{message}: {control}"


def _births_before(view: View, message: Message) -> dict[str | None, Message]:
    """The births in force at a node when a command was sent to it."""
    births: dict[str | None, Message] = {}
    for session in view.edge_sessions:
        for birth in session.sent(*BIRTHS):
            if birth.topic.node == message.topic.node and birth.index < message.index:
                births[birth.topic.device] = birth
    return births


def _commanded(view: View, kind: str) -> list[tuple[Message, Metric, Metric | None]]:
    """Every metric of every command of this kind, with its declaration in the birth."""
    cases = []
    for message in view.sent_by_hosts(kind):
        birth = _births_before(view, message).get(message.topic.device)
        for each in message.payload.metrics:
            declared = birth.payload.metrics if birth is not None else ()
            known = [one for one in declared if _same(one, each)]
            cases.append((message, each, known[0] if known else None))
    return found(cases, kind)


def _same(declared: Metric, used: Metric) -> bool:
    if used.alias is not None:
        return declared.alias == used.alias
    return declared.name == used.name


def _unknown(used: Metric) -> Metric:
    return dataclasses.replace(used, name="Unheard Of", alias=None)


def _wrong_type(used: Metric) -> Metric:
    other = (
        Value("string", "forty-two")
        if used.value is None or used.value.field != "string"
        else Value("int", 42)
    )
    return dataclasses.replace(used, value=other)


def _empty(body: Payload) -> Payload:
    return dataclasses.replace(body, metrics=())


def _commands_known_metrics(kind: str) -> None:
    key = kind.lower()

    def names(view: View) -> None:
        for message, used, declared in _commanded(view, kind):
            assert declared is not None, (
                f"{message} writes {used.name or used.alias}, which no birth declared"
            )

    def values(view: View) -> None:
        for message, used, declared in _commanded(view, kind):
            assert used.value is not None or used.is_null, (
                f"{message}: {used.name or used.alias} has no value"
            )
            if declared is not None and declared.datatype is not None and used.value is not None:
                expected = sparkplug.field_for(declared.datatype)
                assert used.value.field == expected, (
                    f"{message}: {used.value} for a metric in {expected}_value"
                )

    def payloads(view: View) -> None:
        for message in view.sent_by_hosts(kind):
            assert message.payload.metrics, f"{message} has no metric to write"

    where = sent(kind)
    prefix = f"tck-id-operational-behavior-data-commands-{key}"
    add((f"{prefix}-metric-name",), names, change(where, payload(metric(_unknown))))
    add((f"{prefix}-metric-value",), values, change(where, payload(metric(_wrong_type))))
    add((f"tck-id-topics-{key}-payload",), payloads, change(where, payload(_empty)))


_commands_known_metrics("NCMD")
_commands_known_metrics("DCMD")


def _stamped_command(capture: Capture, record: Record) -> bool:
    def stamped(body: Payload) -> bool:
        return body.metrics[-1].timestamp_ms is not None

    return any(sent(kind, having=stamped)(capture, record) for kind in COMMANDS)


def _in_seconds(used: Metric) -> Metric:
    return dataclasses.replace(used, timestamp_ms=(used.timestamp_ms or 0) // 1000)


@rule(
    "tck-id-payloads-name-cmd-requirement",
    broken_by=change(_stamped_command, payload(metric(_in_seconds))),
)
def a_timestamp_in_a_command_is_one(view: View) -> None:
    """A permission: where a command's metric has a timestamp it must be UTC milliseconds like any other."""
    stamped = 0
    for message in view.sent_by_hosts(*COMMANDS):
        for each in message.payload.metrics:
            if each.timestamp_ms is not None:
                stamped += 1
                assert abs(each.timestamp_ms - message.at_ms) <= CLOSE_MS, f"{message}: {each.timestamp_ms}"
    assert stamped, "nothing to check: no timestamp in a command"
