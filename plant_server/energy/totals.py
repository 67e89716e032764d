"""What meters showed at given times, and who has a stake in them: read once for all that is asked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection

from plant_server.database import load_queries
from plant_server.energy.stakes import Key, Stake
from plant_server.master_data.rows import rows_of

QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class MeterTotals:
    """Odometers of meters at the times that were asked for."""

    totals: dict[tuple[int, datetime], int]

    def energy_wh(self, tag_id: int, stake: Stake, from_time: datetime, to_time: datetime) -> int:
        return stake.energy_wh(from_time, to_time, lambda moment: self.totals[tag_id, moment])

    def advance_wh(self, tag_id: int, from_time: datetime, to_time: datetime) -> int:
        return self.totals[tag_id, to_time] - self.totals[tag_id, from_time]


@dataclass(frozen=True, slots=True)
class MeterStake:
    tag_id: int
    read_time: datetime | None
    stake: Stake


async def stakes_of(connection: AsyncConnection, path: str) -> list[MeterStake]:
    """The meters that have a say for a node, and its stake in each."""
    found = await rows_of(connection, QUERIES["meters_for"], {"path": path})
    keys = await keys_of(connection, [row["tag_id"] for row in found])
    return [
        MeterStake(row["tag_id"], row["read_time"], Stake(path, row["serves"], keys.get(row["tag_id"], [])))
        for row in found
    ]


async def keys_of(connection: AsyncConnection, tag_ids: Collection[int]) -> dict[int, list[Key]]:
    keys: dict[int, list[Key]] = {}
    for row in await rows_of(connection, QUERIES["keys"], {"tag_ids": list(tag_ids)}):
        weights = dict(zip(row["paths"], row["weights"], strict=True))
        keys.setdefault(row["tag_id"], []).append(Key(row["from_time"], row["whole"], weights))
    return keys


async def totals_at(
    connection: AsyncConnection, stakes: Collection[MeterStake], moments: Iterable[datetime]
) -> MeterTotals:
    """At `moments` and wherever a key begins."""
    wanted = set(moments) | {key.from_time for one in stakes for key in one.stake.keys}
    values = {"tag_ids": sorted({one.tag_id for one in stakes}), "moments": sorted(wanted)}
    found = await rows_of(connection, QUERIES["totals"], values)
    return MeterTotals({(row["tag_id"], row["moment"]): int(row["total"]) for row in found})
