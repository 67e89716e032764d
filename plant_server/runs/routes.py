"""Routes of runs, reports, and counts that no run owns."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from plant_server.dependencies import Pool
from plant_server.events.calls import Call, command_responses
from plant_server.master_data.schemas import Drawing
from plant_server.paging import Cursor, Limit, Page
from plant_server.problems import problem_responses
from plant_server.runs import assigning, reports, service, showing
from plant_server.runs import problem_texts as problem_texts
from plant_server.runs.schemas import (
    AssignBody,
    Assigned,
    ChangeBody,
    CountCase,
    CountingTagBody,
    Entry,
    NotAssigned,
    PartsPerCycleBody,
    ReportBody,
    Reported,
    ReverseBody,
    Run,
    RunChanged,
    SettleBody,
    StartBody,
)

router = APIRouter(prefix="/api/v1", tags=["runs"])

Id = Annotated[int, Path(ge=1, le=2**62)]
EquipmentId = Annotated[int, Path(ge=1, le=2**31 - 1)]
StationPath = Annotated[str | None, Query(max_length=200, description="EquipmentPath of the station.")]
COMMAND = command_responses(404)
READ = problem_responses(404)


@router.post("/runs", summary="Start a run at a station", response_model=RunChanged, responses=COMMAND)
async def start(call: Call, body: StartBody) -> Response:
    return await call.run("run.start", body, partial(service.start_run, body))


@router.get("/runs", summary="Runs with what they made", responses=READ)
async def runs(
    pool: Pool,
    equipment: StationPath = None,
    work_order_id: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    open_only: Annotated[bool, Query(alias="open")] = False,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[Run]:
    async with pool.connection() as connection:
        return await showing.runs(connection, equipment, work_order_id, open_only, cursor, limit)


@router.get("/runs/{run_id}", summary="A run", responses=READ)
async def run(pool: Pool, run_id: Id) -> Run:
    async with pool.connection() as connection:
        return await showing.run(connection, run_id)


@router.post(
    "/runs/{run_id}/pause", summary="Pause: end the run", response_model=RunChanged, responses=COMMAND
)
async def pause(call: Call, run_id: Id) -> Response:
    return await call.run("run.pause", None, partial(service.pause_run, run_id))


@router.post(
    "/runs/{run_id}/resume",
    summary="Go on: start a new run like this one",
    response_model=RunChanged,
    responses=COMMAND,
)
async def resume(call: Call, run_id: Id) -> Response:
    return await call.run("run.resume", None, partial(service.resume_run, run_id))


@router.post(
    "/runs/{run_id}/change",
    summary="Change of order at one position of the counter",
    response_model=RunChanged,
    responses=COMMAND,
)
async def change(call: Call, run_id: Id, body: ChangeBody) -> Response:
    return await call.run("run.change", body, partial(service.change_run, run_id, body))


@router.post(
    "/runs/{run_id}/complete",
    summary="Complete the operation",
    response_model=RunChanged,
    responses=COMMAND,
)
async def complete(call: Call, run_id: Id) -> Response:
    return await call.run("run.complete", None, partial(service.complete_run, run_id))


@router.post(
    "/runs/{run_id}/parts-per-cycle",
    summary="Block or free cavities, from now on",
    response_model=RunChanged,
    responses=COMMAND,
)
async def parts_per_cycle(call: Call, run_id: Id, body: PartsPerCycleBody) -> Response:
    handler = partial(service.change_parts_per_cycle, run_id, body)
    return await call.run("run.parts_per_cycle", body, handler)


@router.post(
    "/runs/{run_id}/end-setup",
    summary="From now on parts count",
    response_model=RunChanged,
    responses=COMMAND,
)
async def end_setup(call: Call, run_id: Id) -> Response:
    return await call.run("run.end_setup", None, partial(service.end_setup, run_id))


@router.post(
    "/runs/{run_id}/hand-over",
    summary="Change of shift: work at the run begins anew",
    response_model=RunChanged,
    responses=COMMAND,
)
async def hand_over(call: Call, run_id: Id) -> Response:
    return await call.run("run.hand_over", None, partial(service.hand_over, run_id))


@router.post(
    "/runs/{run_id}/reports",
    summary="Report good, scrap, rework",
    response_model=Reported,
    responses=COMMAND,
)
async def report(call: Call, run_id: Id, body: ReportBody) -> Response:
    return await call.run("run.report", body, partial(reports.report, run_id, body))


@router.get("/runs/{run_id}/reports", summary="What was reported, the newest first", responses=READ)
async def entries(pool: Pool, run_id: Id) -> list[Entry]:
    async with pool.connection() as connection:
        return await showing.entries(connection, run_id)


@router.post(
    "/runs/{run_id}/reports/{report_id}/undo",
    summary="Undo a report within 30 seconds",
    response_model=Reported,
    responses=COMMAND,
)
async def undo(call: Call, run_id: Id, report_id: UUID) -> Response:
    return await call.run("run.undo", None, partial(reports.undo, run_id, report_id))


@router.post(
    "/runs/{run_id}/reports/{report_id}/reverse",
    summary="Reverse a report, and report anew",
    response_model=Reported,
    responses=COMMAND,
)
async def reverse(call: Call, run_id: Id, report_id: UUID, body: ReverseBody) -> Response:
    return await call.run("run.reverse", body, partial(reports.reverse, run_id, report_id, body))


@router.get("/runs/{run_id}/drawings", summary="Drawings of the pinned revision", responses=READ)
async def drawings(pool: Pool, run_id: Id) -> list[Drawing]:
    async with pool.connection() as connection:
        return await showing.drawings(connection, run_id)


@router.get(
    "/runs/{run_id}/drawings/{drawing_id}",
    summary="A drawing of the pinned revision",
    response_class=Response,
    responses=READ,
)
async def drawing(pool: Pool, run_id: Id, drawing_id: Id) -> Response:
    async with pool.connection() as connection:
        return await showing.drawing(connection, run_id, drawing_id)


@router.get("/not-assigned", summary="Counts that no run owns", responses=problem_responses())
async def not_assigned(pool: Pool, equipment: StationPath = None) -> list[NotAssigned]:
    async with pool.connection() as connection:
        return await assigning.not_assigned(connection, equipment)


@router.post("/not-assigned/assign", summary="Give them to runs", response_model=Assigned, responses=COMMAND)
async def assign(call: Call, body: AssignBody) -> Response:
    return await call.run("count.assign", body, partial(assigning.assign, body))


@router.get("/count-cases", summary="Counts for a person to look at", responses=problem_responses())
async def count_cases(pool: Pool, open_only: Annotated[bool, Query(alias="open")] = True) -> list[CountCase]:
    async with pool.connection() as connection:
        return await assigning.count_cases(connection, open_only)


@router.post("/count-cases/settle", summary="Say what it was", responses=COMMAND)
async def settle(call: Call, body: SettleBody) -> Response:
    return await call.run("count.settle", body, partial(assigning.settle_case, body))


@router.post(
    "/equipment/{equipment_id}/counting-tag",
    summary="Choose the counter that says what a station makes",
    responses=COMMAND,
)
async def counting_tag(call: Call, equipment_id: EquipmentId, body: CountingTagBody) -> Response:
    handler = partial(showing.choose_counting_tag, equipment_id, body)
    return await call.run("equipment.counting_tag", body, handler)
