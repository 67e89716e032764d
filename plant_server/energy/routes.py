"""Routes of energy. Every answer leaves after the commit."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from plant_server.dependencies import Pool
from plant_server.energy import service
from plant_server.energy.schemas import (
    Balance,
    ChooseMeter,
    Meter,
    Meters,
    NewKey,
    OrderEnergy,
    RunEnergy,
    WaitingRun,
)
from plant_server.energy.waiting import waiting_runs
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["energy"])

Id = Annotated[int, Path(ge=1, le=2**62)]
TagId = Annotated[int, Path(ge=1, le=2**31 - 1)]
EquipmentPath = Annotated[str | None, Query(max_length=300, description="Meters at or below it.")]


@router.get("/runs/{run_id}/energy", summary="Energy of a run", responses=problem_responses(404))
async def energy_of_run(pool: Pool, run_id: Id) -> RunEnergy:
    async with pool.connection() as connection:
        return await service.energy_of_run(connection, run_id)


@router.get(
    "/work-orders/{work_order_id}/energy",
    summary="Energy of a work order, and per good part",
    responses=problem_responses(404),
)
async def energy_of_order(pool: Pool, work_order_id: Id) -> OrderEnergy:
    async with pool.connection() as connection:
        return await service.energy_of_order(connection, work_order_id)


@router.get(
    "/energy",
    summary="Every meter in a span: runs, idle, unallocated",
    responses=problem_responses(),
)
async def balance(
    pool: Pool,
    path: EquipmentPath = None,
    from_: Annotated[AwareDatetime | None, Query(alias="from", description="Included.")] = None,
    to: Annotated[AwareDatetime | None, Query(description="Not included. Default: now.")] = None,
) -> Balance:
    """Default: the last 8 hours."""
    to_time = to or datetime.now(UTC)
    async with pool.connection() as connection:
        return await service.balance(connection, path, from_ or to_time - timedelta(hours=8), to_time)


@router.get(
    "/energy/waiting",
    summary="Runs whose energy waits for a silent meter",
    responses=problem_responses(),
)
async def waiting(pool: Pool, cursor: Cursor = None, limit: Limit = 100) -> Page[WaitingRun]:
    """Those that ended over a minute ago. Their documents are held back until every meter was read."""
    async with pool.connection() as connection:
        return await waiting_runs(connection, cursor, limit)


@router.get("/energy/meters", summary="Meters, what they serve and their keys", responses=problem_responses())
async def meters(pool: Pool, path: EquipmentPath = None) -> Meters:
    async with pool.connection() as connection:
        return await service.meters(connection, path)


@router.post(
    "/energy/meters/{tag_id}/choose",
    summary="Let this tag count for its device",
    response_model=Meter,
    responses=command_responses(404),
)
async def choose(call: Call, tag_id: TagId, command: ChooseMeter) -> Response:
    return await call.run("energy.choose_meter", command, partial(service.choose_meter, tag_id, command))


@router.post(
    "/energy/meters/{tag_id}/key",
    summary="Share a meter by a key from now on",
    response_model=Meter,
    responses=command_responses(404),
)
async def state_key(call: Call, tag_id: TagId, command: NewKey) -> Response:
    return await call.run("energy.state_key", command, partial(service.state_key, tag_id, command))
