"""Mistakes in what a configuration lets hosts do, seen beside the profile. Works on the data as it stands in the file."""

from collections.abc import Iterator
from typing import Any

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.located_yaml import Located
from edge.acquisition.profile import Profile
from edge.errors import Mistake


def mistakes_of_commands(
    located: Located, index: int, device: dict[str, Any], profile: Profile
) -> Iterator[Mistake]:
    """Tags that are not there or must not be written, names given twice."""
    tags = {tag.name: tag for tag in profile.polled}
    seen: set[str] = set()
    for position, one in enumerate(_list(device.get("writable"))):
        name = one.get("tag") if isinstance(one, dict) else one
        if not isinstance(name, str):
            continue
        tag = tags.get(name)
        if name in seen:
            said = f"{name!r} stands here twice"
        elif tag is None:
            said = f"{profile.name} has no tag {name!r}"
        elif tag.role.is_counted:
            said = f"{name!r} is a {tag.role}: nobody but the machine counts"
        elif isinstance(tag.address, OpcUaAddress) and tag.address.is_whole:
            said = f"{name!r} is inside a value, which cannot be written alone"
        else:
            said = ""
        seen.add(name)
        if said:
            yield located.mistake(("devices", index, "writable", position), said)
    methods: set[str] = set()
    for position, one in enumerate(_list(device.get("methods"))):
        name = one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str) and name.casefold() in methods:
            yield located.mistake(("devices", index, "methods", position), f"{name!r} stands here twice")
        if isinstance(name, str):
            methods.add(name.casefold())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
