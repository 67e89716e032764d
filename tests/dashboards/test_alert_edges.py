"""Every alert rule, as Grafana is given it, against the smallest facts that fire and the largest that do not.

A rule without such a pair fails, and so does one whose interval or threshold could be another and nobody would see it.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import yaml

from dashboards.generate import ALERTING
from erp_bridge.schema.migrate import migrate as migrate_bridge
from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.alert_edges import EDGES, SHOP, Edge
from tests.plant_server.database_fixture import fresh_database

pytestmark = pytest.mark.system

RULES = yaml.safe_load(ALERTING.read_text(encoding="utf-8"))["groups"][0]["rules"]
INTERVAL = re.compile(r"interval '[^']+'")


def question(rule: Any) -> str:
    return str(rule["data"][0]["model"]["rawSql"])


def above(rule: Any) -> float:
    (condition,) = rule["data"][1]["model"]["conditions"]
    assert condition["evaluator"]["type"] == "gt"
    return float(condition["evaluator"]["params"][0])


class Plant:
    """A shop of one press. Facts are stated by its owner and asked for by the role of boards, and then undone."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def fires(self, facts: str, sql: str, limit: float) -> bool:
        with self._connection.transaction(force_rollback=True):
            for statement in facts.split("; "):
                self._connection.execute(statement.encode())
            self._connection.execute("SET LOCAL ROLE lineside_bi")
            rows = self._connection.execute(sql.encode()).fetchall()
        return any(row[-1] > limit for row in rows)


@pytest.fixture(scope="module")
def plant(database_server: PostgresServer) -> Iterator[Plant]:
    with fresh_database(database_server, template="lineside") as database:
        asyncio.run(migrate_bridge(database_server.url("lineside_bridge", database.name)))
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            connection.execute(SHOP.encode())
            yield Plant(connection)


def wrong(plant: Plant, edges: tuple[Edge, ...], sql: str, limit: float) -> list[str]:
    """Facts on which the rule does not do as is written."""
    return [edge.facts for edge in edges if plant.fires(edge.facts, sql, limit) != edge.fires]


def test_every_rule_has_facts_on_both_sides_of_its_edge() -> None:
    sides = {uid: {edge.fires for edge in edges} for uid, edges in EDGES.items()}
    assert sides == {rule["uid"]: {True, False} for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=[rule["uid"] for rule in RULES])
def test_a_rule_fires_on_the_smallest_facts_and_not_on_the_largest_beside_them(
    plant: Plant, rule: Any
) -> None:
    assert wrong(plant, EDGES[rule["uid"]], question(rule), above(rule)) == []


@pytest.mark.parametrize("rule", RULES, ids=[rule["uid"] for rule in RULES])
def test_facts_would_tell_another_interval_or_threshold(plant: Plant, rule: Any) -> None:
    """A millisecond more or less, a thousandth more or less."""
    sql, limit, edges = question(rule), above(rule), EDGES[rule["uid"]]
    for found in INTERVAL.finditer(sql):
        for change in ("+", "-"):
            other = f"({found[0]} {change} interval '1 ms')"
            changed = sql[: found.start()] + other + sql[found.end() :]
            assert wrong(plant, edges, changed, limit), f"could as well be {other}"
    assert wrong(plant, edges, sql, limit * 1.001 if limit else 1), "the threshold could be higher"
    # A count has nothing below 1, so that only thresholds above 0 can be lower.
    assert not limit or wrong(plant, edges, sql, limit * 0.999), "the threshold could be lower"
