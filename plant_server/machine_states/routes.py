"""Routes of machine states. Reads only."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from plant_server.dependencies import Pool
from plant_server.machine_states import service
from plant_server.machine_states.schemas import MachineState
from plant_server.problems import problem_responses

router = APIRouter(prefix="/api/v1/machines", tags=["machine states"])


@router.get(
    "/{machine:path}/state",
    summary="Present state and intervals of a span",
    responses=problem_responses(404, 409),
)
async def machine_state(
    pool: Pool,
    machine: Annotated[
        str,
        Path(
            max_length=500,
            description="Device id or EquipmentPath.",
            examples=["demo/plant1/area1/line1/press1"],
        ),
    ],
    from_: Annotated[
        AwareDatetime | None, Query(alias="from", description="Included. Default: 8 hours before `to`.")
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="Not included. Default: now.")] = None,
) -> MachineState:
    """`state` is the last state known from facts; whether the machine is in contact is told beside it."""
    from_ts = from_ or (to or datetime.now(UTC)) - timedelta(hours=8)
    async with pool.connection() as connection:
        return await service.machine_state(connection, machine, from_ts, to)
