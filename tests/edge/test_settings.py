from pathlib import Path

import pytest

from edge import settings as settings_module
from edge.acquisition.device_settings import Device
from edge.errors import ConfigError
from edge.settings import Settings, load_settings, schema

GOOD = """\
edge:    {name: press-shop, group: demo}
broker:  {urls: ["mqtts://127.0.0.1:8883"], ca: ca.pem, cert: edge.pem, key: edge.key, primary_host: plant, acknowledge: plant}
spool:   {path: spool.db, max_bytes: 2GiB, max_age_h: 168, keep_h: 72, storage: disk}
devices:
  - {name: press1, profile: packml, url: "opc.tcp://127.0.0.1:4840", path: demo/plant1/area1/line1/press1, period_s: 1}
  - {name: meter1, profile: eastron_sdm630, url: "modbus://127.0.0.1:5020", unit_id: 1, path: demo/plant1/area1/line1/press1, period_s: 10}
"""


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in list(settings_module.os.environ):
        if name.startswith("LINESIDE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path):
    for name in ("ca.pem", "edge.pem", "edge.key"):
        (tmp_path / name).write_text("")

    def write_config(text: str) -> Path:
        path = tmp_path / "lineside.yaml"
        path.write_text(text)
        return path

    return write_config


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return [str(mistake).replace(f"{path.parent}/", "") for mistake in caught.value.mistakes]


def test_the_example_of_the_design_is_a_valid_configuration(write, tmp_path):
    settings = load_settings(write(GOOD))
    assert (settings.edge.name, settings.edge.group) == ("press-shop", "demo")
    assert settings.spool.max_bytes == 2 * 1024**3
    assert settings.spool.path == tmp_path / "spool.db"
    assert settings.broker.ca == tmp_path / "ca.pem"
    assert [device.name for device in settings.devices] == ["press1", "meter1"]
    assert (settings.devices[1].host, settings.devices[1].port) == ("127.0.0.1", 5020)
    assert (settings.timing.backoff_max_s, settings.timing.birth_delay_max_s) == (30, 2)


def test_every_mistake_is_reported_at_once_with_file_and_line(write):
    text = """\
edge:
  name: press/shop
broker:
  urls: [http://127.0.0.1]
  acknowledge: maybe
spool:
  max_bytes: 2 gallons
devices:
  - name: press1
    profile: packml
    url: opc.tcp://127.0.0.1
    path: a/b/c/d/e/f
  - name: PRESS1
    profile: no_such_profile
    url: modbus://127.0.0.1:99999
    path: demo
    colour: red
timing:
  backoff_max_s: 0
"""
    assert sorted(mistakes(write(text))) == sorted(
        [
            "lineside.yaml:2: edge.name: should not contain + / # or control characters: it stands in MQTT topics",
            "lineside.yaml:1: edge.group: is missing",
            "lineside.yaml:4: broker.urls: should be mqtts://host[:port] or mqtt://host[:port]",
            "lineside.yaml:5: broker.acknowledge: should be 'plant' or 'none'",
            "lineside.yaml:7: spool.max_bytes: should be a size such as 512MiB or 2GiB",
            "lineside.yaml:12: devices[0].path: should be enterprise/site/area/line/station: "
            "1 to 5 names, none empty, without + and #",
            "lineside.yaml:13: devices[1].name: 'PRESS1' is taken by the device in line 9",
            "lineside.yaml:14: devices[1].profile: no_such_profile: no such profile; "
            "`lineside edge profiles` lists all, or give a .yaml file",
            "lineside.yaml:15: devices[1].url: has no valid port; should be modbus://host[:port]",
            "lineside.yaml:17: devices[1].colour: there is no such setting",
            "lineside.yaml:19: timing.backoff_max_s: should be greater than 0",
        ]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("edge: {name: [", "lineside.yaml:1: expected the node content, but found '<stream end>'"),
        ("edge: {name: a}\nedge: {name: b}\n", "lineside.yaml:2: edge: said twice, first in line 1"),
        ("- edge\n", "lineside.yaml:1: should be a mapping: edge, broker, spool, devices"),
        ("edge: !!python/name:os.system\n", "lineside.yaml:1: could not determine a constructor for the tag"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_its_line(write, text, message):
    assert mistakes(write(text))[0].startswith(message)


def test_a_file_that_is_not_there_is_a_mistake_and_no_traceback(tmp_path):
    assert mistakes(tmp_path / "no.yaml") == ["no.yaml: cannot be read: No such file or directory"]


def test_mqtts_needs_to_know_whom_to_trust(write):
    text = GOOD.replace("ca: ca.pem, ", "")
    assert mistakes(write(text)) == ["lineside.yaml:2: broker.ca: is needed with mqtts://"]


def test_files_that_do_not_exist_are_named_before_anything_is_opened(write):
    text = GOOD.replace("edge.key", "lost.key").replace("ca.pem", "lost.pem")
    assert mistakes(write(text)) == [
        "lineside.yaml:2: broker.ca: there is no file lost.pem",
        "lineside.yaml:2: broker.key: there is no file lost.key",
    ]


def test_the_environment_stands_above_the_file(write, monkeypatch):
    monkeypatch.setenv("LINESIDE_BROKER__PRIMARY_HOST", "plant2")
    monkeypatch.setenv("LINESIDE_TIMING__BIRTH_DELAY_MAX_S", "0")
    settings = load_settings(write(GOOD))
    assert settings.broker.primary_host == "plant2"
    assert settings.broker.acknowledge == "plant"
    assert settings.timing.birth_delay_max_s == 0


def test_a_mistake_in_the_environment_names_the_variable(write, monkeypatch):
    monkeypatch.setenv("LINESIDE_SPOOL__STORAGE", "tape")
    assert mistakes(write(GOOD)) == ["environment: LINESIDE_SPOOL__STORAGE: should be 'disk' or 'flash'"]


def test_devices_given_by_the_environment_are_checked_like_those_of_the_file(write, monkeypatch):
    device = '{"name": "m", "profile": "%s", "url": "modbus://h", "path": "demo"}'
    monkeypatch.setenv("LINESIDE_DEVICES", f"[{device % 'modbus_cell'}]")
    assert [device.name for device in load_settings(write(GOOD)).devices] == ["m"]
    monkeypatch.setenv("LINESIDE_DEVICES", f"[{device % 'modbus_cell'}, {device % 'packml'}]")
    assert mistakes(write(GOOD)) == [
        "environment: devices[1].name: 'm' is taken by devices[0]",
        "environment: devices[1].url: should begin with opc.tcp://: profile packml is for it",
    ]


def test_a_variable_that_is_no_json_is_a_mistake_and_no_traceback(write, monkeypatch):
    monkeypatch.setenv("LINESIDE_DEVICES", "[press1")
    (mistake,) = mistakes(write(GOOD))
    assert mistake.startswith("environment: ")
    assert "devices" in mistake


def test_an_alias_inside_itself_is_refused(write):
    assert mistakes(write("edge: &all {name: *all}\n")) == ["lineside.yaml:1: edge.name: contains itself"]


@pytest.mark.parametrize("name", ["", " a", "a+b", "a/b", "a#", "a\tb"])
def test_a_name_that_cannot_stand_in_a_topic_is_refused(name):
    with pytest.raises(ValueError, match="should not"):
        Device(name=name, profile="packml", url="opc.tcp://h", path="a")


def test_a_protocol_that_does_not_fit_the_profile_is_refused(write):
    text = GOOD.replace(
        'profile: packml, url: "opc.tcp://127.0.0.1:4840"', 'profile: packml, url: "modbus://h", unit_id: 3'
    )
    assert mistakes(write(text)) == [
        "lineside.yaml:5: devices[0].url: should begin with opc.tcp://: profile packml is for it",
        "lineside.yaml:5: devices[0].unit_id: is for Modbus, not for profile packml",
    ]


def test_opcua_is_secured_unless_insecure_is_said(write):
    device = load_settings(write(GOOD)).devices[0]
    assert (device.insecure, device.security.policy, device.security.mode) == (
        False,
        "Basic256Sha256",
        "SignAndEncrypt",
    )
    both = GOOD.replace("period_s: 1}", "insecure: true, security: {policy: Aes256Sha256RsaPss}}")
    assert mistakes(write(both)) == ["lineside.yaml:5: devices[0].insecure: and security cannot both be set"]


def test_mistakes_in_an_own_profile_keep_their_own_place(write, tmp_path):
    (tmp_path / "oven.yaml").write_text(
        "name: oven\ndriver: modbus\ndocument: d\nrevision: r\npage: p\nverified: device\ntags:\n"
        "  - {name: parts, register: 0, role: counter, counts: parts, unit: parts}\n"
    )
    text = GOOD.replace("profile: eastron_sdm630", "profile: oven.yaml")
    needed = "is needed for a counter or meter: the plant tells a wrap from a restart by it"
    assert mistakes(write(text)) == [
        f"oven.yaml:8: tags[0].width: {needed}",
        f"oven.yaml:8: tags[0].rate_max: {needed}",
    ]


def test_a_period_in_which_a_counter_could_go_round_is_refused(write):
    text = GOOD.replace("profile: eastron_sdm630", "profile: modbus_cell").replace(
        "period_s: 10}", "period_s: 600}"
    )
    assert mistakes(write(text))[0] == (
        "lineside.yaml:6: devices[1].period_s: is too long: good of modbus_cell could go round unseen between two polls"
    )


@pytest.mark.parametrize(("size", "expected"), [("1MiB", 1 << 20), ("1.5 GiB", 3 << 29), (2097152, 2097152)])
def test_sizes_are_written_as_people_write_them(write, size, expected):
    assert load_settings(write(GOOD.replace("2GiB", str(size)))).spool.max_bytes == expected


def test_the_committed_schema_is_that_of_the_code():
    committed = Path(settings_module.__file__).with_name("settings.schema.json").read_text(encoding="utf-8")
    assert committed == schema(), "regenerate: python -m edge.settings > edge/settings.schema.json"


def test_the_schema_knows_every_setting():
    properties = Settings.model_json_schema()["properties"]
    assert set(properties) == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("writable: [nothing]", "packml has no tag 'nothing'"),
        ("writable: [parts]", "'parts' is a counter: nobody but the machine counts"),
        ("writable: [speed, {tag: speed, max: 5}]", "'speed' stands here twice"),
        ("writable: [{tag: speed, min: 5, max: 1}]", "min should not be above max"),
        ("methods: [{name: a b, object: i=1, method: i=2}]", "methods[0].name"),
        ("methods: [{name: a, object: Counters, method: i=2}]", "methods[0].object"),
        (
            "methods: [{name: a, object: i=1, method: i=2, arguments: [{type: Int32, value: 1.5}]}]",
            "value 1.5 is no Int32",
        ),
        (
            "methods: [{name: a, object: i=1, method: i=2}, {name: A, object: i=1, method: i=3}]",
            "'A' stands here twice",
        ),
    ],
)
def test_what_hosts_may_do_is_checked_beside_the_profile(write, given, said):
    device = f'  - {{name: p, profile: packml, url: "opc.tcp://h", path: demo, {given}}}\n'
    text = GOOD.partition("  - {name: press1")[0] + device
    assert any(said in one for one in mistakes(write(text))), mistakes(write(text))


def test_methods_are_for_opc_ua(write):
    text = GOOD.replace("unit_id: 1,", "unit_id: 1, methods: [{name: a, object: i=1, method: i=2}],")
    assert any("methods: is for OPC UA, not for profile" in one for one in mistakes(write(text)))
