"""The floor's side: facts of an order of pumps, as the plant would tell them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.erp_bridge.floor import LINE, NOW, Floor

SPAN = {"from_time": NOW.isoformat(), "to_time": NOW.isoformat()}
PRESS = f"{LINE}/press1"


class Pumps:
    """Facts of one order of pumps."""

    def __init__(self, floor: Floor, number: str) -> None:
        self._floor = floor
        self._number = number

    def used(self, item: str, lots: dict[str, str], **more: Any) -> UUID:
        quantity = str(sum(map(Decimal, lots.values())))
        unit = "KGM" if item == "STEEL" else "H87"
        parts = [{"lot": lot, "quantity": amount} for lot, amount in lots.items()]
        told = {"item": item, "unit": unit, "quantity": quantity, "lots": parts, "bom_revision": "PUMP-A"}
        return self._floor.tell("consumption", self._number, **told | more)

    def good(self, quantity: str, lot: str, **more: Any) -> UUID:
        told = {"item": "PUMP", "unit": "H87", "quantity": quantity, "lot": lot}
        return self._floor.tell("completion", self._number, **told | more)

    def scrap(self, quantity: str) -> UUID:
        told = {"item": "PUMP", "unit": "H87", "quantity": quantity, "reason": "crack"}
        return self._floor.tell("scrap", self._number, **told)

    def worked(self, seconds: str, **more: Any) -> UUID:
        return self._floor.tell("labor_time", self._number, person="7", seconds=seconds, **SPAN | more)

    def ran(self, seconds: str) -> UUID:
        return self._floor.tell("machine_time", self._number, equipment_path=PRESS, seconds=seconds, **SPAN)

    def energy(self, wh: str) -> UUID:
        return self._floor.tell("energy_cost", self._number, equipment_path=PRESS, energy_wh=wh, **SPAN)

    def state(self, state: str) -> UUID:
        return self._floor.tell("order_progress", self._number, state=state)
