"""A run: an operation running at a station, from–to. What the station's counters do in that time is booked to it.

A pause ends the run and going on begins a new one, so the time of a station is divided among runs without overlap:
what it makes between them is nobody's until a person says whose. How many parts a cycle makes is pinned at the start
(cavities of the tool less the blocked ones) and can be changed from now on, never for the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from plant_server.domain.transition import TransitionRefused


class SetupPartsPolicy(StrEnum):
    """What the parts are that come out while the run is still being set up; a property of the item."""

    SCRAP = "scrap"
    NOT_COUNTED = "not_counted"
    GOOD = "good"


class CountSource(StrEnum):
    MACHINE = "machine"  # Bookings count; people name the bad ones among them.
    OPERATOR = "operator"  # Entries count; there may be no counter at all.
    BOTH = "both"  # Bookings count, entries must agree: a difference is a case.


class Phase(StrEnum):
    SETUP = "setup"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class PartsPerCycle:
    """Of a tool with `cavities`, of which `blocked` make nothing. `cycles` > 1: so many cycles for one set of parts."""

    cavities: int
    blocked: int = 0
    cycles: int = 1

    def __post_init__(self) -> None:
        if self.cavities < 1 or self.cycles < 1 or not 0 <= self.blocked <= self.cavities:
            raise ValueError(f"{self.blocked} of {self.cavities} cavities blocked, {self.cycles} cycles")

    @property
    def parts(self) -> Fraction:
        return Fraction(self.cavities - self.blocked, self.cycles)


@dataclass(frozen=True, slots=True)
class RunSetting:
    """What holds in a run from `from_ms` until the next setting."""

    from_ms: int
    phase: Phase
    parts_per_cycle: PartsPerCycle


@dataclass(frozen=True, slots=True)
class Run:
    """[`from_ms`, `to_ms`) by the plant's clock; `to_ms` None while it runs. `settings` follow one another in time and
    the first is from `from_ms`."""

    run_id: str
    order: str
    position: int
    operation: str
    station: str
    from_ms: int
    settings: tuple[RunSetting, ...]
    to_ms: int | None = None
    setup_parts: SetupPartsPolicy = SetupPartsPolicy.SCRAP
    count_source: CountSource = CountSource.MACHINE

    @property
    def is_open(self) -> bool:
        return self.to_ms is None


def start_run(new: Run, others: Iterable[Run]) -> Run:
    """The run, if its station is free from `new.from_ms` on. `others`: the runs of the station that are open or ended
    after that time. Refused with `station_is_busy` or `run_exists`."""
    for other in others:
        if other.run_id == new.run_id:
            raise TransitionRefused("run_exists", run=new.run_id)
        if other.station == new.station and (other.to_ms is None or other.to_ms > new.from_ms):
            raise TransitionRefused("station_is_busy", station=new.station, order=other.order)
    return new


def new_run(
    run_id: str,
    order: str,
    position: int,
    operation: str,
    station: str,
    at_ms: int,
    parts_per_cycle: PartsPerCycle,
    *,
    with_setup: bool,
    setup_parts: SetupPartsPolicy = SetupPartsPolicy.SCRAP,
    count_source: CountSource = CountSource.MACHINE,
) -> Run:
    first = RunSetting(at_ms, Phase.SETUP if with_setup else Phase.PRODUCTION, parts_per_cycle)
    return Run(
        run_id,
        order,
        position,
        operation,
        station,
        at_ms,
        (first,),
        setup_parts=setup_parts,
        count_source=count_source,
    )


def end_setup(run: Run, at_ms: int) -> Run:
    """From now on the run makes parts that count. Refused with `run_is_not_in_setup`."""
    if run.settings[-1].phase is not Phase.SETUP:
        raise TransitionRefused("run_is_not_in_setup", run=run.run_id)
    return _set_from(run, at_ms, replace(run.settings[-1], from_ms=at_ms, phase=Phase.PRODUCTION))


def change_parts_per_cycle(run: Run, at_ms: int, parts_per_cycle: PartsPerCycle) -> Run:
    """A cavity is blocked or mended, from now on."""
    return _set_from(run, at_ms, replace(run.settings[-1], from_ms=at_ms, parts_per_cycle=parts_per_cycle))


def end_run(run: Run, at_ms: int) -> Run:
    """Refused with `run_has_ended` or `time_goes_back`."""
    _must_be_open(run, at_ms)
    return replace(run, to_ms=at_ms)


def _set_from(run: Run, at_ms: int, setting: RunSetting) -> Run:
    """A second setting at the very same time takes the place of the first."""
    _must_be_open(run, at_ms)
    kept = run.settings[:-1] if run.settings[-1].from_ms == at_ms else run.settings
    return replace(run, settings=(*kept, setting))


def _must_be_open(run: Run, at_ms: int) -> None:
    if run.to_ms is not None:
        raise TransitionRefused("run_has_ended", run=run.run_id)
    if at_ms < run.settings[-1].from_ms:
        raise TransitionRefused("time_goes_back", run=run.run_id)
