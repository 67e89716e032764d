"""An order whose figures a test knows by heart: told by the floor, and how it must stand in Tryton, each fact once."""

from collections import Counter
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Standing:
    """`facts`: each move, posting, cycle of work and note, as often as it stands there; `end`: state and cost of the whole."""

    facts: Counter[tuple[object, ...]]
    end: tuple[str, Decimal]


def as_it_must_be(number: str) -> Standing:
    # Issued 2, then 2 + 4; received what was spent before each: 2, then 6.
    journal = map(Decimal, ("2", "2", "4", "2", "6"))
    facts = Counter[tuple[object, ...]](("done", *move) for move in moves_of(number))
    facts.update(("posted", amount) for amount in journal)
    facts["worked", "Assembly", 900.0, Decimal("10.0000")] = 1
    facts["noted",] = FACTS
    return Standing(facts, ("done", Decimal("18.0000")))


def as_it_stands(there: InTryton) -> Standing:
    """Moves that are under way there, too: none may be left."""
    facts = Counter[tuple[object, ...]]()
    for state in ("done", "draft", "assigned"):
        facts.update((state, *move) for move in there.moves(state))
    facts.update(("posted", amount) for amount in there.journal())
    facts.update(("worked", *cycle) for cycle in there.cycles())
    facts["noted",] = len(there.notes())
    return Standing(facts, (there.state, there.cost))


def assert_stands_once(there: InTryton) -> None:
    """Moves by lot, the journal, times and the cost."""
    assert as_it_stands(there) == as_it_must_be(there.number)
