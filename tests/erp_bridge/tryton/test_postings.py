"""What the floor did, on the production of a living Tryton: stock by lot, journal, times and cost, each once."""

from decimal import Decimal
from typing import Any

import pytest

from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved, stock
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def states(documents: list[dict[str, Any]]) -> list[str]:
    problems = [(one["kind"], one["state"], one["problem"], one["difference"]) for one in documents]
    print(*problems, sep="\n")
    return [one["state"] for one in documents]


async def test_an_order_made_in_parts_stands_in_tryton_as_it_was_made(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    """20 planned, 18 good in two lots, 2 scrap, more steel than planned and from two lots: 30 kg planned, 33.5 kg used."""
    number = planned_production(erp.rpc, 20)
    pumps, there = Pumps(floor, number), InTryton(erp.rpc, number)
    pumps.used("SEAL", {"L-1": "20"})
    pumps.used("STEEL", {"S-1": "15"})
    pumps.good("10", "P-1")
    assert states(await bridge.deliver()) == ["accepted"] * 3
    assert there.state == "running"
    assert stock(erp.rpc) == {"S-1": 85.0, "S-2": 100.0, "L-1": 480.0, "P-1": 10.0}

    pumps.used("SEAL", {"L-1": "20"})
    pumps.used("STEEL", {"S-1": "15", "S-2": "3.5"})
    pumps.scrap("2")
    pumps.worked("5400")
    pumps.ran("3600")
    pumps.good("8", "P-2")
    pumps.state("completed")
    assert states(await bridge.deliver()) == ["accepted"] * 10

    assert there.state == "done"
    assert there.moves() == moved(
        ("in", "SEAL", "L-1", "20"),
        ("in", "SEAL", "L-1", "20"),
        ("in", "STEEL", "S-1", "15"),
        ("in", "STEEL", "S-1", "15"),
        ("in", "STEEL", "S-2", "3.5"),
        ("out", "PUMP", "P-1", "10"),
        ("out", "PUMP", "P-2", "8"),
        ("scrap", "PUMP", "", "2"),
    )
    assert stock(erp.rpc) == {"S-1": 70.0, "S-2": 96.5, "L-1": 460.0, "P-1": 10.0, "P-2": 8.0}
    assert there.cycles() == [
        ("Assembly", 5400.0, Decimal("60.0000")),
        ("Press", 3600.0, Decimal("25.0000")),
    ]
    # 40 seals at 0.50, 33.5 kg at 4.00, 1.5 h at 40.00, 1 h at 25.00.
    assert there.cost == Decimal("239.0000")
    # Issued 10 + 60 + 10 + 60 + 14; received 70, then the 169 that were spent since.
    assert there.journal() == sorted(map(Decimal, ("10", "60", "10", "60", "14", "70", "169")))
