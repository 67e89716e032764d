"""The keeper as a process: killed around the commit in which it tells a level, and each level is told once."""

import signal

import pytest

from tests.plant_server.andon.line import PRESS, Line
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.keeper.test_run import keeper, until
from tests.plant_server.materials.hands import Hands

pytestmark = pytest.mark.system


@pytest.mark.parametrize("moment", ["api.before_commit", "api.after_commit"])
async def test_a_keeper_that_is_killed_while_it_tells_tells_each_level_once(
    line: Line, operator: Hands, lead: Hands, plant_database: PlantDatabase, moment: str
) -> None:
    levels = [{"after_s": 1, "roles": ["lead"]}, {"after_s": 2, "roles": ["manager"]}]
    await lead.do("/andon-settings", {"levels": levels, "fault_after_s": None})
    await operator.do("/andon-calls", {"path": PRESS, "type": "quality"})
    for _ in levels:  # Each is killed at the first level that it tells.
        async with keeper(plant_database.url, failpoint=moment) as killed:
            assert await killed.ended() == -signal.SIGKILL

    async def all_told() -> bool:
        return len(await line.rows("SELECT FROM plant.andon_told")) == len(levels)

    async def all_sealed() -> bool:
        return await line.rows("SELECT FROM plant.unsealed") == []

    async with keeper(plant_database.url) as running:
        await running.logged("keeper_active")
        await until(all_told)
        await until(all_sealed)
    told = await line.rows("SELECT level, roles, people FROM plant.andon_told ORDER BY level")
    assert [(one["level"], one["roles"], one["people"]) for one in told] == [
        (1, ["lead"], [lead.person_id]),
        (2, ["manager"], []),
    ]
    events = await line.rows("SELECT refused FROM plant.event WHERE kind = 'andon.escalate'")
    assert events == [{"refused": False}] * len(levels)
