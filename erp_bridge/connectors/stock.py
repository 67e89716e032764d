"""What a connector adds to be a source of stock levels: all of it is read anew each time, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Level:
    """On hand there, in their codes: what was really moved, not what is planned or reserved. Below 0 where their books are.

    `lot` None: what lies there under no lot."""

    item: str
    lot: str | None
    location: str
    unit: str
    quantity: Decimal


@runtime_checkable
class TellsStock(Protocol):
    """A connector that has `stock` among its sources."""

    async def stock_places(self) -> frozenset[str]:
        """Every location whose stock it tells, also empty ones. Raises ConnectorError."""
        ...

    def stock(self) -> AsyncIterator[Sequence[Level]]:
        """Every level that is not 0, in bounded pages. Pages are not of one moment. Raises ConnectorError."""
        ...
