import ast
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import edge.drivers
from edge.acquisition.addresses import EdgeMade
from edge.acquisition.configured_devices import SCHEMES
from edge.acquisition.device_settings import Device
from edge.acquisition.profile import Tag
from edge.acquisition.profile_file import load_profile
from edge.acquisition.setting_types import DEFAULT_PORTS
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import DataType
from edge.contract.roles import Role
from edge.drivers import DRIVERS, driver_of, profile_of
from edge.drivers._blueprint import BlueprintDriver
from edge.errors import DeviceUnavailable

FOLDER = Path(edge.drivers.__file__).parent


def test_every_driver_of_a_profile_has_a_scheme_and_every_scheme_a_driver():
    assert {scheme for schemes in SCHEMES.values() for scheme in schemes} == set(DRIVERS)
    assert set(DRIVERS) <= set(DEFAULT_PORTS)


@pytest.mark.parametrize("scheme", DRIVERS)
def test_a_driver_is_made_without_opening_anything(scheme):
    device = Device(name="d", profile="modbus_cell", url=f"{scheme}://192.0.2.1", path="demo")
    driver = driver_of(device, load_profile("modbus_cell"), wall_clock_ms)
    assert all(hasattr(driver, method) for method in ("__aenter__", "__aexit__", "read"))


def test_a_device_may_have_its_own_namespace():
    device = Device(name="d", profile="packml", url="opc.tcp://h", path="demo", namespace="urn:maker:press")
    assert all(tag.address.node.startswith("nsu=urn:maker:press;s=") for tag in profile_of(device).polled)


def test_no_protocol_library_is_loaded_before_a_device_needs_it():
    program = "import sys, edge.drivers, edge.acquisition.polling; print({'asyncua', 'pymodbus'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


def test_drivers_do_not_import_one_another():
    names = {
        path.stem for path in FOLDER.iterdir() if path.stem not in ("__init__", "profiles", "__pycache__")
    }
    for name in names:
        files = list((FOLDER / name).glob("*.py")) or [FOLDER / f"{name}.py"]
        for file in files:
            imported = {
                node.module.split(".")[2]
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edge.drivers.")
            }
            assert imported <= {name}, file


async def test_the_blueprint_works_as_it_stands(profile_with, modbus_device):
    handled = asyncio.Event()

    async def serve(reader, writer):
        try:
            while await reader.readline():
                writer.write(json.dumps({"speed": 12, "text": "x"}).encode() + b"\n")
        except ConnectionError:
            pass
        finally:
            writer.close()
            handled.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    device = modbus_device(server.sockets[0].getsockname()[1])
    tags = tuple(
        Tag(name, Role.MEASUREMENT, DataType.INT32, EdgeMade()) for name in ("speed", "text", "absent")
    )
    driver = BlueprintDriver(device, profile_with(tags), wall_clock_ms)
    async with driver:
        assert [reading.value for reading in await driver.read(tags)] == [12, None, None]
    async with asyncio.timeout(20):
        await handled.wait()
    server.close()
    await server.wait_closed()
    with pytest.raises(DeviceUnavailable):
        async with driver:
            pass
