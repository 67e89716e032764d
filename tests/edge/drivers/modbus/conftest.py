from contextlib import ExitStack, asynccontextmanager

import pytest

from tests.edge.drivers.modbus.units import Units, Wire, compiled, tcp_units


@pytest.fixture(scope="session")
def unit_server(tmp_path_factory):
    """The program of unit_server.c."""
    return compiled(tmp_path_factory.mktemp("unit_server"))


@pytest.fixture
def tcp_machine(unit_server, tmp_path):
    with tcp_units(unit_server, tmp_path) as units:
        yield units


@pytest.fixture
def serial_bus(unit_server, tmp_path):
    """A wire with libmodbus units: `async with serial_bus(1, 2) as (wire, units)`, units by number."""

    @asynccontextmanager
    async def run(*numbers: int):
        wire = Wire(tmp_path, numbers)
        with ExitStack() as stack:
            stack.callback(wire.close)
            await wire.open()
            units = {}
            for number, path in wire.unit_paths.items():
                folder = tmp_path / str(number)
                folder.mkdir()
                units[number] = Units([str(unit_server), "rtu", path, str(number)], folder)
                stack.callback(units[number].stop)
            yield wire, units

    return run
