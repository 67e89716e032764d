"""Reads the stock of one system, keeps what it said, and compares it with the floor, lot by lot.

Nothing here is of one moment: their stock is read page by page, the floor's too, and both go on meanwhile. So what is
under way is looked at before and after: a lot of which something was told, sent or finished in between is left as it was
compared last, and its turn comes with the next reading. What people move in their system while it is read may show for one
reading; the age of a difference tells. A system that is held since a restore is read, and not compared.

A code nobody has mapped becomes a row to fix (kind `stock`), one per code. What lies there under it is counted nowhere,
and lots it may belong to are not compared: nothing is guessed, and nothing is created.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Connector
from erp_bridge.connectors.stock import Level, TellsStock
from erp_bridge.database import Session, row
from erp_bridge.delivery.outcome import problem
from erp_bridge.documents.amounts import EXACT
from erp_bridge.documents.codes import codes_of
from erp_bridge.errors import UnknownCode
from erp_bridge.inbound.plant_api import PlantApi, PlantUnavailable
from erp_bridge.mapping import Codes
from erp_bridge.reconciliation.comparison import Amount, Compared, FloorLot, Lot, compare
from erp_bridge.reconciliation.under_way import QUERIES, under_way

PAGE, NAMED, PAGES_MAX, UNITS_MAX = 1000, 100, 1000, 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of a lot lies, in which unit; `ours` None: several places of the floor are one there."""

    lot: Lot
    location: str
    ours: str | None
    unit: str


@dataclass(slots=True)
class Reading:
    """What the system said, in the plant's codes. Two lots there of one label are one here."""

    places: dict[Place, Decimal] = field(default_factory=dict)
    unknown: dict[str, tuple[UnknownCode, Level]] = field(default_factory=dict)
    unmapped: int = 0
    unmapped_lots: set[Lot] = field(default_factory=set)

    def take(self, level: Level, codes: Codes) -> None:
        """In the plant's codes, or as what a person must map first."""
        lot: Lot | None = None
        try:
            lot = (codes.ours("item", level.item), level.lot or "")
            unit = codes.ours("unit", level.unit)
            ours = codes.all_ours("location", level.location)
        except UnknownCode as error:
            what = f"{error.details['kind']} {error.details['code']}"
            self.unknown.setdefault(what, (error, level))
            self.unmapped += 1
            if lot is not None:
                self.unmapped_lots.add(lot)
            return
        place = Place(lot, level.location, next(iter(ours)) if len(ours) == 1 else None, unit)
        self.places[place] = EXACT.add(self.places.get(place, Decimal(0)), level.quantity)

    def amounts(self) -> list[Amount]:
        return [Amount(place.lot, place.unit, quantity) for place, quantity in self.places.items()]

    def columns(self) -> dict[str, list[Any]]:
        """Of the table of levels, as arrays."""
        told = [
            (*place.lot, place.location, place.ours, place.unit, quantity)
            for place, quantity in self.places.items()
        ]
        names = ("items", "lots", "locations", "our_locations", "units", "quantities")
        return {name: [one[index] for one in told] for index, name in enumerate(names)}


class StockComparison:
    """Of one system."""

    def __init__(self, config: BridgeConfig, connector: Connector, plant: PlantApi) -> None:
        self._config = config
        self._connector = connector
        self._settings = config.connectors[connector.name]
        self._plant = plant

    async def read(self, session: Session) -> int:
        """Read and compare, if it is time; returns how many levels. Raises ConnectorError, PlantUnavailable,
        psycopg.Error."""
        system = self._connector.name
        values = {"system": system, "period_s": self._settings.stock_period_s}
        due = await row(session, QUERIES["is_due"], **values)
        if not isinstance(self._connector, TellsStock) or due is None or not due["is_due"]:
            return 0
        clock = await row(session, QUERIES["clock"], system=system)
        assert clock is not None  # noqa: S101  # SELECT without FROM returns a row.
        began, is_held = clock["now"], clock["is_held"]
        codes = await codes_of(session, self._config, system)
        places = await self._connector.stock_places()
        before = await under_way(session, system, self._settings, codes, places, began)
        reading = Reading()
        async for page in self._connector.stock():
            for level in page:
                reading.take(level, codes)
        units = sorted({one.unit for one in (*reading.amounts(), *before.amounts)})[:UNITS_MAX]
        here = await self._floor(units, {place.lot for place in reading.places})
        after = await under_way(session, system, self._settings, codes, places, began)
        unmapped = {one.lot for one in here if _is_unmapped(codes, one)} | reading.unmapped_lots
        compared = compare(reading.amounts(), here, after.amounts, doubtful=after.doubtful, unmapped=unmapped)
        is_whole = before.is_whole and after.is_whole and not is_held
        settled = [one for one in compared if one.lot not in after.moved_since(before)] if is_whole else []
        await self._keep(session, began, reading, compared, settled, is_whole)
        return len(reading.places)

    async def _floor(self, units: Sequence[str], there: Iterable[Lot]) -> list[FloorLot]:
        """Every lot with something left, and those that are there, also if nothing is left of them here."""
        found = {one.lot: one for one in await self._lots({"unit": units})}
        empty = sorted({lot for item, lot in there if lot and (item, lot) not in found})
        for start in range(0, len(empty), NAMED):
            named = await self._lots({"unit": units, "lot": empty[start : start + NAMED]})
            found |= {one.lot: one for one in named if one.lot not in found}
        return list(found.values())

    async def _lots(self, wanted: dict[str, Any]) -> list[FloorLot]:
        found: list[FloorLot] = []
        cursor: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = await self._plant.ask("/api/v1/stock", {**wanted, "limit": PAGE, **cursor})
            found += [_floor_lot(one) for one in page["items"]]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}
        raise PlantUnavailable(f"/api/v1/stock: more than {PAGES_MAX * PAGE} lots")

    async def _keep(
        self,
        session: Session,
        began: datetime,
        reading: Reading,
        compared: Sequence[Compared],
        settled: Sequence[Compared],
        is_whole: bool,
    ) -> None:
        system = self._connector.name
        lots = [one.lot for one in compared]
        known = {"items": [item for item, _ in lots], "lots": [lot for _, lot in lots], "system": system}
        read = {"read_time": began, "compared": is_whole, "levels": len(reading.places)}
        async with session.transaction():
            await session.execute(QUERIES["keep_levels"], {"system": system} | reading.columns())
            if is_whole:
                await session.execute(QUERIES["forget_comparisons"], known)
            async with session.cursor() as cursor:
                told = [_values(one) | {"system": system, "read_time": began} for one in settled]
                await cursor.executemany(QUERIES["keep_comparison"], told)
            for external_id, (error, level) in reading.unknown.items():
                await session.execute(QUERIES["stop_unknown"], _row_to_fix(system, external_id, error, level))
            unknown = {"system": system, "unknown": list(reading.unknown)}
            await session.execute(QUERIES["known_now"], unknown)
            values = {"system": system, "unmapped": reading.unmapped} | read
            await session.execute(QUERIES["keep_reading"], values)


def _is_unmapped(codes: Codes, one: FloorLot) -> bool:
    """Whether nobody knows what the item is called there: then nothing of it was found, and that says nothing."""
    try:
        codes.theirs("item", one.lot[0])
    except UnknownCode:
        return True
    return False


def _floor_lot(told: dict[str, Any]) -> FloorLot:
    return FloorLot(
        lot=(told["item"], told["lot"]),
        unit=told["unit"],
        scale=told["scale"],
        quantity=Decimal(told["quantity"]),
        per_unit={unit: Fraction(ratio) for unit, ratio in told["per_unit"].items()},
    )


def _values(one: Compared) -> dict[str, Any]:
    return {
        "item": one.lot[0],
        "lot": one.lot[1],
        "unit": one.unit,
        "there": one.there,
        "here": one.here,
        "under_way": one.under_way,
        "difference": one.difference,
        "state": one.state,
    }


def _row_to_fix(system: str, external_id: str, error: UnknownCode, level: Level) -> dict[str, Any]:
    told = {"item": level.item, "lot": level.lot, "location": level.location, "unit": level.unit}
    return {
        "system": system,
        "external_id": external_id,
        "told": json.dumps({**told, "quantity": str(level.quantity)}, ensure_ascii=False),
        "problem": json.dumps(problem(error.code, error.message, error.details), ensure_ascii=False),
    }
