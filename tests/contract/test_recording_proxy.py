"""The recorder itself: bytes in any cut, every field a check reads, faults, and both ends of a connection."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.contract.mqtt_packets import (
    Closed,
    ConnAck,
    Connect,
    Disconnect,
    NotMqtt,
    Other,
    Packet,
    Publish,
    Subscribe,
    Will,
    parse_packet,
    split_packets,
)
from tests.contract.recording_proxy import Recording, RecordingProxy

PATIENCE_S = 20.0

# Taken apart by hand after MQTT 3.1.1 chapter 3: a will with QoS 1 and retain, user name and password.
CONNECT = (
    bytes.fromhex("10 27 0004 4d515454 04 ee 000f 0002 6331 0003 742f77 0002 0102 0004 75736572 0008")
    + b"password"
)
CONNACK = bytes.fromhex("20 02 00 00")
SUBSCRIBE = bytes.fromhex("82 0e 0001 0003 612f62 01 0003 632f23 00")
PUBLISH_QOS_0 = bytes.fromhex("30 06 0003 742f30 aa")
PUBLISH_QOS_1_RETAINED = bytes.fromhex("33 08 0003 742f31 0007 bb")
DISCONNECT = bytes.fromhex("e0 00")
LONG = b"\x30" + bytes([0x85, 0x03]) + b"\x00\x03t/l" + b"x" * 384


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CONNECT, Connect("c1", True, 15, Will("t/w", b"\x01\x02", 1, True))),
        (CONNACK, ConnAck(0)),
        (SUBSCRIBE, Subscribe((("a/b", 1), ("c/#", 0)))),
        (PUBLISH_QOS_0, Publish("t/0", b"\xaa")),
        (PUBLISH_QOS_1_RETAINED, Publish("t/1", b"\xbb", 1, True)),
        (LONG, Publish("t/l", b"x" * 384)),
        (DISCONNECT, Disconnect()),
        (bytes.fromhex("40 02 0007"), Other(4)),
    ],
)
def test_a_packet_is_read_as_the_standard_lays_it_out(data: bytes, expected: Packet) -> None:
    assert parse_packet(data) == expected


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_packets_are_found_however_the_stream_is_cut(step: int) -> None:
    whole = CONNECT + LONG + DISCONNECT
    stream, packets = bytearray(), []
    for start in range(0, len(whole), step):
        stream += whole[start : start + step]
        packets += split_packets(stream)
    assert packets == [CONNECT, LONG, DISCONNECT]
    assert not stream


def test_a_length_that_does_not_end_is_no_mqtt() -> None:
    with pytest.raises(NotMqtt):
        split_packets(bytearray(b"\x30\xff\xff\xff\xff\x01"))


def test_a_packet_shorter_than_its_fields_is_no_mqtt() -> None:
    with pytest.raises(NotMqtt):
        parse_packet(bytes.fromhex("30 02 0009"))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _server(talk: Talk) -> AsyncIterator[tuple[str, int]]:
    talks: set[asyncio.Task[None]] = set()

    async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(
        lambda reader, writer: talks.add(asyncio.create_task(finish(reader, writer))), "127.0.0.1", 0
    )
    try:
        yield "127.0.0.1", server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(server.wait_closed(), *talks), PATIENCE_S)


async def _accepts_and_sends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers the first packet, publishes two, and stays until the client goes."""
    await reader.read(1)
    writer.write(CONNACK + PUBLISH_QOS_0 + PUBLISH_QOS_1_RETAINED)
    await reader.read()


async def _until_closed(recording: Recording) -> list[Packet]:
    deadline_s = time.monotonic() + PATIENCE_S
    while not any(isinstance(record.what, Closed) for record in recording.records):
        assert time.monotonic() < deadline_s, "the connection does not end"
        await asyncio.sleep(0.01)
    return [record.what for record in recording.records]  # type: ignore[misc]


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_both_directions_are_recorded_and_passed_on() -> None:
    recording = Recording()
    async with _server(_accepts_and_sends) as upstream, RecordingProxy("s", upstream, recording) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(CONNECT)
        expected = CONNACK + PUBLISH_QOS_0 + PUBLISH_QOS_1_RETAINED
        received = await asyncio.wait_for(reader.readexactly(len(expected)), PATIENCE_S)
        writer.write(DISCONNECT)
        await _close(writer)
        packets = await _until_closed(recording)
    assert received == expected
    assert [type(packet).__name__ for packet in packets] == [
        *("Connect", "ConnAck", "Publish", "Publish", "Disconnect", "Closed")
    ]
    assert {(record.connection, record.client_id, record.server) for record in recording.records} == {
        (1, "c1", "s")
    }
    senders = [record.sender for record in recording.records]
    assert senders == ["client", "server", "server", "server", "client", "client"]


async def test_what_a_fault_drops_is_neither_passed_on_nor_recorded() -> None:
    def lose_qos_0(sender: str, packet: Packet, data: bytes) -> list[bytes]:
        return [] if sender == "server" and isinstance(packet, Publish) and packet.qos == 0 else [data]

    recording = Recording()
    async with _server(_accepts_and_sends) as upstream, RecordingProxy("s", upstream, recording) as proxy:
        proxy.fault = lose_qos_0
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(CONNECT)
        expected = CONNACK + PUBLISH_QOS_1_RETAINED
        received = await asyncio.wait_for(reader.readexactly(len(expected)), PATIENCE_S)
        await _close(writer)
        packets = await _until_closed(recording)
    assert received == expected
    assert [packet.topic for packet in packets if isinstance(packet, Publish)] == ["t/1"]


async def test_a_cut_reaches_the_client() -> None:
    recording = Recording()
    async with _server(_accepts_and_sends) as upstream, RecordingProxy("s", upstream, recording) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(CONNECT)
        await asyncio.wait_for(reader.readexactly(len(CONNACK)), PATIENCE_S)
        proxy.cut()
        await asyncio.wait_for(reader.read(), PATIENCE_S)
        await _close(writer)
        packets = await _until_closed(recording)
    assert isinstance(packets[-1], Closed)
    assert not any(isinstance(packet, Disconnect) for packet in packets)


async def test_a_proxy_that_opens_again_has_the_port_it_had() -> None:
    async with _server(_accepts_and_sends) as upstream, RecordingProxy("s", upstream, Recording()) as proxy:
        port = proxy.port
        await proxy.close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
        await proxy.open()
        assert proxy.port == port
