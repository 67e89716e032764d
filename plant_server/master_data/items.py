"""Items, what their units are worth, and their bills of material."""

from collections.abc import Mapping
from typing import Any

from plant_server.database import load_queries
from plant_server.domain.unit import (
    ContradictingConversions,
    ItemConversion,
    NotConvertible,
    UnknownUnit,
    factor,
)
from plant_server.events import CommandContext, Refused
from plant_server.master_data.documents import receive
from plant_server.master_data.reading import conversions_of, item_by_code
from plant_server.master_data.rows import Row, row_of
from plant_server.master_data.schemas import BomBody, ComponentBody, ItemBody

QUERIES = load_queries(__package__)


async def receive_item(body: ItemBody, context: CommandContext) -> Mapping[str, Any]:
    """Refused: `unknown-unit`, `units-contradict`, `held-by-other-document`, `revision-in-use`."""

    async def write(item_id: int | None) -> int:
        conversions = tuple(ItemConversion(**one.model_dump()) for one in body.units)
        for one in conversions:
            check_unit(one.unit, body.unit, conversions)
        check_unit(body.unit, body.unit, conversions)
        values = body.model_dump(exclude={"units", "revisions"}) | {"item_id": item_id}
        query = "add_item" if item_id is None else "change_item"
        kept = await row_of(context.connection, QUERIES[query], values)
        if kept is None:
            raise Refused(
                "held-by-other-document" if item_id is None else "revision-in-use", detail=body.code
            )
        await _write_units_and_revisions(context, kept["item_id"], body)
        return int(kept["item_id"])

    return await receive(context, "item", body, write)


async def _write_units_and_revisions(context: CommandContext, item_id: int, body: ItemBody) -> None:
    await context.connection.execute(QUERIES["forget_units"], {"item_id": item_id})
    for unit in body.units:
        await context.connection.execute(QUERIES["add_unit"], unit.model_dump() | {"item_id": item_id})
    for revision in body.revisions:
        await context.connection.execute(
            QUERIES["keep_revision"], revision.model_dump() | {"item_id": item_id}
        )


async def receive_bom(body: BomBody, context: CommandContext) -> Mapping[str, Any]:
    """Release a revision with its components. Refused: `unknown-item`, `unknown-revision`, `unknown-unit`,
    `unit-not-convertible`, `held-by-other-document`; `revision-in-use`: an order has pinned it."""

    async def write(bom_id: int | None) -> int:
        connection = context.connection
        item = await item_by_code(connection, body.item)
        unit = body.unit or item["unit"]
        check_unit(unit, item["unit"], await conversions_of(connection, item["item_id"]))
        revision = {
            "item_id": item["item_id"],
            "revision": body.revision,
            "released_time": body.released_time,
            "withdrawn_time": None,
        }
        await connection.execute(QUERIES["keep_revision"], revision)
        values = revision | {"bom_id": bom_id, "unit": unit, "base_quantity": body.base_quantity}
        kept = await row_of(connection, QUERIES["add_bom" if bom_id is None else "change_bom"], values)
        if kept is None:
            code = "held-by-other-document" if bom_id is None else "revision-in-use"
            raise Refused(code, detail=f"{body.item} {body.revision}")
        await connection.execute(QUERIES["forget_components"], kept)
        for one in body.components:
            part = await _component_item(context, one)
            values = one.model_dump() | {"bom_id": kept["bom_id"], "item_id": part["item_id"]}
            await connection.execute(QUERIES["add_component"], values)
        return int(kept["bom_id"])

    return await receive(context, "bom", body, write)


async def _component_item(context: CommandContext, one: ComponentBody) -> Row:
    part = await item_by_code(context.connection, one.item)
    check_unit(one.unit, part["unit"], await conversions_of(context.connection, part["item_id"]))
    if one.revision is not None:
        await check_revision(context, part["item_id"], one.item, one.revision)
    return part


async def check_revision(context: CommandContext, item_id: int, code: str, revision: str) -> None:
    values = {"item_id": item_id, "revision": revision}
    if await row_of(context.connection, QUERIES["has_revision"], values) is None:
        raise Refused("unknown-revision", 422, f"{code} {revision}", item=code, revision=revision)


def check_unit(unit: str, base_unit: str, conversions: tuple[ItemConversion, ...]) -> None:
    """Raises Refused unless `unit` has one exact factor into the base unit of the item."""
    try:
        factor(unit, base_unit, conversions)
    except UnknownUnit as error:
        raise Refused("unknown-unit", 422, str(error), unit=str(error)) from error
    except ContradictingConversions as error:
        raise Refused("units-contradict", 422, str(error)) from error
    except NotConvertible as error:
        raise Refused("unit-not-convertible", 422, str(error), unit=unit) from error
