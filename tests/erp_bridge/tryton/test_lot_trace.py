"""From a complaint about a lot to what it was made of, and from a bad material to every customer who has it: in Tryton,
by nothing but what the bridge posted."""

import pytest

from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production, shipped
from tests.tryton.traces import customers, lots, productions, traced

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


async def test_a_complaint_leads_to_materials_and_a_bad_material_to_orders_and_customers(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    first, second = planned_production(erp.rpc, 2, "SO-1"), planned_production(erp.rpc, 3, "SO-2")
    for number, lot, steel in ((first, "P-1", {"S-1": "3"}), (second, "P-2", {"S-1": "1", "S-2": "3.5"})):
        pumps = Pumps(floor, number)
        pumps.used("STEEL", steel)
        pumps.used("SEAL", {"L-1": "4"})
        pumps.good("2", lot)
        pumps.state("completed")
    assert {one["state"] for one in await bridge.deliver()} == {"accepted"}
    shipped(erp.rpc, "P-1", 2.0, "Anna")
    shipped(erp.rpc, "P-2", 1.0, "Bo")
    shipped(erp.rpc, "P-2", 1.0, "Chen")

    complaint = traced(erp.rpc, "P-1", "downward")
    assert (lots(complaint), productions(complaint)) == ({"P-1", "S-1", "L-1"}, {first})
    bad_steel = traced(erp.rpc, "S-2", "upward")
    assert (lots(bad_steel), productions(bad_steel)) == ({"S-2", "P-2"}, {second})
    assert customers(erp.rpc, bad_steel) == {"Bo", "Chen"}
    assert customers(erp.rpc, traced(erp.rpc, "S-1", "upward")) == {"Anna", "Bo", "Chen"}
