"""Mutations: how to break one rule in a good capture and leave the rest as it was."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from tests.contract.capture import Capture, Record
from tests.contract.mqtt_packets import Connect, Publish, Will
from tests.contract.sparkplug_reading import Metric, Payload, read
from tests.contract.sparkplug_writing import write
from tests.contract.tck.registry import Mutation
from tests.contract.tck.session_view import Topic, topic_of

Where = Callable[[Capture, Record], bool]
EditPayload = Callable[[Payload], Payload]


# --- which record ---


def sent(kind: str, *, having: Callable[[Payload], bool] | None = None) -> Where:
    """A PUBLISH of this message type, by the participant itself, with a payload `having` something."""
    return _publish("client", kind, having)


def delivered(kind: str, *, having: Callable[[Payload], bool] | None = None) -> Where:
    return _publish("server", kind, having)


def _publish(sender: str, kind: str, having: Callable[[Payload], bool] | None) -> Where:
    def matches(_: Capture, record: Record) -> bool:
        if record.sender != sender or not isinstance(record.what, Publish):
            return False
        if topic_of(record.what.topic).type != kind:
            return False
        return having is None or having(read(record.what.payload))

    return matches


def state(sender: str, *, online: bool) -> Where:
    """A STATE message that says this, sent by the `client` (a host) or delivered by the `server`."""

    def matches(_: Capture, record: Record) -> bool:
        what = record.what
        if record.sender != sender or not isinstance(what, Publish) or topic_of(what.topic).type != "STATE":
            return False
        return json.loads(what.payload).get("online") is online

    return matches


def to_edge(where: Where) -> Where:
    return lambda capture, record: record.client_id in capture.edges and where(capture, record)


def to_host(where: Where) -> Where:
    return lambda capture, record: record.client_id in capture.hosts and where(capture, record)


def packet(kind: type) -> Where:
    return lambda _, record: isinstance(record.what, kind)


def position(capture: Capture, where: Where, nth: int = 0) -> int:
    """Index of the nth matching record (negative: from the end). A mutation that finds nothing is a mistake."""
    matching = [index for index, record in enumerate(capture.records) if where(capture, record)]
    assert matching, "the mutation finds no record to break"
    return matching[nth]


# --- what to do with it ---


def change(where: Where, edit: Callable[[Any], Any], *, nth: int | None = 0) -> Mutation:
    """Replace the packet or observation of the nth matching record by `edit` of it; None: of all of them."""

    def mutate(capture: Capture) -> Capture:
        chosen = position(capture, where, nth or 0)
        return capture.with_records(
            [
                dataclasses.replace(record, what=edit(record.what))
                if index == chosen or (nth is None and where(capture, record))
                else record
                for index, record in enumerate(capture.records)
            ]
        )

    return mutate


def drop(where: Where, *, nth: int | None = 0) -> Mutation:
    """Leave out the nth matching record; None: all of them."""

    def mutate(capture: Capture) -> Capture:
        first = position(capture, where, nth or 0)
        records = [
            record
            for index, record in enumerate(capture.records)
            if not (index == first if nth is not None else where(capture, record))
        ]
        return capture.with_records(records)

    return mutate


def repeat(
    where: Where, edit: Callable[[Any], Any], *, nth: int = 0, before: bool = False, after_ms: int = 0
) -> Mutation:
    """Put an edited copy of the nth matching record after it (or before it), `after_ms` later."""

    def mutate(capture: Capture) -> Capture:
        index = position(capture, where, nth)
        record = capture.records[index]
        copy = dataclasses.replace(record, at_ms=record.at_ms + after_ms, what=edit(record.what))
        records = list(capture.records)
        records.insert(index if before else index + 1, copy)
        return capture.with_records(records)

    return mutate


def move(where: Where, *, before: Where, nth: int = 0, before_nth: int = 0) -> Mutation:
    """Take the nth record of `where` out and put it in front of another one."""

    def mutate(capture: Capture) -> Capture:
        source, target = position(capture, where, nth), position(capture, before, before_nth)
        records = list(capture.records)
        moved = dataclasses.replace(records[source], at_ms=records[target].at_ms)
        records.pop(source)
        records.insert(target - (source < target), moved)
        return capture.with_records(records)

    return mutate


def both(*mutations: Mutation) -> Mutation:
    def mutate(capture: Capture) -> Capture:
        for mutation in mutations:
            capture = mutation(capture)
        return capture

    return mutate


# --- edits of a packet ---


def fields(**changes: Any) -> Callable[[Any], Any]:
    return lambda what: dataclasses.replace(what, **changes)


def topic(edit: Callable[[Topic], tuple[str, ...]]) -> Callable[[Publish], Publish]:
    return lambda what: dataclasses.replace(what, topic="/".join(edit(topic_of(what.topic))))


def level(number: int, text: str) -> Callable[[Publish], Publish]:
    """One level of the topic replaced."""
    return topic(lambda old: (*old.levels[:number], text, *old.levels[number + 1 :]))


def payload(edit: EditPayload) -> Callable[[Publish], Publish]:
    return lambda what: dataclasses.replace(what, payload=write(edit(read(what.payload))))


def will(**changes: Any) -> Callable[[Connect], Connect]:
    def edit(connect: Connect) -> Connect:
        assert connect.will is not None
        return dataclasses.replace(connect, will=dataclasses.replace(connect.will, **changes))

    return edit


def will_payload(edit: EditPayload) -> Callable[[Connect], Connect]:
    def edited(connect: Connect) -> Connect:
        return will(payload=write(edit(read(_will(connect).payload))))(connect)

    return edited


def will_level(number: int, text: str) -> Callable[[Connect], Connect]:
    def edited(connect: Connect) -> Connect:
        levels = _will(connect).topic.split("/")
        levels[number] = text
        return will(topic="/".join(levels))(connect)

    return edited


def will_body(**changes: object) -> Callable[[Connect], Connect]:
    def edited(connect: Connect) -> Connect:
        return will(payload=json.dumps({**json.loads(_will(connect).payload), **changes}).encode())(connect)

    return edited


def _will(connect: Connect) -> Will:
    assert connect.will is not None
    return connect.will


def body(**changes: object) -> Callable[[Publish], Publish]:
    """Keys of a STATE message's JSON replaced; a value of None takes the key out."""

    def edit(what: Publish) -> Publish:
        merged = {**json.loads(what.payload), **changes}
        kept = {key: value for key, value in merged.items() if value is not None}
        return dataclasses.replace(what, payload=json.dumps(kept).encode())

    return edit


def older_by(shift_ms: int) -> Callable[[Publish], Publish]:
    """The timestamp of a STATE message moved back."""

    def edit(what: Publish) -> Publish:
        return body(timestamp=json.loads(what.payload)["timestamp"] - shift_ms)(what)

    return edit


# --- edits of a payload ---


def stamped(shift_ms: int) -> EditPayload:
    """The payload's timestamp moved."""
    return lambda old: dataclasses.replace(old, timestamp_ms=(old.timestamp_ms or 0) + shift_ms)


def unstamped(old: Payload) -> Payload:
    return dataclasses.replace(old, timestamp_ms=None)


def with_seq(seq: int | None) -> EditPayload:
    return lambda old: dataclasses.replace(old, seq=seq)


def seq_off_by(step: int) -> EditPayload:
    return lambda old: dataclasses.replace(old, seq=((old.seq or 0) + step) % 256)


def metric(edit: Callable[[Metric], Metric], *, name: str | None = None) -> EditPayload:
    """One metric of the payload edited: the one called `name`, or the last."""

    def edited(old: Payload) -> Payload:
        names = [each.name for each in old.metrics]
        chosen = len(names) - 1 if name is None else names.index(name)
        metrics = [edit(each) if index == chosen else each for index, each in enumerate(old.metrics)]
        return dataclasses.replace(old, metrics=tuple(metrics))

    return edited


def without_metric(name: str) -> EditPayload:
    return lambda old: dataclasses.replace(
        old, metrics=tuple(each for each in old.metrics if each.name != name)
    )


def with_metric(added: Metric) -> EditPayload:
    return lambda old: dataclasses.replace(old, metrics=(*old.metrics, added))
