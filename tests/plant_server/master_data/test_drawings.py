"""Drawings: the right bytes of the right revision, shown and never run."""

import base64
from typing import Any

import pytest

from tests.plant_server.work_orders.floor import LONG_AGO, Floor

PDF = b"%PDF-1.7 revision "


def drawing(revision: str, content: bytes = PDF, media_type: str = "application/pdf") -> dict[str, Any]:
    return {
        "item": "BRACKET",
        "revision": revision,
        "name": "assembly",
        "media_type": media_type,
        "content": base64.b64encode(content).decode(),
    }


@pytest.fixture(autouse=True)
async def bracket(floor: Floor) -> None:
    revisions = [{"revision": name, "released_time": LONG_AGO} for name in "AB"]
    await floor.item(revisions=revisions)


async def test_a_drawing_is_served_with_its_type_and_runs_nothing(floor: Floor) -> None:
    told = await floor.receive("drawings", "d", **drawing("A"))
    answer = await floor.client.get(f"/api/v1/drawings/{told['id']}")
    assert (answer.content, answer.headers["content-type"]) == (PDF, "application/pdf")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_event_keeps_the_hash_and_not_the_bytes(floor: Floor) -> None:
    await floor.receive("drawings", "d", **drawing("A"))
    row = await floor.one("SELECT body FROM plant.event WHERE kind = 'drawing.receive'")
    assert row["body"]["size_bytes"] == len(PDF)
    assert "content" not in row["body"]


async def test_a_file_that_is_not_what_it_says_is_refused(floor: Floor) -> None:
    body = drawing("A", b"<script>", "image/png") | {"external_id": "d", "external_revision": 1}
    assert await floor.refused("drawings", body) == (422, "media-type-differs")


async def test_an_unknown_revision_has_no_drawing(floor: Floor) -> None:
    body = drawing("Z") | {"external_id": "d", "external_revision": 1}
    assert await floor.refused("drawings", body) == (422, "unknown-revision")


async def test_the_drawing_of_a_pinned_revision_stays(floor: Floor) -> None:
    told = await floor.receive("drawings", "d", **drawing("A"))
    assert (await floor.receive("drawings", "d", **drawing("A", PDF + b"2")))["outcome"] == "changed"
    await floor.order(revision="A")
    body = drawing("A", PDF + b"3") | {"external_id": "d", "external_revision": 9}
    assert await floor.refused("drawings", body) == (409, "revision-in-use")
    assert (await floor.client.get(f"/api/v1/drawings/{told['id']}")).content == PDF + b"2"
