"""Material that is short there because the move that brings it is still on its way: no question for a person.

Moves of a lot and documents of an order are in lanes of their own, so a consumption may overtake the issue before it: also
one that can still be undone at the plant, or is not planned yet.
"""

from collections.abc import Mapping, Set
from typing import Any

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.database import Session
from erp_bridge.delivery.attempt import backoff_s
from erp_bridge.delivery.outcome import Outcome, retry
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.not_delivered import COMES_BY_ITSELF, MAX, as_document, not_delivered
from erp_bridge.documents.stored import lane_of
from erp_bridge.errors import MappingError
from plant_server.contract.outbox import Kind

_SHORT = "negative_stock"


async def waits_for_moves(
    session: Session, settings: ConnectorSettings, stored: Mapping[str, Any], outcome: Outcome
) -> Outcome:
    """`outcome`, or another attempt later while the system will hear of a move of one of its lots by itself. Raises
    psycopg.Error."""
    if outcome.state != "refused" or outcome.problem is None or outcome.problem["code"] != _SHORT:
        return outcome
    if settings.policy(Kind.STOCK_MOVE) is None:
        return outcome
    document = Document.model_validate(stored["body"])
    alone = (document.model_copy(update={"work_order": None, "lines": (line,)}) for line in document.lines)
    lanes = {lane_of(one) for one in alone}
    moves = await not_delivered(session, stored["connector"], [Kind.STOCK_MOVE])
    others = (one for one in moves if one["reference"] != str(stored["document_id"]))
    # Of more than are read at once nobody knows that none brings it.
    if len(moves) <= MAX and not any(_brings(one, lanes) for one in others):
        return outcome
    wait_s = backoff_s(stored["attempts"], settings.retry_max_s)
    return retry("material_under_way", str(outcome.error), wait_s)


def _brings(move: Mapping[str, Any], lanes: Set[str]) -> bool:
    if move["state"] not in COMES_BY_ITSELF:
        return False
    try:
        return lane_of(as_document(move)) in lanes
    except MappingError:
        return False
