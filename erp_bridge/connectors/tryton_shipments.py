"""A move of stock at the floor as an internal shipment in Tryton, step by step.

A shipment has a reference of its own: our key stands in it, so that it is found again whatever was lost.
    create (our key) → note for people → wait → assign → do
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Request, ToldThere
from erp_bridge.connectors.tryton_periods import first_open_day
from erp_bridge.connectors.tryton_records import Records
from erp_bridge.connectors.tryton_rpc import ChangedMeanwhile, TrytonClient
from erp_bridge.connectors.tryton_shipment_words import (
    FIELDS,
    LOST_AND_FOUND,
    MODEL,
    key_of,
    line_of,
    reference_of,
    told_there,
    words_of,
)
from erp_bridge.connectors.tryton_words import Line_
from erp_bridge.errors import ClosedPeriod, LostAnswer, RefusedByErp

ROUNDS_MAX = 20
_BUTTONS = {"draft": "wait", "waiting": "assign_try", "assigned": "do"}


async def told_since(client: TrytonClient, since: datetime) -> list[ToldThere]:
    """Shipments with keys of ours that were done, by the time they were made, which is Tryton's. Raises ConnectorError."""
    found = await client.rows(
        MODEL,
        [*FIELDS, "reference", "create_date"],
        ["reference", "like", key_of("%")],
        ["state", "=", "done"],
        ["create_date", ">=", since],
    )
    return [told_there(one) for one in found]


class Shipment:
    """One document. Raises ConnectorError from every method."""

    def __init__(self, client: TrytonClient, tryton: Tryton, request: Request) -> None:
        self._client = client
        self._tryton = tryton
        self._body = request.body
        self._records = Records(client, tryton)

    async def look_up(self, key: str) -> list[str]:
        """Those with our key that were not given up."""
        return [reference_of(one) for one in await self._found(key)]

    async def post(self) -> str:
        """Everything of it; returns how it is named there."""
        if not await self._found(self._body["key"]):
            await self._refuse_closed_period()
            values = await self._values()
            (shipment,) = await self._client.change(f"{MODEL}.create", [values])
            await self._note(int(shipment))
        return reference_of(await self._go_on())

    async def finish(self) -> tuple[str, Mapping[str, Any]]:
        """Go on until it is done; returns how it is named, and what is there in the words it was told in."""
        stored = await self._go_on()
        return reference_of(stored), words_of(stored, self._body)

    async def stored(self) -> Mapping[str, Any] | None:
        """As it stands, in the words it was told in; None: it is not there."""
        found = await self._found(self._body["key"])
        return words_of(found[0], self._body) if len(found) == 1 else None

    async def _go_on(self) -> Mapping[str, Any]:
        was_refused = False
        for _ in range(ROUNDS_MAX):
            shipment = await self._one()
            if shipment["state"] == "done":
                return shipment
            try:
                await self._step(shipment)
            except ChangedMeanwhile:
                continue
            except RefusedByErp:
                if was_refused:  # The first time a late answer of ours may have been at it.
                    await self._give_up()
                    raise
                was_refused = True
        raise LostAnswer(f"the shipment of {self._body['key']} is not done after {ROUNDS_MAX} steps")

    async def _step(self, shipment: Mapping[str, Any]) -> None:
        """The next one by its state. assign_try answers nothing also when stock is short: the state says it."""
        if shipment["transit_location"]:
            raise RefusedByErp(
                "other_warehouse", f"{self._body['from']} → {self._body['to']}: two warehouses"
            )
        name = _BUTTONS.get(shipment["state"])
        if name is None:
            raise RefusedByErp("not_understood_there", f"its shipment is {shipment['state']}")
        await self._button(shipment, name)
        if name != "assign_try" or (after := await self._one())["state"] != "waiting":
            return
        if self._tryton.short_stock == "force":
            await self._button(after, "assign_force")
            return
        short = [line_of(one) for one in after["moves."] if one["state"] == "draft"]
        words = ", ".join(
            f"{one['amount']} {one['unit']} {one['item']} {one['lot']}".strip() for one in short
        )
        raise RefusedByErp("negative_stock", f"not at {self._body['from']}: {words}", {"short": short})

    async def _give_up(self) -> None:
        """What was refused does not stay there half done; it was never moved, so it may be cancelled."""
        shipment = await self._one()
        if shipment["state"] != "done":
            await self._button(shipment, "cancel")

    async def _button(self, shipment: Mapping[str, Any], name: str) -> None:
        unchanged = {"_timestamp": {f"{MODEL},{shipment['id']}": shipment["_timestamp"]}}
        await self._client.change(f"{MODEL}.{name}", [shipment["id"]], **unchanged)

    async def _one(self) -> Mapping[str, Any]:
        found = await self._found(self._body["key"])
        if not found:
            raise LostAnswer(f"the shipment of {self._body['key']} is not there any more")
        if (
            len(found) > 1
        ):  # Made by a call that took effect long after it was given up; none of them was done.
            raise RefusedByErp("ambiguous_code", f"{len(found)} internal shipments are {self._body['key']}")
        return found[0]

    async def _found(self, key: str) -> list[dict[str, Any]]:
        return await self._client.rows(
            MODEL, FIELDS, ["reference", "=", key_of(key)], ["state", "!=", "cancelled"]
        )

    async def _refuse_closed_period(self) -> None:
        """Asked before: what stands there half done of a closed period could not even be cancelled."""
        day = date.fromisoformat(self._body["posting_date"])
        open_day = await first_open_day(self._client, day)
        if open_day is not None:
            raise ClosedPeriod(f"stock of {day} is closed", open_day)

    async def _values(self) -> dict[str, Any]:
        places = {f"{name}_location": await self._location(self._body[name]) for name in ("from", "to")}
        day = date.fromisoformat(self._body["posting_date"])
        ours = places | {"company": await self._client.company(), "effective_date": day}
        moves = [ours | await self._move(line) for line in self._body["lines"]]
        return ours | {"reference": key_of(self._body["key"]), "moves": [["create", moves]]}

    async def _move(self, line: Line_) -> dict[str, Any]:
        product = await self._records.id_of("product.product", line["item"])
        from_outside = self._body["from"] == LOST_AND_FOUND or self._body["about"].startswith("receive")
        role = "output" if from_outside else "input"
        return {
            "product": product,
            "unit": await self._records.id_of("product.uom", line["unit"]),
            "quantity": float(line["amount"]),
            "lot": await self._records.lot_of(product, line | {"role": role}),
        }

    async def _location(self, code: str) -> int:
        if code != LOST_AND_FOUND:
            return await self._records.id_of("stock.location", code)
        of_warehouse = ["code", "=", self._tryton.warehouse]
        found = await self._client.one("stock.location", ["lost_found_location"], of_warehouse)
        if found is None or found["lost_found_location"] is None:
            why = f"warehouse {self._tryton.warehouse} names no place for lost and found"
            raise RefusedByErp("unknown_code", why, {"model": "stock.location"})
        return int(found["lost_found_location"])

    async def _note(self, shipment: int) -> None:
        """For people: what it was, and why a count differed."""
        told = f"Lineside {self._body['key']}\n{self._body['kind']} {self._body['event_time']} {self._body['about']}"
        values = {"resource": f"{MODEL},{shipment}", "message": told.strip()}
        await self._client.change("ir.note.create", [values])
