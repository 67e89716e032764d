"""The owner's page: figures by hand, each with its yesterday, its age, and one line of why."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from plant_server.terminal.boss import Boss, boss_of
from tests.plant_server.api_fixture import asking
from tests.plant_server.people.staff import add_person, sign_in
from tests.plant_server.terminal.shop import Shop, furnish

CHINESE = re.compile(r"[\u4e00-\u9fff]")
DAYS = """
INSERT INTO plant.shift (code, name_en, name_zh, business_date, from_ts, to_ts, is_stated)
SELECT 'all', 'All day', '全天', (now() AT TIME ZONE 'UTC')::date - ago, now() - (ago * interval '1 day') - interval '4 h',
       now() - (ago * interval '1 day') + interval '4 h', true FROM generate_series(0, 1) AS ago
"""
HOUR = """
INSERT INTO plant.machine_hour (device_id, from_ts, to_ts, as_of, shift_id, producing_s, setup_s, unplanned_s, blocked_s,
    unexplained_s, planned_s, unknown_s, made, scrap, rework, rejected, setup_scrap, not_assigned, planned_run_s, unrated)
SELECT device_id, %(from)s, %(from)s + interval '1 h', %(from)s + interval '1 h', shift_id, %(producing)s, 300, %(unplanned)s, 0, 100, 0, 0,
       %(made)s, %(scrap)s, 0, 0, 0, 0, %(planned_run)s, 0
FROM plant.device JOIN plant.shift ON shift.from_ts <= %(from)s AND shift.to_ts > %(from)s
"""


async def hour(connection: AsyncConnection, ago: timedelta, **told: float) -> None:
    await connection.execute(HOUR, {"from": datetime.now(UTC) - ago, **told})


async def two_days(connection: AsyncConnection) -> Shop:
    """Today 100 of 110 are good in 3600 s; yesterday 160 of 200 in two hours, of which one and a half had passed by now."""
    shop = await furnish(connection, stands=False)
    await connection.execute(DAYS)
    await hour(
        connection, timedelta(hours=1), producing=2000, unplanned=1200, made=110, scrap=10, planned_run=1100
    )
    await hour(
        connection, timedelta(hours=25), producing=3000, unplanned=200, made=100, scrap=20, planned_run=1000
    )
    await hour(
        connection,
        timedelta(hours=24, minutes=30),
        producing=3000,
        unplanned=200,
        made=100,
        scrap=20,
        planned_run=1000,
    )
    return shop


async def read(connection: AsyncConnection) -> Boss:
    return await boss_of(connection, "UTC")


async def test_today_and_yesterday_until_the_same_time_are_sums_of_hours(connection: AsyncConnection) -> None:
    await two_days(connection)
    boss = await read(connection)
    assert boss.hours is not None
    assert boss.before is not None
    assert (boss.hours.good, boss.hours.made) == (100, 110)
    assert boss.hours.quality_ratio == pytest.approx(100 / 110)
    # Planned busy: 2000 + 300 + 1200 + 0 + 100 s. OEE = 1100/3600 x 100/110.
    assert boss.hours.oee == pytest.approx(1000 / 3600)
    assert sum(boss.hours.losses.values()) + 1000 == pytest.approx(3600)
    assert next(iter(boss.hours.losses)) == "unplanned"
    assert boss.before.good == pytest.approx(80 + 80 / 2, abs=0.5)
    assert boss.before.quality_ratio == pytest.approx(0.8)


async def test_without_planned_times_nobody_knows_the_oee(connection: AsyncConnection) -> None:
    await two_days(connection)
    await connection.execute("UPDATE plant.machine_hour SET planned_run_s = 0, unrated = made")
    boss = await read(connection)
    assert boss.hours is not None
    assert (boss.hours.oee, boss.hours.unrated) == (None, 110)


async def test_a_case_of_an_odometer_waits_once_though_it_is_an_alarm(connection: AsyncConnection) -> None:
    await furnish(connection, stands=False)
    for kind in ("odometer_case", "keeper_silent"):
        await connection.execute(
            "INSERT INTO plant.alarm (kind, subject, detail) VALUES (%s, 'press1/parts', '')", (kind,)
        )
    assert (await read(connection)).open_points["alarms"] == 1


async def test_what_is_due_today_is_what_was_open_when_the_day_began(connection: AsyncConnection) -> None:
    await two_days(connection)
    await connection.execute("UPDATE plant.work_order SET due_time = now() + interval '2 days'")
    assert (await read(connection)).due == []
    await connection.execute(
        "UPDATE plant.work_order SET due_time = now() - interval '1 h', good = 30 WHERE number = 'MO-2'"
    )
    await connection.execute(
        "UPDATE plant.work_order SET due_time = now() + interval '1 h' WHERE number = 'MO-3'"
    )
    boss = await read(connection)
    assert (boss.due_good, boss.due_quantity) == (30, 500)
    assert boss.farthest_behind is not None
    assert (boss.farthest_behind["work_order"], boss.farthest_behind["good"]) == ("MO-3", 0)
    assert [one["work_order"] for one in boss.late if one["is_late"]] == ["MO-2"]
    await connection.execute(
        "UPDATE plant.work_order SET state = 'completed', ended_time = now() - interval '5 h' WHERE number = 'MO-2'"
    )
    assert (await read(connection)).due_quantity == 250, "it ended before the day began"


async def test_a_standing_machine_its_reason_and_what_waits(connection: AsyncConnection) -> None:
    await furnish(connection)
    await connection.execute(DAYS)
    boss = await read(connection)
    (stop,) = boss.stops
    assert (stop["machine"], stop["reason"], stop["is_open"]) == ("press1", None, True)
    assert stop["stood_s"] == pytest.approx(12 * 60, abs=60)
    assert boss.open_points["stops"] == 1
    await connection.execute("UPDATE plant.stop_piece SET reason = 'jam'")
    boss = await read(connection)
    assert (boss.stops[0]["name_zh"], boss.open_points["stops"]) == ("卡料", 0)


async def test_calls_that_nobody_answers_beside_those_at_this_time_yesterday(
    connection: AsyncConnection,
) -> None:
    """Now two wait, the oldest for 12 min; yesterday at this time one did. Of today's answered ones the median is 2 min."""
    await furnish(connection, stands=False)
    await connection.execute(DAYS)
    told = [  # raised, acknowledged, ended: minutes ago
        ("press1", "maintenance", 12, None, None, False),
        ("press2", "quality", 3, None, None, False),
        ("press3", "lead", 20, 18, None, False),
        ("press1", "material", 60, 59, 40, False),
        ("press1", "material", 90, 87, 80, False),
        ("press9", "lead", 1440 + 5, 1440 - 1, 1440 - 9, False),
        ("press8", "lead", 1440 + 5, 1440 + 1, 1440 - 9, False),
        ("press7", "lead", 1440 + 9, None, 1440 + 2, False),
        ("press6", "lead", 200, None, None, True),
    ]
    for machine, kind, raised, acknowledged, ended, late in told:
        await connection.execute(
            "INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state,"
            " acknowledged_by, acknowledged_time, ended_by, ended_time, level, version)"
            " SELECT gen_random_uuid(), 'demo/' || %(machine)s, 'demo', %(kind)s, '', 'person:1', raised, now(), %(late)s,"
            " CASE WHEN ended IS NOT NULL THEN 'resolved' WHEN acknowledged IS NOT NULL THEN 'acknowledged' ELSE 'open' END,"
            " CASE WHEN acknowledged IS NOT NULL THEN 'person:2' END, acknowledged,"
            " CASE WHEN ended IS NOT NULL THEN 'person:2' END, ended, 0, 1"
            " FROM (SELECT now() - %(raised)s * interval '1 min' AS raised, now() - %(acknowledged)s * interval '1 min' AS"
            " acknowledged, now() - %(ended)s * interval '1 min' AS ended) AS told",
            {
                "machine": machine,
                "kind": kind,
                "raised": raised,
                "acknowledged": acknowledged,
                "ended": ended,
                "late": late,
            },
        )
    boss = await read(connection)
    calls = boss.calls
    counted = {name: calls[name] for name in ("open", "unanswered", "before", "today")}
    assert counted == {"open": 3, "unanswered": 2, "before": 1, "today": 5}
    assert (calls["machine"], calls["type"], calls["median_s"]) == ("press1", "maintenance", 120)
    assert boss.read_time - calls["since"] == pytest.approx(timedelta(minutes=12), abs=timedelta(seconds=5))


async def test_energy_per_good_part_is_of_ended_runs(connection: AsyncConnection) -> None:
    await two_days(connection)
    assert (await read(connection)).energy.per_part_wh is None
    await connection.execute(
        "UPDATE plant.run SET to_time = now() - interval '1 h', booked_made = 50, from_time = now() - interval '2 h'"
    )
    await connection.execute(
        "INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id) SELECT run_id, 125, 1, gen_random_uuid() FROM plant.run"
    )
    energy = (await read(connection)).energy
    assert (energy.per_part_wh, energy.before_wh) == (2.5, None)
    assert energy.worst is not None
    assert energy.worst["item"] == "GEARBOX"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("furnished", [False, True])
async def test_the_page_tells_figure_yesterday_why_age_and_formula(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str, furnished: bool
) -> None:
    if furnished:
        await two_days(connection)
        await connection.execute("UPDATE plant.work_order SET due_time = now() - interval '1 h'")
    answer = await client.get("/boss", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert (
        answer.text.count("<article")
        == 8
        == answer.text.count("<details>")
        == answer.text.count('class="age"')
    )
    if furnished:
        assert "90.9 %" in answer.text
        assert "27.8 %" in answer.text
        assert ("Better than yesterday" if language == "en" else "好于昨日") in answer.text
    if language == "en":
        assert not CHINESE.search(re.sub(r"<a [^>]*lang=.*?</a>", "", answer.text))


@pytest.mark.parametrize(("language", "jam"), [("en", "Jam"), ("zh-CN", "卡料")])
async def test_the_reason_of_a_stop_is_named_in_its_reader_s_language(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str, jam: str
) -> None:
    await furnish(connection)
    await connection.execute(DAYS)
    await connection.execute("UPDATE plant.stop_piece SET reason = 'jam'")
    answer = await client.get("/boss", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert jam in answer.text


async def test_an_operator_or_a_stranger_does_not_see_it(app: FastAPI, connection: AsyncConnection) -> None:
    person = await add_person(app, connection, Role.OPERATOR)
    async with asking(app, client_host="192.0.2.7") as stranger:
        page = await stranger.get("/boss")
        assert (page.status_code, page.headers["location"]) == (303, "/?then=boss")
        await sign_in(stranger, person)
        assert (await stranger.get("/boss/tiles")).status_code == 403
