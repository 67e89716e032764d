"""Deciding what devices are. Each decision is a command: once by its key, and kept as an Event."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

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
from plant_server.events import CommandContext, Refused
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.paging import Page, id_cursor, page_of
from plant_server.problems import Problem

QUERIES = load_queries(__package__)
Told = Mapping[str, Any]


async def equipment(connection: AsyncConnection, cursor: str | None, limit: int) -> Page[Equipment]:
    values = {"id": None, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["equipment"], values)
    return page_of([Equipment(**row) for row in rows], limit, "equipment_id")


async def proposals(
    connection: AsyncConnection, state: ProposalState | None, cursor: str | None, limit: int
) -> Page[EquipmentProposal]:
    values = {"id": None, "state": state, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["proposals"], values)
    return page_of([EquipmentProposal(**row) for row in rows], limit, "proposal_id")


async def accept(proposal_id: int, command: Accept, context: CommandContext) -> Told:
    """Make the device new equipment, or a further device of the equipment with its path. Problem: 404; refused:
    `already-decided`, `path-missing`."""
    proposal = await _open_proposal(context, proposal_id)
    path = command.path or proposal["path"]
    if path is None:
        raise Refused("path-missing", 422)
    name = command.name or path.rpartition("/")[2]
    (made,) = await rows_of(context.connection, QUERIES["add_equipment"], {"path": path, "name": name})
    return await _decide(context, proposal, ProposalState.ACCEPTED, made["equipment_id"])


async def merge(proposal_id: int, command: Merge, context: CommandContext) -> Told:
    """Make the device a further one of equipment that is there. Problem: 404; refused: `already-decided`."""
    proposal = await _open_proposal(context, proposal_id)
    await _lock_equipment(context, command.equipment_id)
    return await _decide(context, proposal, ProposalState.ACCEPTED, command.equipment_id)


async def reject(proposal_id: int, context: CommandContext) -> Told:
    """The device is no equipment of ours. Its samples are stored all the same. Problem: 404; refused:
    `already-decided`."""
    return await _decide(context, await _open_proposal(context, proposal_id), ProposalState.REJECTED, None)


async def undo(proposal_id: int, context: CommandContext) -> Told:
    """Open the proposal again; equipment without a device left goes away, unless something was made there. No effect
    on an open one. Problem: 404."""
    proposal = await _lock_proposal(context, proposal_id)
    told = await _decide(context, proposal, ProposalState.OPEN, None)
    if proposal["equipment_id"] is not None:
        await context.connection.execute(QUERIES["forget_equipment"], proposal)
    return told


async def rename(equipment_id: int, command: Rename, context: CommandContext) -> Told:
    """Problem: 404; refused: `path-taken`."""
    before = await _lock_equipment(context, equipment_id)
    values = {"equipment_id": equipment_id, "path": command.path, "name": command.name}
    try:
        await context.connection.execute(QUERIES["rename_equipment"], values)
    except psycopg.errors.UniqueViolation as error:
        raise Refused("path-taken", detail=command.path, path=command.path) from error
    values = {"id": equipment_id, "after": 0, "limit": 1}
    (row,) = await rows_of(context.connection, QUERIES["equipment"], values)
    after = {name: row[name] for name in before}
    context.facts["equipment"] = {"before": before, "after": after}
    return Equipment(**row).model_dump(mode="json")


async def tag_proposals(
    connection: AsyncConnection, state: ProposalState | None, cursor: str | None, limit: int
) -> Page[TagProposal]:
    values = {"id": None, "state": state, "after": id_cursor(cursor, 0), "limit": limit + 1}
    rows = await rows_of(connection, QUERIES["tag_proposals"], values)
    return page_of([TagProposal(**row) for row in rows], limit, "proposal_id")


async def decide_tag(proposal_id: int, state: ProposalState, context: CommandContext) -> Told:
    """Accept or reject what a birth said of a tag. Ingest reads accepted tags anew. Problem: 404; refused:
    `already-decided`."""
    connection = context.connection
    found = await row_of(connection, QUERIES["lock_tag_proposal"], {"proposal_id": proposal_id})
    proposal = _undecided(found, proposal_id)
    listing = {"id": proposal_id, "state": None, "after": 0, "limit": 1}
    (before,) = await rows_of(connection, QUERIES["tag_proposals"], listing)
    if state is ProposalState.ACCEPTED:
        await _change_tag(connection, proposal["tag_id"], proposal["proposed"])
    values = {"proposal_id": proposal_id, "state": state, "actor": context.actor.text}
    await connection.execute(QUERIES["decide_tag_proposal"], values)
    context.facts["tag_proposal"] = {
        "proposal_id": proposal_id,
        "tag_id": proposal["tag_id"],
        "state": state,
        "before": before["present"],
        "proposed": proposal["proposed"],
    }
    (row,) = await rows_of(connection, QUERIES["tag_proposals"], listing)
    return TagProposal(**row).model_dump(mode="json")


async def _change_tag(connection: AsyncConnection, tag_id: int, proposed: dict[str, Any]) -> None:
    await connection.execute(QUERIES["change_tag"], {"tag_id": tag_id, "proposed": Jsonb(proposed)})
    if proposed.keys() & {"role", "vocabulary"}:
        await connection.execute(QUERIES["mark_state_dirty"], {"tag_id": tag_id})


async def _decide(
    context: CommandContext, proposal: Row, state: ProposalState, equipment_id: int | None
) -> Told:
    decided = {"proposal_id": proposal["proposal_id"], "state": state, "equipment_id": equipment_id}
    values = decided | {"actor": context.actor.text}
    await context.connection.execute(QUERIES["decide_proposal"], values)
    context.facts["equipment_proposal"] = {"before": proposal, "after": proposal | decided}
    listing = {"id": proposal["proposal_id"], "state": None, "after": 0, "limit": 1}
    (row,) = await rows_of(context.connection, QUERIES["proposals"], listing)
    return EquipmentProposal(**row).model_dump(mode="json")


async def _lock_proposal(context: CommandContext, proposal_id: int) -> Row:
    found = await row_of(context.connection, QUERIES["lock_proposal"], {"proposal_id": proposal_id})
    if found is None:
        raise Problem(404, "unknown-proposal", f"proposal {proposal_id}")
    return found


async def _open_proposal(context: CommandContext, proposal_id: int) -> Row:
    return _undecided(await _lock_proposal(context, proposal_id), proposal_id)


def _undecided(found: Row | None, proposal_id: int) -> Row:
    if found is None:
        raise Problem(404, "unknown-proposal", f"proposal {proposal_id}")
    if found["state"] != ProposalState.OPEN:
        detail = f"proposal {proposal_id}: {found['state']}"
        raise Refused("already-decided", detail=detail, state=found["state"])
    return found


async def _lock_equipment(context: CommandContext, equipment_id: int) -> Row:
    found = await row_of(context.connection, QUERIES["lock_equipment"], {"equipment_id": equipment_id})
    if found is None:
        raise Problem(404, "unknown-equipment", f"equipment {equipment_id}")
    return found
