"""A document of ours as the request a connector makes of it: with the codes that hold now, and less what was told before."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erp_bridge.after_restore.told_before import what_is_new
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Connector, Request
from erp_bridge.database import Session, load_queries, row, rows
from erp_bridge.delivery.in_rework import in_rework
from erp_bridge.documents.amounts import total
from erp_bridge.documents.canonical import Document, Posting
from erp_bridge.documents.codes import codes_of
from erp_bridge.errors import NotNeeded
from plant_server.contract.outbox import Kind

QUERIES = load_queries(__package__)


async def request_of(
    session: Session, config: BridgeConfig, connector: Connector, stored: Mapping[str, Any]
) -> Request:
    """Of a row of bridge.document. Raises MappingError, NotNeeded, ToldBefore, psycopg.Error."""
    document = await what_is_new(session, Document.model_validate(stored["body"]), stored["document_id"])
    codes = await codes_of(session, config, connector.name)
    good = await _good_so_far(session, stored) if document.kind is Kind.ORDER_PROGRESS else []
    posting = Posting(
        document_id=stored["document_id"],
        document=document,
        posting_date=stored["posting_date"],
        reverses=await _reversed(session, stored),
        good_so_far=total(quantity for quantity, _ in good),
        good_unit=good[0][1] if good else None,
        in_rework=await in_rework(session, stored, document),
    )
    return connector.request(posting, codes)


async def _reversed(session: Session, stored: Mapping[str, Any]) -> str | None:
    if stored["reverses"] is None:
        return None
    original = await row(session, QUERIES["reversed_document"], document_id=stored["reverses"])
    assert original is not None  # noqa: S101  # A foreign key holds it.
    if original["reference"] is None:
        raise NotNeeded(f"what it takes back was never posted: {original['state']}")
    return str(original["reference"])


async def _good_so_far(session: Session, stored: Mapping[str, Any]) -> list[tuple[Decimal, str]]:
    found = await rows(session, QUERIES["good_so_far"], document_id=stored["document_id"])
    return [(Decimal(one["quantity"]), one["unit"]) for one in found]
