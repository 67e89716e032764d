"""Routes of work orders."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plant_server.dependencies import Pool
from plant_server.domain.work_order import WorkOrderState
from plant_server.events.calls import Call, command_responses
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses
from plant_server.work_orders import problem_texts as problem_texts
from plant_server.work_orders import service
from plant_server.work_orders.receiving import receive_order
from plant_server.work_orders.schemas import (
    DispatchRow,
    EndBody,
    HoldBody,
    OrderChanged,
    ReceivedOrder,
    WorkOrderBody,
    WorkOrderDetail,
    WorkOrderRow,
)

router = APIRouter(prefix="/api/v1", tags=["work orders"])

Id = Annotated[int, Path(ge=1, le=2**62)]
COMMAND = command_responses(404)


@router.post(
    "/work-orders", summary="Receive an order", response_model=ReceivedOrder, responses=command_responses()
)
async def receive(call: Call, body: WorkOrderBody) -> Response:
    return await call.run("work_order.receive", body, partial(receive_order, body))


@router.get("/work-orders", summary="Work orders", responses=problem_responses())
async def work_orders(
    pool: Pool,
    state: WorkOrderState | None = None,
    number: Annotated[str | None, Query(max_length=80)] = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[WorkOrderRow]:
    async with pool.connection() as connection:
        return await service.work_orders(connection, state, number, cursor, limit)


@router.get(
    "/work-orders/{work_order_id}",
    summary="A work order with its operations and holds",
    responses=problem_responses(404),
)
async def work_order(pool: Pool, work_order_id: Id) -> WorkOrderDetail:
    async with pool.connection() as connection:
        return await service.work_order(connection, work_order_id)


@router.get("/dispatch", summary="What a station should do next", responses=problem_responses())
async def dispatch(
    pool: Pool,
    equipment: Annotated[
        str | None, Query(max_length=200, description="EquipmentPath of the station.")
    ] = None,
) -> list[DispatchRow]:
    async with pool.connection() as connection:
        return await service.dispatch(connection, equipment)


@router.post(
    "/work-orders/{work_order_id}/release",
    summary="Release: pin item revision, BOM and routing",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def release(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.release", None, partial(service.release, work_order_id))


@router.post(
    "/work-orders/{work_order_id}/hold",
    summary="Put on hold, for one more reason",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def hold(call: Call, work_order_id: Id, body: HoldBody) -> Response:
    return await call.run("work_order.hold", body, partial(service.hold, work_order_id, body))


@router.post(
    "/work-orders/{work_order_id}/lift-hold",
    summary="Lift a hold",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def lift(call: Call, work_order_id: Id, body: HoldBody) -> Response:
    return await call.run("work_order.lift_hold", body, partial(service.lift, work_order_id, body))


@router.post(
    "/work-orders/{work_order_id}/pause",
    summary="Pause: end all its runs",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def pause(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.pause", None, partial(service.pause, work_order_id))


@router.post(
    "/work-orders/{work_order_id}/resume",
    summary="Let stations go on with it",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def resume(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.resume", None, partial(service.resume, work_order_id))


@router.post(
    "/work-orders/{work_order_id}/complete",
    summary="Complete; nothing else does",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def complete(call: Call, work_order_id: Id, body: EndBody) -> Response:
    return await call.run("work_order.complete", body, partial(service.complete, work_order_id, body))


@router.post(
    "/work-orders/{work_order_id}/close",
    summary="Close: all postings are through",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def close(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.close", None, partial(service.close, work_order_id))


@router.post(
    "/work-orders/{work_order_id}/cancel",
    summary="Cancel before it ever ran",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def cancel(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.cancel", None, partial(service.cancel, work_order_id))


@router.post(
    "/work-orders/{work_order_id}/abort",
    summary="Abort after it ran",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def abort(call: Call, work_order_id: Id) -> Response:
    return await call.run("work_order.abort", None, partial(service.abort, work_order_id))


@router.post(
    "/operations/{operation_id}/skip",
    summary="Skip an optional operation",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def skip(call: Call, operation_id: Id) -> Response:
    return await call.run("operation.skip", None, partial(service.skip_operation, operation_id))
