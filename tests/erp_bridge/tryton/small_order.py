"""An order whose figures a test knows by heart: told by the floor, and how it must stand in Tryton, each fact once."""

from decimal import Decimal

from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.in_tryton import InTryton, Moved, moved
from tests.erp_bridge.tryton.pumps import Pumps

FACTS = 7


def tell_all(floor: Floor, number: str) -> None:
    """Two partial receipts, material from two lots, scrap, an hour's quarter of labor, the end."""
    pumps = Pumps(floor, number)
    pumps.used("SEAL", {"L-1": "4"})
    pumps.good("2", f"P-{number}-1")
    pumps.used("STEEL", {"S-1": "0.5", "S-2": "1"})
    pumps.scrap("1")
    pumps.good("1", f"P-{number}-2")
    pumps.worked("900")
    pumps.state("completed")


def moves_of(number: str) -> list[Moved]:
    return moved(
        ("in", "SEAL", "L-1", "4"),
        ("in", "STEEL", "S-1", "0.5"),
        ("in", "STEEL", "S-2", "1"),
        ("out", "PUMP", f"P-{number}-1", "2"),
        ("out", "PUMP", f"P-{number}-2", "1"),
        ("scrap", "PUMP", "", "1"),
    )


def assert_stands_once(there: InTryton) -> None:
    """Moves by lot, the journal, times and the cost."""
    assert there.moves() == moves_of(there.number)
    assert there.moves("draft") == there.moves("assigned") == []
    # Issued 2, then 2 + 4; received what was spent before each: 2, then 6.
    assert there.journal() == sorted(map(Decimal, ("2", "2", "4", "2", "6")))
    assert there.cycles() == [("Assembly", 900.0, Decimal("10.0000"))]
    assert (there.state, there.cost) == ("done", Decimal("18.0000"))
    assert len(there.notes()) == FACTS
