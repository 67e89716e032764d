"""What `lineside edge check` prints: per device and tag the value, unit, quality and age, or what is wrong."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from edge.acquisition.check import CheckedDevice
from edge.contract.datatypes import Quality


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
            title=f"{checked.device.name}  {checked.device.url}  {checked.profile.name}",
            title_justify="left",
        )
        if checked.failure is not None:
            console.print(f"[red]{checked.device.name}  {checked.device.url}: {checked.failure}")
            continue
        for reading in checked.readings:
            value = "-" if reading.value is None else str(reading.value)
            age = f"{checked.age_s(reading):.1f} s"
            table.add_row(
                reading.tag.name, value, reading.tag.unit, Quality(reading.quality).name.lower(), age
            )
        console.print(table)
    well = sum(checked.is_well for checked in devices)
    console.print(f"{well} of {len(devices)} devices are well")
    return well == len(devices)
