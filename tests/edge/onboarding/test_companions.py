"""`lineside edge browse` and servers that speak companion specifications."""

import json

import pytest

from edge.contract.roles import Counts, Role
from edge.drivers.opcua.machines import FoundMachine
from edge.onboarding.companions import distinguished
from edge.onboarding.draft import loaded
from tests.edge.command_line import lineside_edge
from tests.edge.drivers.opcua.hall import hall

pytestmark = pytest.mark.system

HEAD = 'edge: {name: e, group: g}\nbroker: {urls: ["mqtt://127.0.0.1"], primary_host: null}\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with hall(tmp_path_factory.mktemp("hall")) as machine:
        yield machine


def test_specifications_are_named_with_their_version_and_machines_with_a_profile(lineside, server):
    shown = lineside("browse", server.url, "--insecure", "--filter", "JobName").stdout
    assert "Machinery 1.03.0 (OPC 40001-1)" in shown
    assert "Machine Tools 1.02.0 (OPC 40501-1)" in shown
    assert "EUROMAP 77 1.01 (OPC 40077)" in shown
    assert "EUROMAP 83 1.03 (OPC 40083)" in shown
    assert "Devices (DI) 1.04.0 (OPC 10000-100)" in shown
    assert "machine 'Press 1', serial number P-4711: profile machinery, 6 of 6 tags\n" in shown
    assert "machine 'Mill/2', serial number M-0815: profile machinetool, 6 of 6 tags\n" in shown
    assert "machine 'IMM_MUSTER_0123456', serial number 0123456: profile euromap77_imm, 10 of 10" in shown


def test_the_drafted_devices_are_read_by_the_edge_as_they_stand(lineside, server, tmp_path):
    drafted = tmp_path / "devices.yaml"
    result = lineside(
        "browse", server.url, "--insecure", "--filter", "JobName", "--devices", str(drafted), "--force"
    )
    assert result.exit_code == 0, result.stderr
    text = drafted.read_text(encoding="utf-8")
    assert text.count("# CONFIRM path") == 3
    assert text in result.stdout
    (tmp_path / "lineside.yaml").write_text(HEAD + text, encoding="utf-8")
    checked = lineside_edge("check", "--json")
    assert checked.exit_code == 0, checked.stdout
    devices = {
        one["name"]: {tag["name"]: tag["value"] for tag in one["tags"]}
        for one in json.loads(checked.stdout)["devices"]
    }
    assert devices["press_1"]["serial_number"] == "P-4711"
    assert devices["mill_2"]["program"] == "O1001.NC"
    assert devices["imm_muster_0123456"]["job"] == "J-17"


def test_what_a_machine_lacks_of_its_profile_is_said(lineside, server):
    server.order(remove="mill")
    server.order(oldMill=True, bare=True, add="mill")
    shown = lineside("browse", server.url, "--insecure", "--filter", "JobName").stdout
    server.order(remove="mill")
    server.order(oldMill=False, bare=False, add="mill")
    assert "profile machinetool, 5 of 6 tags; not there: feed_override" in " ".join(shown.split())


def test_values_that_are_properties_of_an_object_are_found(lineside, server, tmp_path):
    path = tmp_path / "moulder.yaml"
    result = lineside("browse", server.url, "--insecure", "--filter", "*IMM_MUSTER*", "--out", str(path))
    assert result.exit_code == 0, result.stderr
    places = [line.strip(" #").split(":")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    moulder = "DeviceSet/IMM_MUSTER_0123456"
    assert f"{moulder}/Jobs/ActiveJobValues/JobStatus" in places
    assert f"{moulder}/MachineStatus/MachineMode" in places
    assert f"{moulder}/Jobs/ActiveJobValues/JobPartsCounter" in places
    assert not [place for place in places if place.endswith(("/Id", "/StateNumber"))], (
        "the standard's own describe"
    )
    tags = {tag.name: tag for tag in loaded(path.read_text(encoding="utf-8")).polled}
    assert (tags["job_status"].role, tags["job_status"].vocabulary) == (Role.STATE, "euromap_job")
    assert (tags["machine_mode"].role, tags["machine_mode"].vocabulary) == (Role.MODE, "euromap_mode")
    good = tags["job_good_parts_counter"]
    assert (good.role, good.counts, good.width) == (Role.COUNTER, Counts.GOOD, 64)
    assert "rate_max: its name is EUROMAP 83's" in path.read_text(encoding="utf-8")


def test_a_channel_of_a_machine_tool_is_drafted_as_a_state(lineside, server, tmp_path):
    path = tmp_path / "mill.yaml"
    shown = lineside("browse", server.url, "--insecure", "--filter", "*ChannelState", "--out", str(path))
    assert "state (Machine Tools)" in shown.stdout
    (state,) = loaded(path.read_text(encoding="utf-8")).polled
    assert (state.role, state.vocabulary) == (Role.STATE, "machinetool_channel")


def test_a_server_without_machines_drafts_no_device(lineside, press, tmp_path):
    result = lineside(
        "browse", press.url, "--insecure", "--filter", "program", "--devices", str(tmp_path / "d.yaml")
    )
    assert result.exit_code == 2
    assert "companion specifications: PackML 1.01 (OPC 30050), Devices (DI)" in result.stdout
    assert "no machine was found that a ready profile fits" in result.stderr
    assert not (tmp_path / "d.yaml").exists()


def test_a_machine_is_told_from_others_by_what_it_alone_has():
    one, other = FoundMachine(None, "A", "1", "urn:1"), FoundMachine(None, "B", "1", "urn:2")
    assert distinguished(one, [one]) is None
    assert distinguished(one, [one, other]).model_dump(exclude_none=True) == {"product_instance_uri": "urn:1"}
    assert distinguished(one, [one, FoundMachine(None, "A", "1", "urn:1")]) is None
    nameless = FoundMachine(None, "C"), FoundMachine(None, "D")
    assert distinguished(nameless[0], nameless).model_dump(exclude_none=True) == {"name": "C"}
