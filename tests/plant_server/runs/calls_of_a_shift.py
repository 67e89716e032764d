"""Calls in every state there is: one that nobody answers and that is told to a lead, one answered, one done, one taken back."""

from datetime import UTC, datetime, timedelta

from plant_server.andon.escalation import escalate
from tests.plant_server.work_orders.floor import PATH, Floor

PRESS = f"{PATH}/press1"


async def call_for_help(floor: Floor) -> None:
    calls = {}
    for kind in ("material", "quality", "maintenance", "lead"):
        told = await floor.done("andon-calls", {"path": PRESS, "type": kind, "note": f"{kind}, please"})
        calls[kind] = f"andon-calls/{told['call']['call_id']}"
    await floor.done("andon-calls", {"path": PRESS, "type": "quality"})  # The same once more.
    await floor.done(f"{calls['quality']}/acknowledge", {"eta_min": 5})
    await floor.done(f"{calls['quality']}/acknowledge", {"eta_min": 20})
    await floor.done(f"{calls['maintenance']}/acknowledge", {"eta_min": 1})
    await floor.done(f"{calls['maintenance']}/resolve")
    await floor.done(f"{calls['lead']}/withdraw")
    await escalate(floor.connection, datetime.now(UTC) + timedelta(minutes=6))
