"""Documents of other systems: each once, the newest holds, nothing unknown is made up."""

from typing import Any

import pytest

from tests.plant_server.work_orders.floor import LONG_AGO, Floor

ITEM = {"code": "BRACKET", "name_en": "Bracket", "name_zh": "支架", "unit": "C62"}
STEP = {"position": 10, "name_en": "Press", "name_zh": "冲压", "work_center": "demo/plant1/area1/line1"}


def document(at: int, **content: Any) -> dict[str, Any]:
    return {"external_id": "4711", "external_revision": at, **content}


async def test_the_same_document_again_changes_nothing(floor: Floor) -> None:
    first = await floor.done("items", document(1, **ITEM))
    again = await floor.done("items", document(1, **ITEM))
    assert (first["outcome"], again) == ("created", {"outcome": "unchanged", "id": first["id"]})
    assert len((await floor.get("items"))["items"]) == 1


async def test_a_newer_one_holds_and_an_older_one_never_overwrites_it(floor: Floor) -> None:
    await floor.done("items", document(3, **ITEM))
    assert (await floor.done("items", document(5, **ITEM | {"name_en": "New"})))["outcome"] == "changed"
    assert (await floor.done("items", document(4, **ITEM | {"name_en": "Old"})))["outcome"] == "older"
    assert (await floor.get("items"))["items"][0]["name_en"] == "New"


async def test_one_revision_with_two_contents_is_refused(floor: Floor) -> None:
    await floor.done("items", document(1, **ITEM))
    assert await floor.refused("items", document(1, **ITEM | {"name_en": "Other"})) == (
        409,
        "document-reused",
    )


async def test_the_same_id_in_two_systems_is_two_documents_and_a_code_has_one_source(floor: Floor) -> None:
    await floor.done("items", document(1, **ITEM))
    assert (await floor.done("items", document(1, system="plm", **ITEM | {"code": "OTHER"})))[
        "outcome"
    ] == "created"
    theirs = document(1, system="crm", **ITEM)
    assert await floor.refused("items", theirs) == (409, "held-by-other-document")


@pytest.mark.parametrize(
    ("where", "content", "code"),
    [
        ("boms", {"item": "NONE", "revision": "A", "components": []}, "unknown-item"),
        ("routings", {"item": "NONE", "revision": "1", "operations": [STEP]}, "unknown-item"),
        ("work-orders", {"number": "WO", "item": "NONE", "quantity": 1}, "unknown-item"),
        ("work-orders", {"number": "WO", "item": "BRACKET", "quantity": 1, "unit": "XX9"}, "unknown-unit"),
        (
            "work-orders",
            {"number": "WO", "item": "BRACKET", "quantity": 1, "unit": "KGM"},
            "unit-not-convertible",
        ),
        (
            "work-orders",
            {"number": "WO", "item": "BRACKET", "quantity": 1, "revision": "Z"},
            "unknown-revision",
        ),
        (
            "boms",
            {
                "item": "BRACKET",
                "revision": "A",
                "components": [{"position": "1", "item": "NONE", "quantity_per": 1, "unit": "C62"}],
            },
            "unknown-item",
        ),
        (
            "change-orders",
            {
                "number": "ECN-1",
                "item": "BRACKET",
                "old_revision": "A",
                "new_revision": "B",
                "effectivity": {"kind": "used_up"},
                "disposition": "scrap",
            },
            "unknown-revision",
        ),
        (
            "reasons",
            {"kind": "scrap", "code": "a", "parent": "b", "name_en": "A", "name_zh": "甲"},
            "unknown-reason",
        ),
    ],
)
async def test_an_unknown_code_is_refused_and_never_created(
    floor: Floor, where: str, content: dict[str, Any], code: str
) -> None:
    await floor.item()
    before = await floor.one("SELECT count(*) FROM plant.external_document")
    assert await floor.refused(where, document(1, **content)) == (422, code)
    assert await floor.one("SELECT count(*) FROM plant.external_document") == before


async def test_factors_are_exact_and_contradictions_are_refused(floor: Floor) -> None:
    units = [{"unit": "KGM", "equals_unit": "C62", "equals_amount": "3"}]
    await floor.item("SCREW", units=units)
    order = await floor.order("WO-1", "SCREW", quantity="7", unit="KGM")
    assert (await floor.get(f"work-orders/{order}"))["quantity"] == "21"
    more = [*units, {"unit": "XBX", "equals_unit": "KGM", "equals_amount": "2"}]
    wrong = [*more, {"unit": "XBX", "equals_unit": "C62", "equals_amount": "7"}]
    body = document(1, **ITEM | {"code": "NUT", "units": wrong})
    assert await floor.refused("items", body) == (422, "units-contradict")


async def test_a_bom_that_an_order_has_pinned_stays_as_it_is(floor: Floor) -> None:
    await floor.item("SCREW")
    await floor.item()
    part = {"position": "10", "item": "SCREW", "quantity_per": "4", "unit": "C62"}
    bom = {"item": "BRACKET", "revision": "A", "released_time": LONG_AGO}
    await floor.receive("boms", "bom", **bom, components=[part])
    await floor.receive("boms", "bom", **bom, components=[part | {"quantity_per": "5"}])
    await floor.order()
    changed = {"external_id": "bom", "external_revision": 9, **bom, "components": []}
    assert await floor.refused("boms", changed) == (409, "revision-in-use")
    (told,) = (await floor.get("boms?item=BRACKET"))["items"]
    assert [one["quantity_per"] for one in told["components"]] == ["5"]


async def test_reasons_are_a_tree_in_two_languages_and_only_leaves_can_be_chosen(floor: Floor) -> None:
    await floor.reason("surface")
    await floor.reason("scratch", parent="surface")
    told = {one["code"]: one for one in (await floor.get("reasons?kind=scrap"))["items"]}
    assert (told["scratch"]["parent"], told["scratch"]["name_zh"]) == ("surface", "原因 scratch")
    assert (told["surface"]["is_leaf"], told["scratch"]["is_leaf"]) == (False, True)
    ring = document(9, kind="scrap", code="surface", parent="scratch", name_en="S", name_zh="面")
    assert (await floor.refused("reasons", ring | {"external_id": "scrap-surface"}))[
        1
    ] == "reason-tree-broken"


async def test_routings_tell_planned_times(floor: Floor) -> None:
    await floor.item()
    step = STEP | {"setup_s": "600", "cycle_time_s": "1.25"}
    await floor.receive(
        "routings", "r", item="BRACKET", revision="1", released_time=LONG_AGO, operations=[step]
    )
    (routing,) = (await floor.get("routings?item=BRACKET"))["items"]
    assert routing["operations"][0]["cycle_time_s"] == 1.25
    await floor.order()
    (operation,) = await floor.rows("SELECT name_zh, setup_s, cycle_time_s FROM plant.operation")
    assert (operation["name_zh"], str(operation["setup_s"]), str(operation["cycle_time_s"])) == (
        "冲压",
        "600",
        "1.25",
    )
