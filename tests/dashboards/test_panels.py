"""Every panel and every alert rule on a month of a plant, by the role that may only read, over five ranges."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from dashboards.alerts import RULES
from dashboards.board import LANGUAGES
from dashboards.macros import Range
from dashboards.preview import ask, committed
from dashboards.visualizations import STATES
from tests.dashboards.conftest import WrittenMonth

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

SPANS = {
    "1 h": timedelta(hours=1),
    "8 h": timedelta(hours=8),
    "7 d": timedelta(days=7),
    "30 d": timedelta(days=30),
}
PANELS = [
    pytest.param(panel, id=f"{board['uid']}-{panel['id']}")
    for language in LANGUAGES
    for board in committed(language)
    for panel in board["panels"]
]


def variables(session: psycopg.Connection) -> dict[str, list[str]]:
    lines = session.execute("SELECT line FROM bi.machine UNION SELECT '' ORDER BY 1").fetchall()
    return {"line": [line for (line,) in lines]}


def answer(
    session: psycopg.Connection, panel: dict[str, Any], begin: datetime, end: datetime
) -> tuple[list[str], list[tuple[Any, ...]]]:
    return ask(session, panel, Range(begin, end), variables(session))


def seconds(time: Any) -> float:
    return time.timestamp() if isinstance(time, datetime) else float(time)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("span", SPANS)
def test_every_panel_answers_in_its_form(
    board_session: psycopg.Connection, month: WrittenMonth, panel: dict[str, Any], span: str
) -> None:
    end = month.month.end
    columns, rows = answer(board_session, panel, end - SPANS[span], end)
    if panel["type"] == "stat":
        assert len(rows) == 1
    if panel["targets"][0]["format"] == "time_series":
        assert columns == ["time", "metric", "value"]
        times = [seconds(row[0]) for row in rows]
        assert times == sorted(times)
        assert {type(row[1]) for row in rows} <= {str}
    if panel["type"] == "state-timeline":
        assert {row[2] for row in rows} <= set(STATES)
    styled = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    assert styled <= set(columns), "a column is styled that is not there"
    if span == "30 d":
        assert any(value is not None for row in rows for value in row), "a month shows nothing"


@pytest.mark.parametrize("panel", PANELS)
def test_a_range_without_facts_is_no_error_and_no_row(
    board_session: psycopg.Connection, month: WrittenMonth, panel: dict[str, Any]
) -> None:
    end = month.month.begin - timedelta(days=300)
    panel = panel | {"timeFrom": None}
    _, rows = answer(board_session, panel, end - timedelta(days=1), end)
    told = [row for row in rows if any(value not in (None, 0) for value in row)]
    asks_for_a_range = "$__time" in panel["targets"][0]["rawSql"]
    assert told == [] or not asks_for_a_range


@pytest.mark.parametrize("rule", RULES, ids=[rule.uid for rule in RULES])
def test_every_alert_rule_gives_labels_and_one_number(
    board_session: psycopg.Connection, month: WrittenMonth, rule: Any
) -> None:
    cursor = board_session.execute(rule.sql.encode())
    columns = [column.name for column in cursor.description or ()]
    assert columns[-1] == "value"
    for *labels, value in cursor.fetchall():
        assert all(isinstance(label, str) for label in labels)
        assert float(value) == value
    assert all(f"$labels.{label} " in f"{rule.summary} ".replace("}}", " ") for label in columns[:-1])


def test_alert_rules_find_what_the_month_holds(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    def fires(uid: str) -> bool:
        (rule,) = (one for one in RULES if one.uid == uid)
        return any(row[-1] > rule.above for row in board_session.execute(rule.sql.encode()).fetchall())

    assert fires("lineside-order-late")  # Orders wait that were due hours ago.
    assert fires("lineside-documents-wait")  # Documents were refused.
    assert fires("lineside-andon-unanswered")  # Somebody waits for 4 min.
    assert not fires("lineside-clock")  # Clocks are off by 0.3 s at most.
    assert not fires("lineside-gap")  # The gap was told days ago.


def panel_of(uid: str, title: str) -> dict[str, Any]:
    (board,) = (one for one in committed("en") if one["uid"] == uid)
    (panel,) = (one for one in board["panels"] if one["title"] == title)
    return dict(panel)


def test_the_pareto_is_the_time_that_machines_stood(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    """Added up from the pieces of stops in Python, cut at the range."""
    begin, end = (
        month.month.end - timedelta(days=7, minutes=13),
        month.month.end - timedelta(days=2, minutes=4),
    )
    with psycopg.connect(month.url) as connection:
        pieces = connection.execute(
            "SELECT coalesce(name_en, 'No reason given'), piece.from_ts, piece.to_ts, stop.to_ts - stop.from_ts, piece.reason"
            " FROM plant.stop_piece AS piece JOIN plant.stop USING (stop_id)"
            " LEFT JOIN plant.reason ON reason.code = piece.reason AND reason.kind = 'stop'"
        ).fetchall()
    minutes: dict[str, float] = {}
    for reason, piece_from, piece_to, length, code in pieces:
        touched = min(piece_to or end, end) - max(piece_from, begin)
        if touched > timedelta(0) and (code or length is None or length >= timedelta(minutes=2)):
            minutes[reason] = minutes.get(reason, 0) + touched.total_seconds() / 60
    _, rows = answer(board_session, panel_of("lineside-shift-en", "Why machines stood"), begin, end)
    assert {reason: float(told) for reason, told in rows} == pytest.approx(minutes, abs=1e-6)
    assert [told for _, told in rows] == sorted((told for _, told in rows), reverse=True)


def test_energy_is_what_the_odometers_of_meters_advanced(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    begin = (month.month.end - timedelta(days=5)).replace(minute=0)
    end = begin + timedelta(days=3) - timedelta(seconds=1)
    with psycopg.connect(month.url) as connection:
        meters = connection.execute("SELECT tag_id FROM plant.energy_meter").fetchall()
        told = 0
        for (tag_id,) in meters:
            total = "SELECT max(total) FROM plant.odometer_log WHERE tag_id = %s AND ts <= %s"
            row = connection.execute(
                f"SELECT ({total}) - ({total})",  # type: ignore[arg-type]
                (tag_id, begin + timedelta(days=3), tag_id, begin),
            ).fetchone()
            assert row is not None
            told += int(row[0])
    _, ((kwh,),) = answer(board_session, panel_of("lineside-energy-en", "Energy"), begin, end)
    _, hours = answer(board_session, panel_of("lineside-energy-en", "Energy over time"), begin, end)
    assert kwh == pytest.approx(told / 1000, abs=1e-9)
    assert sum(row[2] for row in hours) == pytest.approx(told / 1000, abs=1e-6)
    balance = answer(board_session, panel_of("lineside-energy-en", "Whose energy it was"), begin, end)[1]
    assert len(balance) == len(meters)
    for _, counted, runs, unallocated, *_ in balance:
        assert counted == pytest.approx(runs + unallocated, abs=1e-9)


def test_the_waterfall_begins_with_planned_time_loses_each_loss_and_ends_with_oee(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    begin, end = month.month.end - timedelta(days=7), month.month.end
    _, rows = answer(board_session, panel_of("lineside-plant-en", "Where the time went"), begin, end)
    _, ((oee,),) = answer(board_session, panel_of("lineside-plant-en", "OEE"), begin, end)
    hours = {word: told for word, _, told in rows}
    losses = sum(hours[word] for word in ("Set-up", "Unplanned", "Blocked", "No reason", "Slow", "Scrap"))
    assert hours["Planned"] - losses == pytest.approx(hours["Good time"], abs=1e-9)
    assert hours["Good time"] / hours["Planned"] == pytest.approx(oee, abs=1e-9)
    ground = {word: told for word, told, _ in rows}
    assert ground["Scrap"] == pytest.approx(hours["Good time"], abs=1e-9), "the steps meet"


def test_responses_are_mean_median_and_95_percent_of_the_calls_themselves(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    """Added up in Python from the rows of calls; a percentile lies between two neighbours."""
    begin, end = month.month.end - timedelta(days=7), month.month.end
    with psycopg.connect(month.url) as connection:
        calls = connection.execute(
            "SELECT type, level, extract(epoch FROM acknowledged_time - raised_time)::float8 FROM plant.andon_call"
            " WHERE raised_time BETWEEN %s AND %s AND NOT is_late",
            (begin, end),
        ).fetchall()
    assert len({kind for kind, _, _ in calls}) == 4
    told = {
        "material": "Material",
        "quality": "Quality",
        "maintenance": "Maintenance",
        "lead": "Shift lead",
    }
    expected = {}
    for kind, name in told.items():
        waits = sorted(wait for of, _, wait in calls if of == kind and wait is not None)
        counted = [level for of, level, _ in calls if of == kind]
        escalated = sum(level > 0 for level in counted)
        expected[name] = (len(counted), escalated, percentile(waits, 0.5), percentile(waits, 0.95))
    for uid in ("lineside-shift-en", "lineside-plant-en"):
        _, rows = answer(board_session, panel_of(uid, "Response to calls"), begin, end)
        assert {row[0]: row[1:3] for row in rows} == {name: row[:2] for name, row in expected.items()}
        for name, _, _, median, most, _ in rows:
            assert (median, most) == pytest.approx(expected[name][2:], abs=1e-6)
    _, ((mean,),) = answer(board_session, panel_of("lineside-plant-en", "Mean response"), begin, end)
    waits = [wait for _, _, wait in calls if wait is not None]
    assert mean == pytest.approx(sum(waits) / len(waits), abs=1e-6)


def percentile(waits: list[float], share: float) -> float:
    place = share * (len(waits) - 1)
    below = int(place)
    above = min(below + 1, len(waits) - 1)
    return waits[below] + (waits[above] - waits[below]) * (place - below)


def test_the_queue_of_calls_has_the_unanswered_first_with_its_age(
    board_session: psycopg.Connection, month: WrittenMonth
) -> None:
    begin, end = month.month.end - timedelta(hours=1), month.month.end
    _, rows = answer(board_session, panel_of("lineside-shift-en", "Open calls"), begin, end)
    shown = [(needed, where, how, level) for needed, where, _, how, _, level, _ in rows]
    assert shown == [("Maintenance", "m01", "Nobody comes", 1), ("Maintenance", "m02", "Acknowledged", 0)]
    age = (datetime.now(UTC) - month.month.end).total_seconds() + 240
    assert [row[2] for row in rows] == pytest.approx([age, age], abs=30)
    assert answer(board_session, panel_of("lineside-plant-en", "Calls unanswered"), begin, end)[1] == [(1,)]


def test_days_of_calls_add_up_to_the_calls(board_session: psycopg.Connection, month: WrittenMonth) -> None:
    days = board_session.execute(
        "SELECT sum(calls), sum(acknowledged), bool_and(median_response_s <= p95_response_s), count(DISTINCT business_date)"
        " FROM bi.andon_day"
    ).fetchone()
    calls = board_session.execute(
        "SELECT count(*), count(response_s) FROM bi.andon_call WHERE NOT is_late"
    ).fetchone()
    assert days is not None
    assert (days[:2], days[2]) == (calls, True)
    assert days[3] >= 30


def test_lines_are_chosen_by_the_variable(board_session: psycopg.Connection, month: WrittenMonth) -> None:
    panel = panel_of("lineside-line-en", "OEE of machines")
    span = Range(month.month.end - timedelta(days=1), month.month.end)
    _, some = ask(board_session, panel, span, {"line": ["demo/plant1/area1/line1"]})
    assert [row[0] for row in some] == ["m01", "m05"]
    _, none = ask(board_session, panel, span, {"line": ["o'clock"]})
    assert none == []


def test_figures_say_as_of_when_they_are_true(board_session: psycopg.Connection, month: WrittenMonth) -> None:
    views = board_session.execute(
        "SELECT c.relname, obj_description(c.oid), EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid"
        " AND a.attname = 'as_of') FROM pg_class AS c WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v'"
    ).fetchall()
    assert len(views) > 20
    assert [name for name, _, has_as_of in views if not has_as_of] == []
    assert [name for name, comment, _ in views if not comment or len(comment) < 40] == []
    row = board_session.execute("SELECT max(as_of) FROM bi.machine_hour").fetchone()
    assert row is not None
    assert timedelta(0) <= datetime.now(UTC) - row[0] < timedelta(hours=1)
