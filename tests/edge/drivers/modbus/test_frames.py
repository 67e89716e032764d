"""Frames byte by byte. The first ones are the examples of the Modbus specifications."""

import random

import pytest

from edge.drivers.modbus.frames import (
    Frame,
    FramingLost,
    Request,
    RtuReader,
    TcpReader,
    crc16,
    rtu_frame,
    tcp_frame,
)

READ = Request(3, 0x6B, 3)
ANSWER = bytes.fromhex("03 06 02 2B 00 00 00 64")


def test_the_examples_of_the_specification():
    """Read holding registers 108 to 110, Modbus Application Protocol V1.1b3, 6.3; frame on TCP as in its appendix."""
    assert READ.pdu == bytes.fromhex("03 00 6B 00 03")
    assert READ.is_answered_by(ANSWER)
    assert tcp_frame(0xFF, READ.pdu, 0x1501) == bytes.fromhex("15 01 00 00 00 06 FF 03 00 6B 00 03")
    assert Request(1, 0x13, 0x13).size == 3
    assert Request(6, 1, 3).pdu == bytes.fromhex("06 00 01 00 03")
    assert Request(16, 1, 2, bytes.fromhex("000A 0102")).pdu == bytes.fromhex("10 00 01 00 02 04 00 0A 01 02")


def test_the_check_sum_of_a_frame():
    """Unit 1 is asked for the holding register 10."""
    assert rtu_frame(1, Request(3, 10, 1).pdu) == bytes.fromhex("01 03 00 0A 00 01 A4 08")
    assert crc16(b"123456789") == 0x4B37, "the check value of CRC-16/MODBUS"


@pytest.mark.parametrize(
    ("request_", "reply", "fits"),
    [
        (READ, ANSWER, True),
        (READ, bytes.fromhex("83 02"), True),
        (READ, bytes.fromhex("84 02"), False),
        (READ, bytes.fromhex("04 06 02 2B 00 00 00 64"), False),
        (READ, bytes.fromhex("03 04 02 2B 00 00"), False),
        (READ, bytes.fromhex("03 06 02 2B 00 00"), False),
        (Request(6, 1, 3), bytes.fromhex("06 00 01 00 03"), True),
        (Request(6, 1, 3), bytes.fromhex("06 00 01 00 04"), False),
        (Request(16, 1, 2, b"\0\n\1\2"), bytes.fromhex("10 00 01 00 02"), True),
    ],
)
def test_what_answers_a_request(request_, reply, fits):
    assert request_.is_answered_by(reply) is fits


def test_tcp_frames_are_found_however_they_are_cut():
    stream = tcp_frame(1, ANSWER, 7) + tcp_frame(2, b"\x83\x02", 8)
    for size in range(1, len(stream) + 1):
        reader, found = TcpReader(), []
        for at in range(0, len(stream), size):
            found += reader.feed(stream[at : at + size])
        assert found == [Frame(1, ANSWER, 7), Frame(2, b"\x83\x02", 8)]
        assert not reader.is_inside_a_frame


@pytest.mark.parametrize(
    "header", ["0001 0001 0006 01", "0001 0000 0000 01", "0001 0000 FFFF 01", "4854 5450 2F31 2E"]
)
def test_a_header_that_is_none_ends_a_tcp_connection(header):
    with pytest.raises(FramingLost):
        list(TcpReader().feed(bytes.fromhex(header)))


def test_rtu_frames_are_found_however_they_are_cut():
    stream = rtu_frame(1, ANSWER)
    for size in range(1, len(stream) + 1):
        reader, found = RtuReader(), []
        reader.begin(1, READ)
        for at in range(0, len(stream), size):
            found += reader.feed(stream[at : at + size])
        assert found == [Frame(1, ANSWER)]


@pytest.mark.parametrize("seed", range(20))
def test_rtu_frames_are_found_behind_noise_and_echoes(seed):
    chance = random.Random(seed)
    noise = chance.randbytes(chance.randint(0, 20)) + rtu_frame(1, READ.pdu)
    reader = RtuReader()
    reader.begin(1, READ)
    found = [frame for byte in noise + rtu_frame(1, ANSWER) for frame in reader.feed(bytes([byte]))]
    assert Frame(1, ANSWER) in found


def test_what_looks_like_a_frame_inside_the_awaited_one_is_not_taken():
    inner = rtu_frame(1, b"\x83\x02")
    body = bytes([3, 6]) + inner + b"\0"
    reader, found = RtuReader(), []
    reader.begin(1, READ)
    for byte in rtu_frame(1, body):
        found += reader.feed(bytes([byte]))
    assert found == [Frame(1, body)]


def test_a_frame_with_a_wrong_check_sum_is_none():
    spoilt = bytearray(rtu_frame(1, ANSWER))
    spoilt[4] ^= 1
    reader = RtuReader()
    reader.begin(1, READ)
    assert list(reader.feed(bytes(spoilt))) == []
    assert reader.is_inside_a_frame


def test_what_was_heard_before_a_request_is_forgotten():
    reader = RtuReader()
    list(reader.feed(rtu_frame(1, ANSWER)[:-1]))
    reader.begin(1, READ)
    assert list(reader.feed(rtu_frame(1, ANSWER)[-1:])) == []


def test_endless_noise_takes_no_endless_room():
    reader = RtuReader()
    for _ in range(100):
        list(reader.feed(b"\xff" * 1000))
    assert len(reader._buffer) <= 1024
