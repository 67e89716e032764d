import math

import pytest

from edge.contract.datatypes import DataType, Quality
from edge.contract.payloads import Metric
from plant_server.ingest.message import KEPT_OF_TOO_LARGE_BYTES, RawMessage
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import PRESS, Tag, WireEdge, counter

YEAR_2000_MS = 946_684_800_000
YEAR_2099_MS = 4_070_908_800_000


def raw(topic: str, payload: bytes, now_ms: int) -> RawMessage:
    return RawMessage.received(topic, payload, now_ms)


def test_bytes_that_are_no_payload_are_kept_and_the_rest_goes_on(plant: Plant, born: WireEdge) -> None:
    topic = "spBv1.0/demo/DDATA/press-shop/press1"
    plant.store(
        born.data(1, born.reading("temperature", 1.0)),
        raw(topic, b"\xff\xff not protobuf", plant.now_ms),
        born.data(2, born.reading("temperature", 2.0)),
    )
    assert plant.samples() == [1, 2]
    [row] = plant.rows(
        "SELECT topic, payload, reason, epoch, node FROM plant.quarantine LEFT JOIN plant.edge USING (edge_id)"
    )
    assert row == (topic, b"\xff\xff not protobuf", "malformed", None, "press-shop")


def test_the_same_garbage_is_kept_once(plant: Plant, born: WireEdge) -> None:
    for _ in range(3):
        plant.store(raw("spBv1.0/demo/DDATA/press-shop/press1", b"\xff\xff", plant.now_ms))
    assert plant.quarantined() == ["malformed"]


def test_a_flood_of_garbage_does_not_fill_the_disk(plant: Plant) -> None:
    plant.store(
        *(raw("spBv1.0/demo/DDATA/a/b", b"\xff" + bytes([n, n % 7]), plant.now_ms) for n in range(250))
    )
    assert len(plant.quarantined()) == 100


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/demo/DDATA/press-shop", "factory/line1/temperature", "spBv1.0/demo/NCMD/press-shop", "spBv1.0"],
)
def test_a_foreign_topic_is_kept(plant: Plant, topic: str) -> None:
    plant.store(raw(topic, b"21.5", plant.now_ms))
    assert plant.quarantined() == ["foreign_topic"]


def test_of_ten_megabytes_the_beginning_is_kept(plant: Plant, born: WireEdge) -> None:
    message = raw("spBv1.0/demo/DDATA/press-shop/press1", bytes(10 << 20), plant.now_ms)
    assert len(message.payload) == KEPT_OF_TOO_LARGE_BYTES
    plant.store(message)
    [row] = plant.rows("SELECT reason, length(payload), detail FROM plant.quarantine")
    assert row == ("too_large", KEPT_OF_TOO_LARGE_BYTES, "10485760 bytes, the most is 1048576")


def test_an_unknown_alias_is_kept_moves_the_cursor_and_costs_nothing_else(
    plant: Plant, born: WireEdge
) -> None:
    stray = Metric(5.0, DataType.DOUBLE, alias=4711, timestamp_ms=plant.now_ms)
    plant.store(
        born.data(1, born.reading("temperature", 1.0), stray), born.data(2, born.reading("temperature", 2.0))
    )
    assert plant.committed() == 2
    assert plant.samples() == [1, 2]
    assert plant.rows("SELECT reason, first, last, detail FROM plant.quarantine") == [
        ("unknown_alias", 1, 1, "alias 4711 is in no birth")
    ]


@pytest.mark.parametrize(
    ("tag", "value", "datatype"),
    [
        ("temperature", "hot", DataType.STRING),
        ("temperature", True, DataType.BOOLEAN),
        ("temperature", 7, DataType.UINT32),
        ("good", "seven", DataType.STRING),
        ("good", 7.0, DataType.DOUBLE),
        ("order", 7, DataType.UINT64),
        ("state", b"\1\2", DataType.BYTES),
    ],
)
def test_a_value_of_the_wrong_type_is_kept_and_moves_the_cursor(
    plant: Plant, born: WireEdge, tag: str, value: object, datatype: DataType
) -> None:
    wrong = born.reading(tag, value, datatype=datatype)  # type: ignore[arg-type]
    plant.store(born.data(1, wrong), born.data(2, born.reading("temperature", 2.0)))
    assert plant.committed() == 2
    assert plant.quarantined() == ["wrong_type"]
    assert plant.samples() == [2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_bad_and_has_no_value(plant: Plant, born: WireEdge, value: float) -> None:
    plant.store(born.data(1, born.reading("temperature", value)))
    assert plant.rows("SELECT value, quality FROM plant.sample") == [(None, Quality.BAD)]
    assert plant.committed() == 1


def test_a_bad_reading_has_no_value_and_steps_no_odometer(plant: Plant, born: WireEdge) -> None:
    plant.store(
        born.data(1, born.reading("good", 5)),
        born.data(2, born.reading("good", None, plant.now_ms + 1000, quality=Quality.BAD)),
        born.data(3, born.reading("good", 6, plant.now_ms + 2000)),
        born.data(4, born.reading("temperature", 3.5, quality=Quality.BAD)),
    )
    assert plant.samples("good") == [5, None, 6]
    assert plant.samples() == [None]
    assert plant.total() == 1


@pytest.mark.parametrize(
    ("time_ms", "reason"),
    [
        (YEAR_2000_MS, "too_old"),
        (YEAR_2099_MS, "too_new"),
        (2**63 + 5, "too_new"),
        (2**64 - 1, "too_new"),
        (1, "too_old"),
    ],
)
def test_a_time_outside_the_window_never_becomes_a_sample(
    plant: Plant, born: WireEdge, time_ms: int, reason: str
) -> None:
    plant.store(
        born.data(
            1,
            born.reading("temperature", 1.0, time_ms),
            born.reading("good", 7, time_ms),
            born.reading("order", "A-1", time_ms),
            born.reading("temperature", 2.0),
        )
    )
    assert plant.samples() == [2]
    assert plant.committed() == 1
    rows = plant.rows("SELECT time_ms, reason FROM plant.sample_quarantine")
    assert {(int(time), why) for time, why in rows} == {(time_ms, reason)}
    assert len(rows) == 3
    assert plant.rows("SELECT * FROM plant.odometer") == []
    assert plant.rows("SELECT * FROM plant.text_sample") == []


def test_a_count_older_than_the_retention_still_counts(plant: Plant, born: WireEdge) -> None:
    """Raw samples may be too old to keep; parts were made all the same."""
    month_ago = plant.now_ms - 40 * 86_400_000
    plant.store(
        born.data(1, born.reading("good", 5, month_ago)),
        born.data(2, born.reading("good", 9, month_ago + 1000)),
    )
    assert plant.samples("good") == []
    assert plant.total() == 4


@pytest.mark.parametrize("first_last", [(0, 1), (3, 2), (1, 2**63)])
def test_numbers_that_are_none_are_kept_and_move_nothing(
    plant: Plant, born: WireEdge, first_last: tuple[int, int]
) -> None:
    first, last = first_last
    plant.store(born.data(first, born.reading("temperature", 1.0), last=last))
    assert plant.quarantined() == ["bad_numbers"]
    assert plant.committed() == 0
    assert plant.samples() == []


def test_an_epoch_that_is_no_uuid_is_kept(plant: Plant, born: WireEdge) -> None:
    born.epoch = "yesterday"
    plant.store(born.data(1, born.reading("temperature", 1.0)))
    assert plant.quarantined() == ["bad_numbers"]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"reason":"dropped"}',
        '{"reason":"dropped","from_ms":"yesterday","to_ms":1,"tags":[]}',
        '{"reason":"dropped","from_ms":1,"to_ms":1,"tags":[["d",1,1,1,1]]}',
        '{"reason":"dropped","from_ms":1,"to_ms":1e300,"tags":[]}',
        '{"reason":"dropped","from_ms":1,"to_ms":1,"tags":[["d","t",1,1,-4]]}',
        '{"reason":"\\u0000","from_ms":1,"to_ms":1,"tags":[]}',
    ],
)
def test_a_broken_gap_record_is_kept_and_moves_the_cursor(plant: Plant, born: WireEdge, text: str) -> None:
    plant.store(born.gap(1, text, last=5), born.data(6, born.reading("temperature", 2.0)))
    assert plant.quarantined() == ["bad_gap"]
    assert plant.committed() == 6
    assert plant.samples() == [2]


def test_what_only_the_database_refuses_is_found_in_the_middle_of_a_batch(
    plant: Plant, born: WireEdge
) -> None:
    """A NUL in a text. Every other message is stored."""
    plant.store(
        *(born.data(n, born.reading("temperature", float(n))) for n in range(1, 6)),
        born.data(6, born.reading("order", "A\0B")),
        *(born.data(n, born.reading("temperature", float(n))) for n in range(7, 11)),
        born.data(11, born.reading("order", "\0")),
        born.data(12, born.reading("temperature", 12.0)),
    )
    assert plant.committed() == 12
    assert plant.samples() == [1, 2, 3, 4, 5, 7, 8, 9, 10, 12]
    assert plant.rows("SELECT reason, first FROM plant.quarantine ORDER BY first") == [
        ("refused_by_database", 6),
        ("refused_by_database", 11),
    ]


def test_a_poisoned_message_steps_no_odometer(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("good", 5)))
    plant.store(
        born.data(2, born.reading("good", 6, plant.now_ms + 1000), born.reading("order", "\0")),
        born.data(3, born.reading("good", 7, plant.now_ms + 2000)),
    )
    assert plant.total() == 2
    assert plant.samples("good") == [5, 7]


def test_a_counter_that_is_not_whole_or_out_of_range_is_set_apart(plant: Plant, edge: WireEdge) -> None:
    meter = Tag("energy", DataType.DOUBLE, {"role": "meter", "width": 16, "rate_max": 1000.0})
    plant.store(*edge.births(tags=(meter,)))
    readings = [1.0, 1.5, 65536.0, -1.0, 3.0]
    plant.store(
        *(
            edge.data(n, edge.reading("energy", value, plant.now_ms + 1000 * n))
            for n, value in enumerate(readings, start=1)
        )
    )
    assert plant.samples("energy") == [1, 3]
    assert plant.total("energy") == 2
    rows = plant.rows("SELECT value, reason FROM plant.sample_quarantine ORDER BY ts")
    assert rows == [(1.5, "not_whole"), (65536.0, "out_of_range"), (-1.0, "out_of_range")]
    assert plant.committed() == 5


def test_signed_and_unsigned_integers_arrive_as_they_are(plant: Plant, edge: WireEdge) -> None:
    tags = [
        Tag(datatype.name, datatype)
        for datatype in (DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64, DataType.UINT64)
    ]
    lowest = {"INT8": -128, "INT16": -32768, "INT32": -(2**31), "INT64": -(2**53), "UINT64": 2**53}
    plant.store(*edge.births(tags=tags))
    plant.store(edge.data(1, *(edge.reading(name, value) for name, value in lowest.items())))
    for name, value in lowest.items():
        assert plant.samples(name) == [float(value)]


def test_zero_false_and_empty_are_values(plant: Plant, edge: WireEdge) -> None:
    tags = [*PRESS, Tag("door", DataType.BOOLEAN), Tag("float", DataType.FLOAT)]
    plant.store(*edge.births(tags=tags))
    zeros = {"good": 0, "temperature": 0.0, "state": 0, "door": False, "float": 0.0}
    plant.store(
        edge.data(1, *(edge.reading(name, value) for name, value in zeros.items()), edge.reading("order", ""))
    )
    for name in zeros:
        assert plant.samples(name) == [0]
    assert plant.rows("SELECT value, quality FROM plant.text_sample") == [("", 192)]
    assert plant.quarantined() == []


def test_the_time_by_edge_is_a_bit_of_the_quality(plant: Plant, born: WireEdge) -> None:
    plant.store(
        born.data(
            1,
            born.reading("temperature", 1.0, by_edge=True),
            born.reading("order", "A-1", by_edge=True),
            born.reading("state", 6, quality=Quality.STALE),
        )
    )
    assert plant.rows("SELECT quality FROM plant.sample ORDER BY quality") == [(193,), (500,)]
    assert plant.rows("SELECT quality FROM plant.text_sample") == [(193,)]


def test_a_counter_without_width_is_samples_only_and_told(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=(counter(width=0),)))
    plant.store(edge.data(1, edge.reading("good", 5)), edge.data(2, edge.reading("good", 9)))
    assert plant.samples("good") == [5, 9]
    assert plant.rows("SELECT * FROM plant.odometer") == []
    assert plant.alarms() == [("not_counted", "demo/press-shop/press1/good")]
