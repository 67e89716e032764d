"""Reads for the telemetry routes. Every list is bounded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import BaseModel

from edge.contract.datatypes import DataType
from plant_server.database import load_queries
from plant_server.machine_states.schemas import contact_of
from plant_server.paging import Page, decode_cursor, encode_cursor, id_cursor, page_of
from plant_server.problems import Problem
from plant_server.telemetry.schemas import (
    Case,
    CaseState,
    Device,
    Gap,
    Health,
    Odometer,
    Quarantined,
    Sample,
    Samples,
    Tag,
)

QUERIES = load_queries(__package__)
ID_MAX = 2**62
_TEXTS = frozenset(int(datatype) for datatype in DataType if datatype.is_text)

Model = TypeVar("Model", bound=BaseModel)


async def health(connection: AsyncConnection) -> Health:
    (row,) = await _rows(connection, "health", {})
    return Health(status="ok", **row)


async def devices(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[Device]:
    rows = await _rows(connection, "devices", {"after": id_cursor(cursor, 0), "limit": limit + 1})
    found = [
        Device(
            contact=contact_of(bool(row.pop("online")), row["last_message_age_s"], row.pop("contact_lost_s")),
            **row,
        )
        for row in rows
    ]
    return page_of(found, limit, "device_id")


async def tags(connection: AsyncConnection, device: int | None, cursor: str | None, limit: int) -> Page[Tag]:
    await _check_device(connection, device)
    values = {"device": device, "after": id_cursor(cursor, 0), "limit": limit + 1}
    return page_of(await _models(connection, Tag, "tags", values), limit, "tag_id")


async def odometers(
    connection: AsyncConnection, device: int | None, cursor: str | None, limit: int
) -> Page[Odometer]:
    await _check_device(connection, device)
    values = {"device": device, "after": id_cursor(cursor, 0), "limit": limit + 1}
    return page_of(await _models(connection, Odometer, "odometers", values), limit, "tag_id")


async def samples(
    connection: AsyncConnection, tag: int, from_ts: datetime, to_ts: datetime, cursor: str | None, limit: int
) -> Samples:
    """Raw samples of [from_ts, to_ts). Raises Problem 404 (tag), 422 (span, cursor)."""
    if from_ts >= to_ts:
        raise Problem(422, "span-invalid", f"{from_ts.isoformat()} to {to_ts.isoformat()}")
    found = await _rows(connection, "tag", {"tag": tag})
    if not found:
        raise Problem(404, "unknown-tag", f"tag {tag}")
    start, skip = _sample_position(cursor, from_ts)
    query = "text_samples" if found[0]["datatype"] in _TEXTS else "number_samples"
    values = {"tag": tag, "from_ts": start, "to_ts": to_ts, "skip": skip, "limit": limit + 1}
    read = await _models(connection, Sample, query, values)
    items = read[:limit]
    next_cursor = _after(items, start, skip) if len(read) > limit else None
    return Samples(
        tag_id=tag, name=found[0]["name"], unit=found[0]["unit"], items=items, next_cursor=next_cursor
    )


async def cases(
    connection: AsyncConnection, state: CaseState | None, cursor: str | None, limit: int
) -> Page[Case]:
    values = {"state": state, "before": id_cursor(cursor, ID_MAX), "limit": limit + 1}
    return page_of(await _models(connection, Case, "cases", values), limit, "case_id")


async def gaps(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[Gap]:
    values = {"before": id_cursor(cursor, ID_MAX), "limit": limit + 1}
    return page_of(await _models(connection, Gap, "gaps", values), limit, "gap_id")


async def quarantined(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[Quarantined]:
    values = {"before": id_cursor(cursor, ID_MAX), "limit": limit + 1}
    return page_of(await _models(connection, Quarantined, "quarantine", values), limit, "quarantine_id")


def _sample_position(cursor: str | None, from_ts: datetime) -> tuple[datetime, int]:
    """Where a page of samples begins: an instant, and how many samples of it the pages before held."""
    if cursor is None:
        return from_ts, 0
    text, skip = decode_cursor(cursor, str, int)
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, "cursor-invalid") from error
    if start.tzinfo is None or start < from_ts or not 0 <= skip < ID_MAX:
        raise Problem(422, "cursor-invalid")
    return start, skip


def _after(items: list[Sample], start: datetime, skip: int) -> str:
    last = items[-1].ts
    at_last = sum(1 for sample in items if sample.ts == last)
    return encode_cursor(last.isoformat(), at_last + (skip if last == start else 0))


async def _check_device(connection: AsyncConnection, device: int | None) -> None:
    if device is None:
        return
    (row,) = await _rows(connection, "device_exists", {"device": device})
    if not row["exists"]:
        raise Problem(404, "unknown-device", f"device {device}")


async def _models(
    connection: AsyncConnection, model: type[Model], query: str, values: Mapping[str, Any]
) -> list[Model]:
    return [model(**row) for row in await _rows(connection, query, values)]


async def _rows(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchall()
