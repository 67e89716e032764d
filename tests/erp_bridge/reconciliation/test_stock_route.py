"""The stock route: who is a source, when it was read, and what differs, page by page."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.database import connect
from erp_bridge.settings import Settings
from tests.erp_bridge.reconciliation.compared import ROWS, read, with_stock
from tests.erp_bridge.test_api import asking


@pytest.fixture
async def client(bridge_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(bridge_database_url=bridge_url), with_stock(tmp_path))
    key = await make_key(bridge_url, "reader", ["read"])
    async with app.router.lifespan_context(app), asking(app, key) as client:
        yield client


async def test_before_the_first_reading_it_says_so_and_shows_nothing(client: httpx.AsyncClient) -> None:
    told = (await client.get("/bridge/v1/stock")).json()
    assert [(one["system"], one["read_time"]) for one in told["readings"]] == [("erp", None)]
    assert (told["items"], told["next_cursor"]) == ([], None)


async def test_what_differs_is_asked_for_by_state_and_what_lies_where_stands_beside_it(
    client: httpx.AsyncClient, bridge_url: str
) -> None:
    await read(bridge_url, *ROWS, unmapped=1)
    async with await connect(bridge_url, application="test") as session:
        await session.execute(
            b"INSERT INTO bridge.stock_level VALUES ('erp', 'STEEL', 'S-2', 'STO', 'store', 'KGM', 90),"
            b" ('erp', 'STEEL', 'S-2', 'IN', NULL, 'KGM', 3.25)"
        )
    told = (await client.get("/bridge/v1/stock", params={"state": "difference", "item": "STEEL"})).json()
    (steel,) = told["items"]
    assert (steel["there"], steel["here"], steel["difference"]) == ("93.25", "100", "-6.75")
    assert steel["levels"] == [
        {"location": "IN", "our_location": None, "quantity": "3.25", "unit": "KGM"},
        {"location": "STO", "our_location": "store", "quantity": "90", "unit": "KGM"},
    ]
    assert told["readings"][0]["lots"] == {
        "difference": 2,
        "equal": 1,
        "explained": 1,
        "only_there": 1,
        "unmapped": 1,
    }
    assert (await client.get("/bridge/v1/stock", params={"state": "nonsense"})).status_code == 422


async def test_pages_follow_one_another_without_a_gap(client: httpx.AsyncClient, bridge_url: str) -> None:
    await read(bridge_url, *ROWS)
    found: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = (await client.get("/bridge/v1/stock", params={"limit": 4, "cursor": cursor})).json()
        found += [one["lot"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert found == [row[1] for row in ROWS]
