"""A machine at work: it produces, its meter counts, faults strike both. One asyncio task each, all in one process.

The order of every step is the point: first the ledger line, flushed; then the counter moves; then the server shows it.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import Any

from simulators import modbus_meter
from simulators.device import Counter, Device, MachineFacts, MachineState, Value
from simulators.fault_effects import FaultEffects, Power
from simulators.faults import FaultOrder
from simulators.gate import LOOPBACK
from simulators.production import Cycle, Pause, Production
from simulators.scenario import KINDS, Machine, Meter, PowerByState
from simulators.truth import Ledger

ENERGY = "import_wh"
_METER_TICK_S = 0.5
_POLL_S = 0.05
_J_PER_WH = 3600.0
_ENERGY_MODULUS = 10**15  # Beyond what a meter shows in a lifetime.


class RunningMachine:
    """One machine with its meter: `open`, then `start` and `stop` as often as wanted, then `close`.

    Its work runs in `tasks`: if a part of it breaks, the group, and so the process, ends.
    """

    def __init__(
        self, spec: Machine, *, seed: int, speed: float, ledger: Ledger, tasks: asyncio.TaskGroup
    ) -> None:
        self.spec = spec
        self._kind = KINDS[spec.kind]
        self._ledger = ledger
        self._tasks = tasks
        self._working: list[asyncio.Task[None]] = []
        self._halt = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._power = Power()
        self._production = Production(spec, seed, speed)
        self._facts = MachineFacts(cavities=spec.cavities, order_number=spec.order_number)
        self._power_w = 0.0
        self._unshown_j = 0.0
        self.machine = self._make_machine()
        self.meter = self._make_meter()
        self._faults = FaultEffects(
            self.machine,
            self.meter,
            power=self._power,
            ledger=ledger,
            stepping=self._stepping,
            tasks=tasks,
        )

    async def open(self, machine_port: int, meter_port: int, host: str = LOOPBACK) -> None:
        """Serve the start values, without producing. Ports are preferences; 0 takes any. Raises NoFreePort."""
        await self.machine.open(await self._kind.open_server(), machine_port, host)
        if self.meter is not None and self.spec.meter is not None:
            kind = modbus_meter.METERS[self.spec.meter.kind]
            await self.meter.open(await kind.open_server(), meter_port, host)

    async def close(self) -> None:
        await self.stop()
        await self._faults.close()
        await asyncio.gather(*(device.close() for device in self.devices))

    @property
    def devices(self) -> list[Device]:
        return [self.machine] if self.meter is None else [self.machine, self.meter]

    async def start(self) -> None:
        """Start producing; scripted faults count from now. Does nothing while producing."""
        if self._working:
            return
        self._halt.clear()
        self._ledger.event(self.spec.name, "production_start")
        self._work("produce", self._produce())
        if self.meter is not None and self.spec.meter is not None:
            self._work("consume", self._consume(self.meter, self.spec.meter))
        for event in self.spec.events:
            order = FaultOrder.of(event.fault, event.duration_s, event.delay_s, event.device)
            self._work(f"script[{event.fault}]", self._strike_by_script(order, event.at_s, event.every_s))

    async def stop(self) -> None:
        """Stop producing and consuming. When this returns no further step comes; a fault that struck ends in its time."""
        if not self._working:
            return
        self._halt.set()
        await asyncio.wait(self._working)
        self._working.clear()
        self._power_w = 0.0
        await self._enter(MachineState.OFF)
        if self.meter is not None:
            await self.meter.show()
        self._ledger.event(self.spec.name, "production_stop")

    async def strike(self, order: FaultOrder) -> int:
        """Let a fault strike now. Returns its planned end in ms once it took effect. Raises FaultRefused."""
        return await self._faults.strike(order)

    def status(self) -> dict[str, Any]:
        """State, what was made and which faults are active, for the control port."""
        status: dict[str, Any] = {
            "name": self.spec.name,
            "producing": bool(self._working),
            "state": self._state().value,
            "parts": self._ledger.total(self.spec.name, "parts"),
            "counters": self.machine.shown(),
            "faults": dict(self._faults.active),
        }
        if self.meter is not None:
            status["energy_wh"] = self._ledger.total(self.meter.name, "Wh")
        return status

    # Production.

    async def _produce(self) -> None:
        due = time.monotonic()
        while not self._halt.is_set():
            cycle = self._production.cycle()
            due = max(
                due + cycle.duration_s, time.monotonic() + cycle.duration_s / 2
            )  # Time lost is not made up.
            while not await self._run(cycle, due):
                if self._halt.is_set():
                    return
                due = time.monotonic() + cycle.duration_s
            pause = self._production.pause()
            if pause is not None:
                await self._stand_still(pause)
                due = time.monotonic()

    async def _run(self, cycle: Cycle, due: float) -> bool:
        """Run a cycle until `due` (monotonic clock). False: a power cut spoiled it, or production halts."""
        while not self._power.on.is_set():
            if await self._halted_within(_POLL_S):
                return False
        cuts = self._power.cuts
        await self._enter(MachineState.RUNNING)
        if await self._halted_within(due - time.monotonic()):
            return False
        async with self._stepping:
            if self._power.cuts != cuts:
                return False
            await self._step(cycle)
        return True

    async def _step(self, cycle: Cycle) -> None:
        steps = self._kind.advance(cycle.good, cycle.reject)
        for name, step in steps.items():
            if self.machine.counters[name].wraps(step):
                self._ledger.event(self.spec.name, "wrap", counter=name)
        shown = self.machine.shown(steps)
        self._ledger.parts(
            self.spec.name,
            shown=shown[self._kind.total],
            counters=shown,
            good=cycle.good,
            reject=cycle.reject,
            cause=cycle.cause,
        )
        self.machine.move(steps)
        self._facts.cycle_time_s = cycle.duration_s
        await self.machine.show()

    async def _stand_still(self, pause: Pause) -> None:
        await self._enter(pause.state, pause.reason)
        await self._halted_within(pause.duration_s)

    async def _enter(self, state: MachineState, reason: int = 0) -> None:
        if (state, reason) != (self._facts.state, self._facts.stop_reason):
            self._facts.state, self._facts.stop_reason = state, reason
            await self.machine.show()

    def _state(self) -> MachineState:
        return self._facts.state if self._power.on.is_set() else MachineState.OFF

    # Energy.

    async def _consume(self, meter: Device, spec: Meter) -> None:
        step_wh = modbus_meter.METERS[spec.kind].step_wh
        last = time.monotonic()
        while not await self._halted_within(_METER_TICK_S):
            now = time.monotonic()
            self._power_w = _power_w(spec.power_w, self._state())
            self._unshown_j += self._power_w * (now - last)
            last = now
            async with self._stepping:
                await self._show_energy(meter, step_wh)

    async def _show_energy(self, meter: Device, step_wh: int) -> None:
        made_wh = int(self._unshown_j / _J_PER_WH) // step_wh * step_wh
        if made_wh:
            self._unshown_j -= made_wh * _J_PER_WH
            steps = {ENERGY: made_wh}
            self._ledger.energy(meter.name, made_wh=made_wh, shown_wh=meter.shown(steps)[ENERGY])
            meter.move(steps)
        await meter.show()

    # Faults of the scenario.

    async def _strike_by_script(self, order: FaultOrder, at_s: float, every_s: float | None) -> None:
        due = time.monotonic() + at_s
        device = self._faults.target(order)
        while not await self._halted_within(due - time.monotonic()):
            while device.name in self._faults.active:  # One fault at a time: the next waits for its end.
                if await self._halted_within(_POLL_S):
                    return
            await self._faults.strike(order)
            if every_s is None:
                return
            due += every_s

    # Parts it is made of.

    def _work(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._working.append(self._tasks.create_task(work, name=f"{self.spec.name}.{name}"))

    async def _halted_within(self, seconds: float) -> bool:
        """Wait, but not longer than production lasts. True if it halts."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._halt.wait()
        except TimeoutError:
            return False
        return True

    def _make_machine(self) -> Device:
        counters = {
            name: Counter(modulus, retained, self.spec.counters.get(name, 0))
            for name, (modulus, retained) in self._kind.counters.items()
        }
        return Device(self.spec.name, self._kind.scheme, counters, self._machine_values, self._kind.has_jobs)

    def _make_meter(self) -> Device | None:
        if self.spec.meter is None:
            return None
        total = Counter(_ENERGY_MODULUS, retained=True, value=self.spec.meter.energy_wh)
        meter = Device(self.spec.meter_name, "modbus", {ENERGY: total}, lambda: self._meter_values(meter))
        return meter

    def _machine_values(self) -> Mapping[str, Value]:
        return self._kind.values(self._facts, self.machine.shown())

    def _meter_values(self, meter: Device) -> Mapping[str, Value]:
        return modbus_meter.quantities(self._power_w, meter.shown()[ENERGY])


def _power_w(power: PowerByState, state: MachineState) -> float:
    return {
        MachineState.OFF: power.standby,
        MachineState.IDLE: power.idle,
        MachineState.RUNNING: power.running,
        MachineState.MICRO_STOP: power.idle,
        MachineState.BREAKDOWN: power.fault,
        MachineState.SET_UP: power.setup,
    }[state]
