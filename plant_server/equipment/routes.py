"""Routes of "New devices". Every answer leaves after the commit."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from plant_server.dependencies import Pool
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
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["equipment"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
COMMAND = command_responses(404)


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
    response_model=EquipmentProposal,
    responses=COMMAND,
)
async def accept(call: Call, proposal_id: Id, command: Accept) -> Response:
    return await call.run("equipment.accept", command, partial(service.accept, proposal_id, command))


@router.post(
    "/equipment/proposals/{proposal_id}/merge",
    summary="Accept a device as part of equipment that is there",
    response_model=EquipmentProposal,
    responses=COMMAND,
)
async def merge(call: Call, proposal_id: Id, command: Merge) -> Response:
    return await call.run("equipment.merge", command, partial(service.merge, proposal_id, command))


@router.post(
    "/equipment/proposals/{proposal_id}/reject",
    summary="Reject a device",
    response_model=EquipmentProposal,
    responses=COMMAND,
)
async def reject(call: Call, proposal_id: Id) -> Response:
    return await call.run("equipment.reject", None, partial(service.reject, proposal_id))


@router.post(
    "/equipment/proposals/{proposal_id}/undo",
    summary="Open a decided proposal again",
    response_model=EquipmentProposal,
    responses=COMMAND,
)
async def undo(call: Call, proposal_id: Id) -> Response:
    return await call.run("equipment.undo", None, partial(service.undo, proposal_id))


@router.post(
    "/equipment/{equipment_id}/rename",
    summary="Change path or name",
    response_model=Equipment,
    responses=COMMAND,
)
async def rename(call: Call, equipment_id: Id, command: Rename) -> Response:
    return await call.run("equipment.rename", command, partial(service.rename, equipment_id, command))


@router.get("/tags/proposals", summary="What births say otherwise than tags", responses=problem_responses())
async def tag_proposals(
    pool: Pool, state: ProposalState | None = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[TagProposal]:
    async with pool.connection() as connection:
        return await service.tag_proposals(connection, state, cursor, limit)


@router.post(
    "/tags/proposals/{proposal_id}/accept",
    summary="Change a tag as proposed",
    response_model=TagProposal,
    responses=COMMAND,
)
async def accept_tag(call: Call, proposal_id: Id) -> Response:
    handler = partial(service.decide_tag, proposal_id, ProposalState.ACCEPTED)
    return await call.run("tag.accept", None, handler)


@router.post(
    "/tags/proposals/{proposal_id}/reject",
    summary="Leave a tag as it is",
    response_model=TagProposal,
    responses=COMMAND,
)
async def reject_tag(call: Call, proposal_id: Id) -> Response:
    handler = partial(service.decide_tag, proposal_id, ProposalState.REJECTED)
    return await call.run("tag.reject", None, handler)
