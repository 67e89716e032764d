"""Sabotage: an ingest without the cursor's skip. What the edge repeats, it stores again."""

from collections.abc import Mapping, Sequence

import lineside
from plant_server.ingest.cursors import Cursor, CursorBook, CursorKey, Line
from plant_server.ingest.facts import Facts

_honest = CursorBook.line_up


def _line_up(book: CursorBook, batch: Sequence[Facts], cursors: Mapping[CursorKey, Cursor]) -> Line:
    line = _honest(book, batch, cursors)
    return Line([*line.accepted, *line.skipped], [], line.holes)


if __name__ == "__main__":
    setattr(CursorBook, "line_up", _line_up)  # noqa: B010  (mypy forbids the assignment)
    lineside.main()
