"""Every applicable Sparkplug B 3.0 assertion, by its id: the golden capture keeps it, a mutated one is refused."""

from pathlib import Path

import pytest

from tests.contract import capture as captures
from tests.contract.capture import Capture
from tests.contract.scripted_session import scripted_session
from tests.contract.tck.every_rule import CHECKS, MUTANTS

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def golden() -> Capture:
    return scripted_session()


@pytest.mark.parametrize("tck_id", sorted(CHECKS))
def test_tck(tck_id: str, golden: Capture) -> None:
    CHECKS[tck_id](golden)


@pytest.mark.parametrize("tck_id", sorted(MUTANTS))
def test_mutated_capture_is_refused(tck_id: str, golden: Capture) -> None:
    mutated = MUTANTS[tck_id](golden)
    assert mutated != golden
    with pytest.raises(AssertionError) as refused:
        CHECKS[tck_id](mutated)
    assert str(refused.value), "a refusal names its reason"


@pytest.mark.parametrize("tck_id", sorted(CHECKS))
def test_an_empty_capture_proves_nothing(tck_id: str) -> None:
    with pytest.raises(AssertionError):
        CHECKS[tck_id](Capture({}, {}, ()))


def test_a_capture_reads_back_as_it_was_saved(golden: Capture, tmp_path: Path) -> None:
    captures.save(golden, tmp_path / "capture.jsonl")
    assert captures.load(tmp_path / "capture.jsonl") == golden


def listed_ids() -> list[str]:
    lines = (HERE / "tck_ids.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def ids_not_applicable() -> dict[str, str]:
    """Id and reason from the rows of the table."""
    rows = [line.split("|") for line in (HERE / "tck_not_applicable.md").read_text().splitlines()]
    return {
        row[1].strip(): row[2].strip()
        for row in rows
        if len(row) == 4 and row[1].strip().startswith("tck-id-")
    }


def test_every_listed_id_has_a_check_or_a_reason() -> None:
    listed, excused = listed_ids(), ids_not_applicable()
    assert len(listed) == len(set(listed)), "the list names an id twice"
    assert set(CHECKS) & set(excused) == set(), "checked and excused at once"
    assert set(CHECKS) | set(excused) == set(listed)
    assert set(CHECKS) == set(MUTANTS)


def test_every_excused_id_has_a_reason() -> None:
    assert all(ids_not_applicable().values())
