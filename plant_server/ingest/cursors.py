"""How far an edge's epoch is stored: locked first, moved last, and what may be stored in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from plant_server.errors import CursorConflict
from plant_server.ingest.alarms import AlarmKind, raise_alarm
from plant_server.ingest.facts import Facts
from plant_server.ingest.message import EdgeKey
from plant_server.ingest.queries import QUERIES, moment_or_none

CursorKey = tuple[EdgeKey, UUID]


@dataclass(slots=True)
class Cursor:
    """One locked row. `is_superseded`: a newer epoch of this edge has committed already."""

    edge_id: int
    before: int
    committed: int
    is_superseded: bool
    samples: int = 0
    oldest_ms: int | None = None
    newest_ms: int | None = None

    def saw(self, facts: Facts) -> None:
        if facts.times_ms:
            oldest_ms, newest_ms = facts.oldest_ms, facts.newest_ms
            self.oldest_ms = oldest_ms if self.oldest_ms is None else min(oldest_ms, self.oldest_ms)
            self.newest_ms = newest_ms if self.newest_ms is None else max(newest_ms, self.newest_ms)
            self.samples += len(facts.times_ms)


@dataclass(slots=True)
class Line:
    """Who was next in line, and who was not."""

    accepted: list[Facts]
    skipped: list[Facts]  # Stored before.
    holes: list[Facts]  # Too early, or overlapping the cursor.


class CursorBook:
    """The cursors of one transaction at a time: `lock`, `line_up`, `advance`."""

    def __init__(self) -> None:
        self._known: set[CursorKey] = set()

    def forget(self) -> None:
        self._known.clear()

    def lock(
        self, cursor: psycopg.Cursor, batch: Sequence[Facts], edge_ids: Mapping[EdgeKey, int]
    ) -> dict[CursorKey, Cursor]:
        """Lock the rows of a batch; a new epoch begins at 0."""
        wanted = {(facts.edge, facts.numbers.epoch) for facts in batch if facts.numbers is not None}
        if not wanted:
            return {}
        keys = {edge_ids[edge]: edge for edge, _ in wanted}
        parameters = {
            "edge_ids": [edge_ids[edge] for edge, _ in wanted],
            "epochs": [epoch for _, epoch in wanted],
        }
        if not self._known.issuperset(wanted):
            cursor.execute(QUERIES["new_cursors"], parameters)
            self._known |= wanted
        rows = cursor.execute(QUERIES["lock_cursors"], parameters).fetchall()
        return {
            (keys[edge_id], epoch): Cursor(edge_id, committed, committed, superseded)
            for edge_id, epoch, committed, superseded in rows
        }

    def line_up(self, batch: Sequence[Facts], cursors: Mapping[CursorKey, Cursor]) -> Line:
        """What may be stored, moving the cursors in memory."""
        line = Line([], [], [])
        for facts in batch:
            if facts.numbers is None:
                continue
            epoch, first, last = facts.numbers
            row = cursors[facts.edge, epoch]
            if last <= row.committed:
                line.skipped.append(facts)
            elif first == row.committed + 1:
                line.accepted.append(facts)
                row.committed = last
            else:
                line.holes.append(facts)
        return line

    def advance(self, cursor: psycopg.Cursor, cursors: Mapping[CursorKey, Cursor]) -> None:
        """The last statements of the transaction. Raises CursorConflict unless every cursor moves as expected."""
        moved = [(key, row) for key, row in cursors.items() if row.committed > row.before]
        if not moved:
            return
        for (edge, epoch), row in moved:
            if row.is_superseded:
                detail = f"epoch {epoch} commits although a newer one has"
                raise_alarm(cursor, AlarmKind.TWO_EPOCHS, str(edge), detail)
        _log(cursor, moved)
        cursor.execute(QUERIES["wake"])
        cursor.execute(
            QUERIES["advance_cursors"],
            {
                "edge_ids": [row.edge_id for _, row in moved],
                "epochs": [epoch for (_, epoch), _ in moved],
                "befores": [row.before for _, row in moved],
                "lasts": [row.committed for _, row in moved],
            },
        )
        if cursor.rowcount != len(moved):
            raise CursorConflict(f"{cursor.rowcount} of {len(moved)} cursors moved as expected")


def _log(cursor: psycopg.Cursor, moved: Sequence[tuple[CursorKey, Cursor]]) -> None:
    cursor.execute(
        QUERIES["log_commits"],
        {
            "edge_ids": [row.edge_id for _, row in moved],
            "epochs": [epoch for (_, epoch), _ in moved],
            "firsts": [row.before + 1 for _, row in moved],
            "lasts": [row.committed for _, row in moved],
            "samples": [row.samples for _, row in moved],
            "oldest": [moment_or_none(row.oldest_ms) for _, row in moved],
            "newest": [moment_or_none(row.newest_ms) for _, row in moved],
        },
    )
