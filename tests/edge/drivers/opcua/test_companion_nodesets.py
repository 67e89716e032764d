"""The profiles by companion specification, and a machine tool made from the OPC Foundation's own NodeSets by a server that is
not ours: names, namespaces and the nodes of states as they are published, not as somebody copied them."""

import pytest

from edge.acquisition.device_settings import Device
from edge.acquisition.profile_file import load_profile
from edge.acquisition.timestamps import wall_clock_ms
from edge.drivers.opcua import OpcUaDriver
from tests.contract.other_decoders import NODE, install_node_packages
from tests.edge.onboarding.foreign_machines import Machine

pytestmark = pytest.mark.system

EXPECTED = {
    "machinery": {
        "state": 3,  # Executing, named by its node alone
        "mode": 2,  # Setup, a state of the type that MachineTool derives from that of Machinery
        "cycles": 17,
        "power_on": 7200.0,
        "operation": 3600.0,
        "serial_number": "SN-1",
    },
    "machinetool": {
        "state": 1,  # Running
        "mode": 1,  # Automatic
        "program": "O7.NC",
        "parts": 99,
        "feed_override": 80.0,
        "serial_number": "SN-1",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    install_node_packages()
    machine = Machine(["node", str(NODE / "nodesets.js"), "0"], tmp_path_factory.mktemp("nodesets"))
    yield machine
    machine.stop()


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_machine_of_the_published_types_is_read(server, name):
    url = f"opc.tcp://127.0.0.1:{server.port}"
    device = Device(name="d", profile=name, path="demo", url=url, insecure=True, timeout_s=20.0)
    profile = load_profile(name)
    async with OpcUaDriver(device, profile, wall_clock_ms) as driver:
        readings = {one.tag.name: one.value for one in await driver.read(profile.polled)}
    assert readings == EXPECTED[name]
