import asyncio
import struct

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators.modbus_tcp import READ_COILS, READ_HOLDING, READ_INPUT, ModbusServer, Table


def server() -> ModbusServer:
    return ModbusServer(
        {
            READ_COILS: Table(words={0: 1, 1: 0, 8: 1}, blank_range=range(16)),
            READ_HOLDING: Table(words={0: 17, 1: 0xFFFF}),
            READ_INPUT: Table(words={5: 3}, blank_range=range(10), blank=9),
        }
    )


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [
        (bytes.fromhex("0300000002"), bytes.fromhex("03040011ffff")),
        (bytes.fromhex("0400040003"), bytes.fromhex("0406000900030009")),
        (bytes.fromhex("0100000009"), bytes.fromhex("01020101")),
        (bytes.fromhex("0300000003"), bytes.fromhex("8302")),  # Register 2 does not exist.
        (bytes.fromhex("0300000000"), bytes.fromhex("8303")),
        (bytes.fromhex("030000007e"), bytes.fromhex("8303")),  # 126 registers.
        (bytes.fromhex("0200000001"), bytes.fromhex("8201")),
        (bytes.fromhex("0600000001"), bytes.fromhex("8601")),  # Writes are refused.
        (bytes.fromhex("10000000010200ff"), bytes.fromhex("9001")),
    ],
)
def test_a_request_gets_the_answer_of_the_standard(request_pdu: bytes, answer: bytes) -> None:
    assert server().answer(1, request_pdu) == answer


def test_another_unit_is_not_there() -> None:
    assert server().answer(2, bytes.fromhex("0300000001")) == bytes.fromhex("830b")


async def test_a_real_client_reads_registers_and_exceptions() -> None:
    modbus = server()
    await modbus.open()
    client = AsyncModbusTcpClient("127.0.0.1", port=modbus.port, timeout=10, retries=0)
    try:
        assert await client.connect()
        assert (await client.read_holding_registers(0, count=2, device_id=1)).registers == [17, 0xFFFF]
        assert (await client.read_coils(0, count=9, device_id=1)).bits[:9] == [True, *[False] * 7, True]
        assert (await client.read_holding_registers(2, count=1, device_id=1)).exception_code == 2
        assert (await client.write_register(0, 5, device_id=1)).exception_code == 1
    finally:
        client.close()
        await modbus.close()


async def test_pipelined_requests_are_answered_in_order_with_their_numbers() -> None:
    modbus = server()
    await modbus.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", modbus.port)
    try:
        for transaction in (7, 8, 9):
            writer.write(struct.pack(">HHHBBHH", transaction, 0, 6, 1, 3, 0, 1))
        async with asyncio.timeout(10):
            answers = [struct.unpack(">HHHBBBH", await reader.readexactly(11)) for _ in range(3)]
        assert [answer[0] for answer in answers] == [7, 8, 9]
        assert {answer[6] for answer in answers} == {17}
    finally:
        writer.transport.abort()
        await modbus.close()


async def test_what_is_not_modbus_is_hung_up_on() -> None:
    modbus = server()
    await modbus.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", modbus.port)
    try:
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(10):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)
    finally:
        writer.transport.abort()
        await modbus.close()
