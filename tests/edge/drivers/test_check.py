import asyncio

import pytest

from edge.acquisition.check import check_devices, check_file
from edge.errors import ConfigError, DeviceUnavailable
from edge.settings import Settings

CONFIG = """\
edge: {{name: shop, group: demo}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: cell1, profile: modbus_cell, url: "modbus://127.0.0.1:{alive}", path: demo}}
  - {{name: cell2, profile: modbus_cell, url: "modbus://127.0.0.1:{dead}", path: demo, timeout_s: 0.3}}
"""


async def test_every_tag_of_every_device_is_shown_and_why_one_is_silent(modbus_server, tmp_path):
    path = tmp_path / "edge.yaml"
    async with modbus_server() as alive, modbus_server() as dead:
        alive.registers[:7] = [41, 2, 1, 43, 1500, 1, 34465]
        dead.frozen = True
        path.write_text(CONFIG.format(alive=alive.port, dead=dead.port))
        good, bad = await check_file(path)
    assert good.is_well
    shown = [(reading.tag.name, reading.value, reading.tag.unit) for reading in good.readings]
    assert shown == [
        ("good", 41, "parts"),
        ("reject", 2, "parts"),
        ("state", 1, "1"),
        ("parts", 43, "parts"),
        ("cycle_time", 1.5, "s"),
        ("order", 100_001, "1"),
    ]
    assert all(0 <= good.age_s(reading) < 60 for reading in good.readings)
    assert not bad.is_well
    assert isinstance(bad.failure, DeviceUnavailable)
    assert bad.readings == ()


async def test_a_bad_tag_is_seen_although_its_device_answers(modbus_server, tmp_path):
    path = tmp_path / "edge.yaml"
    async with modbus_server() as server:
        server.holes = {4}
        path.write_text(CONFIG.format(alive=server.port, dead=server.port))
        checked, _ = await check_file(path)
    assert checked.failure is None
    assert not checked.is_well
    assert [reading.tag.name for reading in checked.readings if reading.value is None] == ["cycle_time"]


async def test_a_wrong_configuration_is_refused_before_a_socket_is_opened(modbus_server, tmp_path):
    path = tmp_path / "edge.yaml"
    async with modbus_server() as server:
        path.write_text(
            CONFIG.format(alive=server.port, dead=server.port).replace("group: demo", "group: a/b")
        )
        with pytest.raises(ConfigError):
            await check_file(path)
        await asyncio.sleep(0)
        assert server.connections == 0


async def test_an_edge_without_devices_is_well(tmp_path):
    settings = Settings(edge={"name": "e", "group": "g"}, broker={"urls": ["mqtt://h"]})
    assert await check_devices(settings) == []
