"""An edge in the test's own event loop, run from a file that the test rewrites; machines that count who connects."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs
from structlog.typing import EventDict

from edge.configuration.starting import starting_configuration
from edge.contract.spool_metrics import REDEFINED
from edge.contract.topics import MessageType
from edge.delivery.entries import Contact, GapEntry, Numbered, Readings
from edge.delivery.spool import Spool, SpoolLimits
from edge.run import run_from
from plant_server.embedded.broker import Broker
from simulators.modbus_tcp import READ_HOLDING, ModbusServer, Table
from tests.edge.delivery.running_edge import settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually

PARTS, OTHER_PARTS, SPEED = 0, 2, 4
"""Registers of every machine. `OTHER_PARTS` shows 40 more than `PARTS`: a step that the machine could make."""


class Machine(ModbusServer):
    """`parts` is what it has made; every poll finds one more while it `works`."""

    def __init__(self, parts: int = 1000) -> None:
        self._registers = Table(check=lambda address, count: self._polled())
        super().__init__({READ_HOLDING: self._registers})
        self.connections = 0
        self.works = False
        self.show(parts)

    def show(self, parts: int) -> None:
        self.parts = parts
        shown = {PARTS: parts, OTHER_PARTS: parts + 40}
        self._registers.words = {
            register + word: value >> (16 * (1 - word)) & 0xFFFF
            for register, value in shown.items()
            for word in (0, 1)
        } | {SPEED: 7, SPEED + 1: 9}

    @property
    def url(self) -> str:
        return f"modbus://127.0.0.1:{self.port}"

    def _polled(self) -> None:
        if self.works:
            self.show(self.parts + 1)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        super()._accept(reader, writer)


def counter(register: int = PARTS, **more: Any) -> dict[str, Any]:
    """The tag `parts`."""
    return {
        "name": "parts",
        "register": register,
        "type": "uint32",
        "role": "counter",
        "counts": "parts",
        "unit": "parts",
        "width": 32,
        "rate_max": 500.0,
        **more,
    }


def measured(name: str, register: int = SPEED) -> dict[str, Any]:
    return {"name": name, "register": register, "type": "uint16", "role": "measurement"}


@dataclass
class Changeable:
    """`write` a configuration, then `run`. The file is `path`, profiles lie beside it."""

    path: Path
    config: dict[str, Any]
    spool: Path
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    logs: list[EventDict] = field(default_factory=list)

    def profile(self, name: str, *tags: dict[str, Any]) -> str:
        """Write a profile; returns what a device calls it."""
        head = {"name": name, "driver": "modbus", "document": "d", "revision": "r", "page": "p"}
        body = head | {"verified": "device", "modbus": {"table": "holding"}, "tags": tags}
        self.path.with_name(f"{name}.yaml").write_text(json.dumps(body))
        return f"{name}.yaml"

    def device(self, name: str, machine: Machine, profile: str = "cell.yaml", **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "profile": profile,
            "url": machine.url,
            "path": "demo",
            "period_s": 0.05,
            **more,
        }

    def write(self, *devices: dict[str, Any], **blocks: Any) -> None:
        """As an editor does: beside, and renamed."""
        beside = self.path.with_name("beside")
        beside.write_text(json.dumps(self.config | blocks | {"devices": devices}))
        beside.replace(self.path)

    async def changed(self, outcome: str = "configuration_changed") -> EventDict:
        """The next time the edge says so."""
        seen = len(self.said(outcome))
        self.asked.set()
        await eventually(lambda: len(self.said(outcome)) > seen, f"{outcome} in {self.logs[-5:]}")
        return self.said(outcome)[-1]

    def said(self, event: str) -> list[EventDict]:
        return [line for line in self.logs if line["event"] == event]

    @asynccontextmanager
    async def running(self, *, watch: bool = False) -> AsyncIterator[None]:
        stop = asyncio.Event()
        with capture_logs() as self.logs:
            start = starting_configuration(self.path)
            edge = asyncio.create_task(run_from(start, stop, self.asked, watch=watch))
            try:
                yield
            finally:
                stop.set()
                await asyncio.wait_for(edge, 30)

    def entries(self) -> list[Numbered]:
        """All that was ever read, of an edge that has ended or still runs."""
        with self.opened() as spool:
            return spool.read(0, limit=1_000_000)

    def told(self, device: str) -> list[object]:
        """Of a device in order: `True` and `False` for contacts, reasons of gap records, and what its counter showed."""
        told: list[object] = []
        with self.opened() as spool:
            parts = {
                tag_id for tag_id, tag in spool.tags.items() if (tag.device, tag.name) == (device, "parts")
            }
            for numbered in spool.read(0, limit=1_000_000):
                entry = numbered.entry
                if isinstance(entry, Contact) and entry.device == device:
                    told.append(entry.online)
                elif isinstance(entry, GapEntry) and any(row.device == device for row in entry.gap.tags):
                    told.append(entry.gap.reason)
                elif isinstance(entry, Readings):
                    told += [str(value) for tag, _, value, _ in entry.rows() if tag in parts]
        return told

    @contextmanager
    def opened(self) -> Iterator[Spool]:
        spool = Spool(self.spool, SpoolLimits(), read_only=True)
        try:
            yield spool
        finally:
            spool.close()


def changeable(folder: Path, broker: Broker, edge: str, host: str | None) -> Changeable:
    """An edge at this broker, with one profile of one counter, `cell.yaml`."""
    settings = settings_for(broker, edge, host, folder / "spool.db")
    config = json.loads(settings.model_dump_json(include={"edge", "broker", "spool", "timing"}))
    made = Changeable(folder / "lineside.yaml", config, folder / "spool.db")
    made.profile("cell", counter())
    return made


# -- what a test asks of it, and of the plant ---------------------------------------------------------------------------


def births(plant: ScriptedPlant, device: str) -> list[Told]:
    return [told for told in plant.of(MessageType.DBIRTH) if told.device == device]


def deaths(plant: ScriptedPlant, device: str) -> list[Told]:
    return [told for told in plant.of(MessageType.DDEATH) if told.device == device]


def tags(birth: Told) -> set[str]:
    return {metric.name or "" for metric in birth.payload.metrics if "/" not in (metric.name or "")}


async def stored(plant: ScriptedPlant, tag: str, value: object) -> None:
    await eventually(lambda: value in plant.values(tag), f"{tag} = {value}")


def contacts(edge: Changeable, device: str) -> list[bool]:
    return [told for told in edge.told(device) if isinstance(told, bool)]


def counted(edge: Changeable, device: str) -> list[int]:
    return [int(str(told)) for told in edge.told(device) if told not in (True, False, REDEFINED)]
