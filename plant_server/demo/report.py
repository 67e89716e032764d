"""What the demo says at its end, for people and for machines."""

from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from simulators.truth_table import TruthTable, whole

PARTS_MIN = 500
ORDERS_MIN = 3
LOTS_MIN = 6
COLUMNS = ("made", "stored", "in_doubt", "gaps", "booked", "not_assigned", "posted", "waiting", "refused")


@dataclass(frozen=True, slots=True)
class Report:
    table: TruthTable
    seed: int
    seconds: float
    orders: int
    lots: int
    kills: int = 0

    @property
    def faults(self) -> dict[str, int]:
        return {**self.table.faults, "kill": self.kills}

    def shortcomings(self) -> list[str]:
        """Why this run proves nothing, or proves us wrong. Empty: all is well."""
        said = []
        if not self.table.balanced:
            said.append(f"does not balance: {self.table.lost} lost, {self.table.duplicated} too much")
        if self.table.made("parts") < PARTS_MIN:
            said.append(f"only {self.table.made('parts')} parts made, {PARTS_MIN} wanted")
        if self.table.made("Wh") <= 0:
            said.append("no energy was used")
        if self.orders < ORDERS_MIN:
            said.append(f"only {self.orders} orders completed, {ORDERS_MIN} wanted")
        if self.lots < LOTS_MIN:
            said.append(f"only {self.lots} lots consumed, {LOTS_MIN} wanted")
        said += [f"no {name} happened" for name, count in self.table.faults.items() if count == 0]
        return said

    def as_json(self) -> dict[str, Any]:
        return {
            "balanced": self.table.balanced,
            "seed": self.seed,
            "seconds": self.seconds,
            "parts_made": self.table.made("parts"),
            "energy_wh": self.table.made("Wh"),
            "orders_completed": self.orders,
            "lots": self.lots,
            "lost": self.table.lost,
            "duplicated": self.table.duplicated,
            "faults": self.faults,
            "rows": self.table.as_json(),
        }

    def as_table(self) -> Table:
        table = Table(
            title="made = stored + in doubt + gaps    stored = booked + not assigned    booked = posted + waiting + refused",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        table.add_column("machine")
        table.add_column("unit")
        for column in (*COLUMNS, "wrong"):
            table.add_column(column.replace("_", "\n"), justify="right")
        for row, amounts in zip(self.table.rows, self.table.as_json(), strict=True):
            wrong = sum(abs(one) for one in row.differences) + row.outside
            table.add_row(row.machine, row.unit, *(str(amounts[name]) for name in COLUMNS), str(whole(wrong)))
        return table


def make_report(
    table: TruthTable, *, seed: int, seconds: float, orders: int = 0, lots: int = 0, kills: int = 0
) -> Report:
    return Report(table, seed, seconds, orders, lots, kills)
