"""Whatever a device calls its values: a draft loads as a valid profile, and no two of its tags share a name."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.acquisition.addresses import Table
from edge.acquisition.configured_devices import mistakes_of_devices
from edge.acquisition.located_yaml import Located
from edge.acquisition.profile import HEARTBEAT
from edge.contract.datatypes import DataType
from edge.contract.roles import Role
from edge.onboarding.draft import CONFIRM, Draft, as_yaml, loaded, profile_name
from edge.onboarding.found import Found
from edge.onboarding.guesses import draft_tags
from edge.onboarding.modbus_draft import draft_of
from edge.onboarding.modbus_scan import Scan
from edge.onboarding.names import names_of, tidy, words_of
from edge.onboarding.packml import BY_NAME, standard_name

TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*")

# Words machines really use beside anything at all: Chinese, spaces, slashes, dots, quotes, line ends, emoji.
names = st.one_of(
    st.sampled_from(
        [
            "Count",
            "count",
            "COUNT",
            "良品",
            "良品/计数",
            "产量 1",
            "a/b",
            "温度(℃)",
            "Heartbeat",
            "",
            " ",
            "1",
            "#",
            "é",
            "🏭",
        ]
    ),
    st.text(max_size=30),
    st.text(max_size=200),
)
paths = st.lists(names, min_size=1, max_size=5).map(tuple)

INTEGERS = {
    DataType.INT8: 0,
    DataType.UINT8: 8,
    DataType.INT16: 15,
    DataType.UINT16: 16,
    DataType.INT32: 31,
    DataType.UINT64: 64,
}
units = st.one_of(st.sampled_from(["", "kWh", "kW·h", "Wh", "MWh", "°C", "度"]), st.text(max_size=40))


PRINTABLE = st.characters(categories=["L", "M", "N", "P", "S"])


@st.composite
def found_values(draw):
    datatype = draw(
        st.sampled_from([*INTEGERS, DataType.FLOAT, DataType.DOUBLE, DataType.BOOLEAN, DataType.STRING])
    )
    kind = {
        DataType.BOOLEAN: st.booleans(),
        DataType.STRING: st.text(max_size=20),
        DataType.FLOAT: st.floats(),
        DataType.DOUBLE: st.floats(),
    }.get(datatype, st.integers(-(2**63), 2**64 - 1))
    return Found(
        path=draw(paths),
        address={
            "node": f"s={draw(st.text(PRINTABLE, min_size=1, max_size=20))}",
            "datatype": datatype.name,
        },
        datatype=datatype,
        values=draw(st.lists(st.none() | kind, max_size=4)),
        seconds=draw(st.sampled_from([0.0, 0.001, 2.0, 3600.0])),
        unit=draw(units),
        low=draw(st.none() | st.floats()),
        high=draw(st.none() | st.floats()),
        standard=draw(st.none() | st.sampled_from([*BY_NAME, "NotPackML"])),
        standard_sure=draw(st.booleans()),
        bits=INTEGERS.get(datatype, 0),
    )


def draft_with(found: list[Found], **more) -> Draft:
    head = {"name": "machine", "driver": "opcua", "document": "d", "revision": "r", "page": "p"}
    return Draft(**{**head, **more}, tags=draft_tags(found))


@settings(deadline=None)
@given(st.lists(paths, max_size=40))
def test_no_two_tags_share_a_name_and_every_name_is_allowed(some):
    given_names = names_of(some)
    assert len(given_names) == len(some)
    assert len({name.lower() for name in [*given_names, HEARTBEAT.name]}) == len(some) + 1
    assert all(TAG_NAME.fullmatch(name) and len(name) <= 120 for name in given_names)


@settings(deadline=None)
@given(
    st.lists(found_values(), min_size=1, max_size=12),
    st.text(),
    st.text(),
    st.none() | st.just("urn:maker:press"),
    st.lists(st.text(), max_size=3),
    st.text(),
)
def test_a_draft_of_anything_loads_and_says_what_is_a_guess(
    found, document, revision, namespace, left_out, name
):
    draft = draft_with(
        found,
        name=profile_name(name),
        document=document,
        revision=revision,
        namespace=namespace,
        left_out=left_out,
    )
    text = as_yaml(draft)
    profile = loaded(text)
    assert profile.verified == "draft"
    assert [tag.name for tag in profile.polled] == [tag.name for tag in draft.tags]
    written = [line for line in text.splitlines() if line.startswith("  - {")]
    assert len(written) == len(found), "one line a tag, whatever is in its names"
    for line, tag in zip(written, profile.polled, strict=True):
        assert CONFIRM in line or not tag.role.is_counted, "a counter or meter is never drafted silently"
    prefix = "" if namespace is None else f"nsu={namespace};"
    assert [tag.address.node for tag in profile.polled] == [prefix + one.address["node"] for one in found]


@settings(deadline=None)
@given(st.lists(found_values(), min_size=1, max_size=6))
def test_a_drafted_counter_can_be_polled_every_second(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("draft")
    (folder / "machine.yaml").write_text(as_yaml(draft_with(found)), encoding="utf-8")
    device = {"name": "m", "profile": "machine.yaml", "url": "opc.tcp://h", "path": "p", "period_s": 1}
    assert mistakes_of_devices(Located("c", {"devices": [device]}), folder) == []


registers = st.dictionaries(
    st.tuples(st.sampled_from([Table.HOLDING, Table.INPUT]), st.integers(0, 65535)),
    st.lists(st.integers(0, 65535), min_size=1, max_size=3),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(registers)
def test_a_draft_of_any_registers_loads_and_every_tag_is_marked(seen):
    draft = draft_of(Scan(1, seen=seen, seconds=2.0), "meter", "modbus://h", "holding:0-99")
    if not any(any(values) for values in seen.values()):
        assert draft.tags == []
        return
    profile = loaded(as_yaml(draft))
    assert len(profile.polled) == draft.guesses == len(draft.tags)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ProdProcessedCount", ["prod", "processed", "count"]),
        ("良品计数", ["good", "count"]),
        ("PLC1.DB5 Good-Parts", ["plc1", "db5", "good", "parts"]),
        ("温度(℃)", ["temperature", "c"]),
        ("中文", []),
    ],
)
def test_words_of_a_name(text, words):
    assert words_of(text) == words


def test_a_shared_last_name_is_told_apart_by_its_parents_and_at_last_by_a_number():
    some = [("Press", "Count"), ("Oven", "Count"), ("Oven", "Speed"), ("A", "B", "C"), ("A", "B", "C")]
    assert names_of(some) == ["press_count", "oven_count", "speed", "a_b_c", "a_b_c_2"]


def test_a_name_that_is_the_edges_own_is_numbered():
    assert names_of([("Press", "Heartbeat")]) == ["heartbeat_2"]


def test_a_name_without_a_letter_still_is_one():
    assert tidy("3 / 7") == "n3_7"
    assert names_of([("中文",), ("🏭",)]) == ["value", "value_2"]


def the_tag(path=("Press", "Value"), datatype=DataType.UINT32, bits=32, **more):
    found = Found(
        path, {"node": "s=x", "datatype": datatype.name}, datatype, more.pop("values", [1]), bits=bits, **more
    )
    profile = loaded(as_yaml(draft_with([found])))
    return profile.polled[0], draft_tags([found])[0].guess


def test_an_integer_that_rose_is_a_guessed_counter_faster_than_it_was_seen():
    tag, guess = the_tag(values=[100, 130, 160], seconds=2.0)
    assert (tag.role, tag.unit, tag.width, tag.rate_max) == (Role.COUNTER, "parts", 32, 300)
    assert "rose while watched" in guess


@pytest.mark.parametrize("values", [[5, 4], [5, 9, 7]])
def test_what_went_down_is_no_counter_whatever_its_name(values):
    tag, guess = the_tag(("Press", "Good Count"), values=values, seconds=2.0)
    assert tag.role is Role.MEASUREMENT
    assert "went down" in guess


@pytest.mark.parametrize("name", ["Uptime", "CycleTime", "Target Count", "Order Number", "Speed"])
def test_what_is_named_otherwise_is_no_counter_although_it_rose(name):
    tag, _ = the_tag(("Press", name), values=[1, 2, 3], seconds=2.0)
    assert tag.role is Role.MEASUREMENT


@pytest.mark.parametrize(("unit", "scale"), [("Wh", 1), ("kWh", 1000), ("kW·h", 1000), ("MWh", 10**6)])
def test_energy_is_a_meter_in_wh_whose_modulus_fits_63_bits(unit, scale):
    tag, guess = the_tag(("M", "E"), DataType.DOUBLE, 0, unit=unit, values=[12.5])
    assert (tag.role, tag.unit, tag.scale, tag.datatype) == (Role.METER, "Wh", scale, DataType.UINT64)
    assert tag.modulus <= 2**63
    assert unit in guess


def test_a_state_is_never_guessed():
    tag, guess = the_tag(("Press", "MachineState"), DataType.INT32, 31, values=[6])
    assert tag.role is Role.MEASUREMENT
    assert "vocabulary" in guess


def test_packml_needs_no_guess_in_its_own_namespace_and_one_elsewhere():
    sure = the_tag(
        ("F", "Status", "StateCurrent"), DataType.INT32, 31, standard="StateCurrent", standard_sure=True
    )
    assert (sure[0].role, sure[0].vocabulary, sure[1]) == (Role.STATE, "packml", "")
    _, guess = the_tag(("F", "Status", "StateCurrent"), DataType.INT32, 31, standard="StateCurrent")
    assert "PackML" in guess


def test_a_toggling_sign_of_life_is_one_and_another_bit_is_not():
    beat, _ = the_tag(("P", "心跳"), DataType.BOOLEAN, 0, values=[True, False])
    door, _ = the_tag(("P", "Door"), DataType.BOOLEAN, 0, values=[True, False])
    assert (beat.role, door.role) == (Role.HEARTBEAT, Role.MEASUREMENT)


@pytest.mark.parametrize(
    ("path", "in_namespace", "name"),
    [
        (("F", "Status", "UnitModeCurrent"), True, "UnitModeCurrent"),
        (("F", "Anywhere", "MachSpeed"), True, "MachSpeed"),
        (("F", "Admin", "ProdProcessedCount"), False, "ProdProcessedCount"),
        (("F", "Status.StateCurrent"), False, "StateCurrent"),
        (("F", "Anywhere", "MachSpeed"), False, None),  # Many a machine has a value of that name.
        (("F", "MachineState", "ExecuteState", "CurrentState", "Number"), False, "StateCurrent"),
        (("F", "CurrentState", "Number"), False, None),  # Another state machine, with numbers of its own.
    ],
)
def test_names_of_packml(path, in_namespace, name):
    assert standard_name(path, in_namespace=in_namespace) == name


def test_a_meter_that_jumped_by_more_than_a_number_holds_is_drafted_within_bounds():
    jumped = Found(
        path=("Energy",),
        address={"node": "s=0", "datatype": "FLOAT"},
        datatype=DataType.FLOAT,
        values=[0.0, 1.8e301],
        seconds=0.001,
        unit="kWh",
    )
    (tag,) = loaded(as_yaml(draft_with([jumped]))).polled
    assert tag.role is Role.METER
    assert tag.rate_max * 4 <= tag.modulus
