"""The keeper's job that tells an ERP the energy of runs that have ended.

Told once per run, when every meter that has a say was read after the end: readings come in order, so from then on
nothing that belongs to the run can arrive. The Event's key is made of the run's id, so a keeper that was killed does not
tell it twice. A run that nobody measures is closed without a document; one whose meter stays silent is an alarm.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import structlog
from psycopg import AsyncConnection

from plant_server.contract import outbox
from plant_server.costs.energy import energy_by_window, tariffs
from plant_server.energy.service import energy_of_run
from plant_server.energy.totals import QUERIES
from plant_server.energy.waiting import review_alarms
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.events.one_session import OneSession
from plant_server.master_data.rows import rows_of
from plant_server.problems import Problem

RUNS_AT_ONCE = 50
PERIOD_S = 5.0
_NAMESPACE = UUID("5f1d7a52-0d3e-5c5b-9a0e-6a6c1f3b2d10")  # Of the Events told here, one per run.

log = structlog.get_logger()


async def tell_energy_of_runs(connection: AsyncConnection) -> bool:
    """Tell up to 50 runs, each in a transaction of its own. True: more is waiting."""
    found = await rows_of(connection, QUERIES["runs_to_tell"], {"limit": RUNS_AT_ONCE})
    for row in found:
        run_id = row["run_id"]
        key = uuid5(_NAMESPACE, str(run_id))
        command = Command(key, "run.energy", "keeper", {"run_id": run_id}, Actor("keeper"), datetime.now(UTC))
        try:
            await execute(OneSession(connection), command, partial(_tell, run_id))
        except Problem as busy:  # Somebody holds the order for long: the next pass finds the run again.
            log.info("energy_waits", run_id=run_id, reason=busy.code)
            return False
    await review_alarms(connection)
    return len(found) == RUNS_AT_ONCE


async def _tell(run_id: int, context: CommandContext) -> Mapping[str, Any]:
    connection = context.connection
    (order,) = await rows_of(connection, QUERIES["lock_order_of_run"], {"run_id": run_id})
    energy = await energy_of_run(connection, run_id)
    assert energy.to_time is not None, "it was chosen because it has ended"  # noqa: S101
    values = {
        "run_id": run_id,
        "energy_wh": energy.energy_wh,
        "meters": len(energy.meters),
        "event_id": context.event_id,
        "tag_ids": [one.tag_id for one in energy.meters],
        "energies": [one.energy_wh for one in energy.meters],
    }
    await connection.execute(QUERIES["keep_run_energy"], values)
    await connection.execute(QUERIES["keep_meter_energy"], values)
    await connection.execute(QUERIES["is_told"], values)
    context.work_order_id = order["work_order_id"]
    told = {"energy_wh": energy.energy_wh, "meters": [one.model_dump() for one in energy.meters]}
    context.facts["run_energy"] = {"run_id": run_id} | told
    if energy.energy_wh > 0:
        document = outbox.EnergyCost(
            event_time=energy.to_time,
            work_order=energy.order,
            operation=energy.operation,
            run_id=run_id,
            equipment_path=energy.path,
            from_time=energy.from_time,
            to_time=energy.to_time,
            energy_wh=Decimal(energy.energy_wh),
            tariffs=await _by_tariff(connection, energy.path, energy.from_time, energy.to_time),
        )
        body = document.model_dump(mode="json")
        await context.tell_erp(outbox.Kind.ENERGY_COST, order["work_order_id"], body, context.recorded_time)
    return told


async def _by_tariff(
    connection: AsyncConnection, path: str, from_time: datetime, to_time: datetime
) -> tuple[outbox.TariffEnergy, ...]:
    """Windows of one name are one, whatever their prices: the ERP has prices of its own."""
    used: dict[str, int] = {}
    for one in await energy_by_window(connection, path, from_time, to_time, await tariffs(connection)):
        if one.window is not None:
            used[one.window.name] = used.get(one.window.name, 0) + one.energy_wh
    return tuple(outbox.TariffEnergy(tariff=name, energy_wh=Decimal(wh)) for name, wh in used.items())
