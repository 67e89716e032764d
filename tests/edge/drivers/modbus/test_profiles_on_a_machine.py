"""Every Modbus profile that comes with Lineside, read from a machine of others (libmodbus) that holds its examples; and
which variant `edge check` takes for the right one.
"""

import json

import pytest

from edge.acquisition.check import check_file
from edge.acquisition.profile import profile_names
from edge.acquisition.profile_file import load_profile
from edge.acquisition.timestamps import wall_clock_ms
from edge.check_table import as_json, show
from edge.contract.datatypes import Quality
from edge.drivers.modbus import ModbusDriver
from edge.errors import ConfigError, DeviceUnavailable
from edge.settings import load_settings

pytestmark = pytest.mark.system

MODBUS = [name for name in profile_names() if load_profile(name).driver == "modbus"]
CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: meter, profile: {profile}, url: "modbus://127.0.0.1:{port}", path: demo{more}}}
"""


def hold(machine, profile, at: int) -> None:
    """Put the examples of a profile where it says; registers count from `at`."""
    tags = {tag.name: tag for tag in profile.polled}
    for example in profile.examples:
        address = tags[example.tag].address
        for offset, word in enumerate(example.words):
            if word:  # Zeros beside a value and its power of ten may belong to another tag.
                machine.put(1, address.table, at + address.first + offset, f"{word:04X}")


def make_sunspec(machine, base: int, *models: tuple[int, int]) -> int:
    """Mark and models, each (number, length); returns the register of the last one's number."""
    machine.put(1, "holding", base, "5375 6E53")
    at = base + 2
    for number, length in models:
        machine.put(1, "holding", at, f"{number:04X} {length:04X}")
        found, at = at, at + 2 + length
    machine.put(1, "holding", at, "FFFF 0000")
    return found


@pytest.mark.parametrize("name", MODBUS)
async def test_the_examples_are_read_from_a_machine_that_holds_them(name, tcp_machine, modbus_device):
    profile = load_profile(name)
    at = 0
    if profile.sunspec_model:
        at = make_sunspec(tcp_machine, 40000, (1, 66), (101, 50), (profile.sunspec_model, 124))
    hold(tcp_machine, profile, at)
    async with ModbusDriver(modbus_device(tcp_machine.port), profile, wall_clock_ms) as driver:
        readings = {reading.tag.name: reading for reading in await driver.read(profile.polled)}
    expected = {example.tag: example.value for example in profile.examples}
    assert {name: readings[name].value for name in expected} == expected
    assert all(readings[name].quality is Quality.GOOD for name in expected)


@pytest.mark.parametrize("base", [0, 50000])
async def test_a_sunspec_model_is_found_wherever_it_stands(base, tcp_machine, modbus_device):
    profile = load_profile("sunspec_203")
    hold(tcp_machine, profile, make_sunspec(tcp_machine, base, (1, 66), (203, 105)))
    async with ModbusDriver(modbus_device(tcp_machine.port), profile, wall_clock_ms) as driver:
        values = {reading.tag.name: reading.value for reading in await driver.read(profile.polled)}
    assert (values["energy"], values["power"], values["voltage_l1"]) == (12_345_670, -123.4, 230.5)
    assert values["energy_export"] is None, "an acc32 of 0 is none"
    assert values["current_l1"] == 0.0


async def test_a_device_without_the_model_says_which_it_has(tcp_machine, modbus_device):
    profile = load_profile("sunspec_213")
    driver = ModbusDriver(modbus_device(tcp_machine.port), profile, wall_clock_ms)
    async with driver:
        with pytest.raises(DeviceUnavailable, match="is no SunSpec device"):
            await driver.read(profile.polled)
    make_sunspec(tcp_machine, 40000, (1, 66), (203, 105))
    async with driver:
        with pytest.raises(DeviceUnavailable, match="has no SunSpec model 213, only 1, 203"):
            await driver.read(profile.polled)


async def checked(tmp_path, profile: str, port: int, more: str = ""):
    path = tmp_path / "edge.yaml"
    path.write_text(CONFIG.format(profile=profile, port=port, more=more))
    (device,) = await check_file(path)
    return device


@pytest.mark.parametrize(("block", "fits"), [(0x101E, ""), (0x401E, "energy_401e")])
async def test_check_says_where_a_dtsu666_counts(block, fits, tcp_machine, tmp_path, capsys):
    profile = load_profile("chint_dtsu666")
    hold(tcp_machine, profile, 0)
    tcp_machine.put(1, "holding", 0x2008, "4510 1000 4510 1000")
    tcp_machine.put(1, "holding", 0x101E, "0000 0000")
    tcp_machine.put(1, "holding", block, "4640 E6B6")
    device = await checked(tmp_path, "chint_dtsu666", tcp_machine.port)
    assert device.comparison.best == fits
    told = as_json("edge.yaml", [], [device])["devices"][0]
    assert (told["variant"], told["variant_that_fits"]) == ("", fits)
    assert [one["name"] for one in told["variants"]] == ["", "energy_401e"]
    json.dumps(told)
    show([device])
    printed = capsys.readouterr().out
    assert ("write variant: energy_401e" in printed) == (fits != "")
    assert "12345678 Wh" in printed
    chosen = await checked(tmp_path, "chint_dtsu666", tcp_machine.port, ", variant: energy_401e")
    energy = next(reading.value for reading in chosen.readings if reading.tag.name == "energy")
    assert energy == (12_345_678 if fits else 0)


async def test_check_says_in_what_a_lovato_counts_its_frequency(tcp_machine, tmp_path):
    profile = load_profile("lovato_dmg")
    hold(tcp_machine, profile, 0)
    tcp_machine.put(1, "holding", 0x31, "0000 C34A")
    device = await checked(tmp_path, "lovato_dmg", tcp_machine.port)
    assert device.comparison.best == "frequency_in_thousandths"


async def test_check_does_not_choose_where_nothing_speaks_for_one(tcp_machine, tmp_path, capsys):
    hold(tcp_machine, load_profile("carlo_gavazzi_em24_din"), 0)
    tcp_machine.put(1, "holding", 0x42, "E240 0001")
    device = await checked(tmp_path, "carlo_gavazzi_em24_din", tcp_machine.port)
    assert device.comparison.best is None
    show([device])
    assert "compare with the display of the meter" in capsys.readouterr().out


async def test_ratios_of_transformers_come_from_the_configuration(tcp_machine, tmp_path):
    hold(tcp_machine, load_profile("acrel_dtsd1352"), 0)
    device = await checked(tmp_path, "acrel_dtsd1352", tcp_machine.port, ", ct_ratio: 20, pt_ratio: 100")
    values = {reading.tag.name: reading.value for reading in device.readings}
    assert (values["energy"], values["voltage_l1"], values["frequency"]) == (1_234_560 * 2000, 23050.0, 49.99)


PLC = """\
name: cell
driver: modbus
document: the programme of the cell
revision: "1"
page: list of operands
verified: document
modbus: {plc: %s}
tags:
  - {name: parts, address: D100, type: uint32, role: counter, counts: parts, unit: parts, width: 32, rate_max: 100}
  - {name: running, address: M20, type: bit, role: measurement}
"""


@pytest.mark.parametrize(
    ("plc", "words", "said"),
    [
        ("inovance_h5u", "86A1 0001", ""),
        ("inovance_h3u", "86A1 0001", "operands by one source alone"),
        ("xinje_xd", "0001 86A1", "the order of words is not settled"),
    ],
)
async def test_a_plc_is_read_by_its_own_operands(plc, words, said, tcp_machine, tmp_path, capsys):
    (tmp_path / "cell.yaml").write_text(PLC % plc)
    tcp_machine.put(1, "holding", 100, words)
    tcp_machine.put(1, "coil", 20, "1")
    device = await checked(tmp_path, "cell.yaml", tcp_machine.port)
    assert {reading.tag.name: reading.value for reading in device.readings} == {
        "parts": 100_001,
        "running": True,
    }
    show([device])
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed
    assert bool(said) == ("compare a value" in printed)


def test_a_variant_that_does_not_exist_is_a_mistake(tmp_path):
    path = tmp_path / "edge.yaml"
    path.write_text(CONFIG.format(profile="chint_dtsu666", port=502, more=", variant: energy_9"))
    with pytest.raises(ConfigError, match="no such variant: chint_dtsu666 has energy_401e"):
        load_settings(path)
    path.write_text(CONFIG.format(profile="abb_b23", port=502, more=", ct_ratio: 20"))
    with pytest.raises(ConfigError, match="is applied by the meter itself"):
        load_settings(path)
