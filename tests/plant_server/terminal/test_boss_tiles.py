"""Each tile of the owner's page, by hand: its figure, yesterday's, one line of why, and its age."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx
import pytest
from psycopg import AsyncConnection

from plant_server.digest.contents import contents_of
from plant_server.terminal.boss import boss_of
from tests.plant_server.terminal.shop import Shop, explained_stop, lose_parts, somebody_calls
from tests.plant_server.terminal.test_boss import two_days

ARTICLE = re.compile(r'<article aria-labelledby="(\w+)">(.*?)</article>', re.S)
PART = '<p class="{}[^>]*>(.*?)</p>'
CLOCK = re.compile(r"\d\d:\d\d:\d\d ·")
STOPS = """
WITH made AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)
    SELECT device_id, now() - ago, now() - ago + lasted, 120, '{fault}' FROM plant.device CROSS JOIN (VALUES
        (interval '26 h', interval '30 min'), (interval '24 h 10 min', interval '70 min')) AS told (ago, lasted)
    RETURNING stop_id, from_ts, to_ts)
INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason) SELECT stop_id, from_ts, to_ts, 'tool' FROM made
"""
KNOWN = """
INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts)
SELECT device_id, 'producing', now() - interval '27 h', now() - interval '26 h' FROM plant.device
"""
CALLS = """
INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state, ended_by, ended_time,
    level, version)
SELECT gen_random_uuid(), 'demo/press' || number, 'demo', 'lead', '', 'person:1', now() - interval '24 h 5 min', now(), false,
       'resolved', 'person:2', now() - interval '23 h 55 min', 0, 1 FROM generate_series(1, 2) AS number
"""
ORDERS = {  # Hours ago: due, known since, ended.
    "MO-1": (1, 72, None),
    "MO-2": (48, 72, None),
    "MO-3": (26, 72, 12),  # Was late at this time yesterday, and is done with.
    "MO-4": (60, 1, None),  # Came overdue: was not late yesterday.
    "MO-5": (30, 72, 25),  # Came late, but before this time yesterday.
}
GOLDEN = {
    "en": {
        "output": ("100 good", "▼ Worse than yesterday: 120 at this time", "MO-1 lacks most: 1000"),
        "yield": ("90.9 %", "▲ Better than yesterday: 80.0 %", "No bad part was told."),
        "oee": ("27.8 %", "▲ Better than yesterday: 22.2 %", "Most was lost by unplanned stops: 20 min"),
        "late": ("✕ 3", "▲ Worse than yesterday: 2 at this time", "MO-4: due"),
        "stops": ("42 min", "▲ Worse than yesterday: 40 min at this time", "press1: without a reason"),
        "calls": ("! 1 and 1 answered", "▼ Better than yesterday: 2 at this time", "The oldest: Maintenance"),
        "open": (
            "3",
            "Yesterday is not known",
            "alarms: 1 · stops without a reason: 1 · counts without an order: 1",
        ),
        "energy": ("2.5 Wh", "▼ Better than yesterday: 4.0 Wh", "Most: GEARBOX, 2.5 Wh"),
    },
    "zh-CN": {
        "output": ("100 良品", "▼ 差于昨日: 昨日此时 120", "MO-1"),
        "yield": ("90.9 %", "▲ 好于昨日: 80.0 %", "没有报告不良品"),
        "oee": ("27.8 %", "▲ 好于昨日: 22.2 %", "计划外停机"),
        "late": ("✕ 3", "▲ 差于昨日: 昨日此时 2", "MO-4: 交期"),
        "stops": ("42 分", "▲ 差于昨日: 昨日此时 40 分", "press1: 未说明原因"),
        "calls": ("! 1 另有 1 个已响应", "▼ 好于昨日: 昨日此时 2", "维修"),
        "open": ("3", "昨日不详", "报警: 1"),
        "energy": ("2.5 Wh", "▼ 好于昨日: 4.0 Wh", "GEARBOX"),
    },
}
TODAY_ONLY = {
    "en": ("Yesterday is not known", "As yesterday: 0"),
    "zh-CN": ("昨日不详", "与昨日持平: 昨日此时 0"),
}


async def seed(connection: AsyncConnection) -> Shop:
    shop = await two_days(connection)
    for statement in (STOPS, KNOWN, CALLS):
        await connection.execute(statement.encode())
    await explained_stop(shop)
    await somebody_calls(shop, 1)
    await lose_parts(shop)
    await connection.execute(
        "INSERT INTO plant.alarm (kind, subject, detail) VALUES ('keeper_silent', '', '')"
    )
    for number in ("MO-4", "MO-5"):
        await shop.floor.order(number, "GEARBOX", "B", None)
    for number, (due, known, ended) in ORDERS.items():
        await connection.execute(
            "UPDATE plant.work_order SET due_time = now() - %(due)s * interval '1 h', created_time = now() - %(known)s * interval '1 h',"
            " ended_time = now() - %(ended)s * interval '1 h',"
            " state = CASE WHEN %(ended)s::int IS NULL THEN state ELSE 'completed' END WHERE number = %(number)s",
            {"number": number, "due": due, "known": known, "ended": ended},
        )
    await energy(connection, shop)
    return shop


async def energy(connection: AsyncConnection, shop: Shop) -> None:
    """A run that ended today took 125 Wh for 50 parts, and one of yesterday 200 Wh."""
    ended = "UPDATE plant.run SET to_time = now() - interval '1 h', from_time = now() - interval '2 h', booked_made = 50"
    await connection.execute(ended)
    order = await shop.floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-2'")
    now = datetime.now(UTC)
    old = await shop.floor.run(order, start=now - timedelta(hours=26), end=now - timedelta(hours=25))
    await connection.execute(
        "UPDATE plant.run SET count_source = 'operator', entered_good = 50 WHERE run_id = %s", (old,)
    )
    await connection.execute(
        "INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id)"
        " SELECT run_id, CASE run_id WHEN %s THEN 200 ELSE 125 END, 1, gen_random_uuid() FROM plant.run",
        (old,),
    )


def tiles_of(page: str) -> dict[str, dict[str, str]]:
    """The text of each part of each tile; of `age` also what the script counts from."""
    tiles: dict[str, dict[str, str]] = {}
    for name, body in ARTICLE.findall(page):
        parts = {}
        for part in ("figure", "before", "why", "age"):
            found = re.search(PART.format(part), body, re.S)
            assert found, f"{name} has no {part}"
            parts[part] = " ".join(unescape(re.sub(r"<[^>]*>", "", found[1])).split())
        parts["data-age"] = re.findall(r'data-age="([^"]*)"', body)[0]
        tiles[name] = parts
    return tiles


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_tile_has_its_figure_yesterday_why_and_age(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await seed(connection)
    answer = await client.get("/boss", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    tiles = tiles_of(answer.text)
    told = {name: (one["figure"], one["before"]) for name, one in tiles.items()}
    assert told == {name: golden[:2] for name, golden in GOLDEN[language].items()}
    for name, (_, _, why) in GOLDEN[language].items():
        assert why in tiles[name]["why"], name
        assert tiles[name]["age"].startswith("As of" if language == "en" else "截至"), name
        assert CLOCK.search(tiles[name]["age"]), name
        assert datetime.fromisoformat(tiles[name]["data-age"]) <= datetime.now(UTC), name
    assert len(answer.content) <= 50 * 1024


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_plant_of_today_says_that_yesterday_is_not_known(
    client: httpx.AsyncClient, language: str
) -> None:
    tiles = tiles_of((await client.get("/boss", headers={"Accept-Language": language})).text)
    unknown, same = TODAY_ONLY[language]
    assert [name for name, one in tiles.items() if one["before"] != unknown] == ["calls"]
    assert same in tiles["calls"]["before"]
    assert len(tiles) == 8
    assert all(one["figure"] and one["why"] for one in tiles.values())


async def test_the_digest_compares_late_orders_and_stops_too(connection: AsyncConnection) -> None:
    await seed(connection)
    today = datetime.now(UTC).date()
    text = (await contents_of(connection, today, ZoneInfo("UTC"), "en")).text
    assert "**Late orders** 3 ▲ Worse than the day before: 2\n> MO-4: 1000 to go\n" in text
    assert "press1 42 min ▲ Worse than the day before: 40 min\n> without a reason\n" in text


async def test_a_day_that_is_over_is_beside_the_same_stretch_of_the_day_before(
    connection: AsyncConnection,
) -> None:
    """The day ended a minute ago; what stood yesterday in that last minute is no part of it."""
    await seed(connection)
    today = datetime.now(UTC).date()
    await connection.execute("UPDATE plant.shift SET to_ts = now() - interval '1 min' WHERE to_ts > now()")
    over = await boss_of(connection, "UTC", today)
    assert over.stood_s == 42 * 60
    assert over.stood_before_s == pytest.approx(39 * 60, abs=5)
    coming = await boss_of(connection, "UTC", today + timedelta(days=9))
    assert coming.stood_s == 0, "a day that has not begun"
