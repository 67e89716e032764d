"""The rows of a batch, table by table, in the caller's transaction."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

import psycopg

from edge.contract.spool_metrics import Gap, GapTag
from plant_server.ingest.array_parameters import PG_EPOCH_MS
from plant_server.ingest.copy_blocks import HEADER, TRAILER, SampleColumns
from plant_server.ingest.facts import Contact, Facts, Numbers, OutsideRow, TextRow
from plant_server.ingest.last_values import LastValue, save_last_values
from plant_server.ingest.message import EdgeKey
from plant_server.ingest.odometers import OdometerBook, steps_of
from plant_server.ingest.quarantine import QuarantineRow
from plant_server.ingest.queries import QUERIES, moment, moment_or_none

# Enough rows to be neighbours in the index, few enough that the server is never idle.
_MESSAGES_A_PART = 16
_TEXT_ROW = struct.Struct(">hiqiiih")
_NULL = b"\xff\xff\xff\xff"


def write_samples(cursor: psycopg.Cursor, accepted: Sequence[Facts]) -> int:
    """Samples, texts, last values, dirty marks, and readings set apart. Returns how many were stored as samples."""
    texts: list[TextRow] = []
    parts: list[SampleColumns] = []
    # Messages are read while the server stores those before, and the rest is made ready while it stores the last:
    # what ingest computes costs next to no time of its own.
    with cursor.copy(QUERIES["copy_samples"]) as copy:
        copy.write(HEADER)
        for start in range(0, len(accepted), _MESSAGES_A_PART):
            messages = accepted[start : start + _MESSAGES_A_PART]
            for facts in messages:
                facts.read()
                texts += facts.texts
            parts.append(columns_of(messages))
            copy.write(parts[-1].in_order().copy_bytes())
        copy.write(TRAILER)
        columns = SampleColumns.joined(parts)
        dirty = SampleColumns.joined([*parts, _marks(texts)]).dirty_bytes()
        newest = list(newest_values(columns, texts))
    if newest:
        _copy(cursor, "copy_dirty", dirty)
        save_last_values(cursor, newest, live=False)
    if texts:
        _copy(cursor, "copy_text_samples", _text_bytes(texts))
    outside = [row for facts in accepted for row in facts.outside]
    if outside:
        _write_outside(cursor, outside)
    return len(columns.tags) + len(texts)


def _marks(texts: Sequence[TextRow]) -> SampleColumns:
    """Texts as far as dirty marks need them."""
    tags, times_ms = [row.tag_id for row in texts], [row.time_ms for row in texts]
    return SampleColumns.of(tags, times_ms, [None] * len(texts), {})


def write_live(cursor: psycopg.Cursor, live: Sequence[Facts]) -> None:
    """What came without Spool numbers: seen, never stored, never counted."""
    texts = [row for facts in live for row in facts.texts]
    save_last_values(cursor, newest_values(columns_of(live), texts), live=True)


def newest_values(columns: SampleColumns, texts: Sequence[TextRow]) -> Iterator[LastValue]:
    yield from columns.last_of_each_tag()
    for row in texts:
        yield LastValue(row.tag_id, row.time_ms, row.quality, None, row.value)


def columns_of(batch: Sequence[Facts]) -> SampleColumns:
    """All samples of a batch, in the order of its messages."""
    tags: list[int] = []
    times_ms: list[int] = []
    values: list[float | None] = []
    qualities: dict[int, int] = {}
    for facts in batch:
        if facts.qualities:
            offset = len(tags)
            qualities.update((offset + index, quality) for index, quality in facts.qualities.items())
        tags += facts.tags
        times_ms += facts.times_ms
        values += facts.values
    return SampleColumns.of(tags, times_ms, values, qualities)


def write_odometers(
    cursor: psycopg.Cursor, accepted: Sequence[Facts], edge_ids: Mapping[EdgeKey, int]
) -> None:
    """Every counter reading, contact and gap of the batch, in the order of the entries."""
    steps = [step for facts in accepted for step in steps_of(cursor, edge_ids[facts.edge], facts)]
    if steps:
        book = OdometerBook(cursor)
        book.lock(steps)
        book.step(steps)
        book.save()


def write_contact(cursor: psycopg.Cursor, device_id: int, contact: Contact) -> None:
    cursor.execute(
        QUERIES["add_contact"],
        {"device_id": device_id, "ts": moment(contact.time_ms), "online": contact.online},
    )


def write_gap(cursor: psycopg.Cursor, edge_id: int, numbers: Numbers, gap: Gap) -> None:
    """One row per tag, or one without a tag when nobody can know which."""
    rows: Sequence[GapTag | None] = gap.tags or (None,)
    cursor.execute(
        QUERIES["add_gap"],
        {
            "edge_id": edge_id,
            "epoch": numbers.epoch,
            "first": numbers.first,
            "last": numbers.last,
            "reason": gap.reason,
            "devices": [row and row.device for row in rows],
            "tags": [row and row.tag for row in rows],
            "from": [moment_or_none(row.from_ms if row else gap.from_ms) for row in rows],
            "to": [moment_or_none(row.to_ms if row else gap.to_ms) for row in rows],
            "counts": [row and row.count for row in rows],
        },
    )


def write_quarantine(cursor: psycopg.Cursor, rows: Iterable[QuarantineRow]) -> int:
    """Messages that could not be stored, or not whole."""
    count = 0
    for row in rows:
        count += 1
        cursor.execute(
            QUERIES["quarantine"],
            {
                "edge_id": row.edge_id,
                "topic": row.topic,
                "payload": row.payload,
                "reason": row.reason,
                "detail": row.detail.replace("\0", "\\0")[:2000],
                "epoch": row.epoch,
                "first": row.first,
                "last": row.last,
            },
        )
    return count


def _copy(cursor: psycopg.Cursor, query: str, data: bytes) -> None:
    with cursor.copy(QUERIES[query]) as copy:
        copy.write(data)


def _text_bytes(rows: Sequence[TextRow]) -> bytes:
    """The whole input of COPY plant.text_sample (ts, tag_id, quality, value). Raises psycopg.DataError for NUL."""
    parts = [HEADER]
    for row in rows:
        value = None if row.value is None else row.value.encode()
        if value is not None and b"\0" in value:
            raise psycopg.DataError("a text with NUL cannot be stored")
        fixed = _TEXT_ROW.pack(4, 8, (row.time_ms - PG_EPOCH_MS) * 1000, 4, row.tag_id, 2, row.quality)
        parts.append(fixed + (_NULL if value is None else len(value).to_bytes(4, "big") + value))
    return b"".join([*parts, TRAILER])


def _write_outside(cursor: psycopg.Cursor, rows: Sequence[OutsideRow]) -> None:
    cursor.execute(
        QUERIES["quarantine_samples"],
        {
            "ts": [moment_or_none(row.time_ms) for row in rows],
            "times_ms": [row.time_ms for row in rows],
            "values": [row.value for row in rows],
            "texts": [row.text for row in rows],
            "tag_ids": [row.tag_id for row in rows],
            "qualities": [row.quality for row in rows],
            "reasons": [row.reason for row in rows],
        },
    )
