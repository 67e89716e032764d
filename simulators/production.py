"""How a machine produces: cycle by cycle, drawn from a seeded generator. Pure: no clock, no I/O.

Cycle times, quality and stops have a generator each, so the same seed gives the same sequence of scrap causes however
the run was disturbed.
"""

from dataclasses import dataclass
from random import Random

from simulators.device import MachineState
from simulators.scenario import Machine


@dataclass(frozen=True)
class Cycle:
    """One cycle: its real duration, and what comes out of it. `cause` is why parts were rejected, if any were."""

    duration_s: float
    good: int
    reject: int
    cause: str | None


@dataclass(frozen=True)
class Pause:
    """A stop between two cycles, with its real duration."""

    state: MachineState
    duration_s: float
    reason: int


class Production:
    """The sequence of cycles and stops of one machine. `speed` shortens both; clocks stay real."""

    def __init__(self, machine: Machine, seed: int, speed: float) -> None:
        self._machine = machine
        self._speed = speed
        self._times = Random(f"{seed}/{machine.name}/times")
        self._quality = Random(f"{seed}/{machine.name}/quality")
        self._stops = Random(f"{seed}/{machine.name}/stops")
        self._causes = list(machine.scrap.causes)
        self._weights = list(machine.scrap.causes.values())

    def cycle(self) -> Cycle:
        """The next cycle. Drawn once: a cycle cut off by a power cut is run again, not drawn again."""
        machine = self._machine
        jitter = self._times.uniform(-machine.jitter, machine.jitter)
        reject = sum(self._quality.random() < machine.scrap.ratio for _ in range(machine.cavities))
        cause = self._quality.choices(self._causes, self._weights)[0] if reject else None
        duration_s = machine.cycle_time_s * (1 + jitter) / self._speed
        return Cycle(duration_s, machine.cavities - reject, reject, cause)

    def pause(self) -> Pause | None:
        """The stop after a cycle, if there is one."""
        for stop in self._machine.stops:
            if self._stops.random() < stop.per_cycle:
                duration_s = self._stops.uniform(*stop.duration_s) / self._speed
                return Pause(MachineState(stop.kind), duration_s, stop.reason)
        return None
