"""The integrator's page: what is wrong comes first, with what to do; it says the doctor's words."""

import html
import re

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from erp_bridge.schema.migrate import migrate
from plant_server.embedded.postgres import PostgresServer
from plant_server.installation.doctor_texts import TEXTS
from plant_server.people.roles import Role
from tests.plant_server.api_fixture import asking
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.terminal.shop import furnish

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LANGUAGES = ("en", "zh-CN")


@pytest.fixture
async def bridge_tables(database_server: PostgresServer, plant_database: PlantDatabase) -> None:
    await migrate(database_server.url("lineside_bridge", plant_database.name))


async def page(client: httpx.AsyncClient, language: str) -> str:
    answer = await client.get("/integrator", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    text = re.sub(r"<a [^>]*lang=.*?</a>", "", answer.text)
    assert bool(CHINESE.search(text)) == (language == "zh-CN")
    return text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_plant_without_machines_is_told_to_connect_one(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    text = await page(client, language)
    assert TEXTS["edges-none"][language][1] in text
    assert ("Nothing lies in quarantine." if language == "en" else "隔离区是空的。") in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_silent_edge_its_device_and_what_lies_in_quarantine_come_with_the_next_action(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await furnish(connection)
    await connection.execute(
        "UPDATE plant.edge SET online = false, last_message = now() - interval '3 h', clock_skew_s = 7.25"
    )
    await connection.execute("UPDATE plant.device SET online = false")
    await connection.execute(
        "INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail)"
        " SELECT edge_id, 'spBv1.0/demo/DDATA/press-shop/press1', '\\x00', 'not a payload', 'cut short' FROM plant.edge"
    )
    text = await page(client, language)
    assert TEXTS["edges-silent"][language][1] in text
    assert "press-shop/press1" in text
    assert "+7.2" in text
    assert "not a payload: 1" in text
    assert text.index(TEXTS["edges-silent"][language][1]) < text.index('id="edges"')


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("2 gaps, 4211 readings", "raise `spool.max_bytes` or `spool.max_age_h`", "does not come back"),
        ),
        ("zh-CN", ("4211", "调大 `spool.max_bytes` 或 `spool.max_age_h`", "无法恢复")),
    ],
)
async def test_what_a_full_spool_dropped_comes_with_the_next_action(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str, words: tuple[str, ...]
) -> None:
    await furnish(connection)
    gap = (
        "INSERT INTO plant.gap (edge_id, epoch, first, last, reason, from_ts, to_ts, count)"
        " SELECT edge_id, gen_random_uuid(), 100, 200, %s, now() - interval '2 h', now() - interval '1 h', %s FROM plant.edge"
    )
    await connection.execute(gap, ("no_contact", None))
    assert words[1] not in html.unescape(await page(client, language)), "no bound of a spool dropped that"
    await connection.execute(gap, ("dropped", 4211))
    text = html.unescape(await page(client, language))
    spools = text[text.index('id="spools"') : text.index('id="quarantine"')]
    assert [word for word in words if word not in spools] == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_erp_that_is_held_since_a_restore_and_an_alarm_come_in_words(
    client: httpx.AsyncClient, connection: AsyncConnection, bridge_tables: None, language: str
) -> None:
    await connection.execute("INSERT INTO plant.restoration (backup_time) VALUES (now() - interval '1 h')")
    await connection.execute(
        "INSERT INTO plant.alarm (kind, subject, detail) VALUES ('not_counted', 'a/b/c', '')"
    )
    text = html.unescape(await page(client, language))
    assert TEXTS["hold-on"][language][1] in text
    assert TEXTS["alarm-not_counted"][language][1] in text
    assert text.index(TEXTS["hold-on"][language][1]) < text.index('id="edges"')


async def test_a_refused_posting_comes_first_with_its_problem(
    client: httpx.AsyncClient, connection: AsyncConnection, plant_database: PlantDatabase
) -> None:
    async with await AsyncConnection.connect(plant_database.superuser_url, autocommit=True) as bridge:
        await bridge.execute(
            "CREATE OR REPLACE VIEW bi.erp_document AS SELECT 'core'::text AS connector, 'Completion'::text AS kind,"
            " 'MO-1'::text AS work_order, told.state, 2 AS attempts, told.problem, now() AS event_time,"
            " now() AS created_time, NULL::timestamptz AS finished_time, 4000::float8 AS waiting_s, now() AS as_of"
            " FROM (VALUES ('ready', NULL), ('refused', 'the period is closed')) AS told (state, problem)"
        )
    text = await page(client, "en")
    assert "refused: 1 · the period is closed" in text
    assert text.index("the period is closed") < text.index('id="edges"')
    assert "ready: 1 · the oldest for 67 min" in re.sub(r"\s+", " ", text.replace("</b>", ""))


async def test_an_operator_or_a_stranger_does_not_see_it(app: FastAPI, connection: AsyncConnection) -> None:
    person = await add_person(app, connection, Role.OPERATOR)
    async with asking(app, client_host="192.0.2.7") as stranger:
        answer = await stranger.get("/integrator")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?then=integrator")
        await sign_in(stranger, person)
        assert (await stranger.get("/integrator/health")).status_code == 403
