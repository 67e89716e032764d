"""How much of an order is in rework: neither a receipt nor scrap yet, so that the order must not be finished over it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erp_bridge.database import Session, load_queries, rows
from erp_bridge.documents.amounts import total
from erp_bridge.documents.canonical import Document
from plant_server.contract.outbox import Kind

QUERIES = load_queries(__package__)


async def in_rework(session: Session, stored: Mapping[str, Any], document: Document) -> Decimal:
    """Of the order whose progress the document tells, in the unit of its item; of another document 0."""
    if document.kind is not Kind.ORDER_PROGRESS:
        return Decimal(0)
    found = await rows(session, QUERIES["in_rework"], document_id=stored["document_id"])
    return total(Decimal(one["quantity"]) for one in found)
