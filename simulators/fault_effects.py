"""What a fault does to a device, and how it ends. One fault at a time per device."""

import asyncio
from typing import Any

from simulators.device import Device
from simulators.faults import EVENT, FaultOrder, FaultRefused
from simulators.truth import Ledger


class Power:
    """Whether the controller of a machine has power. `cuts` tells whoever waited that it was gone in between."""

    def __init__(self) -> None:
        self.on = asyncio.Event()
        self.on.set()
        self.cuts = 0

    def cut(self) -> None:
        self.cuts += 1
        self.on.clear()

    def back(self) -> None:
        self.on.set()


class FaultEffects:
    """Lets faults strike the machine and the meter of one process.

    `stepping` is held by whoever moves a counter: a fault never falls between a ledger line and the counter showing it.
    `tasks` runs what ends a fault; if that breaks, the process ends with it.
    """

    def __init__(
        self,
        machine: Device,
        meter: Device | None,
        *,
        power: Power,
        ledger: Ledger,
        stepping: asyncio.Lock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self.active: dict[str, str] = {}
        self._machine = machine
        self._meter = meter
        self._power = power
        self._ledger = ledger
        self._stepping = stepping
        self._tasks = tasks
        self._restoring: set[asyncio.Task[None]] = set()

    def target(self, order: FaultOrder) -> Device:
        """The device an order is for. Raises FaultRefused."""
        device = self._machine if order.device == "machine" else self._meter
        if device is None:
            raise FaultRefused(f"{self._machine.name} has no meter")
        if order.fault == "job_reset" and not device.has_jobs:
            raise FaultRefused(f"{device.name} has no jobs to reset")
        return device

    async def strike(self, order: FaultOrder) -> int:
        """Let a fault strike now. Returns its planned end in ms once it took effect. Raises FaultRefused."""
        device = self.target(order)
        if device.name in self.active:
            raise FaultRefused(f"{device.name} already has the fault {self.active[device.name]}")
        self.active[device.name] = order.fault
        async with self._stepping:
            began_ms = self._note(order, device)
            await self._begin(order, device)
        restoring = self._tasks.create_task(self._restore(order, device), name=f"{device.name}.restore")
        self._restoring.add(restoring)
        restoring.add_done_callback(self._restoring.discard)
        return began_ms + round(order.duration_s * 1000)

    async def close(self) -> None:
        """Forget the faults that have not ended."""
        restoring = list(self._restoring)
        for task in restoring:
            task.cancel()
        if restoring:
            await asyncio.wait(restoring)

    async def _begin(self, order: FaultOrder, device: Device) -> None:
        match order.fault:
            case "restart":
                if device is self._machine:
                    self._power.cut()
                await device.gate.shut()
                device.clear_volatile_counters()
                await device.server.forget_clients()
            case "refused":
                await device.gate.shut()
            case "frozen":
                device.gate.freeze()
            case "slow":
                device.gate.delay_s = order.delay_s
            case "glitch":
                device.reads_zero = True
            case "job_reset":
                device.clear_volatile_counters()
        await device.show()

    async def _restore(self, order: FaultOrder, device: Device) -> None:
        await asyncio.sleep(order.duration_s)
        async with self._stepping:
            match order.fault:
                case "restart" | "refused":
                    await device.gate.reopen()
                case "frozen":
                    device.gate.thaw()
                case "slow":
                    device.gate.delay_s = 0.0
                case "glitch":
                    device.reads_zero = False
            if order.fault == "restart" and device is self._machine:
                self._power.back()
            await device.show()
            self._ledger.event(device.name, "fault_over", fault=order.fault)
            del self.active[device.name]

    def _note(self, order: FaultOrder, device: Device) -> int:
        facts: dict[str, Any] = {"duration_s": order.duration_s, "before": device.shown()}
        if order.fault == "slow":
            facts["delay_s"] = order.delay_s
        return self._ledger.event(device.name, EVENT[order.fault], **facts)
