"""What a profile holds beside its tags: worked examples, and variants where documents contradict one another.

example:                          # what the device would hold, from the tag's first register on, and what is published
  source: by hand from the document
  values:
    energy: [4640 E6B6, 12345678]
variants:                         # takes the place of what is said above; `variant:` of a device chooses it
  energy_401e:
    source: the older manual
    tags: {energy: {register: 0x401E}, energy_export: {register: 0x4028}}
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import Field

from edge.acquisition.addresses import ModbusAddress
from edge.acquisition.located_yaml import Located
from edge.acquisition.profile import Example, Profile, Variant
from edge.acquisition.written_parts import WrittenPart
from edge.errors import ConfigError, Mistake


class ExampleEntry(WrittenPart):
    """By tag: the words in hexadecimal, and what is published."""

    source: str = Field(min_length=1)
    values: dict[str, tuple[str | int, int | float | bool | str | None]]


class VariantEntry(WrittenPart):
    """`modbus` and each of `tags` replace single keys of the profile's own."""

    source: str = Field(min_length=1)
    modbus: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = Field(default_factory=dict)


def examples_of(
    entry: ExampleEntry | None, located: Located, profile: Profile
) -> tuple[tuple[Example, ...], list[Mistake]]:
    """The examples, and what is wrong with them."""
    if entry is None:
        return (), []
    examples: list[Example] = []
    mistakes: list[Mistake] = []
    tags = {tag.name: tag for tag in profile.polled}
    for name, (written, value) in entry.values.items():
        place = ("example", "values", name)
        tag = tags.get(name)
        if tag is None or not isinstance(tag.address, ModbusAddress):
            mistakes.append(located.mistake(place, "there is no such tag with registers"))
            continue
        try:
            words = tuple(int(word, 16) for word in str(written).split())
        except ValueError:
            words = ()
        if len(words) != tag.address.end - tag.address.first or not all(
            0 <= word < 1 << 16 for word in words
        ):
            count = tag.address.end - tag.address.first
            mistakes.append(located.mistake(place, f"should be {count} words of four hexadecimal digits"))
        else:
            examples.append(Example(name, words, value, entry.source))
    return tuple(examples), mistakes


def variants_of(
    entries: Mapping[str, VariantEntry], located: Located, parse: Callable[[Located], Profile]
) -> tuple[tuple[Variant, ...], list[Mistake]]:
    """Each variant as a profile of its own, parsed like the first, and what is wrong with them."""
    variants: list[Variant] = []
    mistakes: list[Mistake] = []
    for name, entry in entries.items():
        data = copy.deepcopy(located.data)
        unknown = list(_replaced(data, entry))
        mistakes += [
            located.mistake(("variants", name, "tags", tag), "there is no such tag") for tag in unknown
        ]
        try:
            variants.append(Variant(name, entry.source, parse(Located(located.source, data, located.lines))))
        except ConfigError as error:
            mistakes += [
                located.mistake(("variants", name), f"{mistake.path}: {mistake.message}")
                for mistake in error.mistakes
            ]
    return tuple(variants), mistakes


def _replaced(data: dict[str, Any], entry: VariantEntry) -> Iterator[str]:
    """Changes the data of the profile; yields names of tags that are not in it."""
    data.pop("variants", None)
    data.pop("example", None)
    data["modbus"] = {**data.get("modbus", {}), **entry.modbus}
    tags = {tag.get("name"): tag for tag in data["tags"]}
    for name, keys in entry.tags.items():
        if name in tags:
            tags[name].update(keys)
        else:
            yield name
