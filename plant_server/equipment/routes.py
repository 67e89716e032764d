"""Routes of "New devices". Every answer leaves after the commit, which is in the service."""

from typing import Annotated

from fastapi import APIRouter, Path

from plant_server.dependencies import Pool, Who
from plant_server.equipment import service
from plant_server.equipment.schemas import (
    Accept,
    Equipment,
    EquipmentProposal,
    Merge,
    ProposalState,
    Rename,
    TagProposal,
)
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["equipment"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/equipment", summary="Equipment and the devices accepted as it", responses=problem_responses())
async def equipment(pool: Pool, cursor: Cursor = None, limit: Limit = 200) -> Page[Equipment]:
    async with pool.connection() as connection:
        return await service.equipment(connection, cursor, limit)


@router.get("/equipment/proposals", summary="New devices, decided or not", responses=problem_responses())
async def proposals(
    pool: Pool, state: ProposalState | None = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[EquipmentProposal]:
    async with pool.connection() as connection:
        return await service.proposals(connection, state, cursor, limit)


@router.post(
    "/equipment/proposals/{proposal_id}/accept",
    summary="Accept a device as equipment",
    responses=problem_responses(404, 409),
)
async def accept(pool: Pool, who: Who, proposal_id: Id, command: Accept) -> EquipmentProposal:
    async with pool.connection() as connection:
        return await service.accept(connection, proposal_id, command, who.actor.text)


@router.post(
    "/equipment/proposals/{proposal_id}/merge",
    summary="Accept a device as part of equipment that is there",
    responses=problem_responses(404, 409),
)
async def merge(pool: Pool, who: Who, proposal_id: Id, command: Merge) -> EquipmentProposal:
    async with pool.connection() as connection:
        return await service.merge(connection, proposal_id, command, who.actor.text)


@router.post(
    "/equipment/proposals/{proposal_id}/reject",
    summary="Reject a device",
    responses=problem_responses(404, 409),
)
async def reject(pool: Pool, who: Who, proposal_id: Id) -> EquipmentProposal:
    async with pool.connection() as connection:
        return await service.reject(connection, proposal_id, who.actor.text)


@router.post(
    "/equipment/proposals/{proposal_id}/undo",
    summary="Open a decided proposal again",
    responses=problem_responses(404),
)
async def undo(pool: Pool, who: Who, proposal_id: Id) -> EquipmentProposal:
    async with pool.connection() as connection:
        return await service.undo(connection, proposal_id, who.actor.text)


@router.post(
    "/equipment/{equipment_id}/rename", summary="Change path or name", responses=problem_responses(404, 409)
)
async def rename(pool: Pool, equipment_id: Id, command: Rename) -> Equipment:
    async with pool.connection() as connection:
        return await service.rename(connection, equipment_id, command)


@router.get("/tags/proposals", summary="What births say otherwise than tags", responses=problem_responses())
async def tag_proposals(
    pool: Pool, state: ProposalState | None = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[TagProposal]:
    async with pool.connection() as connection:
        return await service.tag_proposals(connection, state, cursor, limit)


@router.post(
    "/tags/proposals/{proposal_id}/accept",
    summary="Change a tag as proposed",
    responses=problem_responses(404, 409),
)
async def accept_tag(pool: Pool, who: Who, proposal_id: Id) -> TagProposal:
    async with pool.connection() as connection:
        return await service.decide_tag(connection, proposal_id, ProposalState.ACCEPTED, who.actor.text)


@router.post(
    "/tags/proposals/{proposal_id}/reject",
    summary="Leave a tag as it is",
    responses=problem_responses(404, 409),
)
async def reject_tag(pool: Pool, who: Who, proposal_id: Id) -> TagProposal:
    async with pool.connection() as connection:
        return await service.decide_tag(connection, proposal_id, ProposalState.REJECTED, who.actor.text)
