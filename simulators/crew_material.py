"""Material for an order: what the pinned BOM asks for is brought to the line before its first operation starts.

Every lot is scanned before it is used, and the plant's answer is obeyed: a lot of an old revision goes back to the
store, and one of the revision that the change order names is received instead. Nobody asks for a waiver.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from simulators.crew_ledger import uuid7
from simulators.crew_people import Answer, CrewFailed, Person
from simulators.crew_supplier import Supplier

STORE = "store"
SPARE = Decimal("1.05")  # For what will be scrap.
LOTS_PER_NEED = 2
_REVISIONS_TRIED = 5
_OLD = ("superseded-revision", "unreleased-revision", "lot-expired")
_METRIC = {
    ("GRM", "KGM"): Decimal("0.001"),
    ("KGM", "GRM"): Decimal(1000),
    ("MLT", "LTR"): Decimal("0.001"),
    ("LTR", "MLT"): Decimal(1000),
    ("MMT", "MTR"): Decimal("0.001"),
    ("MTR", "MMT"): Decimal(1000),
}


@dataclass(frozen=True, slots=True)
class Need:
    """A component of an order. `per_part` is in the stock unit of the item, of which `step` is the smallest amount."""

    item: str
    unit: str
    revision: str | None
    per_part: Decimal
    step: Decimal
    revisions: tuple[str, ...]
    """Released ones, the newest first."""
    is_explicit: bool


class Material:
    """What one station's operator does about material."""

    def __init__(self, person: Person, path: str, supplier: Supplier) -> None:
        self._person = person
        self._supplier = supplier
        self._path = path
        self._instead: dict[tuple[str, str | None], str] = {}
        """Which revision was taken in the end, per component."""

    async def bring(self, order: dict[str, Any]) -> None:
        """To the line, for what is still to be made of the order."""
        for need in await self._needs(order):
            wanted = need.per_part * Decimal(order["remaining"]) * SPARE
            short = wanted.quantize(need.step, ROUND_UP) - await self._usable_here(order, need)
            if short > 0:
                short -= await self._from_store(order, need, short)
            if short > 0:
                await self._from_supplier(order, need, short)

    async def consume_by_hand(self, order: dict[str, Any], made: Decimal) -> None:
        """Components that are not backflushed: what the parts made so far took and nobody has scanned yet."""
        needs = [one for one in await self._needs(order) if one.is_explicit]
        if not needs:
            return
        known = await self._person.read_all("consumptions", order=order["number"])
        for need in needs:
            by_scan = (
                one
                for one in known
                if one["item"] == need.item and one["position"] is None and not one["is_reversed"]
            )
            used = sum((Decimal(one["required"]) for one in by_scan), Decimal(0))
            left = (need.per_part * made).quantize(need.step, ROUND_HALF_UP) - used
            for lot in await self._lots(need, [self._path]):
                if left <= 0:
                    break
                taken = min(left, _at(lot, [self._path]))
                body = {"order": order["number"], "quantity": str(taken), "location": self._path}
                if (await self._person.do("consume", f"lots/{lot['lot_id']}/consume", body)).is_done:
                    left -= taken

    async def _needs(self, order: dict[str, Any]) -> list[Need]:
        if order["bom_id"] is None:
            return []
        boms = await self._person.read_all("boms", item=order["item"])
        bom = next(one for one in boms if one["bom_id"] == order["bom_id"])
        product = await self._item(order["item"])
        per_base = _factor(order["unit"], bom["unit"], product) / Decimal(bom["base_quantity"])
        needs = []
        for part in bom["components"]:
            item = await self._item(part["item"])
            if item["is_lot_tracked"]:
                needs.append(_need(part, item, per_base))
        return needs

    async def _item(self, code: str) -> dict[str, Any]:
        (item,) = await self._person.read_all("items", code=code)
        return item

    async def _usable_here(self, order: dict[str, Any], need: Need) -> Decimal:
        usable = Decimal(0)
        for lot in await self._lots(need, [self._path]):
            refusal = await self._refusal(order, lot)
            if refusal is None:
                usable += _at(lot, [self._path])
            elif refusal in _OLD:
                quantity = str(_at(lot, [self._path]))
                body = {"quantity": quantity, "from_location": self._path, "to_location": STORE}
                await self._person.do("return", f"lots/{lot['lot_id']}/return", body)
        return usable

    async def _from_store(self, order: dict[str, Any], need: Need, short: Decimal) -> Decimal:
        """How much was issued from lots that are there already."""
        issued = Decimal(0)
        for lot in await self._lots(need, None):
            for stock in lot["stock"]:
                place, there = stock["location"], Decimal(stock["quantity"])
                if "/" in place or there <= 0 or issued >= short:
                    continue  # What lies at a line is somebody else's.
                if await self._refusal(order, lot) is not None:
                    break
                quantity = min(there, short - issued)
                if (await self._issue(order, lot["lot_id"], quantity, place)).is_done:
                    issued += quantity
        return issued

    async def _from_supplier(self, order: dict[str, Any], need: Need, short: Decimal) -> None:
        """Receive what is short in a few lots, and issue them."""
        each = (short / LOTS_PER_NEED).quantize(need.step, ROUND_UP)
        while short > 0:
            quantity = min(each, short)
            if not await self._receive_and_issue(order, need, quantity):
                return
            short -= quantity

    async def _receive_and_issue(self, order: dict[str, Any], need: Need, quantity: Decimal) -> bool:
        revision: str | None = need.revision or next(iter(need.revisions), None)
        revision = self._instead.get((need.item, need.revision), revision)
        tried: set[str | None] = set()
        for _ in range(_REVISIONS_TRIED):
            tried.add(revision)
            lot = f"{need.item[:60]}-{uuid7()[-12:]}"
            await self._supplier.deliver(need.item, lot, quantity, need.unit)
            body: dict[str, Any] = {
                "item": need.item,
                "lot": lot,
                "quantity": str(quantity),
                "location": STORE,
                "known_to_erp": self._supplier.tells_erp,
            }
            body |= {"revision": revision} if revision is not None else {}
            received = await self._person.do("receive", "lots", body)
            if not received.is_done:
                return False
            issued = await self._issue(order, received.body["lot_id"], quantity, STORE)
            if issued.is_done:
                if revision is not None:
                    self._instead[need.item, need.revision] = revision
                return True
            revision = await self._other_revision(need, issued, tried)
            if revision is None:
                return False
        return False

    async def _other_revision(self, need: Need, refused: Answer, tried: set[str | None]) -> str | None:
        """What the change order behind the refusal puts in its place; else another released one."""
        if refused.code not in _OLD:
            return None
        changes = await self._person.read_all("change-orders", item=need.item)
        named = [one["new_revision"] for one in changes if one["number"] == refused.params.get("change")]
        candidates = [*named, *([need.revision] if need.revision else []), *need.revisions]
        return next((one for one in candidates if one not in tried), None)

    async def _issue(self, order: dict[str, Any], lot_id: int, quantity: Decimal, place: str) -> Answer:
        body = {
            "order": order["number"],
            "quantity": str(quantity),
            "from_location": place,
            "to_location": self._path,
        }
        return await self._person.do("issue", f"lots/{lot_id}/issue", body)

    async def _refusal(self, order: dict[str, Any], lot: dict[str, Any]) -> str | None:
        """Scan the label: why the lot may not be used for the order."""
        body = {"code": lot["lot"], "order": order["number"], "station": self._path}
        answer = await self._person.do("scan", "scans", body)
        if not answer.is_done:
            return answer.code
        return None if answer.body["ok"] else str(answer.body["reason"])

    async def _lots(self, need: Need, places: list[str] | None) -> list[dict[str, Any]]:
        where = {"location": places[0]} if places else {}
        lots = await self._person.read_all("lots", item=need.item, **where)
        return [one for one in lots if _at(one, places) > 0]


def _need(part: dict[str, Any], item: dict[str, Any], per_base: Decimal) -> Need:
    amount = Decimal(part["quantity_per"]) * (1 + Decimal(part["scrap_factor"]))
    released = [one for one in item["revisions"] if one["released_time"] and not one["withdrawn_time"]]
    released.sort(key=lambda one: (one["released_time"], one["revision"]), reverse=True)
    return Need(
        item=item["code"],
        unit=item["unit"],
        revision=part["revision"],
        per_part=amount * per_base * _factor(part["unit"], item["unit"], item),
        step=Decimal(1).scaleb(-item["scale"]),
        revisions=tuple(one["revision"] for one in released),
        is_explicit=part["issuing"] == "explicit",
    )


def _factor(unit: str, into: str, item: dict[str, Any]) -> Decimal:
    """How many of `into` one `unit` is: the same, metric, or as the item says. Raises CrewFailed."""
    if unit == into:
        return Decimal(1)
    if (unit, into) in _METRIC:
        return _METRIC[unit, into]
    for one in item["units"]:
        ratio = Decimal(one["equals_amount"]) / Decimal(one["amount"])
        if (one["unit"], one["equals_unit"]) == (unit, into):
            return ratio
        if (one["equals_unit"], one["unit"]) == (unit, into):
            return 1 / ratio
    raise CrewFailed(f"{item['code']}: nobody says how many {into} one {unit} is")


def _at(lot: dict[str, Any], places: Iterable[str] | None) -> Decimal:
    """What lies there; None: anywhere."""
    here = set(places) if places is not None else None
    stock = (one for one in lot["stock"] if here is None or one["location"] in here)
    return sum((Decimal(one["quantity"]) for one in stock), Decimal(0))
