"""Around the end of a production: what it waits for, and what is still booked on it afterwards.

A production that is done takes part in no button any more, but Tryton 8.2 lets moves be added to it and done, and cycles be
added and deleted. Stock, lots and hours are right then; what was received keeps the price of the day it was finished at.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.tryton_production import OPEN, Production
from erp_bridge.documents.amounts import text
from erp_bridge.errors import NotYet, RefusedByErp


def refuse_if_ended(production: Production, way: str, tryton: Tryton) -> None:
    """Raises RefusedByErp: it takes nothing of that way any more. One that was done by a person needs no other end."""
    if production.state in OPEN:
        return
    if production.state == "done" and (way == "finish" or tryton.after_done == "book"):
        return
    if production.state == "cancelled" and way == "reverse":
        return
    why, details = f"production {production.number} is {production.state}", {"order": production.number}
    if production.state == "done":  # It stays so, whoever does what: nothing of the order builds on this one.
        raise RefusedByErp("order_is_done", why, details, others_wait=False)
    raise RefusedByErp("order_not_open", why, details)


def answer_for_people(production: Production) -> dict[str, str]:
    """How it stands after a document; of one that is done also what its goods do not carry, or carry too much."""
    told = {"production_state": production.state}
    if production.state == "done":
        told["cost_not_on_the_goods"] = text(production.cost_not_received)
    return told


def wait_if_too_early(body: Mapping[str, Any], tryton: Tryton) -> None:
    """Raises NotYet: parts are in rework, or what comes late may still come. An order that is given up waits for no rework."""
    in_rework = Decimal(body["in_rework"])
    if in_rework > 0 and not body["dropped"]:
        raise NotYet("parts_in_rework", f"{body['in_rework']} of {body['production']} are in rework")
    gone_s = (datetime.now(UTC) - datetime.fromisoformat(body["event_time"])).total_seconds()
    if gone_s < tryton.finish_after_s:
        why = f"{body['production']} is finished {tryton.finish_after_s:g} s after its last state"
        raise NotYet("finished_later", why, tryton.finish_after_s - gone_s)
