"""What an ERP is told of a run: differences to what it was told before, with the counts behind them.

Told at a report, and from the end of the run on whenever its figures change. Each booked count stands in one document,
so *booked* is what was told and what still waits to be. A report that is taken back takes its documents with it: those
that nobody has claimed become a word about the order's state (their numbers must stay without a hole), the others are
followed by their reversal.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from plant_server.contract.outbox import BookedRange, Completion, OrderProgress, Scrap
from plant_server.database import load_queries
from plant_server.domain.run import CountSource
from plant_server.events import CommandContext
from plant_server.events.canonical import canonical
from plant_server.master_data.rows import Row, rows_of
from plant_server.materials.backflush import consume_for_report
from plant_server.runs.ledger import good_of

QUERIES = load_queries(__package__)
COMPLETION, SCRAP, REWORK = "completion", "scrap", "rework"
BY_SETUP, BY_MACHINE = "setup", "machine_reject"

Key = tuple[str, str]  # kind and reason


@dataclass(frozen=True, slots=True)
class Telling:
    """When the ERP may hear it, and which Event it takes back."""

    not_before: datetime
    reverses: UUID | None = None


async def tell(context: CommandContext, order: Row, run: Row, how: Telling) -> None:
    """Put what is new of the run (as query `run` reads it) into the outbox. The order's row must be locked."""
    run_id, news = run["run_id"], _news(run)
    ranges = await _untold_ranges(context, run) if run["tag_id"] is not None else []
    if not news and not ranges:
        return
    await _keep(context, run_id, news, ranges)
    await _send(context, order, run, news, _ranges_of(ranges), how)
    good, scrap = news.get((COMPLETION, ""), Decimal(0)), _sum(news, SCRAP)
    if order["bom_id"] is not None and (good or scrap):
        await consume_for_report(context, run_id, good, scrap, not_before=how.not_before)


async def tell_back(context: CommandContext, order: Row, run: Row, event_id: UUID, facts: Row) -> None:
    """Take back what an Event told of a run. The order's row must be locked."""
    run_id = run["run_id"]
    told = [one for one in facts.get("told", []) if one["run_id"] == run_id]
    news = {(one["kind"], one["reason"]): -Decimal(one["quantity"]) for one in told}
    values = {"run_id": run_id, "event_id": event_id}
    await context.connection.execute(QUERIES["forget_told_ranges"], values)
    context.facts.setdefault("forgotten", []).append(values)
    await _keep(context, run_id, news, [])
    if not await _withdraw(context, order, event_id):
        ranges = [one for one in facts.get("told_ranges", []) if one["run_id"] == run_id]
        await _send(
            context, order, run, news, _ranges_of(ranges), Telling(context.recorded_time, reverses=event_id)
        )


async def _withdraw(context: CommandContext, order: Row, event_id: UUID) -> bool:
    """Whether no document of the Event was claimed: then they are words about the order's state now."""
    instead = OrderProgress(event_time=context.event_time, work_order=order["number"], state=order["state"])
    values = {"event_id": event_id, "body": canonical(instead)}
    withdrawn = await rows_of(context.connection, QUERIES["withdraw_documents"], values)
    return bool(withdrawn)


def _news(run: Row) -> dict[Key, Decimal]:
    """Differences to what was told, without zeros."""
    told = {(one["kind"], one["reason"]): Decimal(one["quantity"]) for one in run["told"]}
    target = _target(run)
    differences = {
        key: target.get(key, Decimal(0)) - told.get(key, Decimal(0)) for key in sorted({*target, *told})
    }
    return {key: quantity for key, quantity in differences.items() if quantity}


def _target(run: Row) -> dict[Key, Decimal]:
    """All that an ERP has to know of the run, by what it is now."""
    target: dict[Key, Decimal] = defaultdict(Decimal)
    for one in run["entered"]:
        target[one["kind"], one["reason"]] += Decimal(one["quantity"])
    target[COMPLETION, ""] = max(good_of(run), Decimal(0))
    if run["count_source"] == CountSource.OPERATOR:
        return target
    target[SCRAP, BY_SETUP] += run["booked_setup"]
    if run["to_time"] is not None:  # Until then somebody may still name the reason.
        unexplained = run["booked_scrap"] + run["booked_rejected"] - run["among_rejects"]
        target[SCRAP, BY_MACHINE] += max(unexplained, 0)
    return target


async def _untold_ranges(context: CommandContext, run: Row) -> list[Row]:
    return await rows_of(context.connection, QUERIES["untold_ranges"], run)


async def _keep(
    context: CommandContext, run_id: int, news: dict[Key, Decimal], ranges: Sequence[Row]
) -> None:
    told = [
        {"run_id": run_id, "kind": kind, "reason": reason, "quantity": quantity}
        for (kind, reason), quantity in news.items()
    ]
    if told:
        await context.connection.execute(QUERIES["tell"], {"told": canonical(told)})
        context.facts.setdefault("told", []).extend(told)
    if ranges:
        kept = [dict(one) | {"run_id": run_id, "event_id": context.event_id} for one in ranges]
        await context.connection.execute(QUERIES["tell_ranges"], {"ranges": canonical(kept)})
        context.facts.setdefault("told_ranges", []).extend(kept)


async def _send(
    context: CommandContext,
    order: Row,
    run: Row,
    news: dict[Key, Decimal],
    ranges: tuple[BookedRange, ...],
    how: Telling,
) -> None:
    """One document per kind and reason; the counts stand in the first. Good parts of an operation that is not the last
    are no receipt, so the ERP hears only what it lost."""
    for (kind, reason), quantity in sorted(news.items()):
        if kind == COMPLETION and not run["is_last"]:
            continue
        of_order: dict[str, Any] = {
            "event_time": context.event_time,
            "reverses": how.reverses,
            "work_order": order["number"],
            "operation": run["position"],
            "run_id": run["run_id"],
            "item": order["item"],
            "quantity": quantity,
            "unit": order["unit"],
            "equipment_path": run["path"],
            "ranges": ranges,
        }
        document = (
            Completion(**of_order)
            if kind == COMPLETION
            else Scrap(**of_order, reason=reason, rework=kind == REWORK)
        )
        await context.tell_erp(
            document.kind, order["work_order_id"], document.model_dump(mode="json"), how.not_before
        )
        ranges = ()


def _ranges_of(rows: Iterable[Row]) -> tuple[BookedRange, ...]:
    return tuple(
        BookedRange(
            device=row["device"],
            tag=row["tag"],
            odometer_from=int(row["odometer_from"]),
            odometer_to=int(row["odometer_to"]),
        )
        for row in rows
    )


def _sum(news: dict[Key, Decimal], kind: str) -> Decimal:
    return sum((quantity for (of, _), quantity in news.items() if of == kind), Decimal(0))
