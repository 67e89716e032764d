"""Every profile that comes with Lineside. A new one is tested by being there, and must hold an example to decode.

The examples stand in the profiles, with where they are from: most are worked out from the number formats of the documents,
none of them was read from a meter. What stands here beside them is a second transcription of the register tables.
"""

import struct

import pytest

from edge.acquisition.addresses import ModbusAddress, OpcUaAddress
from edge.acquisition.decode import publisher, register_decoder
from edge.acquisition.profile import PROFILES_FOLDER, profile_names
from edge.acquisition.profile_file import load_profile
from edge.contract.roles import Role
from edge.drivers.modbus.plan import Limits, plan_reads

MODBUS = [name for name in profile_names() if load_profile(name).driver == "modbus"]

# profile → tag → (node id, raw value, what is published)
NODES = {
    "packml": {
        "parts": ("nsu=urn:lineside:sim:packml;s=Admin.ProdProcessedCount", 2**31 - 1, 2**31 - 1),
        "state": ("nsu=urn:lineside:sim:packml;s=Status.StateCurrent", 6, 6),
    },
    "euromap77": {
        "good": ("nsu=urn:lineside:sim:euromap77;s=Jobs.ActiveJobValues.JobGoodPartsCounter", 2**63, 2**63),
        "cycle_time": ("nsu=urn:lineside:sim:euromap77;s=Jobs.ActiveJobValues.LastCycleTime", 12.5, 12.5),
    },
}

# profile → table, registers of import energy, export energy, total power, frequency; types of energy and power
REGISTERS = {
    "eastron_sdm630": ("input", 0x48, 0x4A, 0x34, 0x46, "float32", "float32"),
    "eastron_sdm120": ("input", 0x48, 0x4A, 0x0C, 0x46, "float32", "float32"),
    "eastron_sdm230": ("input", 0x48, 0x4A, 0x0C, 0x46, "float32", "float32"),
    "siemens_pac2200": ("holding", 801, 809, 65, 55, "float64", "float32"),
    "siemens_pac3200": ("holding", 801, 809, 65, 55, "float64", "float32"),
    "janitza_umg96rm": ("holding", 19068, 19076, 19026, 19050, "float32", "float32"),
    "janitza_umg604": ("holding", 9851, 9863, 1369, 1439, "float32", "float32"),
    "finder_7e78": ("holding", 0x1106, 0x110E, 0x1026, 0x1038, "float32", "float32"),
    "phoenix_em3xx": ("input", 0x1106, 0x110E, 0x1026, 0x1038, "float32", "float32"),
    "schneider_iem3155": ("holding", 0x0C83, 0x0C87, 0x0BF3, 0x0C25, "int64", "float32"),
    "schneider_pm5000": ("holding", 2699, 2701, 3059, 3109, "float32", "float32"),
    "inepro_pro380": ("holding", 0x600C, 0x6018, 0x5012, 0x5008, "float32", "float32"),
    "wago_879": ("holding", 0x600C, 0x6018, 0x5012, 0x5008, "float32", "float32"),
    "orno_we516": ("holding", 0x0108, 0x0110, 0x001C, 0x0014, "float32", "float32"),
    "orno_we517": ("holding", 0x0108, 0x0110, 0x001C, 0x0014, "float32", "float32"),
    "carlo_gavazzi_em340": ("holding", 0x34, 0x4E, 0x28, 0x33, "int32", "int32"),
    "carlo_gavazzi_em24_e1": ("holding", 0x34, 0x4E, 0x28, 0x33, "int32", "int32"),
    "carlo_gavazzi_em24_din": ("holding", 0x3E, 0x5C, 0x28, 0x37, "int32", "int32"),
    "abb_b23": ("holding", 0x5000, 0x5004, 0x5B14, 0x5B2C, "uint64", "int32"),
    "acrel_adl400": ("holding", 0x0A, 0x14, 0x16A, 0x77, "uint32", "int32"),
    "acrel_dtsd1352": ("holding", 0x0A, 0x14, 0x16A, 0x77, "uint32", "int32"),
    "acrel_adw300": ("holding", 0x3E, 0x40, 0x24, 0x3B, "uint32", "int32"),
    "chint_dtsu666": ("holding", 0x101E, 0x1028, 0x2012, 0x2044, "float32", "float32"),
    "lovato_dmg": ("holding", 0x1A1F, 0x1A21, 0x39, 0x31, "uint32", "int32"),
    "finder_7m24": ("input", 2752, 2756, 2536, 2584, "float32", "float32"),
    "finder_7m38": ("input", 2752, 2756, 2536, 2584, "float32", "float32"),
    "sunspec_203": ("holding", 46, 38, 18, 16, "uint32", "int16"),
    "sunspec_213": ("holding", 68, 60, 28, 26, "float32", "float32"),
}
LOW_WORD_FIRST = {"carlo_gavazzi_em340", "carlo_gavazzi_em24_e1", "carlo_gavazzi_em24_din"}


@pytest.mark.parametrize("name", MODBUS)
def test_the_example_of_a_profile_decodes(name):
    profile = load_profile(name)
    tags = {tag.name: tag for tag in profile.tags}
    roles = {tags[example.tag].role for example in profile.examples}
    assert roles & {Role.METER, Role.COUNTER}
    assert Role.MEASUREMENT in roles
    for example in profile.examples:
        tag = tags[example.tag]
        assert isinstance(tag.address, ModbusAddress)
        raw = register_decoder(tag.address)(example.words, tag.address.register - tag.address.first)
        value = publisher(tag)(raw)
        assert (example.tag, value) == (example.tag, example.value)
        assert type(value) is type(example.value)
        assert example.source


@pytest.mark.parametrize("name", [name for name in MODBUS if name != "modbus_cell"])
def test_a_meter_is_read_where_its_document_says(name):
    tags = {tag.name: tag for tag in load_profile(name).tags}
    table, *registers, energy_type, power_type = REGISTERS[name]
    named = [tags[tag].address for tag in ("energy", "energy_export", "power", "frequency")]
    assert [address.register for address in named] == registers
    assert {address.table for address in named} == {table}
    assert [address.type for address in named[:3]] == [energy_type, energy_type, power_type]
    assert {address.word_order for address in named} == {"CDAB" if name in LOW_WORD_FIRST else "ABCD"}


@pytest.mark.parametrize("name", NODES)
def test_a_value_of_an_opcua_profile_is_published_as_it_is(name):
    tags = {tag.name: tag for tag in load_profile(name).tags}
    for tag_name, (node, raw, published) in NODES[name].items():
        assert tags[tag_name].address == OpcUaAddress(node)
        value = publisher(tags[tag_name])(raw)
        assert value == published
        assert type(value) is type(published)


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_names_its_document_and_is_named_after_its_file(name):
    profile = load_profile(name)
    assert profile.name == name
    assert all((profile.document, profile.revision, profile.page))
    assert (PROFILES_FOLDER / f"{name}.yaml").read_text(encoding="utf-8").startswith("#"), "say what it is"


@pytest.mark.parametrize("name", profile_names())
def test_what_is_counted_can_be_judged_by_the_plant(name):
    for tag in load_profile(name).tags:
        if tag.role.is_counted:
            assert tag.width
            assert tag.rate_max
            assert (tag.counts is not None) == (tag.role is Role.COUNTER)
            assert tag.modulus > 2 * tag.rate_max * 60, "a minute without a reading must be bearable"


@pytest.mark.parametrize("name", MODBUS)
def test_a_modbus_profile_is_read_within_its_limits(name):
    profile = load_profile(name)
    limits = Limits.of(profile)
    reads = plan_reads(profile.polled, limits)
    assert len(reads) <= 6
    assert all(read.count <= profile.max_registers_per_read for read in reads)


@pytest.mark.parametrize("name", [name for name in profile_names() if load_profile(name).variants])
def test_a_variant_is_a_profile_of_its_own_and_says_whose_word_it_is(name):
    profile = load_profile(name)
    for variant in profile.variants:
        assert variant.source
        assert [tag.name for tag in variant.profile.tags] == [tag.name for tag in profile.tags]
        assert variant.profile.tags != profile.tags
        assert profile.variant(variant.name) is variant.profile
        assert len(plan_reads(variant.profile.polled, Limits.of(variant.profile))) <= 7


def test_ratios_of_transformers_are_applied_where_the_meter_does_not():
    meter = load_profile("chint_dtsu666").with_ratios(current=20, voltage=100)
    factors = {
        tag.name: tag.scale / old.scale
        for tag, old in zip(meter.polled, load_profile("chint_dtsu666").polled, strict=True)
    }
    assert (factors["current_l1"], factors["voltage_l1"], factors["power"]) == (20, 100, 2000)
    assert (factors["energy"], factors["frequency"], factors["power_factor"]) == (2000, 1, 1)


@pytest.mark.parametrize("tag_name", ["energy", "power", "voltage_l1", "frequency"])
def test_a_quantity_the_abb_meter_lacks_is_no_value(tag_name):
    (tag,) = [tag for tag in load_profile("abb_b23").tags if tag.name == tag_name]
    ones = "7F" if tag_name == "power" else "FF"
    pattern = bytes.fromhex(ones + "FF" * (2 * tag.address.count - 1))
    registers = list(struct.unpack(f">{tag.address.count}H", pattern))
    assert register_decoder(tag.address)(registers, 0) is None
