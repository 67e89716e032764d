"""What the demo says at its end, for people and for machines."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from simulators.truth_table import TruthTable

PARTS_MIN = 500


@dataclass(frozen=True, slots=True)
class Report:
    table: TruthTable
    seed: int
    seconds: float
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
        said += [f"no {name} happened" for name, count in self.table.faults.items() if count == 0]
        return said

    def as_json(self) -> dict[str, Any]:
        return {
            "balanced": self.table.balanced,
            "seed": self.seed,
            "seconds": self.seconds,
            "parts_made": self.table.made("parts"),
            "energy_wh": self.table.made("Wh"),
            "lost": self.table.lost,
            "duplicated": self.table.duplicated,
            "faults": self.faults,
            "rows": self.table.as_json(),
        }

    def as_table(self) -> Table:
        table = Table(title="Truth table: made = stored + gaps + in doubt")
        table.add_column("machine")
        table.add_column("unit")
        for column in ("made", "stored", "gaps", "in doubt", "missing"):
            table.add_column(column, justify="right")
        for row in self.table.rows:
            figures = (row.made, row.stored, row.gaps, row.in_doubt, row.missing)
            table.add_row(row.machine, row.unit, *(str(figure) for figure in figures))
        return table


def make_report(table: TruthTable, *, seed: int, seconds: float, kills: int = 0) -> Report:
    return Report(table, seed, seconds, kills)
