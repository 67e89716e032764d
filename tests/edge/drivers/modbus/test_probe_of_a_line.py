"""What `lineside edge probe` finds on a serial wire of libmodbus units, and that an unknown unit is asked sparingly."""

import pytest

from edge.acquisition.device_settings import Device
from edge.acquisition.plausibility import Verdict
from edge.acquisition.profile_file import load_profile
from edge.onboarding.modbus_scan import ranges_of
from edge.onboarding.probing import ProbeOptions, probe

pytestmark = pytest.mark.system


def options(units, *profiles: str, ranges: str = "", **more) -> ProbeOptions:
    loaded = [load_profile(name) for name in profiles]
    scanned = ranges_of(ranges) if ranges else []
    return ProbeOptions(units, loaded, scanned, watch_s=0.1, timeout_s=0.5, pause_s=0.0, **more)


async def test_units_of_a_serial_line_and_the_profile_that_fits(serial_bus):
    meter = load_profile("carlo_gavazzi_em340")
    async with serial_bus(2, 5) as (wire, units):
        for example in meter.examples:
            (tag,) = [tag for tag in meter.tags if tag.name == example.tag]
            words = " ".join(f"{word:04X}" for word in example.words)
            units[5].put(5, "holding", tag.address.register, words)
        units[2].put(2, "holding", 7, "0102")
        device = Device(name="line", profile="draft", url=f"modbus+rtu://{wire.path}", path="new")
        wanted = options(range(1, 7), meter.name, "eastron_sdm630", ranges="holding:0-19")
        found = await probe(device, wanted, lambda text: None)
        assert found.units == [2, 5]
        fits = [(one.unit, one.profile.name) for one in found.tried if one.verdict is Verdict.FITS]
        assert fits == [(5, meter.name)]
        assert [scan.unit for scan in found.scans] == [2, 5]
        assert found.scans[0].value("holding", 7) == 0x0102
        assert all(request[1] in (3, 4) for request in wire.requests), "reads alone"
        assert found.requests == len(wire.requests)


async def test_a_sunspec_meter_is_recognised_by_its_model(tcp_machine):
    tcp_machine.put(1, "holding", 40000, "5375 6E53 00CB 0069")
    tcp_machine.put(1, "holding", 40002 + 107, "FFFF 0000")
    for example in load_profile("sunspec_203").examples:
        (tag,) = [tag for tag in load_profile("sunspec_203").tags if tag.name == example.tag]
        for offset, word in enumerate(example.words):
            if word:
                tcp_machine.put(1, "holding", 40002 + tag.address.first + offset, f"{word:04X}")
    tcp_machine.put(1, "holding", 40002 + 9, "5A0A 5A0A")
    device = Device(name="meter", profile="draft", url=f"modbus://127.0.0.1:{tcp_machine.port}", path="new")
    found = await probe(device, options([1], "sunspec_203", "sunspec_213"), lambda text: None)
    assert [(one.profile.name, one.verdict) for one in found.tried] == [
        ("sunspec_203", Verdict.FITS),
        ("sunspec_213", Verdict.ABSENT),
    ]
