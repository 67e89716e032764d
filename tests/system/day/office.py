"""What engineering, planning and purchasing do that day, in the PLM and in the core."""

from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.business_client import BusinessClient
from tests.system.day.factory import Factory

CHANGE = "ECO-1001"
PRODUCT, SEAL = "FG-100", "SEAL-10"


class Office:
    def __init__(self, factory: Factory) -> None:
        self._factory = factory

    def core(self) -> BusinessClient:
        return self._factory.business.client("core")

    def release_order(self, number: str, quantity: int, revision: str, priority: int) -> None:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)
        order = {
            "number": number,
            "item": PRODUCT,
            "quantity": str(quantity),
            "due": due.isoformat(),
            "priority": priority,
            "bom_revision": revision,
            "work_center": "press1",
            "customer": "C-1001",
            "over_receipt_tolerance": "5",
        }
        with self.core() as core:
            core.post("/control/work-orders", order)

    def order_state(self, number: str) -> str:
        """As the core has it: `acknowledged` after the plant took it."""
        with self.core() as core:
            return str(core.get(f"/api/work-orders/{number}")["state"])

    def release_change(self) -> None:
        """BOM B, and the change that replaces A by it from now on."""
        now = {"effective_from": datetime.now(UTC).isoformat()}
        with self._factory.business.client("plm") as plm:
            plm.post(f"/control/boms/{SEAL}/B/release", now)
            plm.post(f"/control/boms/{PRODUCT}/B/release", now)
            plm.post(f"/control/change-orders/{CHANGE}/release", now)

    def deliver(self, item: str, lot: str, quantity: int) -> None:
        """Purchasing books the delivery into the line's warehouse."""
        now = datetime.now(UTC)
        line: dict[str, Any] = {"item": item, "lot": lot, "quantity": str(quantity)}
        line |= {"unit": "pcs", "warehouse": "LINE"}
        head = {"external_id": lot, "event_time": now.isoformat(), "posting_date": now.date().isoformat()}
        with self.core() as core:
            core.post("/control/openings", head | {"lines": [line]})
