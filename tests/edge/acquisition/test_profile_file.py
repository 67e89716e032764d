import pytest

from edge.acquisition.addresses import ModbusAddress, OpcUaAddress, RegisterType, Table, WordOrder
from edge.acquisition.located_yaml import parse_yaml
from edge.acquisition.profile import HEARTBEAT, Watch
from edge.acquisition.profile_file import load_profile, parse_profile
from edge.contract.datatypes import DataType
from edge.contract.roles import Role
from edge.errors import ConfigError

HEAD = "name: x\ndriver: {driver}\ndocument: d\nrevision: r\npage: p\nverified: document\n"


def profile(tags: str, driver: str = "modbus", more: str = ""):
    return parse_profile(parse_yaml(f"{HEAD.format(driver=driver)}{more}tags:\n{tags}", source="x.yaml"))


def mistakes(tags: str, driver: str = "modbus", more: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        profile(tags, driver, more)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_registers_take_the_defaults_of_their_device():
    made = profile(
        "  - {name: a, register: 0x10, type: int32, role: measurement}\n"
        "  - {name: b, register: 3, type: float32, word_order: ABCD, table: holding, role: measurement}\n",
        more="modbus: {table: input, word_order: CDAB, gap_limit: 4, max_registers_per_read: 40, even_reads: true}\n",
    )
    assert made.tags[0].address == ModbusAddress(Table.INPUT, 16, RegisterType.INT32, WordOrder.CDAB)
    assert made.tags[1].address == ModbusAddress(Table.HOLDING, 3, RegisterType.FLOAT32, WordOrder.ABCD)
    assert (made.gap_limit, made.max_registers_per_read, made.even_reads) == (4, 40, True)


def test_the_published_type_follows_from_the_registers():
    made = profile(
        "  - {name: a, register: 0, type: int16, role: measurement}\n"
        "  - {name: b, register: 1, type: int16, scale: 0.1, role: measurement}\n"
        "  - {name: c, register: 2, type: uint16, role: counter, counts: good, unit: parts, width: 16, rate_max: 1}\n"
        "  - {name: d, register: 3, type: bit, bit: 3, role: alarm}\n"
    )
    assert [tag.datatype for tag in made.polled] == [
        DataType.INT16,
        DataType.DOUBLE,
        DataType.UINT64,
        DataType.BOOLEAN,
    ]


def test_every_device_has_a_heartbeat_that_is_not_read_from_it():
    made = profile("  - {name: a, register: 0, role: measurement}\n")
    assert made.tags == (*made.polled, HEARTBEAT)
    assert HEARTBEAT.role is Role.HEARTBEAT


def test_a_node_without_a_namespace_is_in_that_of_the_profile():
    made = profile(
        "  - {name: a, node: s=A, datatype: Int32, role: measurement}\n"
        "  - {name: b, node: ns=3;i=7, datatype: Int32, role: measurement}\n",
        driver="opcua",
        more="namespace: urn:x\n",
    )
    assert [tag.address for tag in made.polled] == [OpcUaAddress("nsu=urn:x;s=A"), OpcUaAddress("ns=3;i=7")]
    moved = made.in_namespace("urn:y")
    assert [tag.address for tag in moved.polled] == [OpcUaAddress("nsu=urn:y;s=A"), OpcUaAddress("ns=3;i=7")]


COUNTER = "name: c, register: 0, role: counter, counts: parts, unit: parts"

WRONG = [
    ("{name: a, register: 0, role: measurment}", "role"),
    ("{name: a, register: 0, role: measurement, colour: red}", "colour: there is no such setting"),
    ("{name: a, role: measurement}", "register: is missing"),
    ("{name: heartbeat, register: 0, role: measurement}", "name: 'heartbeat' is taken"),
    ("{name: a, register: 70000, role: measurement}", "register"),
    (
        "{name: a, register: 65535, type: uint32, role: measurement}",
        "register: the value would end at register 65536",
    ),
    ("{name: a, register: 0, role: state}", "vocabulary: is needed for a state"),
    (
        "{name: a, register: 0, role: state, vocabulary: klingon}",
        "vocabulary: of role state should be cell or euromap_job or",
    ),
    ("{name: a, register: 0, role: alarm, vocabulary: packml}", "vocabulary: of role alarm should be absent"),
    (
        "{name: a, register: 0, role: mode, vocabulary: packml}",
        "vocabulary: of role mode should be euromap_mode or",
    ),
    ("{name: a, register: 0, role: measurement, width: 16}", "width: is for counters and meters only"),
    ("{name: a, register: 0, role: measurement, scale: 0}", "scale: should not be 0"),
    ("{name: a, register: 0, role: measurement, scale: much}", "scale: should be a number"),
    ("{name: a, register: 0, role: text, type: string}", "length: in registers goes with a string"),
    ("{name: a, register: 0, table: coil, role: measurement}", "type: of a coil should be bit"),
    ("{name: a, node: s=A, role: measurement}", "node: is for OPC UA"),
    ("{" + COUNTER + ", rate_max: 5}", "width: is needed for a counter or meter"),
    ("{" + COUNTER + ", width: 16}", "rate_max: is needed for a counter or meter"),
    ("{" + COUNTER + ", width: 32, rate_max: 5}", "width: is more than the 16 bits of uint16"),
    (
        "{" + COUNTER + ", width: 16, rate_max: 5, scale: 0.5}",
        "scale: of a counter or meter should be a whole number",
    ),
    ("{" + COUNTER + ", width: 16, rate_max: 5, deadband: 2}", "deadband: a counter or meter has none"),
    (
        "{" + COUNTER + ", width: 16, rate_max: 5, datatype: Float}",
        "datatype: of a counter or meter should be an integer",
    ),
    (
        "{name: c, register: 0, role: counter, unit: parts, width: 16, rate_max: 5}",
        "counts: goes with a counter, and a counter needs it",
    ),
    (
        "{name: m, register: 0, role: meter, unit: kWh, width: 16, rate_max: 5}",
        "unit: of a meter should be Wh",
    ),
]


@pytest.mark.parametrize(("tag", "expected"), WRONG)
def test_a_wrong_tag_is_refused_with_its_line(tag, expected):
    found = mistakes(f"  - {{name: fine, register: 9, role: measurement}}\n  - {tag}\n")
    assert any(line.startswith("x.yaml:9: tags[1].") and expected in line for line in found), found


def test_names_that_differ_only_by_case_are_refused():
    found = mistakes(
        "  - {name: Power, register: 0, role: measurement}\n  - {name: power, register: 1, role: alarm}\n"
    )
    assert found == ["x.yaml:9: tags[1].name: 'power' is taken"]


def test_opcua_tags_say_their_type():
    assert mistakes("  - {name: a, node: i=1, role: measurement}\n", "opcua") == [
        "x.yaml:8: tags[0].datatype: is missing"
    ]


def test_a_profile_says_where_its_addresses_are_from():
    with pytest.raises(ConfigError) as caught:
        parse_profile(
            parse_yaml("name: x\ndriver: modbus\ntags: [{name: a, register: 0, role: alarm}]\n", source="x")
        )
    missing = {mistake.path for mistake in caught.value.mistakes}
    assert missing == {"document", "revision", "page", "verified"}


def test_an_unknown_profile_names_those_there_are():
    with pytest.raises(ConfigError, match="near it: abb_b23; `lineside edge profiles` lists all"):
        load_profile("abb_b32")


WATCHED = "opcua: {mode: subscribe, publishing_ms: 1000, queue: 5}\n"


def test_tags_are_told_or_polled_as_the_profile_and_then_the_tag_says():
    made = profile(
        "  - {name: a, node: s=A, datatype: Int32, role: measurement}\n"
        "  - {name: b, node: s=B, datatype: Int32, role: measurement, mode: poll, period_s: 5}\n"
        "  - {name: c, node: s=C, datatype: Int32, role: measurement, sampling_ms: 50, discard_oldest: false}\n",
        "opcua",
        WATCHED,
    )
    assert [tag.watch for tag in made.polled] == [
        Watch(250, 1000, 5, True),
        None,
        Watch(50, 1000, 5, False),
    ]
    assert [tag.name for tag in made.watched] == ["a", "c"]


def test_a_value_inside_a_structure_is_named_by_elements_and_members():
    made = profile(
        "  - {name: a, node: s=A, at: [0, AccCount], datatype: Int32, role: measurement}\n"
        "  - {name: b, node: s=A, at: 3, datatype: Int32, role: measurement}\n",
        "opcua",
        "namespace: urn:x\n",
    )
    assert [tag.address for tag in made.polled] == [
        OpcUaAddress("nsu=urn:x;s=A", (0, "AccCount")),
        OpcUaAddress("nsu=urn:x;s=A", (3,)),
    ]
    moved = made.in_namespace("urn:y").polled
    assert moved[0].address == OpcUaAddress("nsu=urn:y;s=A", (0, "AccCount"))


@pytest.mark.parametrize(
    ("tag", "driver", "more", "expected"),
    [
        ("node: s=A, queue: 3", "opcua", "", "queue: goes with mode: subscribe"),
        ("node: s=A, period_s: 3", "opcua", WATCHED, "period_s: is for a tag that is polled"),
        ("node: s=A, at: [-1]", "opcua", "", "at: elements are counted from 0"),
        ("node: s=A, at: [1.5]", "opcua", "", "at: should be numbers of elements and names of members"),
        ("register: 1, at: 3", "modbus", "", "at: is for OPC UA"),
        ("register: 1, mode: subscribe", "modbus", "", "mode: is for OPC UA"),
    ],
)
def test_a_wrong_way_to_watch_is_refused(tag, driver, more, expected):
    written = f"  - {{name: a, {tag}, datatype: Int32, role: measurement}}\n"
    assert any(expected in one for one in mistakes(written, driver, more))
