"""What an ERP is told of a run: differences to what it was told before, with the counts behind them.

Told at a report, and from the end of the run on whenever its figures change. Each booked count stands in one document,
so *booked* is what was told and what still waits to be. Less than was told before is told by taking back from the Events
that told it, the newest first: an ERP can only take back what a document of its own says. A report that is taken back
takes its documents with it: those that nobody has claimed become a word about the order's state (their numbers must stay
without a hole), the others are followed by their reversal.

What an order makes is one lot, with the number of the order on its label: that stands on the goods, the ERP keeps them
under it, and a complaint begins with it (materials/tracing.py). A part in rework is told as that, and as a receipt or as
scrap only when it is settled which of them it is.
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
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Part:
    """More, told by this Event, or less, taken from what the Event `event_id` told."""

    kind: str
    reason: str
    quantity: Decimal
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Telling:
    """When the ERP may hear it. `consumes`: whether the material of the parts is consumed with it."""

    not_before: datetime
    consumes: bool = True


async def tell(context: CommandContext, order: Row, run: Row, how: Telling) -> None:
    """Put what is new of the run (as query `run` reads it) into the outbox. The order's row must be locked."""
    run_id, news = run["run_id"], _news(run)
    ranges = await _untold_ranges(context, run) if run["tag_id"] is not None else []
    if not news and not ranges:
        return
    parts = await _parts(context, run_id, news)
    await _keep(context, run_id, parts, ranges)
    # A part in rework holds its material as a good one does.
    good, scrap = news.get((COMPLETION, ""), _NONE) + _sum(news, REWORK), _sum(news, SCRAP)
    if how.consumes and order["bom_id"] is not None and (good or scrap):
        # Before the goods: an ERP that values a receipt by what was spent until then would miss this material.
        await consume_for_report(context, run_id, good, scrap, not_before=how.not_before)
    await _send(context, order, run, parts, _ranges_of(ranges), how.not_before)


async def tell_back(
    context: CommandContext, order: Row, run: Row, event_id: UUID, facts: Row, *, was_withdrawn: bool
) -> None:
    """Take back what is left of what an Event told of a run. The order's row must be locked. `was_withdrawn`: its
    documents never went out (`withdraw`)."""
    of_event = {"run_id": run["run_id"], "event_id": event_id}
    await context.connection.execute(QUERIES["forget_told_ranges"], of_event)
    context.facts.setdefault("forgotten", []).append(of_event)
    told = await rows_of(context.connection, QUERIES["told_by_event"], of_event)
    took = [one for one in facts.get("told", []) if one["run_id"] == run["run_id"] and _took(one, event_id)]
    if was_withdrawn:
        await context.connection.execute(QUERIES["untell"], of_event)
        context.facts.setdefault("untold", []).append(of_event)
        await _keep(context, run["run_id"], _given_back(took, told), [])
        return
    parts = [
        _less(one, one["quantity"]) for one in told if one["event_id"] == event_id and one["quantity"] > 0
    ]
    told_anew: dict[Key, Decimal] = defaultdict(Decimal)
    for one in took:
        told_anew[one["kind"], one["reason"]] -= Decimal(one["quantity"])
    parts += [_Part(*key, quantity, context.event_id) for key, quantity in told_anew.items()]
    parts.sort(key=lambda part: (part.kind, part.reason))
    await _keep(context, run["run_id"], parts, [])
    ranges = [one for one in facts.get("told_ranges", []) if one["run_id"] == run["run_id"]]
    await _send(context, order, run, parts, _ranges_of(ranges), context.recorded_time)


def _took(fact: Row, event_id: UUID) -> bool:
    """Whether the Event took this from what another had told."""
    return Decimal(fact["quantity"]) < 0 and fact.get("event_id", str(event_id)) != str(event_id)


def _given_back(took: Sequence[Row], told: Sequence[Row]) -> list["_Part"]:
    """To the Events it was taken from, unless their documents were withdrawn as well."""
    there = {(one["kind"], one["reason"], str(one["event_id"])): one["event_id"] for one in told}
    keys = [(one["kind"], one["reason"], one["event_id"]) for one in took]
    return [
        _Part(one["kind"], one["reason"], -Decimal(one["quantity"]), there[key])
        for one, key in zip(took, keys, strict=True)
        if key in there
    ]


async def withdraw(context: CommandContext, order: Row, event_id: UUID) -> bool:
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


async def _parts(context: CommandContext, run_id: int, news: dict[Key, Decimal]) -> list[_Part]:
    """What is more is this Event's; what is less is taken from those that told it, the newest first."""
    parts = [
        _Part(kind, reason, quantity, context.event_id)
        for (kind, reason), quantity in sorted(news.items())
        if quantity > 0
    ]
    if len(parts) == len(news):
        return parts
    told = await rows_of(context.connection, QUERIES["told_by_event"], {"run_id": run_id})
    for (kind, reason), quantity in sorted(news.items()):
        excess = max(-quantity, _NONE)
        for one in told:
            if excess and (one["kind"], one["reason"]) == (kind, reason) and one["quantity"] > 0:
                parts.append(_less(one, min(excess, one["quantity"])))
                excess += parts[-1].quantity
        if excess:  # Told by nobody who is known: the bridge shows it to a person.
            parts.append(_Part(kind, reason, -excess, context.event_id))
    return parts


def _less(told: Row, quantity: Decimal) -> _Part:
    return _Part(told["kind"], told["reason"], -quantity, told["event_id"])


async def _keep(context: CommandContext, run_id: int, parts: Sequence[_Part], ranges: Sequence[Row]) -> None:
    told = [
        {
            "run_id": run_id,
            "kind": one.kind,
            "reason": one.reason,
            "event_id": one.event_id,
            "quantity": one.quantity,
        }
        for one in parts
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
    parts: Sequence[_Part],
    ranges: tuple[BookedRange, ...],
    not_before: datetime,
) -> None:
    """One document per part; the counts stand in the first. Good parts of an operation that is not the last are no
    receipt, so the ERP hears only what it lost."""
    for part in parts:
        if part.kind == COMPLETION and not run["is_last"]:
            continue
        of_order: dict[str, Any] = {
            "event_time": context.event_time,
            "reverses": part.event_id if part.event_id != context.event_id else None,
            "work_order": order["number"],
            "operation": run["position"],
            "run_id": run["run_id"],
            "item": order["item"],
            "quantity": part.quantity,
            "unit": order["unit"],
            "equipment_path": run["path"],
            "ranges": ranges,
        }
        document = (
            Completion(**of_order, lot=lot_made_by(order))
            if part.kind == COMPLETION
            else Scrap(**of_order, reason=part.reason, rework=part.kind == REWORK)
        )
        await context.tell_erp(
            document.kind, order["work_order_id"], document.model_dump(mode="json"), not_before
        )
        ranges = ()


def lot_made_by(order: Row) -> str | None:
    """Whose label the good parts of an order carry; None for an item that is not kept by lot."""
    return str(order["number"]) if order["is_lot_tracked"] else None


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
    return sum((quantity for (of, _), quantity in news.items() if of == kind), _NONE)
