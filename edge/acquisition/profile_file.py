"""How a profile is written down, and every mistake that can be made in it.

name: abb_b23
driver: modbus                    # or opcua
document: ABB 2CMC485003M0201     # where the addresses are from …
revision: E (2025-11)
page: chapter 9, mapping tables
verified: document                # … and whether a real device was seen to agree: `device`; `draft` holds guesses
modbus: {table: holding}          # defaults of the tags below (opcua: {mode: subscribe, publishing_ms: 500})
tags:
  - {name: energy, role: meter, register: 0x5000, type: uint64, scale: 10, unit: Wh, width: 64, rate_max: 500}
"""

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from edge.acquisition.browse_path import Machines
from edge.acquisition.located_yaml import Located, YamlReader, read_yaml
from edge.acquisition.profile import HEARTBEAT, PROFILES_FOLDER, Profile, Tag, profile_names
from edge.acquisition.profile_variants import ExampleEntry, VariantEntry, examples_of, variants_of
from edge.acquisition.tag_entry import TagEntry
from edge.acquisition.written_parts import ModbusDefaults, OpcUaDefaults, WrittenPart, WrongTag
from edge.errors import ConfigError, Mistake


def load_profile(name: str, *, folder: Path | None = None, read: YamlReader = read_yaml) -> Profile:
    """A profile by the name of one that comes with Lineside, or by the path of a file, relative to `folder`, which `read`
    reads. Raises ConfigError with every mistake in the file.
    """
    if name.endswith((".yaml", ".yml")):
        return parse_profile(read((folder or Path()) / name))
    if name not in profile_names():
        near = ", ".join(get_close_matches(name, profile_names(), cutoff=0.5))
        listed = (
            f"{f'near it: {near}; ' if near else ''}`lineside edge profiles` lists all, or give a .yaml file"
        )
        raise ConfigError([Mistake(name, None, "", f"no such profile; {listed}")])
    return parse_profile(read_yaml(PROFILES_FOLDER / f"{name}.yaml"))


def parse_profile(located: Located) -> Profile:
    """Check one profile and build it. Raises ConfigError with every mistake."""
    mistakes: list[Mistake] = list(_names_said_twice(located))
    try:
        written = _ProfileFile.model_validate(located.data)
    except ValidationError as error:
        raise ConfigError([*located.mistakes_of(error), *mistakes]) from error
    tags: list[Tag] = []
    for index, entry in enumerate(written.tags):
        try:
            tags.append(entry.tag(written.driver, written.namespace, written.modbus, written.opcua))
        except WrongTag as wrong:
            mistakes.append(located.mistake(("tags", index, wrong.field), str(wrong)))
    machines: Machines | None = None
    try:
        machines = written.opcua.machines_of()
    except WrongTag as wrong:
        mistakes.append(located.mistake(("opcua", "machines", wrong.field), str(wrong)))
    if mistakes:
        raise ConfigError(mistakes)
    profile = Profile(
        name=written.name,
        driver=written.driver,
        document=written.document,
        revision=written.revision,
        page=written.page,
        verified=written.verified,
        tags=(*tags, HEARTBEAT),
        max_registers_per_read=written.modbus.max_registers_per_read,
        gap_limit=written.modbus.gap_limit,
        even_reads=written.modbus.even_reads,
        pause_s=written.modbus.pause_s,
        plc=written.modbus.plc,
        sunspec_model=written.modbus.sunspec,
        start=written.opcua.start,
        machines=machines,
    )
    examples, wrong_examples = examples_of(written.example, located, profile)
    variants, wrong_variants = variants_of(written.variants, located, parse_profile)
    if wrong_examples or wrong_variants:
        raise ConfigError([*wrong_examples, *wrong_variants])
    return replace(profile, examples=examples, variants=variants)


def _names_said_twice(located: Located) -> list[Mistake]:
    tags = located.data.get("tags") if isinstance(located.data, dict) else None
    mistakes: list[Mistake] = []
    seen = {HEARTBEAT.name}
    for index, entry in enumerate(tags if isinstance(tags, list) else []):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        if name.lower() in seen:
            # Sparkplug: names that differ only by case should not be used.
            mistakes.append(located.mistake(("tags", index, "name"), f"{name!r} is taken"))
        seen.add(name.lower())
    return mistakes


class _ProfileFile(WrittenPart):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    driver: Literal["opcua", "modbus"]
    document: str = Field(min_length=1)
    revision: str = Field(min_length=1)
    page: str = Field(min_length=1)
    verified: Literal["document", "device", "draft"]
    notes: str = ""
    namespace: str | None = None  # OPC UA: of node ids that name none.
    modbus: ModbusDefaults = ModbusDefaults()
    example: ExampleEntry | None = None
    variants: dict[str, VariantEntry] = Field(default_factory=dict)
    opcua: OpcUaDefaults = OpcUaDefaults()
    tags: tuple[TagEntry, ...]

    @field_validator("tags", mode="before")
    @classmethod
    def _some(cls, tags: Any) -> Any:
        # Counted as written: tags that are wrong are reported as such, not as missing.
        if tags == []:
            raise ValueError("should be at least one")
        return tags
