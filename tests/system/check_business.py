"""The judge of the business side: what the crew was told, what the plant kept, and what stands in the core's ledger.

Reads ledgers and tables, and asks no service but the core for its own balances.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from plant_server.events.verify import verify
from simulators import business_truth, crew_ledger
from simulators.business_client import BusinessClient
from simulators.truth_table import TruthTable, truth_table

EVENTS = "SELECT event_id::text, status, answer FROM plant.event"
CHAIN_HOLES = """SELECT count(*) FROM (SELECT position, row_number() OVER (ORDER BY position) AS nth
    FROM plant.event_chain) AS chain WHERE position <> nth"""
LANE_HOLES = """SELECT count(*) FROM (SELECT position, row_number() OVER (PARTITION BY connector, lane ORDER BY position)
    AS nth FROM bridge.document WHERE position IS NOT NULL) AS lanes WHERE position <> nth"""
UNSEALED = "SELECT count(*) FROM plant.unsealed"
UNFINISHED = """SELECT state || ' ' || kind || ' ' || coalesce(problem::text, '') FROM bridge.document
    WHERE state NOT IN ('accepted', 'skipped', 'cancelled')
    UNION ALL SELECT 'claimed ' || kind FROM bridge.claim WHERE planned_time IS NULL
    UNION ALL SELECT 'outbox ' || kind FROM plant.outbox"""
FACTS = """SELECT document.document_id::text, claim.work_order_id, min(claim.order_seq), document.lane, document.position
    FROM bridge.document JOIN bridge.part USING (document_id, connector) JOIN bridge.claim USING (outbox_id)
    WHERE document.connector = 'core' AND document.reverses IS NULL GROUP BY document.document_id, claim.work_order_id"""
DOCUMENTS = """SELECT document_id::text, lane, position FROM bridge.document WHERE connector = 'core'"""
NOT_OURS = ("openings",)


@dataclass(slots=True)
class BusinessVerdict:
    table: TruthTable
    duplicated: int = 0
    """Documents of the core that nobody asked for: told twice under whatever key."""
    problems: list[str] = field(default_factory=list)
    answered: int = 0
    documents: int = 0

    @property
    def good(self) -> bool:
        return self.table.balanced and not self.table.waits and not self.problems and not self.duplicated

    def __str__(self) -> str:
        rows = "\n".join(str(row) for row in self.table.as_json())
        counted = f"{self.answered} commands answered, {self.documents} documents in the core"
        sums = f"lost {self.table.lost}, duplicated {self.table.duplicated}, not asked for {self.duplicated}"
        return "\n".join([rows, counted, sums, *self.problems])


def check(state_dir: Path, database_url: str, anchors: Path, core: BusinessClient) -> BusinessVerdict:
    """At rest, when all has drained."""
    verdict = BusinessVerdict(truth_table(state_dir, database_url))
    if any(row.refused for row in verdict.table.rows):
        verdict.problems.append("something was refused")
    with psycopg.connect(database_url, autocommit=True) as connection:
        _check_commands(connection, state_dir, verdict)
        _check_core(connection, state_dir, core, verdict)
        _check_rest(connection, verdict)
    chain = verify(database_url, anchors, lambda done, all_: None)
    if chain.mistake is not None:
        verdict.problems.append(f"the chain: {chain.mistake}")
    return verdict


def _check_commands(connection: psycopg.Connection, state_dir: Path, verdict: BusinessVerdict) -> None:
    """Every answer the crew heard is the one of the Event with that key."""
    events: dict[str, tuple[int, Any]] = {
        key: (status, answer) for key, status, answer in connection.execute(EVENTS).fetchall()
    }
    for key, heard in crew_ledger.answers(state_dir).items():
        if heard is None:
            verdict.problems.append(f"command {key} was never answered")
            continue
        verdict.answered += 1
        if key not in events:
            verdict.problems.append(f"command {key} was answered {heard} and has no Event")
            continue
        status, answer = events[key]
        same = heard["body"] == answer if status < 300 else heard["body"].get("code") == answer.get("code")
        if heard["status"] != status or not same:
            verdict.problems.append(f"command {key}: heard {heard}, kept {status} {answer}")


def _check_core(
    connection: psycopg.Connection, state_dir: Path, core: BusinessClient, verdict: BusinessVerdict
) -> None:
    """Each document once, none that nobody asked for, and each lane in its order."""
    twice = business_truth.posted_more_than_once(state_dir)
    verdict.problems += [f"posted more than once: {kind} {key}" for kind, key in twice]
    by_api = business_truth.posted_by_api(core)
    different = business_truth.disagreements(business_truth.posted(state_dir), by_api)
    verdict.problems += [
        f"ledger and API of the core differ: {key} {both}" for key, both in different.items()
    ]
    places = {key: (lane, at) for key, lane, at in connection.execute(DOCUMENTS).fetchall()}
    came: dict[str, list[int]] = defaultdict(list)
    for document in business_truth.documents(state_dir):
        if document["kind"] in NOT_OURS:
            continue
        verdict.documents += 1
        if document["external_id"] not in places:
            verdict.duplicated += 1
            continue
        lane, position = places[document["external_id"]]
        came[lane].append(position)
    for lane, positions in came.items():
        if positions != sorted(positions):
            verdict.problems.append(f"{lane} came in the order {positions}")
    _check_order_of_facts(connection, verdict)


def _check_order_of_facts(connection: psycopg.Connection, verdict: BusinessVerdict) -> None:
    """Positions of an order's documents follow the numbers the plant gave its facts."""
    facts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for _, order, number, _, position in connection.execute(FACTS).fetchall():
        if order is not None and position is not None:
            facts[order].append((position, number))
    for order, pairs in facts.items():
        numbers = [number for _, number in sorted(pairs)]
        if numbers != sorted(numbers):
            verdict.problems.append(f"order {order}: facts {numbers} in the order of their documents")


def _check_rest(connection: psycopg.Connection, verdict: BusinessVerdict) -> None:
    holes = {"the chain": CHAIN_HOLES, "a lane": LANE_HOLES}
    verdict.problems += [
        f"a hole in the positions of {where}" for where, query in holes.items() if _number(connection, query)
    ]
    if unsealed := _number(connection, UNSEALED):
        verdict.problems.append(f"{unsealed} events are not sealed")
    verdict.problems += [f"not finished: {row[0]}" for row in connection.execute(UNFINISHED).fetchall()]


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
