"""A plant is restored while a living Tryton goes on knowing: in its stock, journal and times everything stands once."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from erp_bridge.after_restore.examine import examine
from erp_bridge.after_restore.holds import QUERIES, held, release
from erp_bridge.after_restore.report import Report, report_of
from erp_bridge.connectors import CONNECTORS
from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.after_restore.restored import Backup
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.conftest import bridge
from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.erp_bridge.tryton.pumps import Pumps
from tests.plant_server.database_fixture import PlantDatabase
from tests.tryton.living import LivingTryton, erp, erp_template
from tests.tryton.orders import planned_production

__all__ = ["bridge", "erp", "erp_template"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
DEADLINE_S = 120.0


async def test_what_was_told_after_the_backup_stands_in_tryton_once(
    erp: LivingTryton,
    bridge: BridgeToTryton,
    floor: Floor,
    database_server: PostgresServer,
    plant_database: PlantDatabase,
    tmp_path: Path,
) -> None:
    number = planned_production(erp.rpc, 4, "SO-1")
    pumps = Pumps(floor, number)
    pumps.used("SEAL", {"L-1": "4"})
    await bridge.deliver(DEADLINE_S)
    pumps.good("2", f"P-{number}-1")
    await bridge.plan()
    backup = Backup(database_server, plant_database, tmp_path)
    pumps.used("STEEL", {"S-1": "0.5", "S-2": "1"})
    pumps.scrap("1")
    pumps.worked("600")
    assert {one["state"] for one in await bridge.deliver(DEADLINE_S)} == {"accepted"}
    there = InTryton(erp.rpc, number)
    stood = (there.moves(), there.cycles(), there.notes())

    with backup.restored() as (url, again):
        restored = BridgeToTryton(url, bridge.settings)
        await restored.migrated()
        again.goes_on(number, floor.order_id(number), 2)
        assert await restored.plan() == 0
        assert await restored.send_due() == 0

        report = await examined(restored)
        assert report.problem is None
        assert [(one.work_order, one.state) for one in report.found] == [(number, "accepted")]
        told = [(one.kind, one.thing, one.lot, one.quantity) for one in report.told_before]
        assert told == [
            ("consumption", "STEEL", "S-1", "0.5"),
            ("consumption", "STEEL", "S-2", "1"),
            ("scrap", "PUMP", "", "1"),
            ("labor_time", "Assembly", "", "600"),
        ]
        assert {one.work_order for one in report.told_before} == {number}
        assert all(report.backup_time <= one.told_time <= datetime.now(UTC) for one in report.told_before)
        assert (there.moves(), there.cycles(), there.notes()) == stood

        # The crew enters it again, and goes on: a pump more, and 900 s in all.
        pumps = Pumps(again, number)
        pumps.used("STEEL", {"S-1": "0.5", "S-2": "1"})
        pumps.scrap("1")
        pumps.good("1", f"P-{number}-2")
        pumps.worked("900")
        await restored.plan()
        labor = next(one for one in (await examined(restored)).differences if one.kind == "labor_time")
        assert (labor.there, labor.here, labor.to_be_told) == ("600", "900", "300")
        async with restored.session() as session:
            await release(session, CONNECTORS["tryton"]("erp", restored.config.connectors["erp"]), "test")
        states = sorted(one["state"] for one in await restored.deliver(DEADLINE_S))
        assert states == ["accepted"] * 4 + ["skipped"] * 2

    assert there.moves() == [
        ("in", "SEAL", "L-1", 4),
        ("in", "STEEL", "S-1", Decimal("0.5")),
        ("in", "STEEL", "S-2", 1),
        ("out", "PUMP", f"P-{number}-1", 2),
        ("out", "PUMP", f"P-{number}-2", 1),
        ("scrap", "PUMP", "", 1),
    ]
    assert sum(seconds for _, seconds, _ in there.cycles()) == 900


async def examined(bridge: BridgeToTryton) -> Report:
    connector = CONNECTORS["tryton"]("erp", bridge.config.connectors["erp"])
    try:
        async with bridge.session() as session:
            await session.execute(QUERIES["hold"], {"connector": "erp"})
            await examine(session, bridge.config, connector)
            (hold,) = await held(session, "erp")
            return await report_of(session, bridge.config, connector, hold)
    finally:
        await connector.close()
