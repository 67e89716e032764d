import asyncio
from collections.abc import AsyncIterator

import pytest

from simulators.gate import Gate

DEADLINE_S = 10


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(100):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    gate = Gate(server.sockets[0].getsockname()[1])
    await gate.open()
    yield gate
    await gate.close()
    server.close()
    await server.wait_closed()


async def ask(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], text: bytes, within_s: float
) -> bytes:
    reader, writer = streams
    writer.write(text)
    async with asyncio.timeout(within_s):
        return await reader.readexactly(len(text))


async def test_an_open_gate_passes_bytes_both_ways(gate: Gate) -> None:
    client = await asyncio.open_connection("127.0.0.1", gate.port)
    assert await ask(client, b"hello", DEADLINE_S) == b"hello"
    client[1].transport.abort()


async def test_a_shut_gate_cuts_and_refuses_and_opens_on_the_same_port(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    assert await ask((reader, writer), b"up", DEADLINE_S) == b"up"
    port = gate.port
    await gate.shut()
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
    writer.transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await gate.reopen()
    client = await asyncio.open_connection("127.0.0.1", port)
    assert await ask(client, b"again", DEADLINE_S) == b"again"
    client[1].transport.abort()


async def test_a_frozen_gate_accepts_and_answers_only_after_the_thaw(gate: Gate) -> None:
    before = await asyncio.open_connection("127.0.0.1", gate.port)
    assert await ask(before, b"up", DEADLINE_S) == b"up"
    gate.freeze()
    during = await asyncio.open_connection("127.0.0.1", gate.port)
    for client in (before, during):
        with pytest.raises(TimeoutError):
            await ask(client, b"late", 0.2)
    gate.thaw()
    for reader, writer in (before, during):
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.readexactly(4) == b"late"
        writer.transport.abort()


async def test_a_slow_gate_delays_each_answer(gate: Gate) -> None:
    client = await asyncio.open_connection("127.0.0.1", gate.port)
    gate.delay_s = 0.3
    began = asyncio.get_running_loop().time()
    assert await ask(client, b"slow", DEADLINE_S) == b"slow"
    assert asyncio.get_running_loop().time() - began >= 0.3
    client[1].transport.abort()


async def test_a_taken_port_gives_the_next_free_one(gate: Gate) -> None:
    other = Gate(1)
    await other.open(gate.port)
    try:
        assert gate.port < other.port < gate.port + 200
    finally:
        await other.close()
