"""From the plant's odometers to the core's ledger: the second half of the truth table.

    stored = booked + not_assigned            booked = posted + waiting + refused

*booked* are the counts that runs own, *posted* is what stands in the core's own ledger, *refused* are documents that wait
for a person, and *waiting* is everything in between: counted and not reported yet, in the plant's outbox, or a document
on its way. Each is read where it lives; none is what the others leave over, so a document that is lost or told twice
leaves a difference.

Parts in rework wait as well: for a person to say what became of them. The core keeps no documents of rework, so they are
read where they stand, in the runs.

Only what was counted by machines stands here: a report of a person who counts belongs to another table.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from simulators import business_truth

COUNTED = """SELECT balance.tag_id, balance.booked, balance.not_assigned,
                    balance.booked - coalesce(told.steps, 0) AS untold
             FROM plant.counted_balance AS balance
             LEFT JOIN (SELECT tag_id, sum(odometer_to - odometer_from) AS steps FROM plant.told_range GROUP BY tag_id)
                    AS told USING (tag_id)"""
METERED = "SELECT tag_id, booked, not_assigned, 0 AS untold FROM plant.energy_balance"
IN_OUTBOX = "SELECT kind, body FROM plant.outbox WHERE kind = ANY (%(kinds)s)"
HAS_BRIDGE = "SELECT to_regclass('bridge.document') IS NOT NULL"
CLAIMED = "SELECT kind, body FROM bridge.claim WHERE planned_time IS NULL AND kind = ANY (%(kinds)s)"
DOCUMENTS = """SELECT kind, state, reverses IS NOT NULL AS takes_back, body FROM bridge.document
               WHERE connector = %(connector)s AND kind = ANY (%(kinds)s)
                 AND state IN ('open', 'ready', 'sending', 'unknown', 'refused')"""
IN_REWORK = """SELECT equipment.path, sum(run.entered_rework) FROM plant.run JOIN plant.equipment USING (equipment_id)
               WHERE run.count_source <> 'operator' GROUP BY equipment.path"""
KINDS = {"completion": "parts", "scrap": "parts", "energy_cost": "Wh"}
POSTED_AS = {"completions": "parts", "scrap": "parts", "energy-costs": "Wh"}
WH_PER_KWH = 1000

Key = tuple[str, str]  # machine and unit
Sums = dict[Key, Decimal]


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one counter or meter: counts that runs own, those that none owns, and the owned ones no document tells."""

    booked: Decimal
    not_assigned: Decimal
    untold: Decimal


@dataclass(frozen=True, slots=True)
class Postings:
    """What became of the counts. `balances` by tag; the others by machine and unit."""

    balances: Mapping[int, Balance]
    posted: Sums
    on_the_way: Sums
    refused: Sums


def postings(connection: psycopg.Connection, state_dir: Path, connector: str = "core") -> Postings:
    """Read tables and the core's ledger below `state_dir`. Raises psycopg.Error, LedgerError.

    `connection` is of a role that may read both schemas. Things move while it reads: the table holds at rest.
    """
    balances = {
        tag_id: Balance(*amounts)
        for query in (COUNTED, METERED)
        for tag_id, *amounts in connection.execute(query).fetchall()
    }
    values = {"kinds": list(KINDS), "connector": connector}
    on_the_way: Sums = defaultdict(Decimal)
    refused: Sums = defaultdict(Decimal)
    in_rework = connection.execute(IN_REWORK).fetchall()
    _add(on_the_way, ((_key("scrap", path), quantity) for path, quantity in in_rework if quantity))
    _add(on_the_way, (_fact(*row) for row in connection.execute(IN_OUTBOX, values)))
    (has_bridge,) = connection.execute(HAS_BRIDGE).fetchone() or (False,)
    if has_bridge:
        _add(on_the_way, (_fact(*row) for row in connection.execute(CLAIMED, values)))
        for kind, state, takes_back, body in connection.execute(DOCUMENTS, values):
            sign = -1 if takes_back else 1
            _add(refused if state == "refused" else on_the_way, _lines(kind, body, sign))
    return Postings(balances, _posted(state_dir), on_the_way, refused)


def _posted(state_dir: Path) -> Sums:
    """By the core's ledger, which is in the core's codes: its stations and machines are called as ours."""
    sums: Sums = defaultdict(Decimal)
    for (station, kind, _), quantity in business_truth.posted_by_station(state_dir).items():
        unit = POSTED_AS.get(kind)
        if unit is not None:
            sums[station, unit] += quantity * (WH_PER_KWH if unit == "Wh" else 1)
    return sums


def _fact(kind: str, body: Mapping[str, Any]) -> tuple[Key, Decimal]:
    """A row of the plant's outbox. One that takes back has a negative quantity; rework is no receipt and no scrap."""
    quantity = body["energy_wh"] if kind == "energy_cost" else body["quantity"]
    if body.get("rework"):
        quantity = 0
    return _key(kind, body.get("equipment_path")), Decimal(quantity)


def _lines(kind: str, body: Mapping[str, Any], sign: int) -> Iterable[tuple[Key, Decimal]]:
    for line in body["lines"]:
        if line.get("rework"):
            continue
        quantity = sign * Decimal(line["quantity"])
        if line["unit"] == "KWH":
            quantity *= WH_PER_KWH
        yield _key(kind, line.get("equipment_path")), quantity


def _key(kind: str, path: str | None) -> Key:
    return (path or "").rsplit("/", 1)[-1], KINDS[kind]


def _add(sums: Sums, amounts: Iterable[tuple[Key, Decimal]]) -> None:
    for key, quantity in amounts:
        sums[key] += quantity
