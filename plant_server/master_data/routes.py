"""Routes of master data: documents of PLM and ERP come in, lists go out."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plant_server.dependencies import Pool
from plant_server.domain.reason import ReasonKind
from plant_server.events.calls import Call, command_responses
from plant_server.master_data import problem_texts as problem_texts
from plant_server.master_data import service
from plant_server.master_data.change_orders import receive_change_order
from plant_server.master_data.drawings import drawing_response, drawings_of, fact_of, receive_drawing
from plant_server.master_data.items import receive_bom, receive_item
from plant_server.master_data.routings import receive_reason, receive_routing
from plant_server.master_data.schemas import (
    Bom,
    BomBody,
    ChangeOrder,
    ChangeOrderBody,
    Drawing,
    DrawingBody,
    Item,
    ItemBody,
    Reason,
    ReasonBody,
    Received,
    Routing,
    RoutingBody,
)
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1", tags=["master data"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
ItemCode = Annotated[str | None, Query(max_length=80, description="Code of the item.")]
COMMAND = command_responses()
READ = problem_responses()


@router.post("/items", summary="Receive an item", response_model=Received, responses=COMMAND)
async def receive_an_item(call: Call, body: ItemBody) -> Response:
    return await call.run("item.receive", body, partial(receive_item, body))


@router.post("/boms", summary="Receive a released BOM", response_model=Received, responses=COMMAND)
async def receive_a_bom(call: Call, body: BomBody) -> Response:
    return await call.run("bom.receive", body, partial(receive_bom, body))


@router.post("/change-orders", summary="Receive a change order", response_model=Received, responses=COMMAND)
async def receive_a_change_order(call: Call, body: ChangeOrderBody) -> Response:
    return await call.run("change_order.receive", body, partial(receive_change_order, body))


@router.post("/drawings", summary="Receive a drawing", response_model=Received, responses=COMMAND)
async def receive_a_drawing(call: Call, body: DrawingBody) -> Response:
    fact = fact_of(body)
    return await call.run("drawing.receive", fact, partial(receive_drawing, fact, body.content))


@router.post("/routings", summary="Receive a routing", response_model=Received, responses=COMMAND)
async def receive_a_routing(call: Call, body: RoutingBody) -> Response:
    return await call.run("routing.receive", body, partial(receive_routing, body))


@router.post("/reasons", summary="Receive a reason code", response_model=Received, responses=COMMAND)
async def receive_a_reason(call: Call, body: ReasonBody) -> Response:
    return await call.run("reason.receive", body, partial(receive_reason, body))


@router.get("/items", summary="Items with their units and revisions", responses=READ)
async def items(pool: Pool, code: ItemCode = None, cursor: Cursor = None, limit: Limit = 200) -> Page[Item]:
    async with pool.connection() as connection:
        return await service.items(connection, code, cursor, limit)


@router.get("/boms", summary="BOM revisions with their components", responses=READ)
async def boms(pool: Pool, item: ItemCode = None, cursor: Cursor = None, limit: Limit = 200) -> Page[Bom]:
    async with pool.connection() as connection:
        return await service.boms(connection, item, cursor, limit)


@router.get("/change-orders", summary="Engineering change orders", responses=READ)
async def change_orders(
    pool: Pool, item: ItemCode = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[ChangeOrder]:
    async with pool.connection() as connection:
        return await service.change_orders(connection, item, cursor, limit)


@router.get("/routings", summary="Routings with their operations", responses=READ)
async def routings(
    pool: Pool, item: ItemCode = None, cursor: Cursor = None, limit: Limit = 200
) -> Page[Routing]:
    async with pool.connection() as connection:
        return await service.routings(connection, item, cursor, limit)


@router.get("/reasons", summary="Reason codes, in two languages", responses=READ)
async def reasons(
    pool: Pool, kind: ReasonKind | None = None, cursor: Cursor = None, limit: Limit = 1000
) -> Page[Reason]:
    async with pool.connection() as connection:
        return await service.reasons(connection, kind, cursor, limit)


@router.get("/drawings", summary="Drawings of an item, of every revision", responses=READ)
async def drawings(
    pool: Pool, item: Annotated[str, Query(max_length=80)], revision: ItemCode = None
) -> list[Drawing]:
    async with pool.connection() as connection:
        return await drawings_of(connection, item, revision)


@router.get(
    "/drawings/{drawing_id}",
    summary="A drawing",
    response_class=Response,
    responses=problem_responses(404),
)
async def drawing(pool: Pool, drawing_id: Id) -> Response:
    async with pool.connection() as connection:
        return await drawing_response(connection, drawing_id)
