"""Goods in: a delivery is booked into the business core before the floor receives it, so both know the same lots."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from simulators.business_client import BusinessClient

UNITS = {"H87": "pcs", "C62": "pcs", "KGM": "kg", "GRM": "g"}
WAREHOUSE = "LINE"


@dataclass(frozen=True, slots=True)
class Supplier:
    """Delivers into the core whose endpoint lies below `state_dir`. None: there is no ERP, and nobody is told."""

    state_dir: Path | None = None

    @property
    def tells_erp(self) -> bool:
        return self.state_dir is not None

    async def deliver(self, item: str, lot: str, quantity: Decimal, unit: str) -> None:
        """Raises OSError, BusinessRefused."""
        if self.state_dir is not None:
            await asyncio.to_thread(_book, self.state_dir, item, lot, quantity, unit)


def _book(state_dir: Path, item: str, lot: str, quantity: Decimal, unit: str) -> None:
    now = datetime.now(UTC)
    line = {
        "item": item,
        "lot": lot,
        "quantity": f"{quantity:f}",
        "unit": UNITS[unit],
        "warehouse": WAREHOUSE,
    }
    head = {"external_id": lot, "event_time": now.isoformat(), "posting_date": now.date().isoformat()}
    with BusinessClient.of(state_dir, "core") as core:
        core.post("/control/openings", head | {"lines": [line]})
