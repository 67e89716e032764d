"""`lineside edge probe`: one connection to an unknown Modbus address, from the first question to a draft.

Nothing is written to it: function codes 3 and 4 are all that is ever sent.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Value
from edge.acquisition.modbus_url import endpoint_of
from edge.acquisition.plausibility import Tried, judged
from edge.acquisition.profile import Profile, profile_names
from edge.acquisition.profile_file import load_profile
from edge.errors import ConfigError, Mistake
from edge.onboarding.modbus_profiles import read_tags
from edge.onboarding.modbus_registers import Registers, TooManyRequests
from edge.onboarding.modbus_scan import Range, Scan, read_again, scan
from edge.onboarding.modbus_units import answering

READS_WHILE_WATCHING = 8
WATCH_STEP_MIN_S = 0.5
"""Two readings alone would take half of all that merely fluctuates for a counter."""

Say = Callable[[str], None]
"""Shows what is being done and how far it is; called often."""


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """`profiles`: to be tried. `ranges`: to be scanned, none: no scan. `watch_s`: between the first and the last
    reading. `pause_s`: the device's rest after each request. `requests_max`: of the whole probe."""

    units: Sequence[int]
    profiles: Sequence[Profile] = ()
    ranges: Sequence[Range] = ()
    watch_s: float = 2.0
    timeout_s: float = 1.0
    pause_s: float = 0.05
    requests_max: int = 2000


@dataclass(slots=True)
class Probed:
    """What was found at an address."""

    units: list[int] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)  # Of each unit the best first.
    scans: list[Scan] = field(default_factory=list)
    requests: int = 0
    cut: str = ""  # Why there may be more; empty: nothing was left out.


def profiles_to_try(names: str) -> list[Profile]:
    """`all`, or names with commas. Raises ConfigError for one that does not exist or is not for Modbus."""
    profiles = [load_profile(name) for name in (profile_names() if names == "all" else names.split(","))]
    fitting = [profile for profile in profiles if profile.driver == "modbus"]
    if names != "all" and len(fitting) < len(profiles):
        wrong = next(profile.name for profile in profiles if profile.driver != "modbus")
        raise ConfigError([Mistake("--profile", None, wrong, "is not for Modbus")])
    return fitting


async def probe(device: Device, options: ProbeOptions, say: Say) -> Probed:
    """Find units, try profiles, scan registers. Raises DeviceUnavailable."""
    found = Probed()
    registers = Registers(
        endpoint_of(device.url),
        timeout_s=options.timeout_s,
        pause_s=options.pause_s,
        requests_max=options.requests_max,
    )
    async with registers:
        try:
            found.units = await answering(registers, options.units, say)
            for unit in found.units:
                await _probe_unit(registers, unit, options, found, say)
        except TooManyRequests as bound:
            found.cut = str(bound)
    found.requests = registers.requests
    return found


async def _probe_unit(
    registers: Registers, unit: int, options: ProbeOptions, found: Probed, say: Say
) -> None:
    """Everything is read, and for a while again: energy does not run backwards, counters rise."""
    first: dict[str, dict[str, Value]] = {}
    for profile in options.profiles:
        say(f"unit {unit}: trying {profile.name}")
        first[profile.name] = await read_tags(registers, unit, profile)
    started = time.monotonic()
    scanned = await scan(registers, unit, options.ranges, say) if options.ranges else None
    reads = max(1, min(READS_WHILE_WATCHING, int(options.watch_s / WATCH_STEP_MIN_S)))
    for done in range(1, reads + 1):
        await _wait_until(started + options.watch_s * done / reads, f"unit {unit}: watching", say)
        if scanned is not None:
            await read_again(registers, scanned)
    tried: list[Tried] = []
    for profile in options.profiles:
        if all(value is None for value in first[profile.name].values()):
            second: dict[str, Value] = {}
        else:
            second = await read_tags(registers, unit, profile)
        tried.append(judged(profile, unit, first[profile.name], second))
    found.tried += sorted(tried, key=lambda one: one.merit)
    if scanned is not None:
        scanned.seconds = time.monotonic() - started
        found.scans.append(scanned)
        found.cut = found.cut or scanned.cut


async def _wait_until(moment: float, what: str, say: Say) -> None:
    while (left := moment - time.monotonic()) > 0:
        say(f"{what}, {left:.0f} s to go")
        await asyncio.sleep(min(left, 0.5))
