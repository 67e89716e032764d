"""What was posted into the simulated core, twice: from its ledger file, and from its API. The two must be equal.

    posted(state_dir)              -> {(work order, document kind, item): quantity}   from core/ledger.jsonl
    posted_by_station(state_dir)   -> {(station, document kind, item): quantity}
    posted_by_api(client)          -> the same, asked from the running server
    disagreements(ledger, api)     -> where they differ; empty when all is well

Quantities are in base units: the item's for material; seconds for labor and machine times, under the labor class and
the machine; kWh for energy, under the machine. Reversals count negative. Documents that wait for a confirmation and
refused ones count nothing. Documents without an order have the work order "".
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulators.business_amounts import EXACT
from simulators.business_client import BusinessClient

Posted = dict[tuple[str, str, str], Decimal]
_NO_QUANTITY = ("openings",)


class LedgerError(ValueError):
    """A ledger line cannot be read. Names the file and the line."""


def ledger_lines(state_dir: Path, system: str = "core") -> Iterator[dict[str, Any]]:
    """Lines of the ledger of `core` or `plm`, oldest first. A torn last line is not there yet. Raises LedgerError."""
    path = state_dir / system / "ledger.jsonl"
    if not path.exists():
        return
    whole = path.read_bytes()
    for number, line in enumerate(whole[: whole.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            yield json.loads(line)
        except ValueError as wrong:
            raise LedgerError(f"{path}:{number}: {wrong}") from wrong


def documents(state_dir: Path) -> list[dict[str, Any]]:
    """Every posted document of the core's ledger: kind, id, external_id, totals, stock, journal, document."""
    return [line for line in ledger_lines(state_dir) if line["event"] == "document"]


def posted(state_dir: Path) -> Posted:
    """Quantities per work order, kind and item, from the ledger. Raises LedgerError."""
    sums: Posted = defaultdict(Decimal)
    for line in documents(state_dir):
        if line["kind"] in _NO_QUANTITY:
            continue
        for total in line["totals"]:
            key = (line["work_order"] or "", line["kind"], total["item"])
            sums[key] = EXACT.add(sums[key], Decimal(total["quantity"]))
    return dict(sums)


def posted_by_station(state_dir: Path) -> Posted:
    """(station, kind, item) -> quantity, from the ledger; `station` as the lines told it, for times and energy the
    machine, "" where nothing was told. For comparing with what each machine made. Raises LedgerError."""
    sums: Posted = defaultdict(Decimal)
    for document in documents(state_dir):
        if document["kind"] in _NO_QUANTITY:
            continue
        for line, total in zip(document["document"]["lines"], document["totals"], strict=False):
            station = line.get("station") or line.get("machine") or ""
            key = (station, document["kind"], total["item"])
            sums[key] = EXACT.add(sums[key], Decimal(total["quantity"]))
    return dict(sums)


def posted_by_api(client: BusinessClient) -> Posted:
    """The same from the server's own balances. Raises OSError, BusinessRefused."""
    return {
        (total["work_order"], total["kind"], total["item"]): Decimal(total["quantity"])
        for total in client.get("/api/balances/totals")["items"]
        if total["kind"] not in _NO_QUANTITY
    }


def stock(state_dir: Path) -> dict[tuple[str, str, str, str], Decimal]:
    """Stock by (item, warehouse, location, lot), from the ledger; zero balances are left out."""
    sums: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for line in documents(state_dir):
        for one in line["stock"]:
            key = (one["item"], one["warehouse"], one["location"], one["lot"])
            sums[key] = EXACT.add(sums[key], Decimal(one["quantity"]))
    return {key: quantity for key, quantity in sums.items() if quantity}


def stock_by_api(client: BusinessClient) -> dict[tuple[str, str, str, str], Decimal]:
    """The same from the server's own balances."""
    return {
        (one["item"], one["warehouse"], one["location"], one["lot"]): Decimal(one["quantity"])
        for one in client.get("/api/balances/stock")["items"]
    }


def journal(state_dir: Path) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """(debit, credit) per (work order, account), from the ledger."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for line in documents(state_dir):
        for entry in line["journal"]:
            debit, credit = sums[line["work_order"] or "", entry["account"]]
            sums[line["work_order"] or "", entry["account"]] = (
                EXACT.add(debit, Decimal(entry["debit"])),
                EXACT.add(credit, Decimal(entry["credit"])),
            )
    return dict(sums)


def posted_more_than_once(state_dir: Path) -> list[tuple[str, str]]:
    """(kind, external id) that occur in more than one document. The core refuses that: any is a fault of the core."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for line in documents(state_dir):
        seen[line["kind"], line["external_id"]] += 1
    return [key for key, times in seen.items() if times > 1]


def lies_told(state_dir: Path, system: str = "core") -> dict[str, int]:
    """How often each kind of lie was told."""
    counts: dict[str, int] = defaultdict(int)
    for line in ledger_lines(state_dir, system):
        if line["event"] == "lie":
            counts[line["kind"]] += 1
    return dict(counts)


def disagreements(
    ledger: Mapping[Any, Decimal], api: Mapping[Any, Decimal]
) -> dict[Any, tuple[Decimal, Decimal]]:
    """Keys whose quantity differs between the two, with both; what is missing counts 0."""
    zero = Decimal(0)
    both = {key: (ledger.get(key, zero), api.get(key, zero)) for key in {*ledger, *api}}
    return {key: pair for key, pair in both.items() if pair[0] != pair[1]}
