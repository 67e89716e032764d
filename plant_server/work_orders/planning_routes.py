"""Routes of planners: by which revision a released order is made, and which order goes first."""

from functools import partial

from fastapi import APIRouter, Response

from plant_server.events.calls import Call
from plant_server.work_orders.repinning import repin as repin_order
from plant_server.work_orders.resequencing import resequence as resequence_order
from plant_server.work_orders.routes import COMMAND, Id
from plant_server.work_orders.schemas import OrderChanged, RepinBody, ResequenceBody

router = APIRouter(prefix="/api/v1", tags=["work orders"])


@router.post(
    "/work-orders/{work_order_id}/repin",
    summary="Repin a released order that has not started to another revision",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def repin(call: Call, work_order_id: Id, body: RepinBody) -> Response:
    return await call.run("work_order.repin", body, partial(repin_order, work_order_id, body))


@router.post(
    "/work-orders/{work_order_id}/resequence",
    summary="Give the order another place, or its place back to the ERP",
    response_model=OrderChanged,
    responses=COMMAND,
)
async def resequence(call: Call, work_order_id: Id, body: ResequenceBody) -> Response:
    return await call.run("work_order.resequence", body, partial(resequence_order, work_order_id, body))
