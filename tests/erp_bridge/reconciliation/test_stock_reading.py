"""Readings of a scripted system against the real plant API: what happens while it is read, and what is kept."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from erp_bridge.connectors.stock import Level
from erp_bridge.inbound.plant_api import PlantApi
from erp_bridge.reconciliation import under_way
from erp_bridge.reconciliation.stock import StockComparison
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.served import served
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton, tryton_settings
from tests.erp_bridge.tryton.pumps import Pumps
from tests.plant_server.api_fixture import TOKEN, WITH_TOKEN, app, connection
from tests.plant_server.materials.floor import Floor as PlantFloor

__all__ = ["app", "connection"]


class Scripted:
    """A system that says what a test wants. `meanwhile` happens after its first page."""

    name = "erp"

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self.asked = 0

    async def stock_places(self) -> frozenset[str]:
        return frozenset({"STO", "SHOP"})

    async def stock(self) -> AsyncIterator[Sequence[Level]]:
        self.asked += 1
        yield self.levels
        if self.meanwhile is not None:
            await self.meanwhile()


def level(
    quantity: str, lot: str = "S-1", item: str = "STEEL", unit: str = "kg", place: str = "STO"
) -> Level:
    return Level(item, lot, place, unit, Decimal(quantity))


class Books(BridgeToTryton):
    """One bridge, the scripted system and the plant, in which a lot of 100 kg of steel lies."""

    def __init__(self, url: str, settings: dict[str, Any], plant: dict[str, str]) -> None:
        super().__init__(url, settings, plant)
        self.there = Scripted()

    async def read(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """(item, lot) → (state, difference), after a reading."""
        assert self.config.plant is not None
        plant = PlantApi(self.config.plant)
        try:
            async with self.session() as session:
                await StockComparison(self.config, self.there, plant).read(session)  # type: ignore[arg-type]
        finally:
            await plant.close()
        found = await self.ask("SELECT * FROM bridge.stock_comparison")
        return {(one["item"], one["lot"]): (one["state"], one["difference"]) for one in found}

    async def is_compared(self) -> bool:
        (told,) = await self.ask("SELECT compared FROM bridge.stock_reading")
        return bool(told["compared"])


@pytest.fixture
async def books(
    app: FastAPI, connection: AsyncConnection, bridge_url: str, tmp_path: Path
) -> AsyncIterator[Books]:
    await PlantFloor(connection).item("STEEL", "KGM", 3)
    (tmp_path / "token").write_text(TOKEN)
    settings = tryton_settings("http://127.0.0.1:1", "erp", tmp_path / "secret", sources=["stock"])
    settings["codes"] |= {"location": {"store": "STO", "shop": "SHOP"}}
    async with served(app) as url:
        lot = {"item": "STEEL", "lot": "S-1", "quantity": "100", "location": "store", "known_to_erp": True}
        async with httpx.AsyncClient(headers=WITH_TOKEN | {"Idempotency-Key": str(uuid4())}) as client:
            assert (await client.post(f"{url}/api/v1/lots", json=lot)).status_code == 200
        settings |= {"stock_period_s": 0}
        yield Books(bridge_url, settings, {"url": url, "token_file": str(tmp_path / "token")})


S1 = ("STEEL", "S-1")


async def test_a_lot_of_which_a_document_was_taken_while_it_was_read_waits_for_the_next_reading(
    books: Books, floor: Floor
) -> None:
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    await books.plan()
    books.there.levels = [
        level("103")
    ]  # The plant's books know of no consumption: what MO-1 took is not theirs.
    before = await books.read()
    assert before == {S1: ("explained", Decimal(0))}
    accepted = "UPDATE bridge.document SET state = 'accepted', finished_time = %s"
    books.there.meanwhile = lambda: books.ask(accepted, datetime.now(UTC))
    books.there.levels = [level("55")]
    assert await books.read() == before  # 55 may be from before or after it: nobody can tell.
    books.there.meanwhile = None
    assert await books.read() == {S1: ("difference", Decimal(-45))}


async def test_with_too_much_under_way_the_older_comparison_stays_and_the_reading_says_so(
    books: Books, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.there.levels = [level("90")]
    assert await books.read() == {S1: ("difference", Decimal(-10))}
    Pumps(floor, "MO-1").used("STEEL", {"S-1": "3"})
    Pumps(floor, "MO-2").used("STEEL", {"S-9": "3"})
    monkeypatch.setattr(under_way, "MAX", 1)
    books.there.levels = [level("80")]
    assert await books.read() == {S1: ("difference", Decimal(-10))}
    assert not await books.is_compared()


async def test_since_a_restore_nothing_is_compared_until_a_person_released_it(
    books: Books, connection: AsyncConnection
) -> None:
    await connection.execute("INSERT INTO plant.restoration (backup_time) VALUES (now())")
    books.there.levels = [level("90")]
    assert await books.read() == {}
    assert not await books.is_compared()
    assert len(await books.ask("SELECT system FROM bridge.stock_level")) == 1  # What they said is kept.


async def test_it_is_asked_again_after_its_period_alone(books: Books) -> None:
    books.settings |= {"stock_period_s": 3600}
    books.configured()
    await books.read()
    await books.read()
    assert books.there.asked == 1


async def test_places_and_lots_of_one_label_add_up_and_what_is_gone_is_forgotten(books: Books) -> None:
    books.there.levels = [level("60"), level("30"), level("10", place="SHOP"), level("5", lot="S-8")]
    assert await books.read() == {S1: ("equal", Decimal(0)), ("STEEL", "S-8"): ("only_there", None)}
    told = await books.ask(
        "SELECT location, quantity FROM bridge.stock_level WHERE lot = 'S-1' ORDER BY location"
    )
    assert [(one["location"], one["quantity"]) for one in told] == [("SHOP", 10), ("STO", 90)]
    books.there.levels = [level("100")]
    assert await books.read() == {S1: ("equal", Decimal(0))}
    assert len(await books.ask("SELECT system FROM bridge.stock_level")) == 1


async def test_one_row_to_fix_per_code_and_what_a_person_left_stays_left(books: Books) -> None:
    books.settings["codes"] |= {"item": {"STEEL": "ST-01"}}
    books.configured()
    books.there.levels = [level("7", item="X"), level("8", lot="Q", item="X"), level("100", item="ST-01")]
    assert await books.read() == {S1: ("equal", Decimal(0))}
    (row,) = await books.inbox(kind="stock")
    assert (row["external_id"], row["state"], row["told"]["quantity"]) == ("item X", "stopped", "7")
    await books.ask("UPDATE bridge.inbox SET state = 'dropped'")
    await books.read()
    (row,) = await books.inbox(kind="stock")
    assert row["state"] == "dropped"


async def test_an_item_whose_name_there_nobody_knows_is_not_taken_for_missing(books: Books) -> None:
    books.settings["codes"] |= {"item": {"SEAL": "ST-01"}}
    books.configured()
    books.there.levels = []
    assert await books.read() == {S1: ("unmapped", None)}
