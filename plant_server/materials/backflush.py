"""What parts that were made consumed: the hook that reports and bookings call inside their own transaction.

    await consume_for_report(context, run_id, good, scrap)         # after the order's row was locked
    await reverse_for_report(context, event_id_of_the_report)      # takes its consumption back as a whole

Material is consumed by the order's first operation: there it goes in, and what later operations scrap was taken there.
Runs of later operations consume nothing. Only lots that lie at the station's own EquipmentPath give; the ones that
expire first give first. A lot that the interlock refuses gives nothing. What the lots could not give is a shortage,
which stays open until a person names a lot (`consumption.settle`): parts that were made are made.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from plant_server.domain import backflush as rules
from plant_server.domain.bom import BomRevision, ComponentScrapPolicy
from plant_server.domain.interlock import InterlockCaller, InterlockFacts, InterlockRequest, check
from plant_server.domain.item import Item
from plant_server.domain.lot import MaterialLot
from plant_server.domain.quantity import EXACT
from plant_server.domain.unit import factor
from plant_server.domain.verdict import Verdict
from plant_server.events import CommandContext
from plant_server.master_data.reading import changes_of, revisions_of
from plant_server.materials import order_facts
from plant_server.materials.consumption import ConsumptionOf, Given, Needed, take, take_back
from plant_server.materials.lots import QUERIES, StoredLot, lock_lots, ms_of, rows
from plant_server.materials.order_facts import OrderFacts
from plant_server.materials.service import waiver_of
from plant_server.problems import Problem

Residuals = Mapping[str, Fraction]


async def consume_for_report(
    context: CommandContext,
    run_id: int,
    good: Decimal,
    scrap: Decimal,
    *,
    made_time: datetime | None = None,
    not_before: datetime | None = None,
) -> None:
    """Consume for parts that a run made since it was last asked, in the order's unit. The order's row must be locked.

    Parts that were good and turn out to be scrap are `good` -3, `scrap` 3: what went into both is consumed once. Less
    than nothing is not given back to the lots: it is owed to the order, and what is made next takes less.
    `made_time`: when they were made, which the interlock is asked for; default: the Event's time, at the latest now.
    `not_before`: when the ERP may hear of it; default: at once. Nothing happens without a pinned BOM, or if the run is
    not one of the first operation. Raises Problem 404 for a run that is not there.
    """
    run = await order_facts.run_of_report(context.connection, run_id)
    if run is None:
        raise Problem(404, "unknown-run", f"run {run_id}")
    known = await order_facts.order_facts(context.connection, run["order"])
    if known is None or known.bom is None or not run["is_first"] or (good == 0 and scrap == 0):
        return
    of = ConsumptionOf(
        work_order_id=run["work_order_id"],
        order=run["order"],
        bom_revision=known.bom.revision,
        location=run["location"],
        not_before=not_before or context.recorded_time,
        run_id=run_id,
        operation=run["operation"],
    )
    made_ms = ms_of(min(made_time or context.event_time, context.recorded_time))
    await _consume(context, of, known, known.bom, good, scrap, made_ms)


async def reverse_for_report(
    context: CommandContext,
    event_id: UUID,
    *,
    run_id: int | None = None,
    not_before: datetime | None = None,
) -> None:
    """Take back all that the Event consumed (of `run_id`; None: of every run), to where it was taken from. The order's
    row must be locked. A second time it does nothing. The ERP hears a Consumption of the negative quantity that
    `reverses` the Event."""
    values = {"event_id": event_id, "run_id": run_id}
    for row in await rows(context.connection, "consumptions_of_event", values):
        of = ConsumptionOf(
            work_order_id=row["work_order_id"],
            order=row["order"],
            bom_revision=row["bom_revision"],
            location=row["location"],
            not_before=not_before or context.recorded_time,
            run_id=row["run_id"],
            operation=row["operation"],
        )
        await take_back(context, of, row, event_id)
        step = Fraction(row["residual_step"])
        if step:
            before = (await _residuals(context, of)).get(row["position"], Fraction(0))
            await _save_residual(context, of, row["position"], before - step)


def in_unit_of_order(bom: BomRevision, unit: str, product: Item) -> BomRevision:
    """The same BOM for quantities in the order's unit: both sides are multiplied by whole numbers, so it is exact."""
    ratio = factor(bom.unit, unit, product.conversions)
    if ratio == 1:
        return bom
    components = tuple(
        replace(one, quantity_per=EXACT.multiply(one.quantity_per, Decimal(ratio.denominator)))
        for one in bom.components
    )
    base = EXACT.multiply(bom.base_quantity, Decimal(ratio.numerator))
    return replace(bom, unit=unit, base_quantity=base, components=components)


def consumed(
    bom: BomRevision,
    good: Decimal,
    scrap: Decimal,
    items: Mapping[str, Item],
    carry: Residuals,
    lots: list[MaterialLot],
    location: str,
    ask: Callable[[MaterialLot], Verdict],
) -> Iterator[tuple[rules.Consumption, Fraction]]:
    """The domain's backflush, and the residual after it.

    Corrections and reversals can leave a residual of less than minus one step: then nothing is taken until what is made
    has used that up, instead of a negative quantity.
    """
    made = EXACT.add(good, scrap)
    more_good = max(good, Decimal(0))
    more_scrap = max(EXACT.subtract(made, more_good), Decimal(0))
    owed = _owed(bom, items, ComponentScrapPolicy.GOOD_ONLY, EXACT.subtract(more_good, good))
    all_parts = EXACT.add(more_good, more_scrap)
    owed |= _owed(bom, items, ComponentScrapPolicy.GOOD_AND_SCRAP, EXACT.subtract(all_parts, made))
    carry = {
        one.position: carry.get(one.position, Fraction(0)) - owed.get(one.position, Fraction(0))
        for one in bom.components
    }
    due = rules.requirements(bom, more_good, more_scrap, items, carry)
    withheld = {one.component.position: Fraction(one.quantity.value) for one in due if one.quantity.value < 0}
    lifted = {
        position: residual - withheld.get(position, Fraction(0)) for position, residual in carry.items()
    }
    choice = rules.LotChoice.FEFO
    told = rules.backflush(bom, more_good, more_scrap, items, lifted, lots, location, choice, ask)
    for one in told:
        yield one, one.requirement.residual + withheld.get(one.requirement.component.position, Fraction(0))


def _owed(
    bom: BomRevision, items: Mapping[str, Item], policy: ComponentScrapPolicy, parts: Decimal
) -> dict[str, Fraction]:
    """What `parts` consumed of the components of a policy, exactly, per position."""
    return {
        one.component.position: Fraction(one.quantity.value) + one.residual
        for one in rules.requirements(bom, parts, Decimal(0), items, {})
        if one.component.scrap_policy is policy
    }


async def _consume(
    context: CommandContext,
    of: ConsumptionOf,
    known: OrderFacts,
    pinned: BomRevision,
    good: Decimal,
    scrap: Decimal,
    made_ms: int,
) -> None:
    codes = {one.item for one in pinned.components} | {known.order.item}
    items = await order_facts.items(context.connection, codes)
    bom = in_unit_of_order(pinned, known.order.unit, items[known.order.item][1])
    stored = await _lots_at(context, of.location, [items[one.item][0] for one in bom.components])
    ask = await _asker(context, known, codes, made_ms)
    carry = await _residuals(context, of)
    told = consumed(
        bom,
        good,
        scrap,
        {code: item for code, (_, item) in items.items()},
        carry,
        [one.lot for one in stored.values()],
        of.location,
        ask,
    )
    for one, residual in told:
        before = carry.get(one.requirement.component.position, Fraction(0))
        if one.requirement.quantity.value == 0 and residual == before:
            continue
        await _keep(context, of, one, items[one.requirement.component.item], residual - before, stored)
        await _save_residual(context, of, one.requirement.component.position, residual)


async def _keep(
    context: CommandContext,
    of: ConsumptionOf,
    one: rules.Consumption,
    item: tuple[int, Item],
    residual_step: Fraction,
    stored: Mapping[tuple[str, str], StoredLot],
) -> None:
    """What is not kept in lots is consumed without one, and never short."""
    required, code = one.requirement.quantity.value, one.requirement.component.item
    needed = Needed(
        item_id=item[0],
        item=code,
        unit=one.requirement.quantity.unit,
        required=required,
        shortage=one.allocation.shortage if item[1].is_lot_tracked else Decimal(0),
        position=one.requirement.component.position,
        residual_step=str(residual_step),
        refused=tuple(
            {"lot": lot, "reason": told.reason.value, "change": told.change}
            for lot, told in one.allocation.refused
        ),
    )
    given = [
        Given(stored[code, share.lot], share.quantity, waiver_of(share.permission))
        for share in one.allocation.shares
    ]
    await take(context, of, needed, given)


async def _lots_at(
    context: CommandContext, location: str, item_ids: Collection[int]
) -> dict[tuple[str, str], StoredLot]:
    """The lots that lie at the station, locked, by item and label."""
    values = {"location": location, "item_ids": list(item_ids)}
    found = await rows(context.connection, "lots_at", values)
    locked = await lock_lots(context.connection, [row["lot_id"] for row in found])
    return {(one.lot.item, one.lot.lot): one for one in locked.values()}


async def _asker(
    context: CommandContext, known: OrderFacts, codes: Collection[str], made_ms: int
) -> Callable[[MaterialLot], Verdict]:
    """The interlock, with facts that were read once for all lots."""
    facts = InterlockFacts(
        order=known.order,
        bom=known.bom,
        lot=None,
        revisions=await revisions_of(context.connection, codes),
        changes=await changes_of(context.connection, codes),
        waivers=await order_facts.waivers(context.connection, known.order.order),
    )

    def ask(lot: MaterialLot) -> Verdict:
        caller = InterlockCaller.BACKFLUSH
        request = InterlockRequest(lot.item, lot.revision, lot.lot, known.order.order, made_ms, caller)
        return check(request, replace(facts, lot=lot))

    return ask


async def _residuals(context: CommandContext, of: ConsumptionOf) -> dict[str, Fraction]:
    values = {"work_order_id": of.work_order_id, "bom_revision": of.bom_revision}
    found = await rows(context.connection, "residuals", values)
    return {row["position"]: Fraction(row["residual"]) for row in found}


async def _save_residual(
    context: CommandContext, of: ConsumptionOf, position: str, residual: Fraction
) -> None:
    values = {
        "work_order_id": of.work_order_id,
        "bom_revision": of.bom_revision,
        "position": position,
        "residual": str(residual),
    }
    await context.connection.execute(QUERIES["save_residual"], values)
