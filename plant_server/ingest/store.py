"""One transaction per batch: everything a message tells, and the cursor past it, or nothing.

The order of statements is the design: lock the cursors; choose what is next in line; samples, odometers, last values,
contacts, gaps, quarantine, dirty marks; the cursors last. Exactly-once rests on the cursor alone, so an entry at or
below it is never stored again, and a message that begins below and ends above it is not cut (its readings do not say
to which entry they belong): the edge is told where we are and sends again from there.

A batch that fails on its data is halved until the message at fault is alone; that one goes to quarantine and the
cursor past it. Whatever fails otherwise (a lost session, a full disk) is not the data's fault: nothing is set aside,
the caller starts over and the edge sends again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from edge.contract.failpoints import failpoint
from plant_server.ingest.batch_rows import (
    write_contact,
    write_gap,
    write_live,
    write_odometers,
    write_quarantine,
    write_samples,
)
from plant_server.ingest.births import Registry
from plant_server.ingest.clocks import Clocks
from plant_server.ingest.cursors import CursorBook
from plant_server.ingest.facts import Facts, Fault
from plant_server.ingest.message import EdgeKey, Opened
from plant_server.ingest.quarantine import OncePerMessage, QuarantineRow, Reason
from plant_server.ingest.queries import QUERIES
from plant_server.ingest.spool_fills import write_fills

_DATA_ERRORS = (psycopg.DataError, psycopg.IntegrityError)
_DAY_MS = 86_400_000


@dataclass(slots=True)
class Stored:
    """What became of a batch. `committed`: where the cursors stand now, moved or not."""

    committed: dict[tuple[EdgeKey, UUID], int] = field(default_factory=dict)
    moved: Counter[EdgeKey] = field(default_factory=Counter)  # Messages that moved a cursor.
    behind: set[EdgeKey] = field(default_factory=set)  # Sent what we have, or left out what we need.
    samples: int = 0
    skipped: int = 0  # Messages that were stored before.
    holes: int = 0  # Messages that come too early, or overlap the cursor.
    quarantined: int = 0

    def add(self, later: "Stored") -> None:
        self.committed |= later.committed
        self.moved += later.moved
        self.behind |= later.behind
        self.samples += later.samples
        self.skipped += later.skipped
        self.holes += later.holes
        self.quarantined += later.quarantined


class Store:
    """Writes batches on one session, which holds the shard's lock. Not thread-safe."""

    def __init__(
        self, connection: psycopg.Connection, registry: Registry, clocks: Clocks, once: OncePerMessage
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._clocks = clocks
        self._once = once
        self._cursors = CursorBook()
        self._known_days: set[int] = set()

    def store(self, batch: Sequence[Facts], now_s: float) -> Stored:
        """Commit the facts of a batch, in their order. `now_s`: a monotonic clock.

        Raises CursorConflict, and psycopg.OperationalError when the session or the server is at fault.
        """
        self._ensure_partitions(batch)
        try:
            return self._transaction(batch, now_s)
        except psycopg.errors.CheckViolation:
            # A partition is missing that we believed in or did not foresee, or the data is at fault: the second
            # try, with every time known, tells.
            self.forget()
            for facts in batch:
                facts.read()
            self._ensure_partitions(batch)
            return self._halve_on_fault(batch, now_s)
        except _DATA_ERRORS as error:
            return self._apart(batch, error, now_s)

    def forget(self) -> None:
        """Roll back, and drop what was remembered since nothing of it is sure."""
        self._connection.rollback()
        self._registry.forget()
        self._cursors.forget()
        self._clocks.forget()
        self._known_days.clear()

    def _halve_on_fault(self, batch: Sequence[Facts], now_s: float) -> Stored:
        try:
            return self._transaction(batch, now_s)
        except _DATA_ERRORS as error:
            return self._apart(batch, error, now_s)

    def _apart(self, batch: Sequence[Facts], error: psycopg.Error, now_s: float) -> Stored:
        """Find the message at fault: log2 of the batch transactions, and every other message is stored."""
        self.forget()
        if len(batch) == 1:
            fault = Fault(Reason.REFUSED_BY_DATABASE, str(error))
            [facts] = batch
            return self._transaction(
                [Facts(facts.message, facts.numbers, faults=[*facts.faults, fault])], now_s
            )
        middle = len(batch) // 2
        stored = self._halve_on_fault(batch[:middle], now_s)
        stored.add(self._halve_on_fault(batch[middle:], now_s))
        return stored

    def _transaction(self, batch: Sequence[Facts], now_s: float) -> Stored:
        stored = Stored()
        edge_ids = {facts.edge: self._registry.edge_id(facts.edge) for facts in batch}
        with self._connection.cursor() as cursor:
            cursors = self._cursors.lock(cursor, batch, edge_ids)
            line = self._cursors.line_up(batch, cursors)
            numberless = [facts for facts in batch if facts.numbers is None]
            stored.samples = write_samples(cursor, line.accepted)
            write_odometers(cursor, line.accepted, edge_ids)
            for facts in line.accepted:
                if facts.numbers is not None:
                    cursors[facts.edge, facts.numbers.epoch].saw(facts)
                self._write_told(cursor, facts, edge_ids[facts.edge])
            write_live(cursor, [facts for facts in numberless if not facts.faults])
            write_fills(cursor, numberless, edge_ids)
            faulty = [facts for facts in line.accepted if facts.faults]
            faulty += [facts for facts in numberless if facts.faults and self._admits(facts.message, now_s)]
            stored.quarantined = write_quarantine(cursor, [_row(facts, edge_ids) for facts in faulty])
            self._clocks.write(cursor, self._registry, now_s)
            self._cursors.advance(cursor, cursors)
        failpoint("ingest.before_commit")
        self._connection.commit()
        failpoint("ingest.after_commit")
        stored.committed = {key: row.committed for key, row in cursors.items()}
        stored.moved = Counter(facts.edge for facts in line.accepted)
        stored.behind = {facts.edge for facts in (*line.skipped, *line.holes)}
        stored.skipped, stored.holes = len(line.skipped), len(line.holes)
        return stored

    def _write_told(self, cursor: psycopg.Cursor, facts: Facts, edge_id: int) -> None:
        if facts.contact is not None:
            device_id = self._registry.device_id(edge_id, facts.contact.device)
            write_contact(cursor, device_id, facts.contact)
        if facts.gap is not None and facts.numbers is not None:
            write_gap(cursor, edge_id, facts.numbers, facts.gap)

    def _admits(self, message: Opened, now_s: float) -> bool:
        return self._once.admits(message.raw.topic, message.raw.payload, now_s)

    def _ensure_partitions(self, batch: Sequence[Facts]) -> None:
        """In a transaction of its own, before the batch's: it takes a lock on the parent table."""
        days = {time_ms // _DAY_MS for facts in batch if facts.numbers for time_ms in facts.known_times_ms()}
        for day in sorted(days - self._known_days):
            date = datetime.fromtimestamp(day * _DAY_MS / 1000, UTC).date()
            self._connection.execute(QUERIES["ensure_partition"], {"day": date})
            self._connection.commit()
            self._known_days.add(day)


def _row(facts: Facts, edge_ids: dict[EdgeKey, int]) -> QuarantineRow:
    """One row a message: the first fault gives the code, the detail names all."""
    raw, numbers = facts.message.raw, facts.numbers
    return QuarantineRow(
        edge_id=edge_ids[facts.edge],
        topic=raw.topic,
        payload=raw.payload,
        reason=facts.faults[0].reason,
        detail="; ".join(fault.detail for fault in facts.faults[:20]),
        epoch=numbers and numbers.epoch,
        first=numbers and numbers.first,
        last=numbers and numbers.last,
    )
