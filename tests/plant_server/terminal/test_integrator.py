"""The integrator's page: what is wrong comes first, with what to do; it says the doctor's words."""

import html
import re

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from erp_bridge.schema.migrate import migrate
from plant_server.embedded.postgres import PostgresServer
from plant_server.ingest.quarantine import Reason, SampleReason
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


ACTIONS = {
    "en": {
        "dropped": ("dropped by a full spool", "raise `spool.max_bytes` or `spool.max_age_h`"),
        "corrupt": ("the spool file was damaged", "disk and its power supply"),
        "not_kept": ("asked for after the edge had forgotten it", "raise `spool.keep_h`"),
        "set_aside": ("set aside because the plant never stored it", "Read in ingest's log"),
        "overflow": ("more changes than a queue held", "raise `queue`"),
        "no_contact": ("a subscription was lost", "the machine's OPC UA server"),
    },
    "zh-CN": {
        "dropped": ("缓存已满而丢弃", "调大 `spool.max_bytes`"),
        "corrupt": ("缓存文件损坏", "磁盘和供电"),
        "not_kept": ("边缘已清除后才被请求", "调大 `spool.keep_h`"),
        "set_aside": ("工厂端始终未能存储而被搁置", "查看接收服务的日志"),
        "overflow": ("变化数超出队列容量", "`queue`"),
        "no_contact": ("订阅丢失", "OPC UA 服务器"),
    },
}
"""Reasons an edge gives (`edge.contract.spool_metrics.Gap`): what it means, and what to do."""


async def lose(connection: AsyncConnection, reason: str, count: int | None) -> None:
    await connection.execute(
        "INSERT INTO plant.gap (edge_id, epoch, first, last, reason, from_ts, to_ts, count)"
        " SELECT edge_id, gen_random_uuid(), 100, 200, %s, now() - interval '2 h', now() - interval '1 h', %s FROM plant.edge",
        (reason, count),
    )


def part(text: str, section: str, following: str) -> str:
    words = re.sub("<[^>]*>", " ", text[text.index(f'id="{section}"') : text.index(f'id="{following}"')])
    return re.sub(r"\s+", " ", html.unescape(words))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ACTIONS["en"])
async def test_what_is_missing_comes_with_the_action_of_its_reason_alone(
    client: httpx.AsyncClient, connection: AsyncConnection, reason: str, language: str
) -> None:
    await furnish(connection)
    await lose(connection, reason, 4211)
    text = part(await page(client, language), "spools", "quarantine")
    assert "4211" in text
    told = {name for name, words in ACTIONS[language].items() if all(word in text for word in words)}
    assert told == {reason}


async def test_what_is_missing_is_counted_by_reason(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await furnish(connection)
    for reason, count in (
        ("dropped", 4211),
        ("dropped", 9),
        ("overflow", 3),
        ("corrupt", None),
        ("of_later", 1),
    ):
        await lose(connection, reason, count)
    text = part(await page(client, "en"), "spools", "quarantine")
    assert "press-shop dropped by a full spool: 2 gaps, 4220 readings" in text
    assert "press-shop more changes than a queue held: 1 gaps, 3 readings" in text
    assert "press-shop the spool file was damaged: 1 gaps, ? readings" in text
    assert "press-shop of_later: 1 gaps, 1 readings" in text
    assert text.count("→") == 3, "nobody knows what to do about a reason of a later edge"


@pytest.mark.parametrize(
    ("language", "producing", "lost", "silent"),
    [
        ("en", "✓ there Fault", "run `lineside edge check`", "bring the edge back first"),
        ("zh-CN", "✓ 在线 故障", "运行 `lineside edge check`", "先恢复该边缘"),
    ],
)
async def test_devices_come_with_contact_state_and_the_age_of_the_last_good_reading(
    client: httpx.AsyncClient,
    connection: AsyncConnection,
    language: str,
    producing: str,
    lost: str,
    silent: str,
) -> None:
    shop = await furnish(connection)
    await connection.execute("DELETE FROM plant.last_value")
    await connection.execute(
        "INSERT INTO plant.tag (device_id, name, datatype) SELECT device_id, 'speed', 10 FROM plant.device"
    )
    await connection.execute(
        "INSERT INTO plant.last_value (tag_id, ts, value, quality)"
        " SELECT tag_id, now() - CASE WHEN tag_id = %(good)s THEN interval '30 min' ELSE interval '5 min' END, 1,"
        " CASE WHEN tag_id = %(good)s THEN 193 ELSE 500 END FROM plant.tag",
        {"good": shop.tag_id},
    )
    text = part(await page(client, language), "devices", "spools")
    assert f"press-shop/press1 {producing} 30 " in text
    assert lost not in text
    assert silent not in text
    await connection.execute("UPDATE plant.device SET online = false")
    text = part(await page(client, language), "devices", "spools")
    assert ("✕ No contact" if language == "en" else "✕ ") in text
    assert lost in text
    assert silent not in text
    await connection.execute("UPDATE plant.edge SET last_message = now() - interval '1 h'")
    text = part(await page(client, language), "devices", "spools")
    assert lost not in text
    assert silent in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_edge_that_is_heard_while_its_spool_grows_old_comes_with_the_next_action(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    words = "A backlog drains by itself" if language == "en" else "积压会自行排空"
    shop = await furnish(connection)
    stored = (
        "INSERT INTO plant.last_value (tag_id, ts, value, quality) VALUES (%s, now() - %s::interval, 1, 192)"
        " ON CONFLICT (tag_id) DO UPDATE SET ts = EXCLUDED.ts, is_live = false"
    )
    await connection.execute(stored, (shop.tag_id, "1 min"))
    assert words not in part(await page(client, language), "edges", "devices")
    await connection.execute(stored, (shop.tag_id, "3 h"))
    text = part(await page(client, language), "edges", "devices")
    assert words in text
    assert ("is up to 3 h old" if language == "en" else "最久已达 3") in text
    await connection.execute("UPDATE plant.device SET online = false")
    assert words not in part(await page(client, language), "edges", "devices"), (
        "nothing is read, nothing waits"
    )


async def test_of_many_devices_the_silent_ones_come_first_and_the_rest_is_counted(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await furnish(connection)
    await connection.execute(
        "INSERT INTO plant.device (edge_id, name, online)"
        " SELECT edge_id, 'a' || to_char(n, 'FM000'), true FROM plant.edge CROSS JOIN generate_series(1, 60) AS n"
    )
    await connection.execute("UPDATE plant.device SET online = false WHERE name IN ('a060', 'press1')")
    text = part(await page(client, "en"), "devices", "spools")
    assert text.index("press-shop/a060") < text.index("press-shop/press1") < text.index("press-shop/a001")
    assert text.count("press-shop/") == 50
    assert "and 11 more, of which 0 without contact" in text
    await connection.execute("UPDATE plant.device SET online = NULL")
    assert "and 11 more, of which 11 without contact" in part(await page(client, "en"), "devices", "spools")


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


GAP_REASONS = {
    "dropped",
    "too_old",
    "corrupt",
    "not_kept",
    "set_aside",
    "overflow",
    "no_contact",
    "clock",
    "redefined",
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_reason_of_quarantine_and_of_gaps_is_said_in_words_with_what_to_do(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await furnish(connection)
    for reason in GAP_REASONS:
        await lose(connection, reason, 1)
    for reason in Reason:
        await connection.execute(
            "INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail)"
            " SELECT edge_id, 'spBv1.0/demo/DDATA/press-shop/press1', '\\x00', %s, '' FROM plant.edge",
            (reason,),
        )
    for sample in SampleReason:
        await connection.execute(
            "INSERT INTO plant.sample_quarantine (time_ms, tag_id, quality, reason) SELECT 0, tag_id, 192, %s FROM plant.tag",
            (sample,),
        )
    text = await page(client, language)
    missing, quarantine = part(text, "spools", "quarantine"), part(text, "quarantine", "deliveries")
    assert missing.count("→") == len(GAP_REASONS)
    assert quarantine.count("→") == len(Reason) + len(SampleReason)
    told = re.findall(r"press-shop ([^:]+):", missing + quarantine)
    assert not {*GAP_REASONS, *Reason, *SampleReason} & set(told)
    assert len(set(told)) == len(told) == len(GAP_REASONS) + len(Reason) + len(SampleReason)
