"""The judge of every system test: what the machines made and the edge kept, against the plant's tables.

Two proofs, neither of which asks a service of ours:

1. The truth table (simulators/truth_table.py): per machine and unit, made = stored + in doubt + gaps.
2. Entries: of the numbers 1 to the head of the edge's spool each is stored once or inside exactly one gap record. Every
   reading in the spool file is one row of the plant's tables, and the plant has no row that the spool does not explain.

    python tests/system/check_history.py STATE_DIR DATABASE_URL SPOOL_FILE
"""

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from edge.delivery.entries import Contact, Readings
from edge.delivery.spool import Spool, SpoolLimits
from simulators.truth_table import TruthTable, truth_table

SAMPLES = """
SELECT device.name, tag.name, round(extract(epoch FROM ts) * 1000)::bigint, value::text
FROM (
    SELECT ts, tag_id, CASE WHEN value = 'NaN' THEN NULL ELSE value END::text AS value FROM plant.sample
    UNION ALL
    SELECT ts, tag_id, value FROM plant.text_sample
) AS sample
JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id) JOIN plant.edge USING (edge_id)
WHERE edge.node = %(edge)s
"""
CONTACTS = """
SELECT device.name, round(extract(epoch FROM ts) * 1000)::bigint, contact.online
FROM plant.device_contact AS contact JOIN plant.device USING (device_id) JOIN plant.edge USING (edge_id)
WHERE edge.node = %(edge)s
"""
RANGES = """
SELECT first, last FROM plant.commit_log JOIN plant.edge USING (edge_id)
WHERE edge.node = %(edge)s AND epoch = %(epoch)s ORDER BY first
"""
GAP_RANGES = """
SELECT DISTINCT first, last FROM plant.gap JOIN plant.edge USING (edge_id)
WHERE edge.node = %(edge)s AND epoch = %(epoch)s ORDER BY first
"""


@dataclass(slots=True)
class Verdict:
    """`problems` is empty when all is told once. `entries`: how many numbers were checked."""

    table: TruthTable
    entries: int = 0
    readings: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.table.balanced and not self.problems

    def __str__(self) -> str:
        rows = [
            f"  {row.machine} {row.unit}: made {row.made} stored {row.stored} in doubt {row.in_doubt}"
            f" gaps {row.gaps} missing {row.missing}"
            for row in self.table.rows
        ]
        rows += [f"    {case}" for row in self.table.rows for case in row.cases]
        return "\n".join([f"{self.entries} entries, {self.readings} readings", *rows, *self.problems])


def check(
    state_dir: Path,
    database_url: str,
    spool_path: Path,
    edge: str = "press-shop",
    *,
    earlier: Sequence[Path] = (),
) -> Verdict:
    """Judge a factory at rest: production stopped, everything drained. The edge may be running or not.

    `earlier`: copies of spool files this edge had before, rolled back or replaced since. What they hold the plant may
    have; it must have what the present file holds.
    """
    verdict = Verdict(truth_table(state_dir, database_url))
    with (
        ExitStack() as open_,
        psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection,
    ):
        spool, *others = [_opened(path, open_) for path in (spool_path, *earlier)]
        _check_numbers(verdict, spool, connection, edge)
        _check_rows(verdict, spool, others, connection, edge)
    return verdict


def _opened(path: Path, open_: ExitStack) -> Spool:
    return open_.enter_context(closing(Spool(path, SpoolLimits(), read_only=True)))


def _check_numbers(verdict: Verdict, spool: Spool, connection: psycopg.Connection[Any], edge: str) -> None:
    """The plant's ranges tile 1 … head: no number twice, none missing."""
    ranges = connection.execute(RANGES, {"edge": edge, "epoch": spool.epoch}).fetchall()
    expected = 1
    for first, last in ranges:
        if first != expected:
            word = "stored twice" if first < expected else "never stored"
            verdict.problems.append(f"entries {min(first, expected)}…{max(first, expected) - 1} {word}")
        expected = last + 1
    verdict.entries = expected - 1
    if expected - 1 != spool.head:
        verdict.problems.append(f"the spool's head is {spool.head}, the plant stored up to {expected - 1}")
    gaps = connection.execute(GAP_RANGES, {"edge": edge, "epoch": spool.epoch}).fetchall()
    for (_, last), (first, _) in itertools.pairwise(gaps):
        if first <= last:
            verdict.problems.append(f"entry {first} is inside two gap records")


def _check_rows(
    verdict: Verdict,
    spool: Spool,
    earlier: Sequence[Spool],
    connection: psycopg.Connection[Any],
    edge: str,
) -> None:
    """Every reading is one row, every row is one reading."""
    kept = _kept(spool)
    known = kept
    for other in earlier:
        known = known.joined(_kept(other))
    verdict.readings = kept.readings.total()
    stored = Counter(
        (device, tag, time_ms, _parsed(value))
        for device, tag, time_ms, value in connection.execute(SAMPLES, {"edge": edge})
    )
    contacts = Counter(connection.execute(CONTACTS, {"edge": edge}).fetchall())
    _compare(verdict, "reading", kept.readings, known.readings, stored, known.is_whole)
    _compare(verdict, "contact", kept.contacts, known.contacts, contacts, known.is_whole)


@dataclass(frozen=True, slots=True)
class Kept:
    """What spool files hold. `is_whole`: nothing was dropped from them that the plant may have had before."""

    readings: Counter[tuple[Any, ...]]
    contacts: Counter[tuple[Any, ...]]
    is_whole: bool

    def joined(self, other: "Kept") -> "Kept":
        """Of two files of one edge: what either holds. A reading that is in both is one reading; each may have told
        by itself that contact ended with the entry both had last."""
        return Kept(
            self.readings | other.readings,
            self.contacts + other.contacts,
            self.is_whole and other.is_whole,
        )


def _kept(spool: Spool) -> Kept:
    kept = Kept(Counter(), Counter(), True)
    for numbered in spool.read(0, limit=10_000_000):
        entry = numbered.entry
        if isinstance(entry, Readings):
            for tag, time_ms, value, _ in entry.rows():
                kept.readings[entry.device, spool.tags[tag].name, time_ms, _comparable(value)] += 1
        elif isinstance(entry, Contact):
            kept.contacts[entry.device, entry.time_ms, entry.online] += 1
        elif entry.span > 1 or entry.gap.reason in ("not_kept", "dropped", "too_old", "set_aside"):
            kept = replace(kept, is_whole=False)
    return kept


def _compare(
    verdict: Verdict,
    what: str,
    kept: Counter[tuple[Any, ...]],
    known: Counter[tuple[Any, ...]],
    stored: Counter[tuple[Any, ...]],
    is_whole: bool,
) -> None:
    """Where the spool dropped what the plant may have had before, a row without its reading only has to be single."""
    most = known if is_whole else known | Counter(dict.fromkeys(stored, 1))
    verdict.problems += _examples(f"{what} lost", (kept - stored).items())
    verdict.problems += _examples(f"{what} stored too often", (stored - most).items())


def _examples(text: str, rows: Iterable[tuple[tuple[Any, ...], int]], most: int = 3) -> list[str]:
    found = list(rows)
    if not found:
        return []
    return [f"{sum(count for _, count in found)} x {text}, e.g. {found[:most]}"]


def _comparable(value: object) -> object:
    """As the plant stores it: numbers as doubles, truth values as 1 and 0, bad ones without value."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | int | float):
        return float(value)
    return value


def _parsed(text: str | None) -> object:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    found = check(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    print(found)
    sys.exit(0 if found.good else 1)
