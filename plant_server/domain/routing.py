"""How an item is made: operations in sequence. A released order pins one revision of its routing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class RoutingOperation:
    """`position` orders the operations; those of equal position go on side by side."""

    position: int
    name: str
    work_center: str
    """EquipmentPath of a line or station; any station below it may run the operation."""
    setup_s: Decimal = Decimal(0)
    """Planned, once per run."""
    cycle_time_s: Decimal = Decimal(0)
    """Planned, per part (ISO 22400 planned run time per item)."""
    transfer_quantity: Decimal | None = None
    """So many good parts of it are enough for the next operation to begin. None: that one waits for its end."""
    is_optional: bool = False
    """May be skipped."""


@dataclass(frozen=True, slots=True)
class Routing:
    item: str
    revision: str
    operations: tuple[RoutingOperation, ...]

    def __post_init__(self) -> None:
        if not self.operations:
            raise ValueError(f"routing {self.item} {self.revision} has no operation")
        names = [(one.position, one.name) for one in self.operations]
        if len(set(names)) != len(names):
            raise ValueError(f"routing {self.item} {self.revision} names an operation twice")
