"""The process of one machine and its meter. Started by the factory, which talks to it over stdin and stdout.

First line in: what to run (`MachineOrder`). First line out: `{"ready": true, "devices": [{"name", "port"}]}`. Then one
JSON line per command in, one per answer out, in order. The end of stdin is the end of the factory: the process ends too,
so no machine outlives its factory, however that died.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from simulators.faults import FaultOrder, FaultRefused
from simulators.machine import RunningMachine
from simulators.scenario import Machine
from simulators.truth import Ledger

LINE_MAX_BYTES = 1 << 20


class MachineOrder(BaseModel):
    """What a machine process is to run. Ports are preferences; 0 takes any. `host` is the address they listen at."""

    machine: Machine
    state_dir: Path
    seed: int
    speed: float
    machine_port: int
    meter_port: int
    host: str


async def main() -> None:
    commands = await _stdin()
    order = MachineOrder.model_validate_json(await commands.readline())
    ledger = Ledger(order.state_dir, order.machine.name)
    async with asyncio.TaskGroup() as tasks:
        machine = RunningMachine(
            order.machine, seed=order.seed, speed=order.speed, ledger=ledger, tasks=tasks
        )
        await machine.open(order.machine_port, order.meter_port, order.host)
        devices = [{"name": device.name, "port": device.gate.port} for device in machine.devices]
        _say({"ready": True, "devices": devices})
        while line := await commands.readline():
            command = json.loads(line)
            if command.get("command") == "shutdown":
                break
            _say(await _obey(machine, command))
        await machine.close()
    ledger.close()


async def _obey(machine: RunningMachine, command: dict[str, Any]) -> dict[str, Any]:
    match command:
        case {"command": "start"}:
            await machine.start()
        case {"command": "stop"}:
            await machine.stop()
        case {"command": "status"}:
            pass
        case {"fault": str(fault)}:
            try:
                order = FaultOrder.of(
                    fault,
                    command.get("duration_s"),
                    command.get("delay_s"),
                    command.get("device", "machine"),
                )
                until_ms = await machine.strike(order)
            except FaultRefused as refused:
                return {"ok": False, "error": str(refused)}
            return {"ok": True, "fault": fault, "until_ms": until_ms}
        case _:
            return {"ok": False, "error": f"no command {json.dumps(command)}"}
    return {"ok": True, "machine": machine.status()}


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LINE_MAX_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C goes to the factory, which ends its machines in order.
    asyncio.run(main())
