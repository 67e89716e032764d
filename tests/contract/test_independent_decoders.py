"""What Lineside writes, decoders by others read alike: npm's sparkplug-payload and PyPI's pysparkplug.

Where they differ from the standard (chapter 6) or from one another, a test says so. sparkplug-payload looks for
UInt32 in the 64-bit field; pysparkplug refuses a negative Int8 or Int16 that is sign-extended to the 32 bits it
travels in, and sparkplug-payload misreads it when it is not; pysparkplug knows no properties. Int32, Int64, UInt64,
floats, Boolean and text are read alike by everyone.
"""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, Value, as_float32, encode
from tests.contract import sparkplug_reading
from tests.contract.other_decoders import decode_with_node, decode_with_pysparkplug

NOW_MS = 1_760_000_000_123

SCALARS: list[tuple[str, DataType, Value]] = [
    *[(f"Int8 {value}", DataType.INT8, value) for value in (-128, -1, 0, 127)],
    *[(f"Int16 {value}", DataType.INT16, value) for value in (-32768, -12, 32767)],
    *[(f"Int32 {value}", DataType.INT32, value) for value in (-(2**31), -12, -1, 0, 2**31 - 1)],
    *[(f"Int64 {value}", DataType.INT64, value) for value in (-(2**63), -12, -1, 2**53 + 1, 2**63 - 1)],
    *[(f"UInt8 {value}", DataType.UINT8, value) for value in (0, 255)],
    *[(f"UInt16 {value}", DataType.UINT16, value) for value in (0, 65535)],
    *[(f"UInt32 {value}", DataType.UINT32, value) for value in (0, 2**31, 2**32 - 1)],
    *[(f"UInt64 {value}", DataType.UINT64, value) for value in (0, 2**63, 2**64 - 1)],
    *[(f"Float {value}", DataType.FLOAT, value) for value in (0.0, -12.3, 3.4e38)],
    *[(f"Double {value}", DataType.DOUBLE, value) for value in (0.1, -1e300)],
    *[(f"Boolean {value}", DataType.BOOLEAN, value) for value in (True, False)],
    *[
        (f"{kind.name} {text}", kind, text)
        for kind in (DataType.STRING, DataType.TEXT)
        for text in ("", "压机 1")
    ],
    ("UUID", DataType.UUID, "0192f0c1-0000-7000-8000-000000000001"),
    ("DateTime", DataType.DATETIME, NOW_MS),
    ("Bytes", DataType.BYTES, b"\x00\xff"),
    ("File", DataType.FILE, b"%PDF"),
]
DECLARED = [
    Metric(value, datatype, name, alias, NOW_MS)
    for alias, (name, datatype, value) in enumerate(SCALARS, start=1)
]
FLAGGED = [
    Metric(None, DataType.INT32, "nothing", 101, NOW_MS),
    Metric(-12, DataType.INT32, "past", 102, NOW_MS - 60_000, is_historical=True),
    Metric(7, DataType.INT16, "passing", 103, NOW_MS, is_transient=True),
    Metric(None, DataType.DOUBLE, "bad", 104, NOW_MS, quality=0, time_by_edge=True),
    Metric(
        5, DataType.INT64, "described", 105, NOW_MS, properties={"role": "counter", "width": 32, "scale": 0.5}
    ),
    Metric(
        5, DataType.INT64, "offset", 106, NOW_MS, properties={"low": -12, "far": -(2**40), "fixed": False}
    ),
]
BIRTH = encode(DECLARED + FLAGGED, timestamp_ms=NOW_MS, seq=0)
# All but the small negatives: pysparkplug refuses a whole payload with one of them.
READ_BY_PYSPARKPLUG = [
    each
    for each in DECLARED
    if not (
        each.datatype in (DataType.INT8, DataType.INT16) and isinstance(each.value, int) and each.value < 0
    )
]
PYTHON_BIRTH = encode(READ_BY_PYSPARKPLUG + FLAGGED, timestamp_ms=NOW_MS, seq=0)
DATA = encode(
    [Metric(each.value, each.datatype, None, each.alias, NOW_MS + 1) for each in READ_BY_PYSPARKPLUG],
    timestamp_ms=NOW_MS + 1,
    seq=255,
)


def _of_json(value: Any) -> Any:
    """A value as it stood before JSON."""
    if not isinstance(value, dict):
        return value
    if "long" in value:
        return int(value["long"])
    if "base64" in value:
        return base64.b64decode(value["base64"])
    if "datetime" in value:
        return datetime.fromisoformat(value["datetime"])
    return value


def _expected(metric: Metric) -> Value:
    if metric.datatype == DataType.FLOAT and isinstance(metric.value, float):
        return as_float32(metric.value)
    return metric.value


@pytest.fixture(scope="module")
def by_node() -> dict[str, dict[str, Any]]:
    [payload] = decode_with_node([BIRTH])
    assert (_of_json(payload["timestamp"]), _of_json(payload["seq"])) == (NOW_MS, 0)
    return {metric["name"]: metric for metric in payload["metrics"]}


@pytest.fixture(scope="module")
def by_pysparkplug() -> dict[str, dict[str, dict[str, Any]]]:
    birth, data = decode_with_pysparkplug([("birth", PYTHON_BIRTH), ("data", DATA)])
    assert (birth["timestamp"], birth["seq"], data["seq"]) == (NOW_MS, 0, 255)
    return {
        "birth": {metric["name"]: metric for metric in birth["metrics"]},
        "data": {metric["name"]: metric for metric in data["metrics"]},
    }


@pytest.mark.parametrize(
    "metric", [each for each in DECLARED if each.datatype != DataType.UINT32], ids=lambda m: m.name
)
def test_sparkplug_payload_reads_the_value_that_was_written(
    metric: Metric, by_node: dict[str, dict[str, Any]]
) -> None:
    assert metric.name is not None
    assert metric.datatype is not None
    read = by_node[metric.name]
    assert _of_json(read["value"]) == _expected(metric)
    assert read["type"].upper() == metric.datatype.name
    assert (_of_json(read["alias"]), _of_json(read["timestamp"])) == (metric.alias, NOW_MS)


@pytest.mark.parametrize("metric", READ_BY_PYSPARKPLUG, ids=lambda metric: metric.name)
@pytest.mark.parametrize("kind", ["birth", "data"])
def test_pysparkplug_reads_the_value_that_was_written(
    metric: Metric, kind: str, by_pysparkplug: dict[str, dict[str, dict[str, Any]]]
) -> None:
    assert metric.name is not None
    read = by_pysparkplug[kind][metric.name]
    expected: Any = _expected(metric)
    if metric.datatype == DataType.DATETIME:
        expected = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert _of_json(read["value"]) == expected
    assert (read["datatype"], read["alias"]) == (metric.datatype, metric.alias)
    assert read["timestamp"] == NOW_MS + (kind == "data")


@pytest.mark.parametrize(
    "metric", [each for each in DECLARED if each.datatype == DataType.UINT32], ids=lambda m: m.name
)
def test_uint32_is_in_the_field_of_the_standard_where_sparkplug_payload_does_not_look(
    metric: Metric, by_node: dict[str, dict[str, Any]]
) -> None:
    assert metric.name is not None
    written = sparkplug_reading.read(BIRTH).metric(metric.name)
    assert written is not None
    assert written.value == sparkplug_reading.Value("int", metric.value)  # type: ignore[arg-type]
    assert by_node[metric.name]["value"] is None


@pytest.mark.parametrize("datatype", [DataType.INT8, DataType.INT16])
def test_a_small_negative_is_sign_extended_which_pysparkplug_refuses(datatype: DataType) -> None:
    small = encode([Metric(-12, datatype, "small", 1, NOW_MS)], timestamp_ms=NOW_MS, seq=0)
    written = sparkplug_reading.read(small).metric("small")
    assert written is not None
    assert written.value == sparkplug_reading.Value("int", 2**32 - 12)
    with pytest.raises(AssertionError, match="overflow"):
        decode_with_pysparkplug([("birth", small)])


def test_a_null_is_no_value_to_both(
    by_node: dict[str, dict[str, Any]], by_pysparkplug: dict[str, dict[str, dict[str, Any]]]
) -> None:
    for name in ("nothing", "bad"):
        assert by_node[name]["value"] is None
        assert (by_pysparkplug["birth"][name]["value"], by_pysparkplug["birth"][name]["is_null"]) == (
            None,
            True,
        )


def test_history_and_transience_are_read_by_both(
    by_node: dict[str, dict[str, Any]], by_pysparkplug: dict[str, dict[str, dict[str, Any]]]
) -> None:
    of_python = by_pysparkplug["birth"]
    assert by_node["past"]["isHistorical"] is True
    assert of_python["past"]["is_historical"] is True
    assert by_node["past"]["value"] == of_python["past"]["value"] == -12
    assert by_node["passing"]["isTransient"] is True
    assert of_python["passing"]["is_transient"] is True
    assert "isHistorical" not in by_node["passing"]
    assert of_python["passing"]["is_historical"] is False


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bad", {"Quality": ("Int32", 0), "TimeByEdge": ("Boolean", True)}),
        ("described", {"role": ("String", "counter"), "width": ("Int32", 32), "scale": ("Double", 0.5)}),
        ("offset", {"low": ("Int32", -12), "far": ("Int64", -(2**40)), "fixed": ("Boolean", False)}),
    ],
)
def test_sparkplug_payload_reads_the_properties(
    name: str, expected: dict[str, tuple[str, Value]], by_node: dict[str, dict[str, Any]]
) -> None:
    read = by_node[name]["properties"]
    assert {key: (each["type"], _of_json(each["value"])) for key, each in read.items()} == expected


def test_the_reading_of_the_conformance_checks_agrees_with_both() -> None:
    read = sparkplug_reading.read(BIRTH)
    for written, metric in zip(DECLARED, read.metrics, strict=False):
        assert metric.value is not None
        assert metric.datatype is not None
        assert sparkplug_reading.meaning(metric.value, metric.datatype) == _expected(written)
