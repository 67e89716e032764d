"""Metrics: names, aliases, timestamps, datatypes, order and report by exception (chapters 2, 4, 5 and 6)."""

import dataclasses

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.sparkplug_reading import Metric, NotSparkplug, Payload, Value
from tests.contract.tck.births import declared_before
from tests.contract.tck.breaking import change, fields, metric, payload, sent, with_metric
from tests.contract.tck.registry import Mutation, add, rule
from tests.contract.tck.session_view import BIRTHS, COMMANDS, DATA, Message, View, found

_PAST_MS, _AHEAD_MS = 600_000, 10_000


def _broken_in(kind: str, **changes: object) -> Mutation:
    return change(sent(kind, having=lambda body: bool(body.metrics)), payload(metric(fields(**changes))))


def _metrics(view: View, *kinds: str) -> list[tuple[Message, Metric]]:
    by_edges = [kind for kind in kinds if kind not in COMMANDS]
    messages = view.sent_by_edges(*by_edges) if by_edges else []
    if set(kinds) & set(COMMANDS):
        messages = messages + view.sent_by_hosts(*COMMANDS)
    return found(
        [(message, each) for message in messages for each in message.payload.metrics], f"metric of {kinds}"
    )


# --- name and alias ---


@rule("tck-id-payloads-name-requirement", broken_by=_broken_in("DDATA", alias=None, name=None))
def a_metric_has_a_name_or_an_alias(view: View) -> None:
    for message, each in _metrics(view, *BIRTHS, *DATA, *COMMANDS):
        assert each.name or each.alias is not None, f"{message}: a metric with neither name nor alias"
        assert message.type not in BIRTHS or each.name, f"{message}: a metric without a name"


@rule("tck-id-payloads-alias-uniqueness", broken_by=_broken_in("DBIRTH", alias=1))
def an_alias_is_unique_in_an_edge_node(view: View) -> None:
    aliased = 0
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        owners: dict[int, tuple[str | None, str | None]] = {}
        for message in run:
            for each in message.payload.metrics if message.type in BIRTHS else ():
                if each.alias is not None:
                    aliased += 1
                    owner = (message.topic.device, each.name)
                    other = owners.setdefault(each.alias, owner)
                    assert other == owner, f"{message}: alias {each.alias} is {other}'s"
    assert aliased, "nothing to check: no alias"


@rule("tck-id-payloads-alias-birth-requirement", broken_by=_broken_in("DBIRTH", name=None))
def an_alias_in_a_birth_has_its_name(view: View) -> None:
    aliased = [(message, each) for message, each in _metrics(view, *BIRTHS) if each.alias is not None]
    for message, each in found(aliased, "alias"):
        assert each.name, f"{message}: alias {each.alias} has no name"


@rule("tck-id-payloads-alias-data-cmd-requirement", broken_by=_broken_in("DDATA", name="Parts"))
def data_names_a_metric_by_its_alias_alone(view: View) -> None:
    """A command may use the name where it has no alias: never both."""
    for message, used, declared in declared_before(view, *DATA):
        if declared is not None and declared.metric.alias is not None:
            assert used.alias is not None, f"{message}: {used.name} has alias {used.alias}"
            assert used.name is None, f"{message}: {used.name} has alias {used.alias}"
    for message, used in _metrics(view, *COMMANDS):
        assert (used.name is None) != (used.alias is None), f"{message}: {used.name}, alias {used.alias}"


# --- timestamps ---


@rule("tck-id-payloads-name-birth-data-requirement", broken_by=_broken_in("DDATA", timestamp_ms=None))
def every_metric_has_a_timestamp(view: View) -> None:
    for message, each in _metrics(view, *BIRTHS, *DATA):
        assert each.timestamp_ms is not None, f"{message}: {each.name or each.alias} has no timestamp"


def _eight_hours_ahead(old: Metric) -> Metric:
    return dataclasses.replace(old, timestamp_ms=(old.timestamp_ms or 0) + 8 * 3_600_000)


@rule(
    "tck-id-payloads-metric-timestamp-in-UTC",
    broken_by=change(sent("DDATA"), payload(metric(_eight_hours_ahead))),
)
def metrics_are_stamped_in_utc(view: View) -> None:
    """Nothing was read before the capture began, nor after its message: a time zone would show as such."""
    began_ms = found(list(view.capture.records), "record")[0].at_ms
    for message, each in _metrics(view, *BIRTHS, *DATA):
        if each.timestamp_ms is not None:
            in_time = began_ms - _PAST_MS <= each.timestamp_ms <= message.at_ms + _AHEAD_MS
            assert in_time, f"{message}: {each.name or each.alias} is of {each.timestamp_ms}"


# --- datatypes ---


@rule("tck-id-payloads-metric-datatype-value-type", broken_by=_broken_in("DBIRTH", datatype=2**40))
def a_datatype_is_a_32_bit_number(view: View) -> None:
    for message, each in _typed(view):
        assert 0 <= (each.datatype or 0) < 2**32, f"{message}: {each.name} is of type {each.datatype}"


def _typed(view: View) -> list[tuple[Message, Metric]]:
    try:
        cases = [case for case in _metrics(view, *BIRTHS) if case[1].datatype is not None]
    except NotSparkplug as error:
        raise AssertionError(str(error)) from error
    return found(cases, "datatype")


@rule("tck-id-payloads-metric-datatype-value", broken_by=_broken_in("DBIRTH", datatype=99))
def a_datatype_is_one_of_sparkplugs(view: View) -> None:
    for message, each in _typed(view):
        assert each.datatype in sparkplug.METRIC_TYPES, f"{message}: {each.name} is of type {each.datatype}"


@rule("tck-id-payloads-metric-datatype-req", broken_by=_broken_in("DBIRTH", datatype=None))
def births_state_every_datatype(view: View) -> None:
    for message, each in _metrics(view, *BIRTHS):
        assert each.datatype is not None, f"{message}: {each.name} has no datatype"


@rule("tck-id-payloads-metric-datatype-not-req", broken_by=_broken_in("DDATA", datatype=sparkplug.UINT32))
def data_and_commands_leave_the_datatype_out(view: View) -> None:
    for message, each in _metrics(view, *DATA, *COMMANDS):
        assert each.datatype is None, f"{message}: {each.name or each.alias} states type {each.datatype}"


# --- names ---


def _shouted(old: Payload) -> Payload:
    last = old.metrics[-1]
    return with_metric(dataclasses.replace(last, name=(last.name or "").upper(), alias=901))(old)


@rule("tck-id-case-sensitivity-metric-names", broken_by=change(sent("DBIRTH"), payload(_shouted)))
def names_differ_by_more_than_case(view: View) -> None:
    for message in view.sent_by_edges(*BIRTHS):
        names = [each.name or "" for each in message.payload.metrics]
        assert len({name.lower() for name in names}) == len(set(names)), f"{message}: {sorted(names)}"


# --- what data carries ---


def _empty(body: Payload) -> Payload:
    return dataclasses.replace(body, metrics=())


def _carries_changes(kind: str) -> None:
    """A data message has metrics, in the field of the type their birth declared."""

    def reading(view: View) -> None:
        for message in view.sent_by_edges(kind):
            assert message.payload.metrics, f"{message} carries nothing"
        for message, used, declared in declared_before(view, kind):
            if declared is None or used.value is None or declared.metric.datatype is None:
                continue
            expected = sparkplug.field_for(declared.metric.datatype)
            assert used.value.field == expected, (
                f"{message}: {declared.metric.name} is in {used.value.field}_value"
            )

    add((f"tck-id-topics-{kind.lower()}-payload",), reading, change(sent(kind), payload(_empty)))


_carries_changes("NDATA")
_carries_changes("DDATA")


# --- report by exception ---

_Reported = tuple[Value | None, Value | None]


def _repeats(view: View, *kinds: str) -> list[str]:
    """Live values that say again what the last one of their metric said, though taken at another time.

    A birth begins anew: what a device shows after it was away is said once more. Kept out: history, transient values for screens, a value sent again with its old time (a repetition of the
    delivery, not a new report), and the numbering of the delivery itself.
    """
    last: dict[tuple[object, ...], tuple[int | None, _Reported]] = {}
    repeats: list[str] = []
    compared = 0
    for message, used, declared in declared_before(view, *kinds):
        name = declared.metric.name if declared is not None else used.name
        if used.is_historical or used.is_transient or (name or "").startswith("Spool/"):
            continue
        born = declared.birth.index if declared is not None else None
        key = (born, message.topic.node, message.topic.device, name)
        quality = used.properties.get("Quality") if used.properties is not None else None
        reported = (used.value, quality.value if quality is not None else None)
        before = last.get(key)
        compared += before is not None
        if before is not None and before[0] != used.timestamp_ms and before[1] == reported:
            repeats.append(f"{message}: {name} is still {used.value}")
        last[key] = (used.timestamp_ms, reported)
    assert compared, "nothing to check: no metric was reported twice"
    return repeats


def _is_live(body: Payload) -> bool:
    last = body.metrics[-1]
    return not (last.is_historical or last.is_transient or last.is_null)


def _said_again(kind: str) -> Mutation:
    """A second value in a message: the last once more, a millisecond later."""

    def again(old: Payload) -> Payload:
        last = old.metrics[-1]
        return with_metric(dataclasses.replace(last, timestamp_ms=(last.timestamp_ms or 0) + 1))(old)

    return change(sent(kind, having=_is_live), payload(again), nth=-1)


def _only_changes(tck_id: str, *kinds: str) -> None:
    def reading(view: View) -> None:
        repeats = _repeats(view, *kinds)
        assert not repeats, f"{len(repeats)} values were sent again unchanged: {repeats[0]}"

    add((tck_id,), reading, _said_again(kinds[-1]))


_only_changes("tck-id-principles-rbe-recommended", *DATA)
_only_changes("tck-id-operational-behavior-data-publish-nbirth-change", "NDATA")
_only_changes("tck-id-operational-behavior-data-publish-dbirth-change", "DDATA")


# --- order of time ---


def _of_1970(old: Metric) -> Metric:
    return dataclasses.replace(old, timestamp_ms=1)


def _in_order(tck_id: str, birth: str, data: str) -> None:
    """Live values of a metric stand in the order of their times, in a message and from one to the next since the birth.

    History may stand anywhere; a null in a birth is no value that another could be older than.
    """

    def reading(view: View) -> None:
        view.sent_by_edges(data)
        for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
            last: dict[object, int] = {}
            for message in run:
                if message.type not in (birth, data):
                    continue
                for each in message.payload.metrics:
                    key = (message.topic.device, each.name if each.alias is None else each.alias)
                    is_value = not each.is_historical and not (each.is_null and message.type == birth)
                    if is_value and each.timestamp_ms is not None:
                        assert each.timestamp_ms >= last.get(key, 0), f"{message}: {key} goes back in time"
                        last[key] = each.timestamp_ms

    add((tck_id,), reading, change(sent(data), payload(metric(_of_1970)), nth=-1))


_in_order("tck-id-operational-behavior-data-publish-nbirth-order", "NBIRTH", "NDATA")
_in_order("tck-id-operational-behavior-data-publish-dbirth-order", "DBIRTH", "DDATA")
