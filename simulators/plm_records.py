"""What the simulated PLM keeps: revisions with BOM and drawing, change orders, and the feed of what was released."""

import json
import sqlite3
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulators import business_seed as seed
from simulators.business_amounts import Amount
from simulators.business_drawing import drawing_pdf
from simulators.business_errors import Refused, not_found
from simulators.business_seed import SeedOrder
from simulators.business_server import System

STREAM = "releases"
SCHEMA = """
CREATE TABLE IF NOT EXISTS item(code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL,
    unit TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revision(item TEXT NOT NULL REFERENCES item(code), revision TEXT NOT NULL,
    state TEXT NOT NULL, body TEXT NOT NULL, drawing BLOB NOT NULL, PRIMARY KEY(item, revision));
CREATE TABLE IF NOT EXISTS change_order(number TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
"""


class BomLine(BaseModel):
    """A component, and how much of it goes into one unit of the item."""

    model_config = ConfigDict(extra="forbid")
    position: int
    item: str
    revision: str = "A"
    quantity: Amount
    unit: str


class Revision(BaseModel):
    """A revision of an item in work: its BOM (none for a bought part). Saving it again replaces it."""

    model_config = ConfigDict(extra="forbid")
    item: str
    revision: str = Field(min_length=1, max_length=8)
    lines: list[BomLine] = []
    effective_from: AwareDatetime | None = None


class Affected(BaseModel):
    model_config = ConfigDict(extra="forbid")
    item: str
    old_revision: str
    new_revision: str


class ChangeOrder(BaseModel):
    """From `effective_from` on the old revisions must not be used; what is left of them: `disposition`."""

    model_config = ConfigDict(extra="forbid")
    number: str
    title_zh: str
    title_en: str
    reason: str = ""
    requirement: str | None = None
    affected: list[Affected] = Field(min_length=1)
    effective_from: AwareDatetime
    disposition: str = Field(default="use_up", pattern="^(use_up|rework|scrap|return)$")


class NewItem(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str
    name_zh: str
    name_en: str
    unit: str = "pcs"
    kind: str = "component"


class Effectivity(BaseModel):
    """Another date than the one in work; None keeps that."""

    model_config = ConfigDict(extra="forbid")
    effective_from: AwareDatetime | None = None


def releases(system: System, after: int, limit: int) -> dict[str, Any]:
    rows = system.store.changes(STREAM, after, limit + 1)
    items: list[dict[str, Any]] = [
        {"cursor": at, "kind": kind, kind: body} for at, kind, body in rows[:limit]
    ]
    next_cursor = items[-1]["cursor"] if items else after
    if items:
        with system.store.transaction():
            lie = system.lies.take(("ok_and_dropped_field",), STREAM, "GET")
        if lie is not None:
            for one in items:
                one[one["kind"]].pop(lie.parameters["field"], None)
    return {"items": items, "next_cursor": next_cursor, "more": len(rows) > limit}


def keep_item(system: System, new: NewItem) -> dict[str, Any]:
    with system.store.transaction() as connection:
        connection.execute(
            "INSERT INTO item VALUES (:code, :name_zh, :name_en, :unit, :kind) ON CONFLICT(code) DO UPDATE"
            " SET name_zh = excluded.name_zh, name_en = excluded.name_en",
            new.model_dump(),
        )
        system.store.note("item", **new.model_dump())
    return new.model_dump()


def save_revision(system: System, new: Revision) -> dict[str, Any]:
    with system.store.transaction() as connection:
        item = _known_item(connection, new.item)
        for line in new.lines:
            _known_item(connection, line.item)
        there = connection.execute(
            "SELECT state FROM revision WHERE item = ? AND revision = ?", (new.item, new.revision)
        ).fetchone()
        if there is not None and there["state"] == "released":
            raise Refused(
                409, "already_released", f"{new.item} {new.revision} is released and stays as it is"
            )
        pdf = drawing_pdf(new.item, new.revision, item["name_en"], [line.model_dump() for line in new.lines])
        names = {key: item[key] for key in ("name_zh", "name_en", "unit")}
        drawing = {
            "number": f"D-{new.item}",
            "revision": new.revision,
            "path": f"/api/drawings/{new.item}/{new.revision}",
            "media_type": "application/pdf",
            "sha256": sha256(pdf).hexdigest(),
        }
        body = names | new.model_dump(mode="json") | {"drawing": drawing}
        connection.execute(
            "INSERT OR REPLACE INTO revision VALUES (?, ?, 'work', ?, ?)",
            (new.item, new.revision, json.dumps(body, ensure_ascii=False), pdf),
        )
        system.store.note("bom_saved", item=new.item, revision=new.revision)
    return body | {"state": "work"}


def release_revision(system: System, item: str, revision: str, when: Effectivity) -> dict[str, Any]:
    with system.store.transaction() as connection:
        row = revision_row(connection, item, revision)
        body: dict[str, Any] = json.loads(row["body"])
        if row["state"] != "released":
            body["effective_from"] = _effective(when, body["effective_from"])
            body["released_at"] = _now()
            connection.execute(
                "UPDATE revision SET state = 'released', body = ? WHERE item = ? AND revision = ?",
                (json.dumps(body, ensure_ascii=False), item, revision),
            )
            system.store.publish(STREAM, "bom_release", body)
            system.store.note("bom_release", **body)
    return body | {"state": "released"}


def save_change_order(system: System, new: ChangeOrder) -> dict[str, Any]:
    with system.store.transaction() as connection:
        for one in new.affected:
            _known_item(connection, one.item)
        there = connection.execute(
            "SELECT state FROM change_order WHERE number = ?", (new.number,)
        ).fetchone()
        if there is not None and there["state"] == "released":
            raise Refused(409, "already_released", f"{new.number} is released and stays as it is")
        body = new.model_dump(mode="json")
        text = json.dumps(body, ensure_ascii=False)
        connection.execute("INSERT OR REPLACE INTO change_order VALUES (?, 'work', ?)", (new.number, text))
        system.store.note("change_order_saved", number=new.number)
    return body | {"state": "work"}


def release_change_order(system: System, number: str, when: Effectivity) -> dict[str, Any]:
    with system.store.transaction() as connection:
        row = change_order_row(connection, number)
        body: dict[str, Any] = json.loads(row["body"])
        if row["state"] != "released":
            for one in body["affected"]:
                new_one = revision_row(connection, one["item"], one["new_revision"])
                if new_one["state"] != "released":
                    message = f"{one['item']} {one['new_revision']} is in work: release it first"
                    raise Refused(
                        409, "not_released", message, item=one["item"], revision=one["new_revision"]
                    )
            body["effective_from"] = _effective(when, body["effective_from"])
            body["released_at"] = _now()
            connection.execute(
                "UPDATE change_order SET state = 'released', body = ? WHERE number = ?",
                (json.dumps(body, ensure_ascii=False), number),
            )
            system.store.publish(STREAM, "change_order", body)
            system.store.note("change_order", **body)
    return body | {"state": "released"}


def sow(system: System, order: SeedOrder) -> dict[str, Any]:
    """Items, BOM A released and B in work, the change order in work; released too if an effectivity is given."""
    for code, zh, en, unit, kind, _, _ in seed.ITEMS:
        if system.store.connection.execute("SELECT 1 FROM item WHERE code = ?", (code,)).fetchone() is None:
            keep_item(system, NewItem(code=code, name_zh=zh, name_en=en, unit=unit, kind=kind))
    parts = [(row[0], "A") for row in seed.ITEMS if row[4] == "component"] + [("SEAL-10", "B")]
    boms = dict.fromkeys(parts, ()) | seed.BOMS
    for (item, revision), lines in boms.items():
        told = [
            dict(zip(("position", "item", "revision", "quantity", "unit"), line, strict=True))
            for line in lines
        ]
        if _state(system, item, revision) is None:
            save_revision(
                system, Revision.model_validate({"item": item, "revision": revision, "lines": told})
            )
        if revision == "A":
            release_revision(system, item, revision, Effectivity())
    there = system.store.connection.execute(
        "SELECT 1 FROM change_order WHERE number = ?", (seed.CHANGE_ORDER,)
    ).fetchone()
    if there is None:
        start = order.change_effective_from or datetime.now(UTC)
        save_change_order(system, ChangeOrder.model_validate(seed.CHANGE | {"effective_from": start}))
    if order.change_effective_from is not None:
        when = Effectivity(effective_from=order.change_effective_from)
        release_revision(system, "SEAL-10", "B", when)
        release_revision(system, "FG-100", "B", when)
        release_change_order(system, seed.CHANGE_ORDER, when)
    return {"items": [row[0] for row in seed.ITEMS], "change_order": seed.CHANGE_ORDER}


def _state(system: System, item: str, revision: str) -> str | None:
    row = system.store.connection.execute(
        "SELECT state FROM revision WHERE item = ? AND revision = ?", (item, revision)
    ).fetchone()
    return None if row is None else str(row["state"])


def _known_item(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM item WHERE code = ?", (code,)).fetchone()
    if row is None:
        raise Refused(422, "unknown_code", f"there is no item {code}", kind="item", code=code)
    return row


def revision_row(connection: sqlite3.Connection, item: str, revision: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM revision WHERE item = ? AND revision = ?", (item, revision)
    ).fetchone()
    if row is None:
        raise not_found("revision", f"{item} {revision}")
    return row


def change_order_row(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM change_order WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise not_found("change order", number)
    return row


def _effective(when: Effectivity, kept: str | None) -> str:
    return when.effective_from.isoformat() if when.effective_from else kept or _now()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
