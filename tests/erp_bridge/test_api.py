"""The bridge API: keys and scopes, what waits for a person and what they can do, and the page."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.refusal_texts import ADVICE, LANGUAGES, OTHER
from erp_bridge.rest.access import POLICY
from erp_bridge.rest.problems import TITLES
from erp_bridge.settings import Settings
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor
from tests.simulators.business_process import released_order

CLIENT = "http://127.0.0.1:8081"


@pytest.fixture
async def app(bridge: BridgeHere) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(bridge_database_url=bridge.url), bridge.config)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI, bridge: BridgeHere) -> AsyncIterator[httpx.AsyncClient]:
    """With a key that may do everything."""
    key = await make_key(bridge.url, "tests", ["read", "write"])
    async with asking(app, key) as client:
        yield client


def asking(app: FastAPI, key: str | None = None, language: str = "en") -> httpx.AsyncClient:
    headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {key}"} if key else {})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=CLIENT, headers=headers)


def books(core: httpx.Client, number: str) -> list[str]:
    found = core.get("/api/completions", params={"work_order": number}).json()["items"]
    return [one["lines"][0]["quantity"] for one in found if one["state"] == "posted"]


def raise_quantity(core: httpx.Client, number: str) -> None:
    order = {"number": number, "item": "FG-100", "quantity": "5000", "due": "2026-12-01T00:00:00Z"}
    assert core.post("/control/work-orders", json=order).status_code == 200


def routes(app: FastAPI) -> set[tuple[str, str]]:
    document = app.openapi()
    return {(method.upper(), path) for path, told in document["paths"].items() for method in told}


async def test_every_documented_route_has_a_row_in_the_policy_and_wants_a_key(app: FastAPI) -> None:
    in_policy = {(method, path.replace(":path", "")) for method, path in POLICY}
    assert routes(app) <= in_policy
    async with asking(app) as client:
        for method, path in routes(app):
            answer = await client.request(method, re.sub(r"{\w+}", str(uuid4()), path))
            assert (answer.status_code, answer.json()["code"]) == (401, "key-required"), path


async def test_a_wrong_key_is_refused_and_a_key_that_may_read_may_not_write(
    app: FastAPI, bridge: BridgeHere
) -> None:
    key = await make_key(bridge.url, "reader", ["read"])
    async with asking(app, key) as client:
        assert (await client.get("/bridge/v1/status")).status_code == 200
        answer = await client.post(f"/bridge/v1/documents/{uuid4()}/retry")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), "lsb_x_y", "nonsense"):
        async with asking(app, wrong) as client:
            answer = await client.get("/bridge/v1/status")
            assert (answer.status_code, answer.json()["code"]) == (401, "key-refused")


async def test_keys_are_kept_as_argon2_only(bridge: BridgeHere) -> None:
    key = await make_key(bridge.url, "somebody", ["read"])
    (kept,) = await bridge.ask("SELECT * FROM bridge.api_key")
    assert kept["hash"].startswith("$argon2id$")
    assert key.rsplit("_", 1)[1] not in str(kept)


async def test_a_refusal_says_what_to_do_in_both_languages_and_goes_on_after_the_retry(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, app: FastAPI, client: httpx.AsyncClient
) -> None:
    number = released_order(core)
    floor.good(number, "1000")
    floor.good(number, "1")
    await bridge.deliver()

    (item,) = (await client.get("/bridge/v1/fix-it")).json()["items"]
    assert (item["subject"], item["problem"]["code"], item["waiting_behind"]) == (number, "over_receipt", 1)
    assert item["to_do"].startswith("Raise the quantity")
    chinese = await client.get("/bridge/v1/fix-it", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    assert chinese.json()["items"][0]["says"] == "超出工单允许的完工数量"

    raise_quantity(core, number)
    answer = await client.post(f"/bridge/v1/documents/{item['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "ready")
    await bridge.deliver()
    assert books(core, number) == ["1000", "1"]
    assert (await client.get("/bridge/v1/fix-it")).json()["items"] == []
    told = (await client.get(f"/bridge/v1/documents/{item['id']}")).json()
    assert [one["state"] for one in told["deliveries"]] == ["rejected", "accepted"]
    assert told["deliveries"][1]["read_back"]["external_id"] == item["id"]


async def test_a_document_posted_by_hand_lets_the_later_ones_go_on_and_is_not_sent(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, client: httpx.AsyncClient
) -> None:
    number = released_order(core)
    floor.good(number, "1000")
    floor.good(number, "1")
    refused = (await bridge.deliver())[0]
    path = f"/bridge/v1/documents/{refused['document_id']}"
    body = {"reference": "MANUAL-7", "note": "posted for two orders"}
    answer = await client.post(f"{path}/mark-posted", json=body)
    assert (answer.json()["state"], answer.json()["reference"]) == ("by_hand", "MANUAL-7")
    again = await client.post(f"{path}/mark-posted", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "not-waiting")
    await bridge.deliver()
    assert books(core, number) == ["1"]


async def test_a_code_that_is_mapped_lets_go_on_what_it_stopped(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, client: httpx.AsyncClient
) -> None:
    number = released_order(core)
    floor.good(number, "2", unit="EA")
    await bridge.deliver()
    answer = await client.put("/bridge/v1/codes/core/unit/EA", json={"their_code": "pcs"})
    assert (answer.status_code, answer.json()["changed_by"]) == (200, "tests")
    await bridge.deliver()
    assert books(core, number) == ["2"]
    assert [one["our_code"] for one in (await client.get("/bridge/v1/codes")).json()["items"]] == ["EA"]
    assert (await client.delete("/bridge/v1/codes/core/unit/EA")).status_code == 204
    nowhere = await client.put("/bridge/v1/codes/nowhere/unit/EA", json={"their_code": "pcs"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown-system")


async def test_what_can_never_be_a_document_cannot_be_sent_again(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, client: httpx.AsyncClient
) -> None:
    floor.tell("completion", released_order(core), item="FG-100")
    (refused,) = await bridge.deliver()
    answer = await client.post(f"/bridge/v1/documents/{refused['document_id']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-retryable")


async def test_lists_are_paged_without_a_gap(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, client: httpx.AsyncClient
) -> None:
    number = released_order(core)
    for _ in range(5):
        floor.good(number, "1")
    await bridge.plan()
    found: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        query: dict[str, Any] = {"limit": 2, "work_order": number} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/bridge/v1/documents", params=query)).json()
        found += [one["document_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 5
    newest = (await client.get("/bridge/v1/documents", params={"newest": True})).json()["items"]
    assert [one["document_id"] for one in newest] == found[::-1]


async def test_the_status_counts_what_waits_per_system(
    core: httpx.Client, floor: Floor, bridge: BridgeHere, client: httpx.AsyncClient
) -> None:
    number = released_order(core)
    floor.good(number, "1")
    assert (await client.get("/bridge/v1/status")).json()["unclaimed"] == 1
    await bridge.plan()
    told = (await client.get("/bridge/v1/status")).json()
    assert (told["unclaimed"], told["systems"][0]["documents"]) == (0, {"ready": 1})


async def test_the_page_is_served_with_a_policy_that_allows_nothing_from_elsewhere(app: FastAPI) -> None:
    async with asking(app) as client:
        page = await client.get("/")
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
        for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert (await client.get(name)).status_code == 200
        assert "http" not in page.text
        assert (await client.get("/static/../api.py")).status_code in (401, 404)
        assert (await client.get("/healthz")).json()["systems"] == ["core"]


def test_every_text_has_both_languages() -> None:
    for text in (*ADVICE.values(), OTHER):
        assert all(text.what[language] and text.to_do[language] for language in LANGUAGES)
    assert all(set(titles) == set(LANGUAGES) for titles in TITLES.values())
