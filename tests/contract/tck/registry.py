"""Every rule by its tck id: the check, and a mutation of a good capture that the check must refuse."""

from collections.abc import Callable

from tests.contract.capture import Capture
from tests.contract.tck.session_view import View

Check = Callable[[Capture], None]
Mutation = Callable[[Capture], Capture]

CHECKS: dict[str, Check] = {}
MUTANTS: dict[str, Mutation] = {}


def rule(*tck_ids: str, broken_by: Mutation) -> Callable[[Callable[[View], None]], Callable[[View], None]]:
    """Register a function of a View as the check of these ids, and `broken_by` as their mutation.

    The function raises AssertionError with the reason. Stack the decorator to give ids of one check different
    mutations.
    """

    def register(reading: Callable[[View], None]) -> Callable[[View], None]:
        add(tck_ids, reading, broken_by)
        return reading

    return register


def add(tck_ids: tuple[str, ...], reading: Callable[[View], None], broken_by: Mutation) -> None:
    for tck_id in tck_ids:
        assert tck_id not in CHECKS, f"{tck_id} has two checks"
        CHECKS[tck_id] = lambda capture: reading(View(capture))
        MUTANTS[tck_id] = broken_by
