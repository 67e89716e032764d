"""The newest value of each tag, for screens."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from plant_server.ingest.array_parameters import float8, int2, int4, timestamps
from plant_server.ingest.queries import QUERIES


class LastValue(NamedTuple):
    tag_id: int
    time_ms: int
    quality: int
    value: float | None
    text: str | None


def save_last_values(cursor: psycopg.Cursor, rows: Iterable[LastValue], *, live: bool) -> None:
    """Of several rows of a tag the last one counts: the order is that of arrival, or of the entries."""
    newest = {row.tag_id: row for row in rows}
    if not newest:
        return
    # One order for all writers, so that two transactions cannot wait for one another.
    ordered = [newest[tag_id] for tag_id in sorted(newest)]
    has_text = any(row.text is not None for row in ordered)
    cursor.execute(
        QUERIES["live_values" if live else "stored_values"],
        {
            "tag_ids": int4(row.tag_id for row in ordered),
            "ts": timestamps(row.time_ms for row in ordered),
            "values": float8(row.value for row in ordered),
            "texts": [row.text for row in ordered] if has_text else None,
            "qualities": int2(row.quality for row in ordered),
        },
    )
