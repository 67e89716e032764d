"""Routes of costs. Every answer leaves after the commit."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from plant_server.costs import service
from plant_server.costs.schemas import CostCard, NewRate, NewTariff, Rate, Rates, Tariff
from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["costs"])

Id = Annotated[int, Path(ge=1, le=2**62)]


@router.get(
    "/work-orders/{work_order_id}/cost",
    summary="Cost card of a work order: material, labor, machines, energy by tariff",
    responses=problem_responses(404),
)
async def cost_of_order(pool: Pool, work_order_id: Id) -> CostCard:
    async with pool.connection() as connection:
        return await service.cost_card(connection, work_order_id)


@router.get("/costs/rates", summary="Prices and tariffs that hold, or will", responses=problem_responses())
async def rates(pool: Pool) -> Rates:
    async with pool.connection() as connection:
        return await service.rates(connection)


@router.post(
    "/costs/rates",
    summary="State a price of material, labor or a machine from now on",
    response_model=Rate,
    responses=command_responses(),
)
async def state_rate(call: Call, command: NewRate) -> Response:
    return await call.run("costs.state_rate", command, partial(service.state_rate, command))


@router.post(
    "/costs/tariff",
    summary="State the prices of energy by the hour from now on",
    response_model=Tariff,
    responses=command_responses(),
)
async def state_tariff(request: Request, call: Call, command: NewTariff) -> Response:
    zone = request.app.state.time_zone.key
    return await call.run("costs.state_tariff", command, partial(service.state_tariff, zone, command))
