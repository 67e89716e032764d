"""Goods in: a delivery is booked into the business core before the floor receives it, so both know the same lots."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from simulators.business_client import BusinessClient, BusinessRefused

UNITS = {"H87": "pcs", "C62": "pcs", "KGM": "kg", "GRM": "g"}
WAREHOUSE = "LINE"
CORE_BACK_WITHIN_S = 60.0
AGAIN_AFTER_S = 0.3
ALREADY_THERE = 409


@dataclass(frozen=True, slots=True)
class Supplier:
    """Delivers into the core whose endpoint lies below `state_dir`. None: there is no ERP, and nobody is told."""

    state_dir: Path | None = None

    @property
    def tells_erp(self) -> bool:
        return self.state_dir is not None

    async def deliver(self, item: str, lot: str, quantity: Decimal, unit: str) -> None:
        """Tried again while the core is away. Raises OSError, BusinessRefused."""
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
    _post_until_answered(state_dir, head | {"lines": [line]})


def _post_until_answered(state_dir: Path, opening: dict[str, object]) -> None:
    """Under the same external id each time. After a lost answer "already there" is our own delivery."""
    ends, lost = time.monotonic() + CORE_BACK_WITHIN_S, False
    while True:
        try:
            with BusinessClient.of(state_dir, "core") as core:
                core.post("/control/openings", opening)
            return
        except BusinessRefused as refused:
            if not (lost and refused.status == ALREADY_THERE):
                raise
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            lost = True
        time.sleep(AGAIN_AFTER_S)
