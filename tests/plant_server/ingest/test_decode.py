"""The fast path against the careful one (edge.contract.payloads), for every datatype a sample can have."""

import random

import pytest

from edge.contract import payloads
from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import Value, as_float32
from plant_server.ingest.binding import bind
from plant_server.ingest.decode import open_facts
from plant_server.ingest.facts import Facts, Window
from plant_server.ingest.message import Opened, Opener
from tests.plant_server.ingest.wire_edge import Tag, WireEdge

NOW_MS = 1_800_000_000_000
BITS = {
    "INT8": 8,
    "INT16": 16,
    "INT32": 32,
    "INT64": 64,
    "UINT8": 8,
    "UINT16": 16,
    "UINT32": 32,
    "UINT64": 64,
}
NUMBERS = [datatype for datatype in DataType if datatype.is_number]


def a_value(dice: random.Random, datatype: DataType) -> Value:
    if datatype is DataType.BOOLEAN:
        return dice.random() < 0.5
    if datatype in (DataType.FLOAT, DataType.DOUBLE):
        value = dice.choice([0.0, -1.5, dice.uniform(-1e6, 1e6)])
        return as_float32(value) if datatype is DataType.FLOAT else value
    bits = BITS.get(datatype.name, 48)
    low, high = (
        (-(1 << bits - 1), (1 << bits - 1) - 1) if datatype.name.startswith("INT") else (0, (1 << bits) - 1)
    )
    return dice.choice([low, high, 0, dice.randint(low, high)])


@pytest.mark.parametrize("seed", range(10))
def test_both_paths_read_the_same(seed: int) -> None:
    dice = random.Random(seed)
    edge = WireEdge(NOW_MS)
    tags = [Tag(f"{datatype.name}_{n}", datatype) for datatype in NUMBERS for n in range(4)]
    births, tag_ids = edge.births(tags=tags), {tag.name: n for n, tag in enumerate(tags, start=1)}
    birth = payloads.decode(births[1].payload).metrics
    readings = [
        edge.reading(
            tag.name,
            value := dice.choice([None, a_value(dice, tag.datatype), a_value(dice, tag.datatype)]),
            NOW_MS - dice.randrange(1000),
            quality=Quality.BAD
            if value is None
            else dice.choice([Quality.GOOD, Quality.GOOD, Quality.STALE]),
            by_edge=dice.random() < 0.2,
        )
        for tag in dice.sample(tags, k=30)
    ]
    message = edge.data(5, *readings, last=9)
    opened = Opener().open(message)
    assert isinstance(opened, Opened)
    facts = open_facts(opened, bind(birth, tag_ids, {}), Window.around(NOW_MS, 30))
    assert facts.numbers is not None
    assert facts.numbers[1:] == (5, 9)
    assert facts.tags == [], "nothing is read before it is asked for"
    facts.read()
    assert facts.faults == []
    assert rows(facts) == careful_rows(birth, message.payload, tag_ids)


def rows(facts: Facts) -> list[tuple[int, int, object, int]]:
    return [
        (tag_id, time_ms, value, facts.qualities.get(index, 192))
        for index, (tag_id, time_ms, value) in enumerate(
            zip(facts.tags, facts.times_ms, facts.values, strict=True)
        )
    ]


def careful_rows(
    birth: list[payloads.Metric], payload: bytes, tag_ids: dict[str, int]
) -> list[tuple[int, int, object, int]]:
    """By the general path: the datatype of the birth, then its reading of the data."""
    names = {metric.alias: (metric.name or "", metric.datatype) for metric in birth}
    wire = payloads._Payload.FromString(payload)
    found = []
    for metric, read in zip(wire.metrics, payloads.decode(payload).metrics, strict=True):
        name, datatype = names[metric.alias]
        if name in tag_ids:
            value = None if metric.is_null else payloads.value_of(metric, datatype)
            found.append((tag_ids[name], metric.timestamp, value, read.quality + read.time_by_edge))
    return found
