"""Routes of material. Every answer leaves after the commit."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plant_server.dependencies import CurrentPerson, Pool
from plant_server.events.calls import Call, command_responses
from plant_server.materials import consumption, scans, service, waivers
from plant_server.materials.scan_schemas import Scan, Scanned
from plant_server.materials.schemas import (
    Adjust,
    Consume,
    Consumption,
    Issue,
    LiftHold,
    Lot,
    LotMove,
    PlaceHold,
    Receive,
    Return,
    Settle,
)
from plant_server.materials.waiver_schemas import GrantWaiver, RequestWaiver, Waiver, WaiverState
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["materials"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str | None, Query(max_length=300)]


@router.post(
    "/scans",
    summary="What a scanner read, and whether it may be used",
    response_model=Scanned,
    responses=command_responses(),
)
async def scan(call: Call, command: Scan) -> Response:
    return await call.run("material.scan", command, partial(scans.scan, command))


@router.get("/lots", summary="Lots", responses=problem_responses())
async def lots(
    pool: Pool,
    item: Text = None,
    lot: Text = None,
    location: Text = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[Lot]:
    async with pool.connection() as connection:
        return await service.lots(
            connection, item=item, lot=lot, location=location, cursor=cursor, limit=limit
        )


@router.post(
    "/lots", summary="Receive a lot, or more of it", response_model=Lot, responses=command_responses(404)
)
async def receive(call: Call, command: Receive) -> Response:
    return await call.run("material.receive", command, partial(service.receive, command))


@router.get("/lots/{lot_id}", summary="A lot", responses=problem_responses(404))
async def lot(pool: Pool, lot_id: Id) -> Lot:
    async with pool.connection() as connection:
        return await service.one_lot(connection, lot_id)


@router.get("/lots/{lot_id}/moves", summary="Where a lot came from and went", responses=problem_responses())
async def moves(pool: Pool, lot_id: Id, cursor: Cursor = None, limit: Limit = 200) -> Page[LotMove]:
    async with pool.connection() as connection:
        return await service.moves(connection, lot_id, cursor, limit)


@router.post(
    "/lots/{lot_id}/issue",
    summary="Issue to an order: from the store to the line",
    response_model=Lot,
    responses=command_responses(404),
)
async def issue(call: Call, lot_id: Id, command: Issue) -> Response:
    return await call.run("material.issue", command, partial(service.issue, lot_id, command))


@router.post(
    "/lots/{lot_id}/return",
    summary="Return to the store",
    response_model=Lot,
    responses=command_responses(404),
)
async def give_back(call: Call, lot_id: Id, command: Return) -> Response:
    return await call.run("material.return", command, partial(service.give_back, lot_id, command))


@router.post(
    "/lots/{lot_id}/consume",
    summary="Consume for an order, by scan",
    response_model=Consumption,
    responses=command_responses(404),
)
async def consume(call: Call, lot_id: Id, command: Consume) -> Response:
    return await call.run("material.consume", command, partial(consumption.consume_by_scan, lot_id, command))


@router.post(
    "/lots/{lot_id}/adjust",
    summary="Set what was counted at a location",
    response_model=Lot,
    responses=command_responses(404),
)
async def adjust(call: Call, lot_id: Id, command: Adjust) -> Response:
    return await call.run("material.adjust", command, partial(service.adjust, lot_id, command))


@router.post(
    "/lots/{lot_id}/hold", summary="Hold a lot", response_model=Lot, responses=command_responses(404)
)
async def hold(call: Call, lot_id: Id, command: PlaceHold) -> Response:
    return await call.run("material.hold", command, partial(service.place_hold, lot_id, command))


@router.post(
    "/lots/{lot_id}/release", summary="Lift a hold", response_model=Lot, responses=command_responses(404)
)
async def release(call: Call, lot_id: Id, command: LiftHold) -> Response:
    return await call.run("material.release", command, partial(service.lift_hold, lot_id, command))


@router.get("/consumptions", summary="What went into orders", responses=problem_responses())
async def consumptions(
    pool: Pool,
    order: Text = None,
    short_only: Annotated[bool, Query(description="Only what is still short of lots.")] = False,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[Consumption]:
    async with pool.connection() as connection:
        return await consumption.consumptions(connection, order, short_only, cursor, limit)


@router.post(
    "/consumptions/{consumption_id}/settle",
    summary="Name a lot that gave what was short",
    response_model=Consumption,
    responses=command_responses(404),
)
async def settle(call: Call, consumption_id: Id, command: Settle) -> Response:
    return await call.run("material.settle", command, partial(consumption.settle, consumption_id, command))


@router.get("/waivers", summary="Waivers", responses=problem_responses())
async def all_waivers(
    pool: Pool, state: WaiverState | None = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[Waiver]:
    async with pool.connection() as connection:
        return await waivers.waivers(connection, state, cursor, limit)


@router.post("/waivers", summary="Ask for a waiver", response_model=Waiver, responses=command_responses(404))
async def request_waiver(call: Call, person: CurrentPerson, command: RequestWaiver) -> Response:
    return await call.run("waiver.request", command, partial(waivers.request, command, person))


@router.post(
    "/waivers/{waiver_id}/grant",
    summary="Grant a waiver that somebody else asked for",
    response_model=Waiver,
    responses=command_responses(404),
)
async def grant_waiver(call: Call, person: CurrentPerson, waiver_id: Id, command: GrantWaiver) -> Response:
    return await call.run("waiver.grant", command, partial(waivers.grant, waiver_id, command, person))


@router.post(
    "/waivers/{waiver_id}/refuse",
    summary="Refuse a waiver",
    response_model=Waiver,
    responses=command_responses(404),
)
async def refuse_waiver(call: Call, person: CurrentPerson, waiver_id: Id) -> Response:
    return await call.run("waiver.refuse", None, partial(waivers.refuse, waiver_id))


@router.post(
    "/waivers/{waiver_id}/revoke",
    summary="Revoke a waiver that was granted",
    response_model=Waiver,
    responses=command_responses(404),
)
async def revoke_waiver(call: Call, person: CurrentPerson, waiver_id: Id) -> Response:
    return await call.run("waiver.revoke", None, partial(waivers.revoke, waiver_id))
