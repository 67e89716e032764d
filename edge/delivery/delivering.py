"""What outlives a connection: the spool's door, the list of brokers, the wish to stop, the counts."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.acquisition.commanding import CommandDesk
from edge.delivery.broker_list import BrokerList
from edge.delivery.sparkplug_session import CommandReader
from edge.delivery.spool_writer import SpoolWriter
from edge.health_turns import Turn
from edge.settings import Settings


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class PublisherStatistics:
    connects: int = 0
    births: int = 0
    messages: int = 0
    entries: int = 0
    times_gone_back: int = 0
    epochs_begun: int = 0
    plant_ahead_s: float | None = (
        None  # The plant's clock less ours, by its last answer; None: it has not answered.
    )


@dataclass(slots=True)
class Delivering:
    """What the sessions of one publisher share, one after the other. `stop_at`: by the loop's clock."""

    writer: SpoolWriter
    settings: Settings
    poison_after_s: float
    brokers: BrokerList
    statistics: PublisherStatistics = field(default_factory=PublisherStatistics)
    commands: CommandReader = field(default_factory=CommandReader)
    desks: Mapping[str, CommandDesk] = field(default_factory=dict)  # By device: where its commands are taken.
    stop_at: float | None = None
    turn: Turn = field(default_factory=Turn)

    @property
    def is_stopping(self) -> bool:
        return self.stop_at is not None

    @property
    def wake(self) -> asyncio.Event:
        """Set by the writer, by the link and by `stop`; cleared by whoever sleeps."""
        return self.writer.appended

    async def sleep_until(self, deadline: float) -> None:
        """Until something happens, at most until `deadline` by the loop's clock."""
        try:
            async with asyncio.timeout_at(deadline):
                await self.wake.wait()
        except TimeoutError:
            return
        self.wake.clear()
