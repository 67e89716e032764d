"""The delivering half of an edge in the test's own event loop: spool, writer, publisher; readings come from the test."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.acquisition.addresses import EdgeMade
from edge.acquisition.driver import Reading
from edge.acquisition.profile import Tag
from edge.contract.datatypes import DataType, Quality
from edge.contract.roles import Role
from edge.delivery.entries import TagDefinition
from edge.delivery.live_values import LiveValues
from edge.delivery.publisher import Publisher
from edge.delivery.spool import Spool, SpoolLimits
from edge.delivery.spool_opening import open_or_set_aside
from edge.delivery.spool_writer import SpoolWriter
from edge.settings import Settings
from plant_server.embedded.broker import Broker

COUNT = Tag("count", Role.COUNTER, DataType.UINT32, EdgeMade(), width=32, rate_max=10.0)
SPEED = Tag("speed", Role.MEASUREMENT, DataType.DOUBLE, EdgeMade())
NOTE = Tag("note", Role.TEXT, DataType.STRING, EdgeMade())
TAGS = (COUNT, SPEED, NOTE)
FAST = {"birth_delay_max_s": 0, "backoff_first_s": 0.05}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def definitions(*devices: str) -> list[TagDefinition]:
    return [
        TagDefinition(device, tag.name, tag.datatype, {"role": tag.role.value, "unit": tag.unit})
        for device in devices
        for tag in TAGS
    ]


def reading(tag: Tag, value: Any, time_ms: int | None = None, quality: Quality = Quality.GOOD) -> Reading:
    return Reading(tag, value, now_ms() if time_ms is None else time_ms, quality, False)


def settings_for(
    broker: Broker,
    edge: str,
    host: str | None,
    spool: Path,
    *,
    urls: list[str] | None = None,
    back_off_max_s: float = 2,
    **more: Any,
) -> Settings:
    """`back_off_max_s` also bounds the window's timer; below 1 s it makes an edge impatient."""
    credentials = broker.credentials_for_edge("demo", edge)
    login: dict[str, Any] = {"ca": credentials.ca, "cert": credentials.certificate, "key": credentials.key}
    if credentials.password is not None:
        password_file = spool.with_name(f"{edge}.password")
        password_file.write_text(credentials.password)
        login = {"username": credentials.username, "password_file": password_file}
    return Settings.model_validate(
        {
            "edge": {"name": edge, "group": "demo"},
            "broker": {"urls": urls or [broker.url], "primary_host": host, **login, **more},
            "spool": {"path": spool},
            "timing": {**FAST, "backoff_max_s": back_off_max_s},
        }
    )


@contextmanager
def opened(path: Path, *devices: str, limits: SpoolLimits | None = None) -> Iterator[Spool]:
    """A spool to fill before an edge uses it."""
    spool = open_or_set_aside(path, limits or SpoolLimits())
    try:
        spool.register(definitions(*devices))
        yield spool
    finally:
        spool.close()


@dataclass
class RunningEdge:
    writer: SpoolWriter
    publisher: Publisher
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def read(self, device: str, *readings: Reading) -> None:
        await self.writer.entry(device, list(readings))

    async def count(self, device: str, numbers: range, time_ms: int | None = None) -> None:
        """An entry for each number."""
        for number in numbers:
            await self.read(device, reading(COUNT, number, time_ms))

    @property
    def spool(self) -> Spool:
        return self.writer.spool

    async def stop(self, drain_s: float = 1.0) -> None:
        self.writer.stop()
        await asyncio.wait_for(self.tasks[0], 30)
        self.publisher.stop(drain_s)
        await asyncio.wait_for(self.tasks[1], 30)


@asynccontextmanager
async def running_edge(
    settings: Settings,
    *devices: str,
    limits: SpoolLimits | None = None,
    online: bool = True,
    poison_after_s: float = 60.0,
    commit_every_s: float = 0.01,
) -> AsyncIterator[RunningEdge]:
    """Runs until the block is left; stopped in order unless the test did so. A task that failed fails the test."""
    spool = open_or_set_aside(settings.spool.path, limits or SpoolLimits())
    writer = SpoolWriter(
        spool, spool.register(definitions(*devices)), LiveValues(), commit_every_s=commit_every_s
    )
    edge = RunningEdge(writer, Publisher(writer, settings, poison_after_s=poison_after_s))
    for device in devices:
        writer.live.contact(device, online)
    edge.tasks = [asyncio.create_task(writer.run()), asyncio.create_task(edge.publisher.run())]
    try:
        yield edge
        await edge.stop()
    finally:
        for task in edge.tasks:
            task.cancel()
        await asyncio.gather(*edge.tasks, return_exceptions=True)
        writer.close()
        writer.spool.close()
        for task in edge.tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error
