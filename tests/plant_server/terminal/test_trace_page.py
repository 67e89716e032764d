"""The page of traces: in both languages, empty, unknown, and full; every label leads on; reached from other pages."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.materials.trace_story import Story, told
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.terminal.shop import NAME, furnish
from tests.plant_server.work_orders.floor import standing_at

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LANGUAGES = ("en", "zh-CN")


@pytest.fixture
async def story(app: FastAPI, connection: AsyncConnection) -> AsyncIterator[Story]:
    async with standing_at(app, connection) as floor:
        yield await told(floor)


async def page(client: httpx.AsyncClient, query: str, language: str = "en", status: int = 200) -> str:
    await client.get(f"/trace?language={language}")  # Chosen by hand, as on the page.
    answer = await client.get(f"/trace{query}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-language"] == language
    return re.sub(r"\s+", " ", re.sub(r"<a [^>]*lang=.*?</a>", "", answer.text))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_a_label_it_asks_for_one(story: Story, language: str) -> None:
    text = await page(story.floor.client, "", language)
    assert 'name="label" value=""' in text
    assert "autofocus" in text
    assert "<article" not in text
    assert bool(CHINESE.search(text)) == (language == "zh-CN")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_backward_it_shows_what_went_in_from_whom_and_who_made_it(story: Story, language: str) -> None:
    text = await page(story.floor.client, "?label=WO-1", language)
    for told_of in ("heat S-1", "SO-77", "Wu", "press1"):
        assert told_of in text
    words = (
        ("taken 24, put back 12", "Burr", "What went into it?")
        if language == "en"
        else ("领用 24，退回 12", "原因 burr", "用了哪些物料？")
    )
    assert all(one in text for one in words)
    assert 'href="/trace?label=S-1&amp;direction=forward"' in text


async def test_forward_it_shows_every_order_and_where_nothing_stayed(story: Story) -> None:
    text = await page(story.floor.client, "?label=S-2&direction=forward")
    assert re.findall(r'id="order-([^"]+)"', text) == ["WO-1", "WO-3", "WO-2"]
    assert "taken 8, put back 8" in text
    assert 'href="/trace?label=WO-1&amp;direction=backward"' in text


async def test_a_label_nobody_knows_and_one_with_nothing_behind_it_are_told_apart(story: Story) -> None:
    client = story.floor.client
    text = await page(client, "?label=NEVER", "zh-CN", 404)
    assert "没有此编号的工单或批次: NEVER" in text
    text = await page(client, "?label=S-1")
    assert "it came as it is" in text
    text = await page(client, "?label=WO-2&direction=forward")
    assert "Nothing was made from it here" in text


async def test_what_is_typed_stays_a_text(story: Story) -> None:
    text = await page(story.floor.client, "?label=%3Cscript%3E1%3C%2Fscript%3E", status=404)
    assert "<script>1" not in text
    assert "&lt;script&gt;1" in text


async def test_a_stranger_is_sent_to_the_sign_in_and_comes_back(
    app: FastAPI, connection: AsyncConnection
) -> None:
    person = await add_person(app, connection, Role.QUALITY)
    await add_person(app, connection, Role.ADMIN, name="Ada", pin=None)
    async with asking(app, client_host="192.0.2.7") as stranger:
        answer = await stranger.get("/trace?label=WO-1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?then=trace")
        assert 'data-then="trace"' in (await stranger.get("/?then=trace")).text
        await sign_in(stranger, person)
        assert (await stranger.get("/trace")).status_code == 200
        assert 'href="/trace"' in (await stranger.get("/")).text


async def test_the_terminal_leads_to_the_trace_of_its_order(
    app: FastAPI, connection: AsyncConnection
) -> None:
    await furnish(connection)
    person = await add_person(app, connection, Role.OPERATOR)
    async with asking(app) as here:
        await sign_in(here, person)
        assert 'href="/trace?label=MO-1"' in (await here.get(f"/t/{NAME}")).text
