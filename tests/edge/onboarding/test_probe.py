"""`lineside edge probe` and a Modbus server that is not ours (libmodbus), over real sockets."""

import json
import struct
import time

import pytest

from edge.acquisition.plausibility import Verdict, judged
from edge.acquisition.profile_file import load_profile
from edge.contract.roles import Role
from edge.onboarding.draft import loaded
from edge.onboarding.modbus_scan import ranges_of
from edge.onboarding.modbus_units import units_of
from tests.edge.command_line import lineside_edge

CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: cell, profile: cell.yaml, url: "{url}", path: demo, unit_id: 5}}
  - {{name: meter, profile: eastron_sdm630, url: "{url}", path: demo, unit_id: 1}}
"""
QUICK = ("--pause", "0", "--watch", "0.5")


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def test_units_and_the_profile_that_fits_are_found_by_reads_alone(lineside, bus):
    result = lineside("probe", bus.url, "--unit-id", "1-10", "--scan", "none", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "units that answer: 1, 5" in result.stdout
    fits, *kin = lines_with(result.stdout, "fits")
    assert "eastron_sdm630" in fits
    assert [line.split()[3] for line in kin] == ["eastron_sdm120", "eastron_sdm230"], (
        "the same registers, fewer of them"
    )
    assert "voltage_l1 230.5 V" in fits
    assert "unit 1 is read by: profile: eastron_sdm630, unit_id: 1" in result.stdout
    assert bus.order("make 0") == 0, "a request that was no read of registers"


def test_a_scan_splits_around_holes_and_shows_every_word_order(lineside, bus):
    result = lineside(
        "probe", bus.url, "--unit-id", "5", "--profile", "none", "--scan", "holding:0-59", *QUICK
    )
    assert "30 registers there, 30 refused, 0 without answer" in result.stdout
    (row,) = lines_with(result.stdout, "holding", " 20 ")
    assert "4275" in row
    assert "61.25" in row
    (row,) = lines_with(result.stdout, "holding", " 1 ", "0901")
    assert "2305" in row


def test_a_drafted_plc_is_read_by_the_edge_as_it_stands(lineside, bus, tmp_path):
    bus.order("make 10")  # Past the wrap of the low word, which the first reading is just before.
    bus.order("run 50")
    words = (
        "--profile",
        "none",
        "--scan",
        "holding:0-39",
        "--pause",
        "0",
        "--watch",
        "2",
        "--out",
        "cell.yaml",
    )
    result = lineside("probe", bus.url, "--unit-id", "5", *words)
    assert result.exit_code == 0, result.stderr
    tags = {tag.address.register: tag for tag in loaded((tmp_path / "cell.yaml").read_text()).polled}
    assert (tags[3].role, tags[3].width) == (Role.COUNTER, 16)
    assert tags[20].address.type == "float32"
    assert tags[1].role is Role.MEASUREMENT
    (tmp_path / "lineside.yaml").write_text(CONFIG.format(url=bus.url))
    result = lineside_edge("check", "--json")
    assert result.exit_code == 0, result.stdout
    cell, meter = json.loads(result.stdout)["devices"]
    values = {tag["name"]: tag["value"] for tag in cell["tags"]}
    assert values[tags[20].name] == 61.25
    assert {tag["name"]: tag["value"] for tag in meter["tags"]}["voltage_l2"] == 231.25


def test_requests_are_bounded_and_the_bound_is_told(lineside, bus):
    result = lineside("probe", bus.url, "--max-requests", "15", *QUICK)
    assert "15 requests, all of them reads; stopped after 15 requests" in result.stdout


def test_a_silent_device_is_given_up_and_the_next_unit_asked(lineside, bus):
    result = lineside("probe", bus.url, "--unit-id", "9", *QUICK)
    assert result.exit_code == 2
    assert "units that answer: none" in result.stdout
    assert lineside("probe", "modbus://127.0.0.1:9", *QUICK).exit_code == 1


def test_requests_are_paced(lineside, bus):
    started = time.monotonic()
    lineside("probe", bus.url, "--unit-id", "6-10", "--pause", "0.2", "--watch", "0")
    # A floor, which no load can break: five units, two questions each, a rest between.
    assert time.monotonic() - started >= 9 * 0.2


@pytest.mark.parametrize("word", ["holding:5-2", "coil:0-3", "holding:0-70000", "holding", "holding:x"])
def test_a_range_that_makes_no_sense_is_refused_before_a_socket_is_opened(lineside, word):
    assert lineside("probe", "modbus://127.0.0.1:9", "--scan", word).exit_code == 2


def test_profiles_that_do_not_exist_or_are_not_for_modbus_are_refused(lineside, bus):
    assert "no such profile" in lineside("probe", bus.url, "--profile", "nonsense").stderr
    assert "is not for Modbus" in lineside("probe", bus.url, "--profile", "packml").stderr


def test_unit_ids_and_ranges_as_written():
    assert units_of("1-3,7,2,255") == [1, 2, 3, 7, 255]
    with pytest.raises(ValueError):
        units_of("248")
    first, second = ranges_of("holding:0x10-0x1F,input:7")
    assert (first.start, first.end, second.table, second.start, second.end) == (16, 32, "input", 7, 8)


METER = {
    "energy": 1000, "energy_export": 0, "power": 3100.0, "frequency": 50.0,
    "voltage_l1": 230.0, "voltage_l2": 231.0, "voltage_l3": 229.0,
    "current_l1": 4.5, "current_l2": 4.5, "current_l3": 4.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({}, {}, Verdict.FITS),
        ({"energy": 1000}, {"energy": 999}, Verdict.CONTRADICTED),  # It ran backwards.
        ({}, {"energy": None}, Verdict.CONTRADICTED),
        ({}, {"frequency": 5002.0}, Verdict.CONTRADICTED),  # Another scale: another meter.
        ({}, {"voltage_l2": 0.0, "voltage_l3": 0.0}, Verdict.FITS),  # One phase is wired.
        (
            {},
            {"voltage_l1": struct.unpack(">f", b"\x00\x00\x43\x66")[0]},
            Verdict.CONTRADICTED,
        ),  # Word order.
        ({}, dict.fromkeys(METER), Verdict.ABSENT),
    ],
)
def test_what_makes_a_profile_fit(before, after, verdict):
    assert (
        judged(load_profile("eastron_sdm630"), 1, {**METER, **before}, {**METER, **after}).verdict is verdict
    )


def test_a_profile_without_mains_values_is_not_recognised_but_not_refused_either():
    values = dict.fromkeys(tag.name for tag in load_profile("modbus_cell").polled)
    assert judged(load_profile("modbus_cell"), 1, values, {**values, "good": 7}).verdict is Verdict.UNKNOWN
