"""`lineside edge check`: what each device says right now, and what is wrong with those that say nothing.

Opens each device of a configuration once, reads every tag once and closes it again. Nothing is stored or sent.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.acquisition.compare_variants import Comparison, compare
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Driver, Reading
from edge.acquisition.profile import Profile
from edge.acquisition.profile_file import load_profile
from edge.acquisition.shared_line import turn_of
from edge.acquisition.timestamps import wall_clock_ms
from edge.drivers import driver_of, profile_of
from edge.errors import DeviceError, DeviceUnavailable
from edge.settings import Settings, load_settings

DEVICES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class CheckedDevice:
    """One device: its readings in the order of the profile, or why there are none."""

    device: Device
    profile: Profile
    readings: tuple[Reading, ...]
    failure: DeviceError | None
    took_s: float  # To connect and read everything.
    checked_ms: int
    comparison: Comparison | None = None  # Where the profile has variants.

    @property
    def is_well(self) -> bool:
        """Whether every tag has a value."""
        return self.failure is None and all(reading.value is not None for reading in self.readings)

    def age_s(self, reading: Reading) -> float:
        """How old a value was when it was read, by the source's clock; 0 if it carries the edge's time."""
        return max(0.0, (self.checked_ms - reading.time_ms) / 1000)


async def check_file(path: Path) -> list[CheckedDevice]:
    """Load a configuration and check its devices. Raises ConfigError before a socket is opened."""
    return await check_devices(load_settings(path))


async def check_devices(settings: Settings, clock: Clock = wall_clock_ms) -> list[CheckedDevice]:
    """All devices, several at a time; in the order of the configuration."""
    places = asyncio.Semaphore(DEVICES_AT_ONCE)

    async def check(device: Device, profile: Profile) -> CheckedDevice:
        async with places:
            return await check_device(device, profile, clock)

    profiles = [profile_of(device) for device in settings.devices]
    async with asyncio.TaskGroup() as tasks:
        checks = [
            tasks.create_task(check(device, profile), name=f"edge.check[{device.name}]")
            for device, profile in zip(settings.devices, profiles, strict=True)
        ]
    return [task.result() for task in checks]


async def check_device(device: Device, profile: Profile, clock: Clock = wall_clock_ms) -> CheckedDevice:
    """One device. A failure of the device is part of the answer."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    readings: Sequence[Reading] = ()
    failure: DeviceError | None = None
    try:
        readings = await _read_once(driver_of(device, profile, clock), device, profile)
    except DeviceError as error:
        failure = error
    comparison = None
    if failure is None and (whole := load_profile(device.profile)).variants:
        comparison = await _compared(device, whole, clock)
    order = {tag.name: place for place, tag in enumerate(profile.tags)}
    return CheckedDevice(
        device=device,
        profile=profile,
        readings=tuple(sorted(readings, key=lambda reading: order[reading.tag.name])),
        failure=failure,
        took_s=loop.time() - started_s,
        checked_ms=clock(),
        comparison=comparison,
    )


async def _compared(device: Device, profile: Profile, clock: Clock) -> Comparison | None:
    """Which variant of the profile fits; None if the device fails meanwhile."""

    async def read(variant: Profile) -> Sequence[Reading]:
        variant = variant.with_ratios(device.ct_ratio, device.pt_ratio)
        return await _read_once(driver_of(device, variant, clock), device, variant)

    try:
        return await compare(profile, device.unit_id, read)
    except DeviceError:
        return None


async def _read_once(driver: Driver, device: Device, profile: Profile) -> Sequence[Reading]:
    """Each step within the device's own deadline."""
    try:
        async with asyncio.timeout(device.timeout_s):
            connection = await driver.__aenter__()
        try:
            async with turn_of(driver), asyncio.timeout(device.timeout_s):
                return await connection.read(profile.polled)
        finally:
            await connection.__aexit__(None, None, None)
    except TimeoutError as error:
        raise DeviceUnavailable(f"no answer within {device.timeout_s:g} s") from error
