"""S05: drawing, BOM and revision are one thing, pinned on the order.

The terminal never shows an unreleased or superseded drawing for a running order.
"""

import base64

from plant_server.people.roles import Role
from plant_server.policy_table import POLICY
from tests.plant_server.work_orders.floor import LONG_AGO, Floor


def pdf(revision: str) -> bytes:
    return b"%PDF-1.7 bracket revision " + revision.encode()


async def release(floor: Floor, revision: str, released_time: str | None) -> int:
    """PLM sends a BOM revision and its drawing; the drawing's id."""
    part = {"position": "10", "item": "SCREW", "quantity_per": "4", "unit": "C62"}
    await floor.receive(
        "boms",
        f"bom-{revision}",
        system="plm",
        item="BRACKET",
        revision=revision,
        released_time=released_time,
        components=[part],
    )
    told = await floor.receive(
        "drawings",
        f"drawing-{revision}",
        system="plm",
        item="BRACKET",
        revision=revision,
        name="assembly",
        media_type="application/pdf",
        content=base64.b64encode(pdf(revision)).decode(),
    )
    return int(told["id"])


async def change(floor: Floor, number: str, old: str, new: str) -> None:
    await floor.receive(
        "change-orders",
        number,
        system="plm",
        number=number,
        item="BRACKET",
        old_revision=old,
        new_revision=new,
        effectivity={"kind": "order", "orders": ["WO-NEW"]},
        disposition="scrap",
        released_time=LONG_AGO,
    )


async def shown(floor: Floor, run: int) -> list[str]:
    return [one["revision"] for one in await floor.get(f"runs/{run}/drawings")]


async def test_a_running_order_shows_the_drawing_of_its_pinned_revision_and_no_other(floor: Floor) -> None:
    await floor.station("press1")
    await floor.station("press2")
    await floor.item("SCREW")
    await floor.item()
    drawing_a = await release(floor, "A", LONG_AGO)
    (operation,) = await floor.operations(await floor.order("WO-OLD"))
    run = await floor.start(operation, "press1")
    assert await shown(floor, run) == ["A"]

    drawing_b = await release(floor, "B", LONG_AGO)
    drawing_c = await release(floor, "C", None)
    await change(floor, "ECN-7", "A", "B")
    await floor.done("work-orders/1/lift-hold", {"reason": "change", "reference": "ECN-7"})
    run = (await floor.done(f"runs/{run}/resume"))["run_id"]
    assert await shown(floor, run) == ["A"]
    page = await floor.client.get(f"/api/v1/runs/{run}/drawings/{drawing_a}")
    assert (page.content, page.headers["content-type"]) == (pdf("A"), "application/pdf")
    for other in (drawing_b, drawing_c):
        assert (await floor.client.get(f"/api/v1/runs/{run}/drawings/{other}")).status_code == 404

    (operation,) = await floor.operations(await floor.order("WO-NEW"))
    new_run = await floor.start(operation, "press2")
    assert await shown(floor, new_run) == ["B"]
    assert (await floor.client.get(f"/api/v1/runs/{new_run}/drawings/{drawing_a}")).status_code == 404


def test_a_terminal_cannot_open_drawings_past_the_run() -> None:
    """The list of all revisions is for the office: an operator's terminal is not let in."""
    for row in (("GET", "/api/v1/drawings"), ("GET", "/api/v1/drawings/{drawing_id}")):
        assert not POLICY[row] & {Role.OPERATOR, Role.TERMINAL, Role.ANYONE}
    assert Role.OPERATOR in POLICY["GET", "/api/v1/runs/{run_id}/drawings"]
