"""The simulated PLM: items with revisions, BOMs, drawings and change orders, in states work → released.

What is released appears in one feed, in order, by cursor. What is in work can be read by whoever asks for it by name,
as in real systems: reading `state` is the reader's duty. Drawings in work are not given out.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from simulators import plm_records
from simulators.business_errors import Refused, not_found
from simulators.business_lies import AFTERWARDS, INSTEAD
from simulators.business_seed import SeedOrder
from simulators.business_server import System, make_system
from simulators.plm_records import SCHEMA, ChangeOrder, Effectivity, NewItem, Revision

NAME = "plm"
PORT = 8091
LIES = tuple(
    kind
    for kind in (*INSTEAD, *AFTERWARDS, "ok_and_dropped_field")
    if kind not in ("closed_period", "duplicate_key")
)


DROPPABLE = ("effective_from", "drawing", "lines", "requirement", "disposition", "affected")
"""What a lie can leave out of a page of releases."""


def make(state_dir: Path, token_ttl_s: float = 3600.0, *, seeded: bool = False) -> System:
    """The PLM with its state in `<state_dir>/plm/`. Raises AlreadyRunning."""
    system = make_system(
        NAME,
        state_dir,
        schema=SCHEMA,
        lies_by_default_on="GET",
        kinds=LIES,
        droppable=DROPPABLE,
        token_ttl_s=token_ttl_s,
    )
    _reading(system)
    _control(system)
    if seeded:
        plm_records.sow(system, SeedOrder())
    return system


def _reading(system: System) -> None:
    routes, connection = system.routes, system.store.connection

    @routes.get("/api/releases")
    async def releases(
        after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> dict[str, Any]:
        return plm_records.releases(system, after, limit)

    @routes.get("/api/items")
    async def items() -> dict[str, Any]:
        return {"items": [dict(row) for row in connection.execute("SELECT * FROM item ORDER BY code")]}

    @routes.get("/api/items/{code}")
    async def item(code: str) -> dict[str, Any]:
        row = connection.execute("SELECT * FROM item WHERE code = ?", (code,)).fetchone()
        if row is None:
            raise not_found("item", code)
        states = connection.execute(
            "SELECT revision, state FROM revision WHERE item = ? ORDER BY revision", (code,)
        )
        return dict(row) | {"revisions": [dict(one) for one in states]}

    @routes.get("/api/boms/{item}/{revision}")
    async def bom(item: str, revision: str) -> dict[str, Any]:
        row = plm_records.revision_row(connection, item, revision)
        body: dict[str, Any] = json.loads(row["body"])
        return body | {"state": row["state"]}

    @routes.get("/api/change-orders/{number}")
    async def change_order(number: str) -> dict[str, Any]:
        row = plm_records.change_order_row(connection, number)
        body: dict[str, Any] = json.loads(row["body"])
        return body | {"state": row["state"]}

    @routes.get("/api/drawings/{item}/{revision}")
    async def drawing(item: str, revision: str) -> Response:
        row = plm_records.revision_row(connection, item, revision)
        if row["state"] != "released":
            raise Refused(403, "not_released", f"{item} {revision} is in work", state=row["state"])
        headers = {"ETag": f'"{sha256(row["drawing"]).hexdigest()}"'}
        return Response(row["drawing"], media_type="application/pdf", headers=headers)


def _control(system: System) -> None:
    routes = system.routes

    @routes.post("/control/items")
    async def item(new: NewItem) -> dict[str, Any]:
        return plm_records.keep_item(system, new)

    @routes.post("/control/boms")
    async def bom(new: Revision) -> dict[str, Any]:
        return plm_records.save_revision(system, new)

    @routes.post("/control/boms/{item}/{revision}/release")
    async def release_bom(item: str, revision: str, when: Effectivity | None = None) -> dict[str, Any]:
        return plm_records.release_revision(system, item, revision, when or Effectivity())

    @routes.post("/control/change-orders")
    async def change_order(new: ChangeOrder) -> dict[str, Any]:
        return plm_records.save_change_order(system, new)

    @routes.post("/control/change-orders/{number}/release")
    async def release_change(number: str, when: Effectivity | None = None) -> dict[str, Any]:
        return plm_records.release_change_order(system, number, when or Effectivity())

    @routes.post("/control/seed")
    async def plant_seed(order: SeedOrder) -> dict[str, Any]:
        return plm_records.sow(system, order)
