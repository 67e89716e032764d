"""What must stand in the core's own ledger when the day is over, computed by hand from what was made."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from simulators import business_truth

BOM_B = {"BODY-10": "1", "STEM-10": "1", "SEAL-10": "2", "BOLT-M6": "4", "GREASE-1": "0.0015"}
"""Per valve, in the stock units of the items: grease in kg."""
COST = {"BODY-10": "21.40", "STEM-10": "6.85", "SEAL-10": "0.92", "BOLT-M6": "0.115", "GREASE-1": "33.00"}
PRODUCT_COST = Decimal("48.20")
RAW_MATERIALS, FINISHED_GOODS = "1403", "1405"
PRODUCT = "FG-100"


@dataclass(frozen=True, slots=True)
class Made:
    good: int
    scrap: int

    @property
    def parts(self) -> int:
        return self.good + self.scrap


def used(made: Made) -> dict[str, Decimal]:
    """By the pinned BOM: what was scrapped has taken its material too."""
    return {item: Decimal(per) * made.parts for item, per in BOM_B.items()}


def quantities(state_dir: Path, order: str, kind: str) -> dict[str, Decimal]:
    """Per item, machine or class of labor."""
    sums = business_truth.posted(state_dir).items()
    return {item: quantity for (of, what, item), quantity in sums if (of, what) == (order, kind)}


def by_lot(state_dir: Path, order: str) -> dict[tuple[str, str], Decimal]:
    """What the order consumed, per item and lot ("": not kept in lots), by the movements of stock."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for document in business_truth.documents(state_dir):
        if document["work_order"] == order and document["kind"] == "consumptions":
            for one in document["stock"]:
                sums[one["item"], one["lot"]] -= Decimal(one["quantity"])
    return {key: quantity for key, quantity in sums.items() if quantity}


def by_reason(state_dir: Path, order: str) -> dict[str, Decimal]:
    """What the order lost, per reason in the core's words. Nothing of it was taken back that day."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for document in business_truth.documents(state_dir):
        if document["work_order"] == order and document["kind"] == "scrap":
            for line in document["document"]["lines"]:
                sums[line["reason"]] += Decimal(line["quantity"])
    return dict(sums)


def money(state_dir: Path, order: str, account: str) -> Decimal:
    """Debit less credit of an account for an order."""
    debit, credit = business_truth.journal(state_dir)[order, account]
    return debit - credit


def worth(quantities_by_item: Iterable[tuple[str, Decimal]]) -> Decimal:
    return sum((quantity * Decimal(COST[item]) for item, quantity in quantities_by_item), Decimal(0))
