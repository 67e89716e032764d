"""People and terminals: the work of their commands, inside the command's transaction."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from plant_server.database import load_queries
from plant_server.events import CommandContext, Refused
from plant_server.paging import Page, id_cursor, page_of
from plant_server.people.schemas import ChangePerson, NewPerson, NewStation, PersonRow, StationRow
from plant_server.problems import Problem

QUERIES = load_queries(__package__)


async def people(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[PersonRow]:
    rows = await _rows(connection, "people", {"id": None, "after": id_cursor(cursor, 0), "limit": limit + 1})
    return page_of([PersonRow(**row) for row in rows], limit, "person_id")


async def stations(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[StationRow]:
    rows = await _rows(
        connection, "stations", {"id": None, "after": id_cursor(cursor, 0), "limit": limit + 1}
    )
    return page_of([StationRow(**row) for row in rows], limit, "station_id")


async def add_person(new: NewPerson, context: CommandContext) -> Mapping[str, Any]:
    """Refused: the personnel number is another's."""
    try:
        (row,) = await _rows(context.connection, "add_person", new.model_dump())
    except psycopg.errors.UniqueViolation as error:
        raise Refused("personnel-number-taken", detail=new.personnel_number) from error
    context.facts["person_id"] = row["person_id"]
    return await _person(context, row["person_id"])


async def change_person(person_id: int, change: ChangePerson, context: CommandContext) -> Mapping[str, Any]:
    """Problems: 404; refused: the last administrator stays one; the personnel number is another's."""
    await context.connection.execute(QUERIES["lock_people"])
    await _lock_person(context, person_id)
    try:
        async with context.connection.transaction():
            await context.connection.execute(
                QUERIES["change_person"], {"person_id": person_id, **change.model_dump()}
            )
    except psycopg.errors.UniqueViolation as error:
        raise Refused("personnel-number-taken", detail=change.personnel_number) from error
    if change.active is False or (change.roles is not None and "admin" not in change.roles):
        await _require_another_administrator(context, person_id)
    if change.active is False or change.roles is not None:
        await context.connection.execute(QUERIES["end_sessions_of"], {"person_id": person_id})
    return await _person(context, person_id)


async def end_sessions(person_id: int, context: CommandContext) -> Mapping[str, Any]:
    """Problem: 404."""
    await _lock_person(context, person_id)
    ended = await _rows(context.connection, "end_sessions_of", {"person_id": person_id})
    return {"ended": len(ended)}


async def set_pin(person_id: int, pin_hash: str, context: CommandContext) -> Mapping[str, Any]:
    """A new PIN ends the sessions. Problem: 404."""
    await _lock_person(context, person_id)
    await context.connection.execute(QUERIES["set_pin"], {"person_id": person_id, "pin_hash": pin_hash})
    await context.connection.execute(QUERIES["end_sessions_of"], {"person_id": person_id})
    return await _person(context, person_id)


async def set_badge(person_id: int, badge_hash: bytes | None, context: CommandContext) -> Mapping[str, Any]:
    """Another badge, or none, ends the sessions. Problem: 404; refused: it is another's."""
    await _lock_person(context, person_id)
    try:
        async with context.connection.transaction():
            await context.connection.execute(
                QUERIES["set_badge"], {"person_id": person_id, "badge_hash": badge_hash}
            )
    except psycopg.errors.UniqueViolation as error:
        raise Refused("badge-taken") from error
    await context.connection.execute(QUERIES["end_sessions_of"], {"person_id": person_id})
    return await _person(context, person_id)


async def add_station(new: NewStation, context: CommandContext) -> Mapping[str, Any]:
    """Problem: 404 (equipment); refused: the name is another's."""
    try:
        (row,) = await _rows(context.connection, "add_station", new.model_dump())
    except psycopg.errors.UniqueViolation as error:
        raise Refused("name-taken", detail=new.name) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise Problem(404, "unknown-equipment", f"equipment {new.equipment_id}") from error
    context.facts["station_id"] = row["station_id"]
    return await _station(context, row["station_id"])


async def enrol_station(
    station_id: int, credential_hash: bytes, context: CommandContext
) -> Mapping[str, Any]:
    """A browser becomes this terminal; one that was it before is it no longer. Problem: 404."""
    values = {"station_id": station_id, "credential_hash": credential_hash}
    if not await _rows(context.connection, "enrol_station", values):
        raise Problem(404, "unknown-station", f"station {station_id}")
    await context.connection.execute(QUERIES["end_sessions_at"], values)
    return await _station(context, station_id)


async def revoke_station(station_id: int, context: CommandContext) -> Mapping[str, Any]:
    """The credential is good no more, nor are the sessions opened with it. Problem: 404."""
    values = {"station_id": station_id}
    if not await _rows(context.connection, "revoke_station", values):
        raise Problem(404, "unknown-station", f"station {station_id}")
    await context.connection.execute(QUERIES["end_sessions_at"], values)
    return await _station(context, station_id)


async def _lock_person(context: CommandContext, person_id: int) -> None:
    if not await _rows(context.connection, "lock_person", {"person_id": person_id}):
        raise Problem(404, "unknown-person", f"person {person_id}")


async def _require_another_administrator(context: CommandContext, person_id: int) -> None:
    (row,) = await _rows(context.connection, "other_administrators", {"person_id": person_id})
    if row["count"] == 0:
        raise Refused("last-administrator", detail=f"person {person_id}")


async def _person(context: CommandContext, person_id: int) -> Mapping[str, Any]:
    (row,) = await _rows(context.connection, "people", {"id": person_id, "after": 0, "limit": 1})
    return row


async def _station(context: CommandContext, station_id: int) -> Mapping[str, Any]:
    (row,) = await _rows(context.connection, "stations", {"id": station_id, "after": 0, "limit": 1})
    return row


async def _rows(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchall()
