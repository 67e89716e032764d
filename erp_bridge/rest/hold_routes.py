"""Routes of systems that are held since a restore of the plant."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from erp_bridge.after_restore.holds import held, release
from erp_bridge.after_restore.report import Report, report_of
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors import CONNECTORS
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Pool
from erp_bridge.errors import StillHeld
from erp_bridge.rest.access import caller_of
from erp_bridge.rest.problems import Problem, problem_responses
from erp_bridge.rest.schemas import Page

router = APIRouter(prefix="/bridge/v1")
System = Annotated[str, Path(max_length=200, description="Its name in bridge.yaml.")]


@router.get("/holds", summary="Who is told nothing since a restore", responses=problem_responses())
async def holds(request: Request) -> Page[Report]:
    """As it was asked last; the bridge asks again every 15 s."""
    config: BridgeConfig = request.app.state.config
    pool: Pool = request.app.state.pool
    async with pool.session() as session:
        found = [one for one in await held(session) if one["connector"] in config.connectors]
        reports = [
            await report_of(session, config, _connector(config, one["connector"]), one) for one in found
        ]
    return Page(items=reports)


@router.post(
    "/holds/{system}/release",
    summary="Let it be told again; a person has seen what it knows",
    status_code=204,
    responses=problem_responses(404, 409),
)
async def release_hold(request: Request, system: System) -> Response:
    config: BridgeConfig = request.app.state.config
    pool: Pool = request.app.state.pool
    if system not in config.connectors:
        raise Problem(404, "unknown-system", system)
    try:
        async with pool.session() as session:
            await release(session, _connector(config, system), f"key: {caller_of(request).name}")
    except StillHeld as error:
        raise Problem(409, error.code, str(error)) from error
    return Response(status_code=204)


def _connector(config: BridgeConfig, name: str) -> Connector:
    """To know what it can and how it names things. It is asked nothing, so it opens nothing."""
    settings = config.connectors[name]
    return CONNECTORS[settings.connector](name, settings)
