"""What another configuration changes: which devices are concerned, and the same in words, before and after it is applied.

A counter of which the number changes meaning (another register, scale, unit behind the address) begins anew: the step
from the old number to the new one was never made by a machine. One that is only called otherwise (unit, width, what
it counts, how fast it may go) shows the same number and goes on; so does one whose machine moved to another address. One
that was not configured for a while is compared with what it was when it last was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import chain
from typing import Any

from pydantic import BaseModel

from edge.acquisition.device_settings import Device
from edge.acquisition.profile import Profile, Tag
from edge.configuration.reading import Configuration

NOT_ACTED_ON = frozenset({"name", "document", "revision", "page", "verified", "tags", "examples", "variants"})
"""Fields of a profile that no poll depends on, and the tags, which are compared one by one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Device names, and lines of words. `needs_restart`: what a running edge cannot change. `anew`: counters whose next
    reading is no step from the one before, by device."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    anew: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        return not (self.words or self.needs_restart)


def difference(old: Configuration, new: Configuration, earlier: Iterable[Configuration] = ()) -> Difference:
    """From `old` to `new`. `earlier`: what was accepted before `old`, newest first; read only as far as it is needed."""
    before = {device.name: device for device in old.settings.devices}
    after = {device.name: device for device in new.settings.devices}
    added = tuple(name for name in after if name not in before)
    removed = tuple(name for name in before if name not in after)
    words = [f"device removed: {_device(before[name])}" for name in removed]
    words += [f"device added: {_device(after[name])}" for name in added]
    changed: list[str] = []
    for name in (name for name in after if name in before):
        found = [
            *_fields(before[name], after[name], leave_out={"name"}),
            *_profiles(old.profiles[name], new.profiles[name]),
        ]
        if not found:
            continue
        changed.append(name)
        words += [f"{name}: {line}" for line in found]
    anew = _begun_anew(new, chain((old,), earlier))
    words += [f"{name}: counts anew from its next reading: {', '.join(tags)}" for name, tags in anew.items()]
    needs_restart = tuple(_fields(old.settings, new.settings, leave_out={"devices"}))
    return Difference(added, removed, tuple(changed), tuple(words), needs_restart, anew)


def _device(device: Device) -> str:
    return f"{device.name} ({_shown(device.profile)} at {device.url})"


def _profiles(old: Profile, new: Profile) -> Iterator[str]:
    before, after = ({tag.name: tag for tag in profile.polled} for profile in (old, new))
    yield from _fields(old, new, leave_out=NOT_ACTED_ON)
    yield from (f"tag removed: {name}" for name in before if name not in after)
    yield from (f"tag added: {_tag(after[name])}" for name in after if name not in before)
    for name in after:
        if name in before:
            yield from (f"tag {name}: {line}" for line in _fields(before[name], after[name]))


def _tag(tag: Tag) -> str:
    return f"{tag.name} ({tag.role}, {tag.unit})" if tag.unit != "1" else f"{tag.name} ({tag.role})"


def _begun_anew(new: Configuration, former: Iterable[Configuration]) -> dict[str, tuple[str, ...]]:
    """By device, its counters that showed another number when they were last configured."""
    numbers = _numbers(new)
    unknown, anew = set(numbers), set()
    for configuration in former:
        before = _numbers(configuration)
        anew |= {counter for counter in unknown & before.keys() if before[counter] != numbers[counter]}
        unknown -= before.keys()
        if not unknown:
            break
    return {
        device.name: tags
        for device in new.settings.devices
        if (tags := tuple(tag for name, tag in numbers if name == device.name and (name, tag) in anew))
    }


def _numbers(configuration: Configuration) -> dict[tuple[str, str], Sequence[object]]:
    """Of each counter and meter, by device and tag."""
    return {
        (device.name, tag.name): _number_of(device, configuration.profiles[device.name], tag)
        for device in configuration.settings.devices
        for tag in configuration.profiles[device.name].polled
        if tag.role.is_counted
    }


def _number_of(device: Device, profile: Profile, tag: Tag) -> Sequence[object]:
    """What decides which number a counter shows; not where the machine is reached."""
    place = (
        profile.driver,
        profile.sunspec_model,
        profile.start,
        profile.machines,
        device.machine,
        device.unit_id,
    )
    return (*place, tag.address, tag.scale, tag.offset)


def _fields(old: Any, new: Any, leave_out: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    """`period_s 1 → 5`, for each field of two objects of one class; of parts inside them likewise."""
    for name in _names(new):
        before, after = getattr(old, name), getattr(new, name)
        if name in leave_out or before == after:
            continue
        if type(before) is type(after) and (is_dataclass(after) or isinstance(after, BaseModel)):
            prefix = "" if isinstance(new, Tag) else f"{name}."
            yield from (f"{prefix}{line}" for line in _fields(before, after))
        else:
            yield f"{name} {_shown(before)} → {_shown(after)}"


def _names(thing: Any) -> Sequence[str]:
    if isinstance(thing, BaseModel):
        return tuple(type(thing).model_fields)
    return tuple(field.name for field in fields(thing))


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(part) for part in value)}]"
    return str(value)
