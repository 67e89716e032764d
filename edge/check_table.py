"""What `lineside edge check` prints: per device and tag the value, unit, quality and age, or what is wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.acquisition.addresses import ModbusAddress
from edge.acquisition.check import CheckedDevice
from edge.acquisition.plc_addresses import PLCS
from edge.acquisition.profile import Profile
from edge.contract.datatypes import Quality
from edge.contract.roles import Role
from edge.errors import Mistake
from edge.whole_table import print_whole


def show(devices: Sequence[CheckedDevice], console: Console | None = None) -> bool:
    """Print the devices; returns whether all are well."""
    console = console or Console()
    for checked in devices:
        table = Table(
            "tag",
            "value",
            "unit",
            "quality",
            "age",
            title=escape(f"{checked.device.name}  {checked.device.url}  {checked.profile.name}"),
            title_justify="left",
        )
        if checked.failure is not None:
            failure = escape(f"{checked.device.name}  {checked.device.url}: {checked.failure}")
            console.print(f"[red]{failure}", soft_wrap=True)
            continue
        for reading in checked.readings:
            value = "-" if reading.value is None else str(reading.value)
            age = f"{checked.age_s(reading):.1f} s"
            quality = Quality(reading.quality).name.lower()
            if reading.why:
                quality = f"{quality}: {reading.why}"
            cells = (reading.tag.name, value, reading.tag.unit, quality, age)
            table.add_row(*map(escape, cells))
        print_whole(console, table)
        for line in (*_said_of_variants(checked), *_said_of_operands(checked.profile)):
            console.print(line, soft_wrap=True)
        if checked.profile.verified == "draft":
            said = f"{checked.profile.name} is a draft: confirm its guesses, then write verified: device"
            console.print(f"[yellow]{said}", soft_wrap=True)
    well = sum(checked.is_well for checked in devices)
    console.print(f"{well} of {len(devices)} devices are well")
    return well == len(devices)


def _said_of_variants(checked: CheckedDevice) -> Iterator[str]:
    """Each variant of a profile whose documents contradict one another, and what to write."""
    if checked.comparison is None:
        return
    for name, source, tried in checked.comparison.tried:
        shown = f"{name or 'as the profile says'} ({source}): {tried.verdict}, {', '.join(tried.reasons[:4])}"
        energy = ", ".join(
            f"{tag.name} {tried.second[tag.name]} Wh"
            for tag in tried.profile.polled
            if tag.role is Role.METER and tried.second.get(tag.name) is not None
        )
        yield escape(f"  {shown}; {energy or 'no energy'}")
    best, named = checked.comparison.best, checked.device.variant or ""
    if best is None:
        yield "[yellow]  the variants cannot be told apart: compare with the display of the meter"
    elif best != named:
        yield f"[yellow]  write variant: {best}" if best else "[yellow]  write no variant"


def _said_of_operands(profile: Profile) -> Iterator[str]:
    """Where a table of operands is not sure, a person should compare."""
    plc = PLCS.get(profile.plc or "")
    if plc is not None and plc.single_source:
        said = f"{plc.maker}: operands by one source alone ({plc.source}): compare a value with the programming tool"
        yield f"[yellow]  {escape(said)}"
    if plc is not None and plc.word_order is None and _has_wide_values(profile):
        yield f"[yellow]  {escape(plc.maker)}: the order of words is not settled: compare a value of 32 bits"


def _has_wide_values(profile: Profile) -> bool:
    return any(isinstance(tag.address, ModbusAddress) and tag.address.count > 1 for tag in profile.tags)


def as_json(file: str, mistakes: Sequence[Mistake], devices: Sequence[CheckedDevice]) -> dict[str, Any]:
    """The same for a program. `mistakes` is empty or `devices` is: nothing is opened by a wrong configuration."""
    return {
        "file": file,
        "well": not mistakes and all(checked.is_well for checked in devices),
        "mistakes": [
            {"file": one.source, "line": one.line, "path": one.path, "message": one.message}
            for one in mistakes
        ],
        "devices": [_device(checked) for checked in devices],
    }


def _device(checked: CheckedDevice) -> dict[str, Any]:
    return {
        "name": checked.device.name,
        "url": checked.device.url,
        "profile": checked.profile.name,
        "verified": checked.profile.verified,
        "well": checked.is_well,
        "failure": None if checked.failure is None else str(checked.failure),
        "took_s": round(checked.took_s, 3),
        "variants": [
            {"name": name, "source": source, "verdict": tried.verdict.value, "reasons": list(tried.reasons)}
            for name, source, tried in (checked.comparison.tried if checked.comparison else ())
        ],
        "variant": checked.device.variant or "",
        "variant_that_fits": checked.comparison.best if checked.comparison else None,
        "tags": [
            {
                "name": reading.tag.name,
                "role": reading.tag.role.value,
                "value": reading.value,
                "unit": reading.tag.unit,
                "quality": Quality(reading.quality).name.lower(),
                "why": reading.why,
                "age_s": round(checked.age_s(reading), 3),
            }
            for reading in checked.readings
        ],
    }
