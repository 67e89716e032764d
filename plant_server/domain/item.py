"""Items and their revisions, as PLM or ERP released them."""

from __future__ import annotations

from dataclasses import dataclass

from plant_server.domain.run import SetupPartsPolicy
from plant_server.domain.unit import ItemConversion


@dataclass(frozen=True, slots=True)
class Item:
    item: str
    name_zh: str
    name_en: str
    unit: str
    """In which stock is kept (UN/CEFACT code)."""
    scale: int = 0
    """Decimals of a quantity in `unit`."""
    conversions: tuple[ItemConversion, ...] = ()
    setup_parts: SetupPartsPolicy = SetupPartsPolicy.SCRAP
    is_lot_tracked: bool = True


@dataclass(frozen=True, slots=True)
class ItemRevision:
    """Released from `released_ms` on (None: not yet) and until just before `withdrawn_ms` (None: for ever).
    Supersession is not here: change orders say it (`change_order`)."""

    item: str
    revision: str
    released_ms: int | None
    withdrawn_ms: int | None = None

    def is_released(self, at_ms: int) -> bool:
        return (
            self.released_ms is not None
            and self.released_ms <= at_ms
            and (self.withdrawn_ms is None or at_ms < self.withdrawn_ms)
        )
