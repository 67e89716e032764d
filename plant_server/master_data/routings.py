"""Routings, and reasons in their trees."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.domain.reason import BadReasonTree, Reason, ReasonKind, ReasonTree
from plant_server.events import CommandContext, Refused
from plant_server.master_data.documents import receive
from plant_server.master_data.reading import item_by_code
from plant_server.master_data.rows import Row, row_of, rows_of
from plant_server.master_data.schemas import ReasonBody, RoutingBody

QUERIES = load_queries(__package__)


async def receive_routing(body: RoutingBody, context: CommandContext) -> Mapping[str, Any]:
    """Refused: `unknown-item`, `held-by-other-document`; `revision-in-use`: an order has pinned it."""

    async def write(routing_id: int | None) -> int:
        item = await item_by_code(context.connection, body.item)
        values = {
            "routing_id": routing_id,
            "item_id": item["item_id"],
            "revision": body.revision,
            "released_time": body.released_time,
        }
        query = "add_routing" if routing_id is None else "change_routing"
        kept = await row_of(context.connection, QUERIES[query], values)
        if kept is None:
            code = "held-by-other-document" if routing_id is None else "revision-in-use"
            raise Refused(code, detail=f"{body.item} {body.revision}")
        await context.connection.execute(QUERIES["forget_operations"], kept)
        for one in body.operations:
            await context.connection.execute(QUERIES["add_operation"], one.model_dump() | kept)
        return int(kept["routing_id"])

    return await receive(context, "routing", body, write)


async def receive_reason(body: ReasonBody, context: CommandContext) -> Mapping[str, Any]:
    """Refused: `unknown-reason` (its parent), `reason-tree-broken`, `held-by-other-document`."""

    async def write(reason_id: int | None) -> int:
        connection = context.connection
        await connection.execute(QUERIES["lock_reasons"])
        known = await rows_of(connection, QUERIES["reasons_of_kind"], {"kind": body.kind})
        parents = {row["code"]: row["reason_id"] for row in known}
        if body.parent is not None and body.parent not in parents:
            raise Refused("unknown-reason", 422, body.parent, reason=body.parent)
        _check_tree(body, [row for row in known if row["reason_id"] != reason_id])
        values = body.model_dump() | {"reason_id": reason_id, "parent_id": parents.get(body.parent or "")}
        if reason_id is not None:
            await connection.execute(QUERIES["change_reason"], values)
            return reason_id
        kept = await row_of(connection, QUERIES["add_reason"], values)
        assert kept is not None, "a code that is there is refused above"  # noqa: S101
        return int(kept["reason_id"])

    return await receive(context, "reason", body, write)


def _check_tree(body: ReasonBody, others: list[Row]) -> None:
    if body.code in {row["code"] for row in others}:
        raise Refused("held-by-other-document", detail=body.code)
    reasons = [_reason(body.kind, row) for row in others]
    reasons.append(Reason(body.code, body.kind, body.name_zh, body.name_en, body.parent))
    try:
        ReasonTree(reasons)
    except BadReasonTree as error:
        raise Refused("reason-tree-broken", 422, str(error)) from error


def _reason(kind: ReasonKind, row: Row) -> Reason:
    return Reason(row["code"], kind, row["name_zh"], row["name_en"], row["parent"])


async def check_reason(context: CommandContext, kind: ReasonKind, code: str, equipment_path: str) -> None:
    """Raises Refused `unknown-reason` unless people may choose it at that machine."""
    rows = await rows_of(context.connection, QUERIES["reasons_of_kind"], {"kind": kind})
    tree = ReasonTree(
        Reason(
            row["code"],
            kind,
            row["name_zh"],
            row["name_en"],
            row["parent"],
            tuple(row["equipment"]),
            is_retired=not row["is_active"],
        )
        for row in rows
    )
    if not tree.is_choosable(code, kind, equipment_path):
        raise Refused("unknown-reason", 422, code, reason=code, kind=kind)
