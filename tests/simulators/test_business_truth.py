"""The judge's reader of the core's ledger, on ledgers written by hand."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulators import business_truth

ORDER = "WO-1"


def write(state_dir: Path, *lines: dict[str, Any], torn: str = "") -> None:
    (state_dir / "core").mkdir(parents=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (state_dir / "core" / "ledger.jsonl").write_text(text + torn, encoding="utf-8")


def completion(external_id: str, quantity: str, work_order: str | None = ORDER) -> dict[str, Any]:
    moved = {"item": "FG-100", "warehouse": "FG", "location": "", "lot": "", "quantity": quantity}
    line = {"event": "document", "kind": "completions", "external_id": external_id, "work_order": work_order}
    totals = [{"item": "FG-100", "unit": "pcs", "quantity": quantity}]
    told = {"lines": [{"item": "FG-100", "station": "press1"}]}
    journal = [{"account": "1405", "debit": quantity, "credit": "0"}]
    return line | {"totals": totals, "stock": [moved], "journal": journal, "document": told}


def test_quantities_add_up_exactly_and_reversals_take_away(tmp_path: Path) -> None:
    write(
        tmp_path,
        completion("a", "123456789012345.123456789"),
        completion("b", "0.000000001"),
        completion("c", "-0.000000001"),
        completion("d", "2", work_order=None),
        {"event": "document_waits", "kind": "completions", "external_id": "e"},
        {"event": "refused", "code": "over_receipt"},
    )
    assert business_truth.posted(tmp_path) == {
        (ORDER, "completions", "FG-100"): Decimal("123456789012345.123456789"),
        ("", "completions", "FG-100"): Decimal(2),
    }
    assert business_truth.stock(tmp_path) == {("FG-100", "FG", "", ""): Decimal("123456789012347.123456789")}
    assert business_truth.journal(tmp_path)[ORDER, "1405"] == (
        Decimal("123456789012345.123456789"),
        Decimal(0),
    )


def test_quantities_are_told_per_station_too(tmp_path: Path) -> None:
    energy: dict[str, Any] = {
        "event": "document",
        "kind": "energy-costs",
        "external_id": "e",
        "work_order": ORDER,
    }
    energy |= {"document": {"lines": [{"machine": "cell1"}]}, "stock": [], "journal": []}
    energy |= {"totals": [{"item": "cell1", "unit": "kWh", "quantity": "0.033"}]}
    write(tmp_path, completion("a", "2"), completion("b", "3", work_order="WO-2"), energy)
    assert business_truth.posted_by_station(tmp_path) == {
        ("press1", "completions", "FG-100"): Decimal(5),
        ("cell1", "energy-costs", "cell1"): Decimal("0.033"),
    }


def test_a_document_posted_twice_is_found(tmp_path: Path) -> None:
    write(tmp_path, completion("a", "1"), completion("b", "1"), completion("a", "1"))
    assert business_truth.posted_more_than_once(tmp_path) == [("completions", "a")]


def test_what_differs_between_ledger_and_api_is_named_with_both_quantities() -> None:
    ledger = {("WO-1", "completions", "FG-100"): Decimal("1.0"), ("WO-2", "scrap", "FG-100"): Decimal(3)}
    api = {("WO-1", "completions", "FG-100"): Decimal(1), ("WO-3", "scrap", "FG-100"): Decimal(4)}
    assert business_truth.disagreements(ledger, api) == {
        ("WO-2", "scrap", "FG-100"): (Decimal(3), Decimal(0)),
        ("WO-3", "scrap", "FG-100"): (Decimal(0), Decimal(4)),
    }


def test_a_torn_last_line_is_not_there_yet_and_a_broken_one_is_named(tmp_path: Path) -> None:
    write(tmp_path / "torn", completion("a", "1"), torn='{"event": "docu')
    assert len(business_truth.documents(tmp_path / "torn")) == 1
    write(tmp_path / "broken", completion("a", "1"), torn="not json\n")
    with pytest.raises(business_truth.LedgerError, match=r"ledger\.jsonl:2"):
        business_truth.documents(tmp_path / "broken")


def test_without_a_ledger_nothing_was_posted(tmp_path: Path) -> None:
    assert business_truth.posted(tmp_path) == {}
