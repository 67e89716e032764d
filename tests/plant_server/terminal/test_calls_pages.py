"""Calls on pages: at the station, over the line without a person's name, and where those look who come."""

import re

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.materials.floor import STATION
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.terminal.shop import NAME, furnish, somebody_calls

LINE = STATION.rpartition("/")[0]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


@pytest.fixture
async def helper(app: FastAPI, connection: AsyncConnection) -> int:
    helper = await add_person(app, connection, Role.MAINTENANCE, name="Wang Fang")
    await connection.execute("UPDATE plant.person SET name_zh = '王芳' WHERE person_id = %s", (helper,))
    await somebody_calls(await furnish(connection, stands=False), helper)
    return helper


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("nobody comes yet", "acknowledged by Wang Fang", "for you", "Level 2: shift leads", "Seen")),
        ("zh-CN", ("尚无人响应", "王芳 已响应", "找您", "第 2 级: 班组长", "断网期间")),
    ],
)
async def test_who_comes_sees_calls_with_their_level_and_answers_them(
    client: httpx.AsyncClient, helper: int, language: str, said: tuple[str, ...]
) -> None:
    await sign_in(client, helper)
    await client.get("/calls", params={"language": language})
    text = (await client.get("/calls")).text
    assert [one for one in said if one not in words(text)] == []
    assert text.count('name="eta_min"') == 2 * 4, "the one who comes may say another time"
    assert len(re.findall("/resolve", text)) == 3
    if language == "en":
        assert not CHINESE.search(re.sub(r"<a [^>]*lang=.*?</a>", "", text))


async def test_somebody_else_may_answer_only_what_nobody_answers_in_time(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, helper: int
) -> None:
    await sign_in(client, await add_person(app, connection, Role.LEAD, name="Lena"))
    assert (await client.get("/calls/list")).text.count("/acknowledge") == 1
    await connection.execute("UPDATE plant.andon_call SET eta_time = now()")
    assert (await client.get("/calls/list")).text.count("/acknowledge") == 2


async def test_an_operator_looks_and_ends_but_does_not_answer_and_a_stranger_signs_in(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, helper: int
) -> None:
    await sign_in(client, await add_person(app, connection, Role.OPERATOR, name="Olga"))
    text = (await client.get("/calls")).text
    assert (text.count("/acknowledge"), text.count("/resolve")) == (0, 3)
    async with asking(app, client_host="192.0.2.7") as stranger:
        page = await stranger.get("/calls")
        assert (page.status_code, page.headers["location"]) == (303, "/?then=calls")
        assert (await stranger.get("/calls/list")).status_code == 401


async def test_the_line_shows_calls_without_a_name(client: httpx.AsyncClient, helper: int) -> None:
    text = (await client.get(f"/line/{LINE}", headers={"Accept-Language": "en"})).text
    assert "Wang Fang" not in text
    above, _, card = words(text[text.index('class="board"') :]).partition("press1")
    assert re.search(r"Quality line1 · called .* ago · acknowledged · ETA", above)
    assert re.search(r"Maintenance · called .* ago · nobody comes yet · Level 2", card)
    assert "Material" not in above + card, "what was heard of late is on no display"


async def test_the_station_calls_only_where_somebody_may(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, helper: int
) -> None:
    page = (await client.get(f"/t/{NAME}", headers={"Accept-Language": "en"})).text
    assert "Maintenance · called" in re.sub(r"\s+", " ", words(page)), "this machine reads"
    assert 'data-show="andon"' not in page, "and commands nothing"
    await sign_in(client, await add_person(app, connection, Role.OPERATOR, name="Olga"))
    page = (await client.get(f"/t/{NAME}", headers={"Accept-Language": "en"})).text
    assert 'data-show="andon"' in page
    panel = page[page.index('id="panel-andon"') :].partition("</section>")[0]
    assert re.findall(r'name="type" value="(\w+)"', panel) == ["material", "quality", "maintenance", "lead"]
    assert panel.count("Take back") == 0, "others called"
    await connection.execute(
        "UPDATE plant.andon_call SET raised_by = 'person:' || (SELECT max(person_id) FROM plant.person)"
    )
    page = (await client.get(f"/t/{NAME}", headers={"Accept-Language": "en"})).text
    assert page.count("Take back") == 2
