"""What was told before a restore counts as told: a document is told less by what stands there under a key nobody knows.

The plant is restored to the state of its backup; what it told afterwards stands in the ERP, under keys the plant has
forgotten. What is entered or counted again becomes new facts with new keys. So what stands there of an order, of one kind
and thing (and lot, where it has one), is taken off what is told of the same, in the order of telling, until it is used up.
Told in all is then what the plant knows, or what stands there, whichever is more.

Taken before the first attempt, in its transaction, and never from a document that may stand there itself. The document
stays whole; only what is sent is less. When it is reversed, what was taken off is free again.
"""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Amount, Connector
from erp_bridge.database import Session, load_queries, rows
from erp_bridge.documents.amounts import EXACT
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.codes import codes_of
from erp_bridge.errors import MappingError, ToldBefore

QUERIES = load_queries(__package__)
_FINEST = Decimal("0.000001")


async def what_is_new(session: Session, document: Document, document_id: UUID) -> Document:
    """`document` less what was told before. Raises ToldBefore: nothing is left; psycopg.Error."""
    used = await rows(session, QUERIES["used_by_document"], document_id=document_id)
    if not used:
        return document
    lines = list(document.lines)
    for one in used:
        line = lines[one["document_line"]]
        lines[one["document_line"]] = line.with_quantity(EXACT.subtract(line.quantity, one["own_quantity"]))
    left = tuple(line for line in lines if line.quantity > 0)
    if not left:
        references = sorted({one["reference"] for one in used})
        raise ToldBefore(f"stands there as {', '.join(references)}, told before the restore")
    return document.model_copy(update={"lines": left})


async def take_from_told_before(
    session: Session, config: BridgeConfig, connector: Connector, stored: Mapping[str, Any]
) -> None:
    """For a document whose attempt begins, in the transaction of that. Raises psycopg.Error."""
    if stored["reverses"] is not None:
        await session.execute(QUERIES["give_back"], {"document_id": stored["reverses"]})
        return
    values = {"connector": connector.name, "work_order": stored["work_order"], "kind": stored["kind"]}
    if not await rows(session, QUERIES["one_taker"], **values):
        return
    there = await rows(session, QUERIES["free"], **values, document_id=stored["document_id"])
    codes = await codes_of(session, config, connector.name)
    document = Document.model_validate(stored["body"])
    for index, line in enumerate(document.lines):
        try:
            amount = connector.amount(document.kind, line, codes)
        except MappingError:  # It is refused for this before anything is sent, and comes here again.
            return
        if amount is not None:
            await _take(session, stored["document_id"], index, line.quantity, amount, there)


async def _take(
    session: Session,
    document_id: UUID,
    index: int,
    own: Decimal,
    amount: Amount,
    there: list[dict[str, Any]],
) -> None:
    """Take off one line, from the oldest that stands there. `there` is kept true."""
    wanted, own_wanted = amount.quantity, own
    for one in there:
        taken = min(wanted, one["free"])
        if taken <= 0 or (one["thing"], one["lot"], one["unit"]) != (amount.thing, amount.lot, amount.unit):
            continue
        own_taken = own_wanted if taken == wanted else _in_own_unit(taken, own, amount.quantity)
        if own_taken <= 0:
            continue
        values = {name: one[name] for name in ("connector", "key", "line")}
        values |= {"document_id": document_id, "document_line": index}
        await session.execute(QUERIES["use"], {**values, "quantity": taken, "own_quantity": own_taken})
        one["free"] = EXACT.subtract(one["free"], taken)
        wanted, own_wanted = EXACT.subtract(wanted, taken), EXACT.subtract(own_wanted, own_taken)


def _in_own_unit(taken: Decimal, own: Decimal, theirs: Decimal) -> Decimal:
    """`own` is `theirs` in another unit: where that is another number, down to a millionth."""
    return taken if own == theirs else (taken * own / theirs).quantize(_FINEST, ROUND_DOWN)
