import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators import modbus_meter
from simulators.modbus_meter import METERS, quantities


@asynccontextmanager
async def meter(kind: str, power_w: float, energy_wh: int) -> AsyncIterator[AsyncModbusTcpClient]:
    server = await METERS[kind].open_server()
    await server.show(quantities(power_w, energy_wh))
    client = AsyncModbusTcpClient("127.0.0.1", port=server.port, timeout=10, retries=0)
    try:
        assert await client.connect()
        yield client
    finally:
        client.close()
        await server.close()


def decoded(answer: Any, format_: str) -> Any:
    assert not answer.isError(), answer
    return struct.unpack(format_, struct.pack(f">{len(answer.registers)}H", *answer.registers))[0]


async def test_sdm630_shows_power_energy_voltage_and_frequency_as_its_map_says() -> None:
    async with meter("eastron_sdm630", 42_000, 6_482_117) as client:
        read = client.read_input_registers
        assert decoded(await read(0x0034, count=2, device_id=1), ">f") == 42_000
        assert decoded(await read(0x0048, count=2, device_id=1), ">f") == pytest.approx(6482.117, abs=0.0003)
        assert decoded(await read(0x0000, count=2, device_id=1), ">f") == 230
        assert decoded(await read(0x000A, count=2, device_id=1), ">f") == pytest.approx(60.87, abs=0.01)
        assert decoded(await read(0x0046, count=2, device_id=1), ">f") == 50


async def test_b23_shows_power_energy_voltage_and_frequency_as_its_map_says() -> None:
    async with meter("abb_b23", 36_000.5, 81_274_560) as client:
        read = client.read_holding_registers
        assert decoded(await read(0x5000, count=4, device_id=1), ">Q") == 8_127_456  # 0.01 kWh
        assert decoded(await read(0x5B14, count=2, device_id=1), ">i") == 3_600_050  # 0.01 W
        assert decoded(await read(0x5B02, count=2, device_id=1), ">I") == 2300  # 0.1 V
        assert decoded(await read(0x5B2C, count=1, device_id=1), ">H") == 5000  # 0.01 Hz


async def test_every_wh_is_told_apart_up_to_the_highest_start_of_an_sdm630() -> None:
    register = next(r for r in modbus_meter.SDM630_REGISTERS if r.quantity == "import_wh")
    for energy_wh in range(7_999_000, 8_000_001):
        words = register.words(energy_wh)
        (kwh,) = struct.unpack(">f", struct.pack(">2H", *words.values()))
        assert round(kwh * 1000) == energy_wh


@pytest.mark.parametrize(("address", "count", "code"), [(1, 2, 2), (0, 3, 2), (0, 82, 3), (0x0200, 2, 2)])
async def test_sdm630_refuses_odd_and_long_reads(address: int, count: int, code: int) -> None:
    async with meter("eastron_sdm630", 0, 0) as client:
        answer = await client.read_input_registers(address, count=count, device_id=1)
        assert answer.exception_code == code


async def test_sdm630_takes_80_registers_at_once() -> None:
    async with meter("eastron_sdm630", 0, 0) as client:
        assert not (await client.read_input_registers(0, count=80, device_id=1)).isError()


async def test_b23_answers_function_3_only_and_all_ones_for_what_it_has_not() -> None:
    async with meter("abb_b23", 0, 0) as client:
        assert (await client.read_input_registers(0x5000, count=4, device_id=1)).exception_code == 1
        assert (await client.read_holding_registers(0x6000, count=2, device_id=1)).registers == [0xFFFF] * 2
        assert (await client.read_holding_registers(0x0FFF, count=1, device_id=1)).exception_code == 2
