"""DataValues decoded by hand are those that asyncua decodes, bit by bit: each built-in type, mask, status and time."""

import struct
import uuid
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary, uaerrors, uatypes
from asyncua.ua.ua_binary import nodeid_to_binary, struct_from_binary, struct_to_binary, variant_to_binary
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from edge.drivers.opcua import scalar_read_values
from edge.drivers.opcua.batch_read import StrictBuffer, node_value, read_response
from edge.drivers.opcua.scalar_read import scalar_response
from edge.drivers.opcua.scalar_read_values import data_values

REFUSED = (uaerrors.UaError, OSError, struct.error, IndexError, ValueError)
"""What the session turns into DeviceUnavailable."""

SIZES = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8, 14: 16, 19: 4}
"""Built-in types of a fixed size, in bytes; the others are texts, or composed."""
BY_HAND = [*SIZES, 0, 12, 15, 21]

raw = some.binary(max_size=12)  # Texts too: what a device sends need not be UTF-8.


def counted(content):
    return struct.pack("<i", -1) if content is None else struct.pack("<i", len(content)) + content


texts = some.none() | raw | some.text(max_size=8).map(str.encode)


@some.composite
def localized_texts(draw):
    parts = draw(some.integers(0, 3))
    return bytes([parts]) + b"".join(counted(draw(texts)) for part in (1, 2) if parts & part)


node_ids = some.builds(
    ua.NodeId, some.integers(0, 2**32 - 1) | some.text(max_size=5), some.integers(0, 2**16 - 1)
) | some.builds(ua.NodeId, some.uuids(), some.integers(0, 9))

COMPOSED = {
    16: texts.map(counted),
    17: node_ids.map(nodeid_to_binary),
    18: node_ids.map(nodeid_to_binary),
    20: some.tuples(some.binary(min_size=2, max_size=2), texts.map(counted)).map(b"".join),
    22: some.builds(ua.ExtensionObject, node_ids, raw).map(struct_to_binary)
    | some.just(struct_to_binary(ua.ExtensionObject())),
    23: some.builds(lambda number: struct_to_binary(ua.DataValue(ua.Variant(number))), some.floats()),
    24: some.builds(lambda number: variant_to_binary(ua.Variant([number, number])), some.floats()),
    25: some.just(struct_to_binary(ua.DiagnosticInfo())),
}


def content(kind):
    """Bytes of a value of the built-in type, without its number."""
    if kind == 0:
        return some.just(b"")
    if kind in SIZES:
        return some.binary(min_size=SIZES[kind], max_size=SIZES[kind])
    if kind == 21:
        return localized_texts()
    return COMPOSED.get(kind, texts.map(counted))


def scalars(kinds):
    return some.sampled_from(kinds).flatmap(
        lambda kind: content(kind).map(lambda value: bytes([kind]) + value)
    )


@some.composite
def arrays(draw):
    kind = draw(some.sampled_from([6, 11, 12, 21]))
    elements = draw(some.lists(content(kind), max_size=3))
    if draw(some.booleans()):
        return bytes([kind | 0x80]) + struct.pack("<i", len(elements)) + b"".join(elements)
    dimensions = struct.pack("<iii", 2, len(elements), 1)
    return bytes([kind | 0xC0]) + struct.pack("<i", len(elements)) + b"".join(elements) + dimensions


statuses = some.integers(0, 2**32 - 1) | some.sampled_from(
    [0, 0x40000000, 0x80000000, 0xC0000000, 0x00000480]
)
times = (
    some.integers(-(2**63), 2**63 - 1)
    | some.integers(-20, 20)
    | some.integers(132_000_000_000_000_000, 135_000_000_000_000_000)
)


@some.composite
def values(draw, variants):
    """Bytes of a DataValue, parts in the order of OPC 10000-6."""
    mask = draw(some.integers(0, 63))
    parts = [
        (0x01, lambda: draw(variants)),
        (0x02, lambda: struct.pack("<I", draw(statuses))),
        (0x04, lambda: struct.pack("<q", draw(times))),
        (0x10, lambda: draw(some.binary(min_size=2, max_size=2))),
        (0x08, lambda: struct.pack("<q", draw(times))),
        (0x20, lambda: draw(some.binary(min_size=2, max_size=2))),
    ]
    return bytes([mask]) + b"".join(make() for bit, make in parts if mask & bit)


anything = scalars(range(26)) | arrays()


def array(encoded):
    return struct.pack("<i", len(encoded)) + b"".join(encoded)


def by_asyncua(data):
    """The values, and how far it read."""
    buffer = Buffer(data)
    (count,) = struct.unpack("<i", buffer.read(4))
    decoded = [node_value(struct_from_binary(ua.DataValue, buffer)) for _ in range(count)]
    return decoded, len(data) - len(buffer)


def bits(node_values):
    """So that nothing compares equal that is not the same: True and 1, 0.0 and -0.0, NaN and another NaN."""
    return [
        (type(value), struct.pack("<d", value) if isinstance(value, float) else value, status, time_ms)
        for value, status, time_ms in node_values
    ]


def assert_same(data):
    mine, mine_end = data_values(data)
    theirs, theirs_end = by_asyncua(data)
    assert bits(mine) == bits(theirs)
    assert mine_end == theirs_end


@given(some.lists(values(anything), max_size=6))
@settings(max_examples=400)
def test_every_value_is_decoded_as_asyncua_does(encoded):
    assert_same(array(encoded))


@pytest.mark.parametrize("kind", range(26), ids=lambda kind: ua.VariantType(kind).name)
@given(some.data())
@settings(max_examples=40)
def test_every_built_in_type_is_decoded_as_asyncua_does(kind, data):
    assert_same(array(data.draw(some.lists(values(scalars([kind])), min_size=1, max_size=3))))


@pytest.mark.parametrize("kind", BY_HAND, ids=lambda kind: ua.VariantType(kind).name)
@given(some.data())
@settings(max_examples=10)
def test_scalars_are_not_left_to_asyncua(kind, data):
    encoded = data.draw(values(scalars([kind])))
    with patch.object(scalar_read_values, "_by_asyncua", side_effect=AssertionError("left to asyncua")):
        data_values(array([encoded]))


def test_every_mask_is_decoded_as_asyncua_does():
    """Each in a list between others, so that a part too many or too few shows in the next value."""
    parts = {
        1: b"\x0b" + struct.pack("<d", 2.5),
        2: struct.pack("<I", 0x408F0000),
        4: struct.pack("<q", 134_000_000_000_000_000),
    }
    parts |= {0x10: b"\x01\x02", 8: struct.pack("<q", 135_000_000_000_000_000), 0x20: b"\x03\x04"}
    encoded = [
        bytes([mask]) + b"".join(part for bit, part in parts.items() if mask & bit) for mask in range(64)
    ]
    assert_same(array(encoded))
    decoded, _ = data_values(array(encoded))
    assert [value for value, _, _ in decoded] == [2.5 if mask & 1 else None for mask in range(64)]
    assert [status for _, status, _ in decoded] == [0x408F0000 if mask & 2 else 0 for mask in range(64)]
    assert [time is None for _, _, time in decoded] == [not mask & 4 for mask in range(64)]


@pytest.mark.parametrize("severity", [0, 1, 2, 3])
@pytest.mark.parametrize("flags", [0, 0x0480, 0x0400, 0xFFFF], ids=hex)
def test_every_quality_is_kept_to_the_last_bit(severity, flags):
    for subcode in range(0, 0x1000, 7):
        status = severity << 30 | subcode << 16 | flags
        ((value, told, _),), _ = data_values(array([b"\x03\x06" + struct.pack("<iI", -12, status)]))
        assert (value, told) == (-12, status)


MOMENTS = [
    (datetime(2026, 3, 1, 12, 0, 0, 1000, UTC), 1_772_366_400_001),
    (datetime(2026, 3, 1, 12, 0, 0, 999_999, UTC), 1_772_366_400_999),
    (datetime(1969, 12, 31, 23, 59, 59, 999_500, UTC), -1),
    (datetime(9999, 12, 31, 23, 59, 59, 500_000, UTC), 253_402_300_799_000),
]


@pytest.mark.parametrize(("moment", "ms"), MOMENTS, ids=[str(moment) for moment, _ in MOMENTS])
def test_a_time_is_its_whole_milliseconds(moment, ms):
    encoded = struct_to_binary(ua.DataValue(ua.Variant(moment), SourceTimestamp=moment))
    assert data_values(array([encoded]))[0] == [(ms, 0, ms)]
    assert_same(array([encoded]))


def test_the_last_time_is_the_one_asyncua_has():
    assert scalar_read_values._LAST_TICKS == uatypes.MAX_OPC_FILETIME
    assert scalar_read_values.EPOCH_TICKS == uatypes.EPOCH_AS_FILETIME


def test_a_text_that_is_no_utf8_can_be_sent_on():
    encoded = b"\x01\x0c" + counted(b"\xffA\xed\xa0\x80")
    ((value, _, _),), _ = data_values(array([encoded]))
    assert value == "\N{REPLACEMENT CHARACTER}A" + 3 * "\N{REPLACEMENT CHARACTER}"
    assert_same(array([encoded]))


# -- what is broken -------------------------------------------------------------------------------------------------------


def response(encoded, diagnostics=b"\0\0\0\0"):
    header = struct_to_binary(ua.ResponseHeader(Timestamp=datetime(2026, 3, 1, tzinfo=UTC)))
    return nodeid_to_binary(ua.FourByteNodeId(634)) + header + array(encoded) + diagnostics


def outcome(decode, message):
    """(values, None), or (None, the error): one that the session knows."""
    try:
        return bits(decode(Buffer(message))), None
    except REFUSED as error:
        return None, type(error)


@some.composite
def broken(draw):
    message = bytearray(response(draw(some.lists(values(anything), min_size=1, max_size=4))))
    for _ in range(draw(some.integers(1, 3))):
        at = draw(some.integers(0, len(message) - 1))
        kind = draw(some.sampled_from(["cut", "set", "remove", "insert", "negative"]))
        if kind == "cut":
            del message[max(at, 1) :]
        elif kind == "set":
            message[at] = draw(some.integers(0, 255))
        elif kind == "remove":
            del message[at : at + draw(some.integers(1, 4))]
            message = message or bytearray(b"\0")
        elif kind == "insert":
            message[at:at] = draw(some.binary(min_size=1, max_size=4))
        else:
            message[at : at + 4] = struct.pack("<i", -draw(some.integers(2, 40)))
    return bytes(message)


def keeps_asyncua_busy(message):
    """An array of a million nulls takes five bytes, and asyncua makes them all."""
    return any(
        kind in (0x80, 0xC0) and int.from_bytes(message[at + 1 : at + 5], "little", signed=True) > 1000
        for at, kind in enumerate(message)
    )


@given(broken())
@settings(max_examples=600, derandomize=True, deadline=None)
def test_broken_bytes_are_refused_where_asyncua_refuses_them_and_never_another_value(message):
    assume(not keeps_asyncua_busy(message))
    with patch.object(ua_binary, "MAX_RESHAPE_ELEMENTS", 1000):
        assert outcome(scalar_response, message)[0] == outcome(read_response, message)[0]


@given(some.lists(values(scalars(BY_HAND)), min_size=1, max_size=3), some.data())
@settings(max_examples=100)
def test_an_answer_that_ends_early_is_refused(encoded, data):
    message = response(encoded)
    end = data.draw(some.integers(0, len(message) - 1))
    assert outcome(scalar_response, message[:end])[1] is not None


@pytest.mark.parametrize("kind", [12, 15, 16, 17, 20, 21], ids=lambda kind: ua.VariantType(kind).name)
def test_a_length_below_minus_one_is_refused(kind):
    """asyncua itself would go back and read on among what it has read."""
    before = {17: b"\x03\0\0", 20: b"\0\0", 21: b"\x02"}.get(kind, b"")
    encoded = bytes([1, kind]) + before + struct.pack("<i", -3)
    for decode in (scalar_response, read_response):
        with pytest.raises(uaerrors.UaError, match="a length of -3"):
            decode(Buffer(response([encoded, b"\x01\x06\0\0\0\0"])))


def test_a_strict_buffer_stays_strict_in_its_parts():
    buffer = StrictBuffer(b"abcdef", 1)
    part = buffer.copy(3)
    assert (part.read(2), len(part), len(buffer)) == (b"bc", 1, 5)
    for size in (-1, 2):
        with pytest.raises(uaerrors.UaError, match=f"a length of {size}, and 1 bytes left"):
            part.read(size)
    buffer.skip(4)
    assert buffer.copy().read(1) == buffer.read(1) == b"f"
    with pytest.raises(uaerrors.UaError):
        buffer.skip(1)


def test_diagnostics_that_are_none_are_refused_and_those_that_are_some_do_no_harm():
    one = b"\x01\x06" + struct.pack("<i", 7)
    some_diagnostics = struct.pack("<i", 1) + struct_to_binary(ua.DiagnosticInfo(SymbolicId=3))
    assert scalar_response(Buffer(response([one], some_diagnostics))) == [(7, 0, None)]
    assert scalar_response(Buffer(response([one], struct.pack("<i", -1)))) == [(7, 0, None)]
    with pytest.raises(REFUSED):
        scalar_response(Buffer(response([one], struct.pack("<i", 9) + b"\x7f")))


@pytest.mark.parametrize("decode", [scalar_response, read_response])
def test_a_service_that_failed_is_refused_whatever_came_with_it(decode):
    header = struct_to_binary(
        ua.ResponseHeader(ServiceResult=ua.StatusCode(ua.StatusCodes.BadTooManyOperations))
    )
    message = nodeid_to_binary(ua.FourByteNodeId(634)) + header + array([b"\x01\x06\0\0\0\0"]) + b"\0\0\0\0"
    with pytest.raises(uaerrors.BadTooManyOperations):
        decode(Buffer(message))


def test_a_guid_and_a_byte_string_are_nothing_a_tag_can_hold():
    encoded = [
        struct_to_binary(ua.DataValue(ua.Variant(one)))
        for one in (uuid.UUID(int=1), b"\x01\x02", ua.LocalizedText("Halt", "de"), ua.StatusCode(0x80010000))
    ]
    decoded, _ = data_values(array(encoded))
    assert [value for value, _, _ in decoded] == [None, None, "Halt", 0x80010000]
