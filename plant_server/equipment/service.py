"""Deciding what devices are. Each command is one transaction, committed when the function returns."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from edge.contract.failpoints import failpoint
from plant_server.database import load_queries
from plant_server.equipment.schemas import (
    Accept,
    Equipment,
    EquipmentProposal,
    Merge,
    ProposalState,
    Rename,
    TagProposal,
)
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__)


async def equipment(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[Equipment]:
    values = {"id": None, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await _rows(connection, "equipment", values)
    return page_of([Equipment(**row) for row in rows], limit, "equipment_id")


async def proposals(
    connection: AsyncConnection, state: ProposalState | None, cursor: str | None, limit: int
) -> Page[EquipmentProposal]:
    values = {"id": None, "state": state, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await _rows(connection, "proposals", values)
    return page_of([EquipmentProposal(**row) for row in rows], limit, "proposal_id")


async def accept(
    connection: AsyncConnection, proposal_id: int, command: Accept, actor: str
) -> EquipmentProposal:
    """Make the device new equipment, or a further device of the equipment with its path. Problems: 404, 409, 422."""
    async with _committed(connection):
        proposal = await _open_proposal(connection, proposal_id)
        path = command.path or proposal["path"]
        if path is None:
            raise Problem(422, "path-missing")
        name = command.name or path.rpartition("/")[2]
        (made,) = await _rows(connection, "add_equipment", {"path": path, "name": name})
        await _decide(connection, proposal_id, ProposalState.ACCEPTED, made["equipment_id"], actor)
    return await _proposal(connection, proposal_id)


async def merge(
    connection: AsyncConnection, proposal_id: int, command: Merge, actor: str
) -> EquipmentProposal:
    """Make the device a further one of equipment that is there. Problems: 404, 409."""
    async with _committed(connection):
        await _open_proposal(connection, proposal_id)
        await _lock_equipment(connection, command.equipment_id)
        await _decide(connection, proposal_id, ProposalState.ACCEPTED, command.equipment_id, actor)
    return await _proposal(connection, proposal_id)


async def reject(connection: AsyncConnection, proposal_id: int, actor: str) -> EquipmentProposal:
    """The device is no equipment of ours. Its samples are stored all the same. Problems: 404, 409."""
    async with _committed(connection):
        await _open_proposal(connection, proposal_id)
        await _decide(connection, proposal_id, ProposalState.REJECTED, None, actor)
    return await _proposal(connection, proposal_id)


async def undo(connection: AsyncConnection, proposal_id: int, actor: str) -> EquipmentProposal:
    """Open the proposal again; equipment without a device left goes away. No effect on an open one. Problem: 404."""
    async with _committed(connection):
        proposal = await _lock_proposal(connection, proposal_id)
        await _decide(connection, proposal_id, ProposalState.OPEN, None, actor)
        if proposal["equipment_id"] is not None:
            await connection.execute(QUERIES["forget_equipment"], {"equipment_id": proposal["equipment_id"]})
    return await _proposal(connection, proposal_id)


async def rename(connection: AsyncConnection, equipment_id: int, command: Rename) -> Equipment:
    """Problems: 404, 409 (path taken)."""
    values = {"equipment_id": equipment_id, "path": command.path, "name": command.name}
    try:
        async with _committed(connection):
            await _lock_equipment(connection, equipment_id)
            await connection.execute(QUERIES["rename_equipment"], values)
    except psycopg.errors.UniqueViolation as error:
        raise Problem(409, "path-taken", command.path) from error
    (row,) = await _rows(connection, "equipment", {"id": equipment_id, "after": 0, "limit": 1})
    return Equipment(**row)


async def tag_proposals(
    connection: AsyncConnection, state: ProposalState | None, cursor: str | None, limit: int
) -> Page[TagProposal]:
    values = {"id": None, "state": state, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await _rows(connection, "tag_proposals", values)
    return page_of([TagProposal(**row) for row in rows], limit, "proposal_id")


async def decide_tag(
    connection: AsyncConnection, proposal_id: int, state: ProposalState, actor: str
) -> TagProposal:
    """Accept or reject what a birth said of a tag. Ingest reads accepted tags anew. Problems: 404, 409."""
    async with _committed(connection):
        found = await _rows(connection, "lock_tag_proposal", {"proposal_id": proposal_id})
        proposal = _undecided(found, proposal_id)
        if state is ProposalState.ACCEPTED:
            await _change_tag(connection, proposal["tag_id"], proposal["proposed"])
        values = {"proposal_id": proposal_id, "state": state, "actor": actor}
        await connection.execute(QUERIES["decide_tag_proposal"], values)
    (row,) = await _rows(
        connection, "tag_proposals", {"id": proposal_id, "state": None, "after": 0, "limit": 1}
    )
    return TagProposal(**row)


async def _change_tag(connection: AsyncConnection, tag_id: int, proposed: dict[str, Any]) -> None:
    await connection.execute(QUERIES["change_tag"], {"tag_id": tag_id, "proposed": Jsonb(proposed)})
    if proposed.keys() & {"role", "vocabulary"}:
        await connection.execute(QUERIES["mark_state_dirty"], {"tag_id": tag_id})


@asynccontextmanager
async def _committed(connection: AsyncConnection) -> AsyncIterator[None]:
    """The one transaction of a command: committed before the answer leaves."""
    async with connection.transaction():
        yield
        failpoint("api.before_commit")
    failpoint("api.after_commit")


async def _decide(
    connection: AsyncConnection, proposal_id: int, state: ProposalState, equipment_id: int | None, actor: str
) -> None:
    values = {"proposal_id": proposal_id, "state": state, "equipment_id": equipment_id, "actor": actor}
    await connection.execute(QUERIES["decide_proposal"], values)


async def _lock_proposal(connection: AsyncConnection, proposal_id: int) -> dict[str, Any]:
    found = await _rows(connection, "lock_proposal", {"proposal_id": proposal_id})
    if not found:
        raise Problem(404, "unknown-proposal", f"proposal {proposal_id}")
    return found[0]


async def _open_proposal(connection: AsyncConnection, proposal_id: int) -> dict[str, Any]:
    return _undecided([await _lock_proposal(connection, proposal_id)], proposal_id)


def _undecided(found: list[dict[str, Any]], proposal_id: int) -> dict[str, Any]:
    if not found:
        raise Problem(404, "unknown-proposal", f"proposal {proposal_id}")
    if found[0]["state"] != ProposalState.OPEN:
        raise Problem(409, "already-decided", f"proposal {proposal_id}: {found[0]['state']}")
    return found[0]


async def _lock_equipment(connection: AsyncConnection, equipment_id: int) -> None:
    if not await _rows(connection, "lock_equipment", {"equipment_id": equipment_id}):
        raise Problem(404, "unknown-equipment", f"equipment {equipment_id}")


async def _proposal(connection: AsyncConnection, proposal_id: int) -> EquipmentProposal:
    values = {"id": proposal_id, "state": None, "after": 0, "limit": 1}
    (row,) = await _rows(connection, "proposals", values)
    return EquipmentProposal(**row)


async def _rows(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[query], values)
        return await cursor.fetchall()
