import pytest

from edge.acquisition.modbus_url import Endpoint, endpoint_of
from edge.errors import ConfigError
from edge.settings import load_settings


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("modbus://10.0.0.7", Endpoint(False, "10.0.0.7", 502)),
        ("modbus://[::1]:1502", Endpoint(False, "::1", 1502)),
        ("modbus+rtu://moxa:4001", Endpoint(True, "moxa", 4001)),
        ("modbus+rtu:///dev/ttyUSB0", Endpoint(True, path="/dev/ttyUSB0")),
        (
            "modbus+rtu:///dev/ttyS1?baud=19200&parity=E&stopbits=2",
            Endpoint(True, path="/dev/ttyS1", baud=19200, parity="E", stopbits=2),
        ),
        ("modbus+rtu:///COM3?baud=2400", Endpoint(True, path="COM3", baud=2400)),
    ],
)
def test_a_url_says_line_and_framing(url, endpoint):
    assert endpoint_of(url) == endpoint


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("modbus://", "no host"),
        ("modbus:///dev/ttyUSB0", "no host"),
        ("modbus+rtu://", "no host"),
        ("modbus://h:0", "port 0"),
        ("modbus://h:99999", "no valid port"),
        ("modbus://me:secret@h", "user or password"),
        ("modbus+rtu://h:4001?baud=9600", "settings of a serial line"),
        ("modbus+rtu:///dev/ttyUSB0?speed=9600", "has speed"),
        ("modbus+rtu:///dev/ttyUSB0?baud=9601", "baud=9601"),
        ("modbus+rtu:///dev/ttyUSB0?parity=even", "parity=even"),
        ("modbus+rtu:///dev/ttyUSB0?stopbits=3", "stopbits=3"),
        ("opc.tcp://h", "should be modbus://"),
    ],
)
def test_a_url_that_is_none_is_told_why(url, why):
    with pytest.raises(ValueError, match=why):
        endpoint_of(url)


def test_the_rest_between_two_frames_is_that_of_the_line():
    assert endpoint_of("modbus+rtu:///dev/ttyUSB0?baud=9600").silence_s == pytest.approx(0.00401, abs=1e-5)
    assert endpoint_of("modbus+rtu:///dev/ttyUSB0?baud=115200").silence_s == 0.00175
    assert endpoint_of("modbus+rtu://moxa:4001").silence_s == 0


CONFIG = """\
edge: {name: e, group: g}
broker: {urls: ["mqtt://127.0.0.1"], primary_host: null}
devices:
  - {name: a, profile: orno_we516, url: "modbus+rtu:///dev/ttyUSB0?baud=9600&parity=E", path: demo, unit_id: 1}
  - {name: b, profile: abb_b23, url: "modbus+rtu:///dev/ttyUSB0?baud=9600&parity=E", path: demo, unit_id: 2}
"""


def mistakes(tmp_path, old: str, new: str) -> list[str]:
    path = tmp_path / "edge.yaml"
    path.write_text(CONFIG.replace(old, new))
    try:
        load_settings(path)
    except ConfigError as error:
        return [mistake.message for mistake in error.mistakes]
    return []


def test_two_units_share_a_serial_line(tmp_path):
    assert mistakes(tmp_path, "", "") == []


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('parity=E", path: demo, unit_id: 2', 'parity=N", path: demo, unit_id: 2', "sets /dev/ttyUSB0 otherwise than device 'a' does"),
        ("unit_id: 2", "unit_id: 0", "should be 1 to 247 on a serial line"),
        ("unit_id: 2", "unit_id: 255", "should be 1 to 247 on a serial line"),
        ("unit_id: 2", "nodes_per_read: 3", "is for OPC UA, not for profile abb_b23"),
        ('E", path: demo, unit_id: 2', 'E&baud=1", path: demo, unit_id: 2', "has baud=1;"),
    ],
)  # fmt: skip
def test_what_a_line_cannot_be_is_a_mistake(tmp_path, old, new, mistake):
    found = mistakes(tmp_path, old, new)
    assert any(mistake in one for one in found), found
