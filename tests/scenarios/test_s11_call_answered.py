"""S11: a machine's fault calls for help by itself; it is acknowledged or told to more and more people, and the report says
how long it took from the fault to the answer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.andon.escalation import escalate
from plant_server.keeper.run import jobs_of
from plant_server.people.roles import Role
from plant_server.settings import Settings
from tests.plant_server.facts import INT32, add_device, add_tag, store
from tests.plant_server.materials.hands import signed_in

LINE = "demo/plant1/area1/line1"
PRODUCING, FAULT = 6.0, 9.0
AGES_S = (65, 80, 130, 200)
"""How long ago the faults began that are answered now."""


@dataclass(frozen=True, slots=True)
class Machine:
    connection: AsyncConnection
    path: str
    state_tag: int

    async def fails(self, at: datetime) -> None:
        """As ingest writes it: it produced, and then said that it has a fault."""
        await store(self.connection, self.state_tag, at - timedelta(seconds=30), PRODUCING)
        await store(self.connection, self.state_tag, at, FAULT)


async def install(connection: AsyncConnection, name: str) -> Machine:
    path = f"{LINE}/{name}"
    device_id = await add_device(connection, name, path)
    await connection.execute(
        "WITH made AS (INSERT INTO plant.equipment (path, name) VALUES (%(path)s, %(name)s) RETURNING equipment_id)"
        " INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)"
        " SELECT %(device_id)s, %(path)s, 'accepted', equipment_id FROM made",
        {"path": path, "name": name, "device_id": device_id},
    )
    tag = await add_tag(connection, device_id, "state", role="state", datatype=INT32, vocabulary="packml")
    return Machine(connection, path, tag)


async def keep(connection: AsyncConnection) -> None:
    """What the keeper makes of facts by now: intervals of states, then calls, then levels."""
    jobs = {job.name: job for job in jobs_of(Settings())}
    for name in ("rollup", "andon_faults", "andon_levels"):
        while await jobs[name].work(connection):
            pass


def share_of(waits: list[float], share: float) -> float:
    """Between two neighbours, as `percentile_cont`."""
    in_order = sorted(waits)
    place = share * (len(in_order) - 1)
    below = int(place)
    above = min(below + 1, len(in_order) - 1)
    return in_order[below] + (in_order[above] - in_order[below]) * (place - below)


async def test_a_fault_is_acknowledged_or_escalated_and_the_report_says_how_soon(
    app: FastAPI, connection: AsyncConnection
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)  # States are kept by the millisecond.
    machines = [await install(connection, f"m{number}") for number in range(len(AGES_S) + 1)]
    begun = {
        machine.path: now - timedelta(seconds=age)
        for machine, age in zip(machines, (*AGES_S, 61), strict=True)
    }
    for machine in machines:
        await machine.fails(begun[machine.path])
    await keep(connection)
    async with (
        signed_in(app, connection, Role.MAINTENANCE, name="Max") as mechanic,
        signed_in(app, connection, Role.MANAGER, name="Mona") as manager,
    ):
        calls = {call["path"]: call for call in (await mechanic.get("/andon-calls"))["items"]}
        assert {path: datetime.fromisoformat(call["raised_time"]) for path, call in calls.items()} == begun
        assert {(call["type"], call["raised_by"], call["state"]) for call in calls.values()} == {
            ("maintenance", "keeper", "open")
        }
        *answered, left_alone = machines
        waits = []
        for machine in answered:
            address = f"/andon-calls/{calls[machine.path]['call_id']}/acknowledge"
            call = (await mechanic.do(address, {"eta_min": 5}))["call"]
            wait = datetime.fromisoformat(call["acknowledged_time"]) - begun[machine.path]
            waits.append(wait.total_seconds())

        for minute in (3, 5, 15, 30):
            await escalate(connection, begun[left_alone.path] + timedelta(minutes=minute))
        open_ = [
            one
            for one in (await manager.get("/andon-calls", open_only=True))["items"]
            if one["state"] == "open"
        ]
        assert [(one["path"], one["level"]) for one in open_] == [(left_alone.path, 4)]
        told = await connection.execute(
            "SELECT level, people FROM plant.andon_told WHERE call_id = %s ORDER BY level",
            (open_[0]["call_id"],),
        )
        assert await told.fetchall() == [
            (1, [mechanic.person_id]),
            (2, []),
            (3, [mechanic.person_id]),
            (4, [manager.person_id]),
        ]

        report = await manager.get("/andon-calls/response", path=LINE)
    counted = {name: report[name] for name in ("calls", "acknowledged", "unanswered", "escalated")}
    assert counted["acknowledged"] + counted["unanswered"] == counted["calls"] == len(machines)
    assert counted["unanswered"] == 1
    assert report["median_s"] == pytest.approx(share_of(waits, 0.5), abs=1e-6)
    assert report["p95_s"] == pytest.approx(share_of(waits, 0.95), abs=1e-6)
    assert all(wait > age for wait, age in zip(waits, AGES_S, strict=True)), (
        "from the fault, not from the call"
    )
