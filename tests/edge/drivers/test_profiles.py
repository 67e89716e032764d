"""Every profile that comes with Lineside. A new one is tested by being there, and must be given a value to decode.

The values below were derived by hand from the documents that the profiles name, not taken from a meter:
none of these profiles was verified on a real device yet.
"""

import struct

import pytest

from edge.acquisition.addresses import ModbusAddress, OpcUaAddress
from edge.acquisition.decode import publisher, register_decoder
from edge.acquisition.profile import PROFILES_FOLDER, profile_names
from edge.acquisition.profile_file import load_profile
from edge.contract.roles import Role
from edge.drivers.modbus.plan import Limits, plan_reads

# profile → tag → (where the document says it is, what the device would hold there, what is published)
BY_HAND = {
    # Import active energy, FC4, float32 kWh, high word first: 12345.678 kWh is the float 12345.677734375.
    "eastron_sdm630": {
        "energy": ("input", 0x0048, "4640 E6B6", 12_345_678),
        "power": ("input", 0x0034, "C4EF F800", -1919.75),
        "voltage_l1": ("input", 0x0000, "4366 8000", 230.5),
        "frequency": ("input", 0x0046, "4248 0000", 50.0),
    },
    # Import, uint64, 0.01 kWh a count: 123456789 counts are 1234567.89 kWh = 1234567890 Wh.
    "abb_b23": {
        "energy": ("holding", 0x5000, "0000 0000 075B CD15", 1_234_567_890),
        "power": ("holding", 0x5B14, "FFFF CFC7", -123.45),
        "voltage_l1": ("holding", 0x5B00, "0000 0901", 230.5),
        "frequency": ("holding", 0x5B2C, "1387", 49.99),
    },
    "modbus_cell": {
        "good": ("holding", 0, "FFFF", 65535),
        "state": ("holding", 2, "0001", 1),
        "cycle_time": ("holding", 4, "1234", 4.66),
        "order": ("holding", 5, "0001 86A1", 100_001),
    },
    # Node ids: (where it is, raw value, published).
    "packml": {
        "parts": ("nsu=urn:lineside:sim:packml;s=Admin.ProdProcessedCount", 2**31 - 1, 2**31 - 1),
        "state": ("nsu=urn:lineside:sim:packml;s=Status.StateCurrent", 6, 6),
    },
    "euromap77": {
        "good": ("nsu=urn:lineside:sim:euromap77;s=Jobs.ActiveJobValues.JobGoodPartsCounter", 2**63, 2**63),
        "cycle_time": ("nsu=urn:lineside:sim:euromap77;s=Jobs.ActiveJobValues.LastCycleTime", 12.5, 12.5),
    },
}


@pytest.mark.parametrize("name", profile_names())
def test_a_value_derived_by_hand_from_the_document_decodes(name):
    tags = {tag.name: tag for tag in load_profile(name).tags}
    for tag_name, expected in BY_HAND[name].items():
        tag = tags[tag_name]
        if isinstance(tag.address, ModbusAddress):
            table, register, words, published = expected
            assert (tag.address.table, tag.address.register) == (table, register)
            registers = [int(word, 16) for word in words.split()]
            assert len(registers) == tag.address.count
            raw = register_decoder(tag.address)(registers, 0)
        else:
            node, raw, published = expected
            assert tag.address == OpcUaAddress(node)
        value = publisher(tag)(raw)
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


@pytest.mark.parametrize("name", [name for name in profile_names() if load_profile(name).driver == "modbus"])
def test_a_modbus_profile_is_read_within_its_limits(name):
    profile = load_profile(name)
    limits = Limits.of(profile)
    reads = plan_reads(profile.polled, limits)
    assert len(reads) <= 3
    assert all(read.count <= profile.max_registers_per_read for read in reads)


@pytest.mark.parametrize("tag_name", ["energy", "power", "voltage_l1", "frequency"])
def test_a_quantity_the_abb_meter_lacks_is_no_value(tag_name):
    (tag,) = [tag for tag in load_profile("abb_b23").tags if tag.name == tag_name]
    ones = "7F" if tag_name == "power" else "FF"
    pattern = bytes.fromhex(ones + "FF" * (2 * tag.address.count - 1))
    registers = list(struct.unpack(f">{tag.address.count}H", pattern))
    assert register_decoder(tag.address)(registers, 0) is None
