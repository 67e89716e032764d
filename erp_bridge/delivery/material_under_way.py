"""Material that is short there because the move that brings it is still on its way: no question for a person.

Moves of a lot and documents of an order are in lanes of their own, so a consumption may overtake the issue before it.
"""

from collections.abc import Mapping
from typing import Any

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.database import Session, load_queries, row
from erp_bridge.delivery.attempt import backoff_s
from erp_bridge.delivery.outcome import Outcome, retry
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.stored import lane_of

QUERIES = load_queries(__package__)
_SHORT = "negative_stock"


async def waits_for_moves(
    session: Session, settings: ConnectorSettings, stored: Mapping[str, Any], outcome: Outcome
) -> Outcome:
    """`outcome`, or another attempt later while a move of one of its lots is ready or being sent. Raises psycopg.Error."""
    if outcome.state != "refused" or outcome.problem is None or outcome.problem["code"] != _SHORT:
        return outcome
    document = Document.model_validate(stored["body"])
    alone = (document.model_copy(update={"work_order": None, "lines": (line,)}) for line in document.lines)
    values = {"document_id": stored["document_id"], "lanes": sorted({lane_of(one) for one in alone})}
    found = await row(session, QUERIES["moves_under_way"], connector=stored["connector"], **values)
    if not found or not found["under_way"]:
        return outcome
    wait_s = backoff_s(stored["attempts"], settings.retry_max_s)
    return retry("material_under_way", str(outcome.error), wait_s)
