"""Mistakes that show only when a device is seen beside its profile or beside the other devices.

Works on the data as it stands in the file, so that these mistakes are found also while others keep it from
being a valid configuration: a person mends all in one go.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.acquisition.allowed_commands import mistakes_of_commands
from edge.acquisition.located_yaml import Located, YamlReader, read_yaml
from edge.acquisition.modbus_url import MODBUS_SCHEMES, UNIT_MAX, Endpoint, endpoint_of
from edge.acquisition.profile import Profile, Tag
from edge.acquisition.profile_file import load_profile
from edge.errors import ConfigError, Mistake

SCHEMES = {"opcua": ("opc.tcp",), "modbus": MODBUS_SCHEMES}
"""URL schemes by the driver of a profile."""

FOR_MODBUS = ("unit_id", "reply_s", "registers_per_read", "gap_limit")
FOR_OPCUA = ("namespace", "machine", "nodes_per_read", "security", "insecure", "methods")


def mistakes_of_devices(located: Located, folder: Path, read: YamlReader = read_yaml) -> list[Mistake]:
    """Names given twice, profiles that do not exist, are wrong, or do not fit the device."""
    devices = located.data.get("devices")
    if not isinstance(devices, list):
        return []
    mistakes = [*_names_given_twice(located, devices), *_lines_set_twice(located, devices)]
    profiles: dict[str, Profile | None] = {}
    for index, device in enumerate(devices):
        name = device.get("profile") if isinstance(device, dict) else None
        if not isinstance(name, str) or not name:
            continue
        if name not in profiles:
            profiles[name] = None
            try:
                profiles[name] = load_profile(name, folder=folder, read=read)
            except ConfigError as error:
                mistakes += _at_device(located, index, name, error)
        profile = profiles[name]
        if profile is not None:
            mistakes += _misfits(located, index, device, profile)
    return mistakes


def _names_given_twice(located: Located, devices: list[Any]) -> Iterator[Mistake]:
    taken: dict[str, int] = {}
    for index, device in enumerate(devices):
        name = device.get("name") if isinstance(device, dict) else None
        if not isinstance(name, str):
            continue
        first = taken.setdefault(name.casefold(), index)
        if first != index:
            line = located.lines.get(("devices", first, "name"))
            where = f"devices[{first}]" if line is None else f"the device in line {line}"
            yield located.mistake(("devices", index, "name"), f"{name!r} is taken by {where}")


def _lines_set_twice(located: Located, devices: list[Any]) -> Iterator[Mistake]:
    """A serial line has one speed and one framing, and units 1 to 247."""
    taken: dict[str, tuple[int, Endpoint]] = {}
    for index, device in enumerate(devices):
        endpoint = _serial_line(device)
        if endpoint is None:
            continue
        unit = device.get("unit_id", 1)
        if isinstance(unit, int) and not 1 <= unit <= UNIT_MAX:
            yield located.mistake(
                ("devices", index, "unit_id"), f"should be 1 to {UNIT_MAX} on a serial line"
            )
        first, settings = taken.setdefault(endpoint.place, (index, endpoint))
        if settings != endpoint:
            other = devices[first].get("name")
            yield located.mistake(
                ("devices", index, "url"), f"sets {endpoint.place} otherwise than device {other!r} does"
            )


def _serial_line(device: Any) -> Endpoint | None:
    url = device.get("url") if isinstance(device, dict) else None
    try:
        endpoint = endpoint_of(url) if isinstance(url, str) else None
    except ValueError:
        return None  # Reported where the settings are built.
    return endpoint if endpoint is not None and endpoint.rtu else None


def _at_device(located: Located, index: int, name: str, error: ConfigError) -> list[Mistake]:
    """Mistakes inside a profile file keep their own place; a profile that is not there is the device's mistake."""
    return [
        located.mistake(("devices", index, "profile"), f"{name}: {mistake.message}")
        if mistake.line is None
        else mistake
        for mistake in error.mistakes
    ]


def _misfits(located: Located, index: int, device: dict[str, Any], profile: Profile) -> Iterator[Mistake]:
    url, schemes = device.get("url"), SCHEMES[profile.driver]
    if isinstance(url, str) and "://" in url and url.split("://")[0] not in schemes:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        yield located.mistake(
            ("devices", index, "url"), f"should begin with {wanted}: profile {profile.name} is for it"
        )
    protocol, foreign = ("Modbus", FOR_MODBUS) if profile.driver == "opcua" else ("OPC UA", FOR_OPCUA)
    for key in foreign:
        if key in device:
            yield located.mistake(
                ("devices", index, key), f"is for {protocol}, not for profile {profile.name}"
            )
    if profile.driver == "opcua" and "machine" in device and profile.machines is None:
        yield located.mistake(
            ("devices", index, "machine"), f"is for a profile that finds machines; {profile.name} does not"
        )
    yield from mistakes_of_commands(located, index, device, profile)
    variant = device.get("variant")
    if isinstance(variant, str):
        names = [one.name for one in profile.variants]
        if variant not in names:
            has = f"has {', '.join(names)}" if names else "has none"
            yield located.mistake(("devices", index, "variant"), f"no such variant: {profile.name} {has}")
    for key in ("ct_ratio", "pt_ratio"):
        if key in device and not any(tag.transformer for tag in profile.tags):
            yield located.mistake(
                ("devices", index, key), f"is applied by the meter itself, as profile {profile.name} has it"
            )
    period_s = device.get("period_s", 1.0)
    if not isinstance(period_s, int | float) or period_s <= 0:
        return
    for tag in profile.tags:
        if _may_go_round(tag, float(period_s)):
            yield located.mistake(
                ("devices", index, "period_s"),
                f"is too long: {tag.name} of {profile.name} could go round unseen between two polls",
            )


def _may_go_round(tag: Tag, period_s: float) -> bool:
    """The plant believes a step only if the counter cannot have gone half round meanwhile."""
    if tag.modulus is None or tag.rate_max is None:
        return False
    return 2 * (tag.rate_max * max(period_s, tag.period_s or 0.0) + 1) >= tag.modulus
