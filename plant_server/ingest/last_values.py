"""The newest value of each tag, for screens."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from plant_server.ingest.queries import QUERIES, moment


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
    cursor.execute(
        QUERIES["live_values" if live else "stored_values"],
        {
            "tag_ids": [row.tag_id for row in ordered],
            "ts": [moment(row.time_ms) for row in ordered],
            "values": [row.value for row in ordered],
            "texts": [row.text for row in ordered],
            "qualities": [row.quality for row in ordered],
        },
    )
