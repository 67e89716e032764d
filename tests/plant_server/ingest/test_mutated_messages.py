"""Whatever bytes arrive: nothing but the message itself suffers, and the process lives."""

import random

import pytest
from google.protobuf.message import DecodeError

from edge.contract.datatypes import DataType
from edge.contract.sparkplug_pb2 import Payload
from edge.contract.spool_metrics import Gap, GapTag
from plant_server.ingest.message import RawMessage
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import PRESS, Tag, WireEdge

TAGS = (*PRESS, Tag("wide", DataType.INT64), Tag("door", DataType.BOOLEAN), Tag("noise", DataType.FLOAT))


def mutate(dice: random.Random, payload: bytes) -> bytes:
    """A few bytes changed, removed, put in, or the end cut off."""
    damaged = bytearray(payload)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(damaged) + 1)
        match dice.randrange(4):
            case 0 if place < len(damaged):
                damaged[place] = dice.randrange(256)
            case 1:
                damaged[place:place] = dice.randbytes(dice.randint(1, 4))
            case 2:
                del damaged[place : place + dice.randint(1, 4)]
            case _ if dice.random() < 0.2:
                del damaged[place:]
    return bytes(damaged)


def damaged_field(dice: random.Random, payload: bytes) -> bytes:
    """Sound protobuf with a field of one metric that makes no sense."""
    message = Payload.FromString(payload)
    if not message.metrics:
        return payload
    metric = dice.choice(message.metrics)
    match dice.randrange(8):
        case 0:
            metric.alias = dice.choice([0, 1, 5, 2**63, 2**64 - 1])
        case 1:
            metric.timestamp = dice.choice([0, 1, 2**63, 2**64 - 1])
        case 2:
            metric.datatype = dice.choice([0, 12, 16, 19, 34, 2**32 - 1])
        case 3:
            metric.string_value = dice.choice(["", "\0", "x" * 100_000, "𝄞"])
        case 4:
            metric.double_value = dice.choice([float("nan"), 1e308, -0.0])
        case 5:
            metric.long_value = dice.choice([0, 2**63, 2**64 - 1])
        case 6:
            metric.name = dice.choice(["", "\0", "Spool/Epoch", "good", "a/b/c", "bdSeq"])
        case _:
            message.seq = dice.choice([0, 255, 256, 2**64 - 1])
    return message.SerializeToString()


def a_conversation(edge: WireEdge) -> list[RawMessage]:
    now, births = edge.now_ms, edge.births(tags=TAGS)
    readings = [
        edge.reading("good", 7, by_edge=True),
        edge.reading("temperature", 21.5, quality=0),
        edge.reading("state", -3),
        edge.reading("order", "A-1"),
        edge.reading("wide", -(2**40)),
        edge.reading("door", True),
        edge.reading("noise", 0.5),
    ]
    gap = Gap("dropped", now - 1000, now, (GapTag("press1", "good", now - 1000, now, 3),))
    return [
        *births,
        edge.data(1, *readings),
        edge.gap(2, gap),
        edge.contact(3, "press1", False),
        edge.live(*readings),
        edge.ddeath(),
        edge.ndeath(),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_never_end_the_process_and_sound_ones_are_stored(plant: Plant, seed: int) -> None:
    dice = random.Random(seed)
    witness = WireEdge(plant.now_ms, "witness", epoch="01970000-0000-7000-8000-00000000000f")
    plant.store(*witness.births())
    for number in range(1, 61):
        edge = WireEdge(plant.now_ms, "victim", bd_seq=number % 256)
        batch = a_conversation(edge)
        for _ in range(2):
            index = dice.randrange(len(batch))
            damage = dice.choice([mutate, damaged_field])
            try:
                payload = damage(dice, batch[index].payload)
            except DecodeError:
                continue  # Damaged before beyond parsing.
            batch[index] = RawMessage.received(batch[index].topic, payload, plant.now_ms)
        sound = witness.data(
            number, witness.reading("temperature", float(number)), witness.reading("good", number)
        )
        batch.insert(dice.randrange(len(batch) + 1), sound)
        plant.monotonic_s += 1
        plant.store(*batch)
        plant.pipeline.rebirths_due()
    rows = plant.rows(
        "SELECT value FROM plant.sample JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)"
        " JOIN plant.edge USING (edge_id) WHERE node = 'witness' AND tag.name = 'temperature' ORDER BY value"
    )
    assert rows == [(float(number),) for number in range(1, 61)]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xed\xa0\x80"])
def test_a_name_or_text_that_is_no_utf8_is_kept(plant: Plant, edge: WireEdge, text: bytes) -> None:
    birth = edge.dbirth(
        "press1", [Tag("NAME", DataType.DOUBLE), Tag("order", DataType.STRING, {"unit": "UNIT"})]
    )
    for word in (b"NAME", b"UNIT"):
        edge.seq = 0
        payload = birth.payload.replace(word, (text * 4)[: len(word)])
        plant.store(edge.nbirth(), RawMessage.received(birth.topic, payload, plant.now_ms))
    plant.store(*edge.births())
    data = edge.data(1, edge.reading("order", "TEXT"))
    payload = data.payload.replace(b"TEXT", (text * 4)[:4])
    plant.store(
        RawMessage.received(data.topic, payload, plant.now_ms), edge.data(2, edge.reading("temperature", 2.0))
    )
    assert plant.samples() == [2] or plant.committed() == 0


def test_a_gap_record_with_half_a_character_is_kept(plant: Plant, born: WireEdge) -> None:
    plant.store(born.gap(1, '{"reason":"\\ud800","from_ms":1,"to_ms":1,"tags":[["\\udfff","t",1,1,1]]}'))
    assert plant.quarantined() == ["bad_gap"]
    assert plant.committed() == 1
