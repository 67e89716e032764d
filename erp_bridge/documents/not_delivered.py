"""What one system was not told yet, from the command on the floor to the answer of the system: facts that wait at the plant
(also in their undo time), facts that are not planned, and documents. Asked in one statement, so that nothing on its way
from one to the next is missed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from erp_bridge import mapping
from erp_bridge.database import Session, rows
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.stored import QUERIES
from plant_server.contract.outbox import Kind

MAX = 20_000
"""At most so many are read at once."""
COMES_BY_ITSELF = frozenset({"waits", "open", "ready", "sending"})
"""States of what the system will be told without a person."""


async def not_delivered(
    session: Session, system: str, kinds: Iterable[Kind], *, finished_since: datetime | None = None
) -> list[dict[str, Any]]:
    """As of now, at most `MAX` + 1: rows with reference, state, event_id, kind, body and reverses. `state` is that of the
    document; `waits` of a fact; `finished` of what was finished since that time; and `unknown` also of what waits of an order
    of which the system knows more than we do since a restore. Raises psycopg.Error."""
    values = {"system": system, "kinds": list(kinds), "since": finished_since, "limit": MAX + 1}
    return await rows(session, QUERIES["not_delivered"], **values)


def as_document(row: Mapping[str, Any]) -> Document:
    """A row of `not_delivered`; a fact as it would be told alone. Raises MappingError: it becomes a refused document
    without lines."""
    if row["reference"].startswith("fact "):
        return mapping.document_of(mapping.parse(row["kind"], row["body"]), row["event_id"])
    return Document.model_validate(row["body"])
