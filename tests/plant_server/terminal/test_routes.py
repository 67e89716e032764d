"""Every page renders in both languages, with nothing to show and with everything."""

import re

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.materials.floor import STATION, Floor
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.terminal.shop import NAME, explained_stop, furnish, left_by, lose_parts

LANGUAGES = ("en", "zh-CN")
LINE = STATION.rpartition("/")[0]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PAGES = ("", "/screen", "/drawing", "/stops")
BESIDE = (f"/t/{NAME}/stops", f"/t/{NAME}/stops?stop=2", f"/t/{NAME}/hand-over", f"/line/{LINE}")


async def text_of(client: httpx.AsyncClient, path: str, language: str) -> str:
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-language"] == language
    assert "style=" not in answer.text, "the policy forbids inline styles"
    assert "<script>" not in answer.text
    return answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_sign_in_names_people_in_the_language_asked_for(
    client: httpx.AsyncClient, app: FastAPI, connection: AsyncConnection, language: str
) -> None:
    assert ("One-time code" if language == "en" else "一次性代码") in await text_of(client, "/", language)
    await add_person(app, connection, Role.ADMIN, name="Ada")
    text = await text_of(client, "/", language)
    assert "Ada" in text
    assert ("touch your name" if language == "en" else "点姓名") in text


async def test_a_stranger_in_the_network_sees_no_names(app: FastAPI, connection: AsyncConnection) -> None:
    await add_person(app, connection, Role.ADMIN, name="Ada")
    async with asking(app, client_host="192.0.2.7") as stranger:
        assert "Ada" not in (await stranger.get("/")).text
        terminal = await stranger.get(f"/t/{NAME}")
        assert (terminal.status_code, terminal.headers["location"]) == (303, f"/?station={NAME}")
        assert (await stranger.get(f"/t/{NAME}/screen")).status_code == 401
        assert (await stranger.get(f"/t/{NAME}/drawing")).status_code == 401


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
async def test_a_station_without_anything_renders(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str, page: str
) -> None:
    await Floor(connection).station()
    await text_of(client, f"/t/{NAME}{page}", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
async def test_a_station_with_everything_renders(
    client: httpx.AsyncClient, app: FastAPI, connection: AsyncConnection, language: str, page: str
) -> None:
    shop = await furnish(connection)
    await lose_parts(shop)
    person = await add_person(app, connection, Role.OPERATOR, Role.LEAD)
    await connection.execute("UPDATE plant.person SET language = %s", (language,))
    await sign_in(client, person)
    text = await text_of(client, f"/t/{NAME}{page}?", language)
    if page in ("", "/screen"):
        for shown in ("MO-1", "MO-2", "GEARBOX", "37", "burr", "jam"):
            assert shown in text


async def test_chinese_pages_show_no_english_and_the_other_way_round(
    client: httpx.AsyncClient, app: FastAPI, connection: AsyncConnection
) -> None:
    shop = await furnish(connection)
    await lose_parts(shop)
    assert await explained_stop(shop) == 2
    await connection.execute("UPDATE plant.item SET name_zh = '齿轮箱', name_en = 'gearbox'")
    await left_by(shop, await add_person(app, connection, Role.OPERATOR, name="王"), "")
    chinese = await add_person(app, connection, Role.OPERATOR, name="李娜")
    await connection.execute("UPDATE plant.person SET language = 'zh-CN'")
    await sign_in(client, chinese)
    for page in (f"/t/{NAME}", *BESIDE):
        words = visible(await text_of(client, page, "zh-CN"))
        for name in ("Lineside", "English", LINE, NAME, "line1"):
            words = words.replace(name, "")
        assert not re.findall(r"\b(?:[A-Z][a-z]+|[a-z]{3,})\b", words), (page, words)
    await connection.execute("UPDATE plant.person SET language = 'en', name = 'Li'")
    for page in (f"/t/{NAME}", *BESIDE):
        words = visible(await text_of(client, page, "en"))
        assert CHINESE.findall(words.replace("中文", "")) == [], page


def visible(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_the_language_chosen_by_hand_ends_with_the_persons_turn(
    client: httpx.AsyncClient, app: FastAPI, connection: AsyncConnection
) -> None:
    await furnish(connection)
    first = await add_person(app, connection, Role.OPERATOR, name="One")
    second = await add_person(app, connection, Role.OPERATOR, name="Two")
    await sign_in(client, first)
    chosen = await client.get(f"/t/{NAME}?language=zh-CN")
    assert chosen.status_code == 303
    assert (await client.get(f"/t/{NAME}")).headers["content-language"] == "zh-CN"
    await sign_in(client, second)
    assert (await client.get(f"/t/{NAME}")).headers["content-language"] == "en"


async def test_a_waiver_asked_for_by_another_can_be_decided_here(
    client: httpx.AsyncClient, app: FastAPI, connection: AsyncConnection
) -> None:
    await furnish(connection)
    asker = await add_person(app, connection, Role.OPERATOR, name="Asker")
    lead = await add_person(app, connection, Role.QUALITY, name="Judge")
    await connection.execute(
        "INSERT INTO plant.waiver (work_order_id, item_id, reasons, changes, note, holds, requested_by)"
        " SELECT work_order_id, item_id, ARRAY['superseded_revision'], ARRAY['ECN-7'], 'last box', '{}', %s"
        " FROM plant.work_order WHERE number = 'MO-1'",
        (asker,),
    )
    await sign_in(client, asker)
    assert "ECN-7" not in (await client.get(f"/t/{NAME}")).text
    await sign_in(client, lead)
    text = (await client.get(f"/t/{NAME}")).text
    assert "ECN-7" in text
    assert "/api/v1/waivers/1/grant" in text


async def test_only_the_pinned_drawing_is_shown(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await furnish(connection)
    for revision in ("A", "B"):
        await connection.execute(
            "INSERT INTO plant.drawing (item_id, revision, name, media_type, sha256, content)"
            " SELECT item_id, %s, %s, 'image/png', sha256('x'), 'x' FROM plant.item WHERE code = 'GEARBOX'",
            (revision, f"sheet {revision}"),
        )
    text = (await client.get(f"/t/{NAME}/drawing")).text
    assert "sheet B" in text
    assert "sheet A" not in text


async def test_an_unknown_station_is_not_found(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    answer = await client.get("/t/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-station")


async def test_a_stop_of_another_station_is_not_found_here(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    shop = await furnish(connection)
    stop = await explained_stop(shop)
    assert (await client.get(f"/t/{NAME}/stops?stop={stop}")).status_code == 200
    await shop.floor.station(f"{LINE}/press2")
    for page in (f"/t/press2/stops?stop={stop}", f"/t/{NAME}/stops?stop=4711"):
        answer = await client.get(page)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-stop"), page


async def test_only_a_person_hands_over(client: httpx.AsyncClient, connection: AsyncConnection) -> None:
    await furnish(connection)
    answer = await client.get(f"/t/{NAME}/hand-over")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?station={NAME}")


async def test_stops_are_shown_since_the_last_stated_shift_began(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    """Where nobody stated shifts, of 12 hours; the stop of an hour ago then stands outside a shift of half an hour."""
    await explained_stop(await furnish(connection, stands=False))
    await connection.execute("DELETE FROM plant.shift")
    assert "32 min" in visible(await text_of(client, f"/t/{NAME}/stops", "en"))
    assert "1 · 32 min" in visible(await text_of(client, f"/t/{NAME}", "en"))
    await connection.execute(
        "INSERT INTO plant.shift (code, name_en, name_zh, business_date, from_ts, to_ts, is_stated)"
        " VALUES ('early', 'Early', '早班', current_date, now() - interval '15 min', now() - interval '1 min', true)"
    )
    page = visible(await text_of(client, f"/t/{NAME}/stops", "en"))
    assert "It did not stand still" in page
    assert "without a reason 0 min" in page
    assert "· 32 min" not in visible(await text_of(client, f"/t/{NAME}", "en"))
