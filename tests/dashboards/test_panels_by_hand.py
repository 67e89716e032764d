"""OEE panels themselves, in both languages, against three shifts computed by hand; alert rules on a plant without rows."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest

from dashboards.alerts import RULES
from dashboards.board import LANGUAGES
from dashboards.macros import Range
from dashboards.preview import ask, committed
from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.shop_of_one import ShopOfOne, at
from tests.dashboards.test_oee import three_shifts
from tests.plant_server.database_fixture import PlantDatabase

TITLES = {"en": "OEE per shift", "zh": "各班 OEE"}
# Planned seconds of good parts by planned busy seconds, as test_oee.py derives them: 580 of 450 min, 487 of 420, 686 of 480.
BY_HAND = [30 * 580 / (450 * 60), 30 * 487 / (420 * 60), 30 * 686 / (480 * 60)]


@pytest.fixture
def shop(plant_database: PlantDatabase, database_server: PostgresServer) -> Iterator[ShopOfOne]:
    made = ShopOfOne(plant_database.url, database_server.url("lineside_bi", plant_database.name))
    yield made
    made.close()


def oee_panels() -> list[dict[str, Any]]:
    return [
        panel
        for language in LANGUAGES
        for board in committed(language)
        for panel in board["panels"]
        if panel["title"] in TITLES.values()
    ]


def shown(session: psycopg.Connection, panel: dict[str, Any], begin: datetime, end: datetime) -> list[Any]:
    lines = [line for (line,) in session.execute("SELECT DISTINCT line FROM bi.machine").fetchall()]
    _, rows = ask(session, panel, Range(begin, end), {"line": lines})
    return [row[2] for row in rows]


async def test_panels_of_oee_per_shift_show_three_shifts_as_computed_by_hand(shop: ShopOfOne) -> None:
    three_shifts(shop)
    await shop.keep()
    panels = oee_panels()
    assert len(panels) == 4, "the shift and the plant board, in two languages"
    with psycopg.connect(shop.bi_url, autocommit=True) as session:
        for panel in panels:
            assert shown(session, panel, at(1), at(1439)) == pytest.approx(BY_HAND, abs=1e-9)
            # A range within one shift shows that shift whole, and no neighbour.
            for number, expected in enumerate(BY_HAND):
                inside = shown(session, panel, at(480 * number + 100), at(480 * number + 300))
                assert inside == pytest.approx([expected], abs=1e-9)


@pytest.mark.parametrize("rule", RULES, ids=[rule.uid for rule in RULES])
def test_no_alert_rule_fires_or_fails_on_a_plant_without_rows(
    plant_database: PlantDatabase, database_server: PostgresServer, rule: Any
) -> None:
    url = database_server.url("lineside_bi", plant_database.name)
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(rule.sql.encode())
        assert [column.name for column in cursor.description or ()][-1] == "value"
        rows = cursor.fetchall()
    assert [row for row in rows if row[-1] is None or row[-1] > rule.above] == []
