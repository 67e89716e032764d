"""Scenarios: the factory to simulate, as YAML, checked whole before anything starts.

A scenario says which machines there are, how they run, stop and make scrap, which meter each has, and which faults
strike when. The README of this package shows one with every key.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simulators import modbus_cell, modbus_meter, opcua_moulding, opcua_press
from simulators.device import MachineKind
from simulators.faults import FaultName

SPEED_MAX = 20.0
SCENARIO_DIR = Path(__file__).parent / "scenarios"

KINDS: Mapping[str, MachineKind] = {
    "opcua_press": opcua_press.KIND,
    "opcua_moulding": opcua_moulding.KIND,
    "modbus_cell": modbus_cell.KIND,
}

Ratio = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class ScenarioError(ValueError):
    """A scenario that cannot be run. Its text names every mistake with its place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scrap(_Part):
    """Which share of the parts is scrap, and why: causes with their weights."""

    ratio: Ratio = 0.0
    causes: dict[str, Annotated[float, Field(gt=0)]] = {}

    @model_validator(mode="after")
    def _scrap_has_a_cause(self) -> "Scrap":
        if self.ratio > 0 and not self.causes:
            raise ValueError("scrap with a ratio needs at least one cause")
        return self


class Stop(_Part):
    """A stop that may follow any cycle. `duration_s` is the shortest and the longest, `reason` the code shown."""

    kind: Literal["micro_stop", "breakdown", "set_up"]
    per_cycle: Ratio
    duration_s: tuple[Seconds, Seconds]
    reason: int = Field(ge=1, le=2**31 - 1)

    @model_validator(mode="after")
    def _shortest_first(self) -> "Stop":
        if self.duration_s[0] > self.duration_s[1]:
            raise ValueError("duration_s must be [shortest, longest]")
        return self


class PowerByState(_Part):
    """Power in W. A micro-stop draws `idle`, a controller without power `standby`."""

    standby: Seconds = 0
    idle: Seconds
    running: Seconds
    fault: Seconds
    setup: Seconds


class Meter(_Part):
    """The meter of a machine. `energy_wh` is its total at the start."""

    kind: Literal["eastron_sdm630", "abb_b23"]
    power_w: PowerByState
    energy_wh: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _start_can_be_shown(self) -> "Meter":
        kind = modbus_meter.METERS[self.kind]
        if self.energy_wh % kind.step_wh or self.energy_wh > kind.start_max_wh:
            raise ValueError(
                f"energy_wh of {self.kind} must be a multiple of {kind.step_wh} and at most {kind.start_max_wh}"
            )
        return self


class ScriptedFault(_Part):
    """A fault `at_s` seconds after production starts, again every `every_s`. Real seconds: `speed` does not touch them."""

    at_s: Seconds
    fault: FaultName
    duration_s: Seconds | None = None
    every_s: Annotated[float, Field(gt=0)] | None = None
    delay_s: Seconds | None = None
    device: Literal["machine", "meter"] = "machine"


class Machine(_Part):
    """One machine and its meter. `cycle_time_s` is at speed 1; `jitter` the share by which a cycle may differ."""

    name: Name
    kind: Literal["opcua_press", "opcua_moulding", "modbus_cell"]
    cycle_time_s: Annotated[float, Field(gt=0)]
    jitter: Ratio = 0.05
    cavities: int = Field(default=1, ge=1, le=1000)
    order_number: int = Field(default=0, ge=0, lt=2**32)
    scrap: Scrap = Scrap()
    stops: tuple[Stop, ...] = ()
    counters: dict[str, Annotated[int, Field(ge=0)]] = {}
    meter: Meter | None = None
    events: tuple[ScriptedFault, ...] = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Machine":
        known = KINDS[self.kind].counters
        for name, start in self.counters.items():
            if name not in known:
                raise ValueError(f"{self.kind} has no counter {name}; it has {', '.join(known)}")
            if start >= known[name][0]:
                raise ValueError(f"counter {name} starts at {start}, but goes only to {known[name][0] - 1}")
        for event in self.events:
            if event.device == "meter" and self.meter is None:
                raise ValueError("an event strikes the meter, but there is none")
            if event.fault == "job_reset" and (not KINDS[self.kind].has_jobs or event.device == "meter"):
                raise ValueError(f"{self.kind} has no jobs to reset")
        return self

    @property
    def meter_name(self) -> str:
        return f"{self.name}-meter"


class Ports(_Part):
    """First port tried for each protocol; machines and meters take the ones after it."""

    opcua: int = Field(default=4840, ge=1, le=65535)
    modbus: int = Field(default=5020, ge=1, le=65535)


class Scenario(_Part):
    """A factory. `path` is the equipment path of the line; a machine's path is `path/name`."""

    name: Name
    title: str = ""
    path: str = "demo/plant1/area1/line1"
    ports: Ports = Ports()
    machines: tuple[Machine, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "Scenario":
        if not self.machines:
            raise ValueError("a factory needs a machine")
        names = [machine.name for machine in self.machines]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"machines named twice: {', '.join(twice)}")
        return self


def load(name_or_path: str) -> Scenario:
    """A scenario of this package by its name, or any YAML file by its path. Raises ScenarioError."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = SCENARIO_DIR / f"{name_or_path}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as missing:
        raise ScenarioError(f"{path}: {missing.strerror}; there are: {', '.join(names())}") from missing
    return parse(text, str(path))


def names() -> list[str]:
    """The scenarios this package brings."""
    return sorted(path.stem for path in SCENARIO_DIR.glob("*.yaml"))


def parse(text: str, source: str) -> Scenario:
    """A scenario from YAML text. Raises ScenarioError with every mistake, each with its place in `source`."""
    try:
        tree: Any = yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise ScenarioError(f"{source}: not YAML: {broken}") from broken
    try:
        return Scenario.model_validate(tree)
    except ValidationError as wrong:
        places = [f"{source}: {_place(mistake['loc'])}: {mistake['msg']}" for mistake in wrong.errors()]
        raise ScenarioError("\n".join(places)) from wrong


def _place(loc: tuple[int | str, ...]) -> str:
    return (
        "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        or "scenario"
    )


def check_speed(speed: float) -> float:
    """Raises ScenarioError unless 0 < speed <= 20: a faster factory would outrun what real counters do."""
    if not 0 < speed <= SPEED_MAX:
        raise ScenarioError(f"speed {speed} is not between 0 and {SPEED_MAX:g}")
    return speed
