"""A simulated device: counters, what else it shows, a real server that shows it, and the gate in front.

The kinds of devices (`opcua_press`, `modbus_meter`, …) are data and one function each: which counters there are, how a
cycle moves them, and what every register or node says for the facts of the moment.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from simulators.gate import LOOPBACK, Gate

Value = int | float


class MachineState(Enum):
    """What a machine does. Its power is configured by the value."""

    OFF = "off"  # Production stopped, or the controller without power.
    IDLE = "idle"  # Ready, before production starts.
    RUNNING = "running"
    MICRO_STOP = "micro_stop"
    BREAKDOWN = "breakdown"
    SET_UP = "set_up"


@dataclass
class MachineFacts:
    """What a machine knows at this moment, beside its counters. `cycle_time_s` is the real one of the last cycle."""

    state: MachineState = MachineState.IDLE
    stop_reason: int = 0
    cycle_time_s: float = 0.0
    cavities: int = 1
    order_number: int = 0

    @property
    def parts_per_min(self) -> float:
        """Speed now: 0 unless the machine runs."""
        if self.state is not MachineState.RUNNING or self.cycle_time_s <= 0:
            return 0.0
        return 60.0 * self.cavities / self.cycle_time_s


@dataclass
class Counter:
    """A counter as the machine keeps it. `modulus` is where it goes back to 0; a retained one survives a power cut."""

    modulus: int
    retained: bool = False
    value: int = 0

    def after(self, step: int) -> int:
        return (self.value + step) % self.modulus

    def wraps(self, step: int) -> bool:
        return self.value + step >= self.modulus


class Server(Protocol):
    """A running protocol server on a loopback port of its own."""

    @property
    def port(self) -> int: ...

    async def show(self, values: Mapping[str, Value]) -> None:
        """Make these the values a client reads."""
        ...

    async def forget_clients(self) -> None:
        """Lose every session and subscription, as a controller does when its power goes."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class MachineKind:
    """A kind of machine: its profile name at the edge, its counters by name, and what it shows.

    `total` names the counter of all parts. `advance(good, reject)` says by how much a cycle moves each counter.
    `counters` maps a name to (modulus, retained). `has_jobs`: its volatile counters belong to a job that can be reset.
    """

    profile: str
    scheme: str
    total: str
    counters: Mapping[str, tuple[int, bool]]
    advance: Callable[[int, int], Mapping[str, int]]
    values: Callable[[MachineFacts, Mapping[str, int]], Mapping[str, Value]]
    open_server: Callable[[], Awaitable[Server]]
    has_jobs: bool = False


class Device:
    """A server with its gate. What it shows is recomputed from the facts each time `show` is called."""

    def __init__(
        self,
        name: str,
        scheme: str,
        counters: dict[str, Counter],
        values: Callable[[], Mapping[str, Value]],
        has_jobs: bool = False,
    ) -> None:
        self.name = name
        self.scheme = scheme
        self.counters = counters
        self.has_jobs = has_jobs
        self.reads_zero = False  # A glitch: the counters go on, the device shows 0.
        self._values = values
        self._server: Server | None = None
        self._gate: Gate | None = None

    async def open(self, server: Server, preferred_port: int, host: str = LOOPBACK) -> None:
        """Show the first values, then listen at `host`. Raises NoFreePort."""
        self._server = server
        await self.show()
        self._gate = Gate(server.port, host)
        await self._gate.open(preferred_port)

    async def close(self) -> None:
        if self._gate is not None:
            await self._gate.close()
        if self._server is not None:
            await self._server.close()

    @property
    def gate(self) -> Gate:
        if self._gate is None:
            raise RuntimeError(f"{self.name} is not open")
        return self._gate

    @property
    def server(self) -> Server:
        if self._server is None:
            raise RuntimeError(f"{self.name} is not open")
        return self._server

    def shown(self, steps: Mapping[str, int] | None = None) -> dict[str, int]:
        """The counters as a client reads them, now or after these steps."""
        steps = steps or {}
        if self.reads_zero:
            return dict.fromkeys(self.counters, 0)
        return {name: counter.after(steps.get(name, 0)) for name, counter in self.counters.items()}

    def move(self, steps: Mapping[str, int]) -> None:
        """Move the counters. Nobody sees it before the next `show`."""
        for name, step in steps.items():
            self.counters[name].value = self.counters[name].after(step)

    def clear_volatile_counters(self) -> None:
        for counter in self.counters.values():
            if not counter.retained:
                counter.value = 0

    async def show(self) -> None:
        await self.server.show(self._values())
