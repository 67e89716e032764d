"""The plant's side of the outbox for tests: writes rows as a command would, in the order of an order's facts."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

_order_ids = itertools.count(1)
NOW = datetime.now(UTC).replace(microsecond=250_000)
LINE = "demo/plant1/area1/line1"


class Floor:
    """Writes with the plant's role into plant.outbox."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._order_ids: dict[str, int] = {}
        self._seq: dict[int, int] = {}

    def tell(
        self,
        kind: str,
        work_order: str | None = None,
        *,
        event_id: UUID | None = None,
        undo_s: float = 0,
        **body: Any,
    ) -> UUID:
        """One fact. Returns its event id."""
        event_id = event_id or uuid4()
        told = {"event_time": NOW.isoformat(), "kind": kind} | body
        order_id = order_seq = None
        if work_order is not None:
            told["work_order"] = work_order
            order_id = self._order_ids.setdefault(work_order, next(_order_ids))
            order_seq = self._seq[order_id] = self._seq.get(order_id, 0) + 1
        with self._connected() as connection:
            connection.execute(
                "INSERT INTO plant.outbox (event_id, kind, work_order_id, order_seq, body, not_before)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    event_id,
                    kind,
                    order_id,
                    order_seq,
                    json.dumps(told),
                    datetime.now(UTC) + timedelta(seconds=undo_s),
                ],
            )
        return event_id

    def order_id(self, work_order: str) -> int:
        return self._order_ids[work_order]

    def goes_on(self, work_order: str, order_id: int, order_seq: int) -> None:
        """After facts that the plant itself told of an order."""
        self._order_ids[work_order], self._seq[order_id] = order_id, order_seq

    def good(self, work_order: str, quantity: str, **body: Any) -> UUID:
        return self.tell(
            "completion", work_order, **{"item": "FG-100", "quantity": quantity, "unit": "H87"} | body
        )

    def used(self, work_order: str, item: str, quantity: str, **body: Any) -> UUID:
        told = {"item": item, "quantity": quantity, "unit": "H87", "bom_revision": "A"}
        return self.tell("consumption", work_order, **told | body)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            yield connection
