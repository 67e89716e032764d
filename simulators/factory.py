"""The factory: every machine of a scenario in a process of its own, and one control port for all.

Writes `<state-dir>/endpoints.json` once every server listens; until then the file does not exist. Production starts on
the `start` command. A machine process that dies ends the factory with an error: a factory that quietly makes less than
its ledger says would be no witness.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import structlog

from simulators.gate import LOOPBACK
from simulators.machine_link import MachineDied, MachineLink
from simulators.machine_process import MachineOrder
from simulators.scenario import KINDS, Machine, Scenario, check_speed

PortChoice = Literal["preferred", "any"]
EVERYWHERE = "0.0.0.0"  # noqa: S104 (compared with)
_METER_UNIT_ID = 1
log = structlog.get_logger("lineside.sim")


@dataclass(frozen=True)
class FactorySettings:
    """What to run. `ports="any"` ignores the scenario's preferred ports. `start` begins production at once.
    `host` is where the devices listen, 0.0.0.0 everywhere; control stays on loopback."""

    scenario: Scenario
    state_dir: Path
    seed: int = 1
    speed: float = 1.0
    ports: PortChoice = "preferred"
    start: bool = False
    host: str = LOOPBACK


async def run(settings: FactorySettings) -> None:
    """Run until SIGTERM, SIGINT or the `shutdown` command. Raises MachineDied, ScenarioError."""
    check_speed(settings.speed)
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ending.set)
    links = [MachineLink(order) for order in _orders(settings)]
    endpoints = settings.state_dir / "endpoints.json"
    endpoints.unlink(missing_ok=True)
    control = _Control(links, ending)
    try:
        await asyncio.gather(*(link.launch() for link in links))
        await control.open()
        _write_whole(endpoints, _endpoints(settings, links, control.port))
        log.info("factory_ready", scenario=settings.scenario.name, seed=settings.seed, control=control.port)
        if settings.start:
            await control.all_machines({"command": "start"})
        await _until_ended(links, ending)
    finally:
        await control.close()
        await asyncio.gather(*(link.end() for link in links))
        endpoints.unlink(missing_ok=True)
        log.info("factory_ended")


async def _until_ended(links: list[MachineLink], ending: asyncio.Event) -> None:
    """Wait for the end, or raise MachineDied as soon as one machine does."""
    asked = asyncio.create_task(ending.wait(), name="factory.ending")
    deaths = [asyncio.create_task(link.wait(), name=f"factory.watch[{link.name}]") for link in links]
    try:
        done, _ = await asyncio.wait([asked, *deaths], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asked, *deaths):
            task.cancel()
    for task in done:
        task.result()


class _Control:
    """The control port: a JSON object a line in, a JSON object a line out."""

    def __init__(self, links: list[MachineLink], ending: asyncio.Event) -> None:
        self.port = 0
        self._links = {link.name: link for link in links}
        self._ending = ending
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        if sessions:
            await asyncio.wait(sessions)

    async def all_machines(self, command: dict[str, Any]) -> dict[str, Any]:
        """Ask every machine. Not ok if one of them is not."""
        answers = await asyncio.gather(*(link.ask(command) for link in self._links.values()))
        refused = next((answer for answer in answers if not answer["ok"]), None)
        return refused or {"ok": True, "machines": [answer["machine"] for answer in answers]}

    # A plain function, so that the tasks are ours to cancel.
    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(self._serve(reader, writer), name="factory.control")
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
                if answer.get("ending"):
                    self._ending.set()
        except (ConnectionError, ValueError):
            pass  # The caller went away, or sent a line without end.
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError as broken:
            return {"ok": False, "error": f"not JSON: {broken}"}
        try:
            return await self._obey(request)
        except MachineDied as died:
            return {"ok": False, "error": str(died)}

    async def _obey(self, request: Any) -> dict[str, Any]:
        match request:
            case {"command": "start" | "stop" | "status" as command}:
                return await self.all_machines({"command": command})
            case {"command": "shutdown"}:
                return {"ok": True, "ending": True}
            case {"machine": str(name), "fault": str(fault)}:
                if name not in self._links:
                    return {"ok": False, "error": f"no machine {name!r}; there are {', '.join(self._links)}"}
                log.info("fault", machine=name, fault=fault, device=request.get("device", "machine"))
                return await self._links[name].ask(request)
            case _:
                return {"ok": False, "error": "want command start|stop|status|shutdown, or machine and fault"}


def _orders(settings: FactorySettings) -> list[MachineOrder]:
    """A process per machine. Each tries the ports after its own preference, so two never wait for one another."""
    scenario = settings.scenario
    next_port = {"opc.tcp": scenario.ports.opcua, "modbus": scenario.ports.modbus}
    orders = []
    for machine in scenario.machines:
        ports = []
        for scheme in (KINDS[machine.kind].scheme, "modbus"):
            ports.append(next_port[scheme] if settings.ports == "preferred" else 0)
            next_port[scheme] += 1
        orders.append(
            MachineOrder(
                machine=machine,
                state_dir=settings.state_dir.absolute(),
                seed=settings.seed,
                speed=settings.speed,
                machine_port=ports[0],
                meter_port=ports[1],
                host=settings.host,
            )
        )
    return orders


def _endpoints(settings: FactorySettings, links: list[MachineLink], control_port: int) -> Mapping[str, Any]:
    ports = {name: port for link in links for name, port in link.ports.items()}
    host = LOOPBACK if settings.host == EVERYWHERE else settings.host
    devices = []
    for machine in settings.scenario.machines:
        devices += _devices(machine, f"{settings.scenario.path}/{machine.name}", ports, host)
    return {
        "control": {"host": LOOPBACK, "port": control_port},
        "seed": settings.seed,
        "speed": settings.speed,
        "scenario": settings.scenario.name,
        "devices": devices,
    }


def _devices(machine: Machine, path: str, ports: Mapping[str, int], host: str) -> list[dict[str, Any]]:
    kind = KINDS[machine.kind]
    common = {"path": path, "machine": machine.name}
    devices = [
        {
            "name": machine.name,
            "profile": kind.profile,
            "url": f"{kind.scheme}://{host}:{ports[machine.name]}",
            "unit_id": None if kind.scheme == "opc.tcp" else _METER_UNIT_ID,
            **common,
        }
    ]
    if machine.meter is not None:
        devices.append(
            {
                "name": machine.meter_name,
                "profile": machine.meter.kind,
                "url": f"modbus://{host}:{ports[machine.meter_name]}",
                "unit_id": _METER_UNIT_ID,
                **common,
            }
        )
    return devices


def _write_whole(path: Path, content: Mapping[str, Any]) -> None:
    """A reader sees the whole file or none."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(half, path)
