"""The simulated PLM over HTTP, in its own process: what is released is told in order, what is in work is not given out."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators import business_truth
from simulators.business_client import BusinessClient
from tests.simulators.business_process import DEADLINE_S, BusinessProcess, key, running


@pytest.fixture(scope="module")
def plm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusinessProcess]:
    with running("plm", tmp_path_factory.mktemp("sim"), "--seed-data") as process:
        yield process


@pytest.fixture
def http(plm: BusinessProcess) -> Iterator[httpx.Client]:
    with plm.http() as client:
        yield client


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[BusinessClient]:
    """A PLM of its own, as the seed left it."""
    with running("plm", tmp_path, "--seed-data") as process, process.client() as client:
        yield client


def cursor(http: httpx.Client) -> int:
    return int(http.get("/api/releases", params={"limit": 500}).json()["next_cursor"])


def releases(http: httpx.Client, after: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = http.get("/api/releases", params={"after": after}).json()["items"]
    return items


def part(http: httpx.Client) -> str:
    """A new item without a revision."""
    code = key("PART")
    item = {"code": code, "name_zh": "零件", "name_en": "Part"}
    assert http.post("/control/items", json=item).status_code == 200
    return code


def save(http: httpx.Client, item: str, revision: str, *components: tuple[str, str]) -> httpx.Response:
    lines = [
        {"position": 10 * n, "item": code, "revision": component, "quantity": "2", "unit": "pcs"}
        for n, (code, component) in enumerate(components, start=1)
    ]
    return http.post("/control/boms", json={"item": item, "revision": revision, "lines": lines})


def release(http: httpx.Client, item: str, revision: str, **when: str) -> httpx.Response:
    return http.post(f"/control/boms/{item}/{revision}/release", json=when)


def test_the_seed_releases_revision_a_and_keeps_b_and_the_change_in_work(seeded: BusinessClient) -> None:
    events = seeded.get("/api/releases")["items"]
    assert {event["kind"] for event in events} == {"bom_release"}
    assert {event["bom_release"]["revision"] for event in events} == {"A"}
    # Components first: whoever reads in order knows each component of a BOM when the BOM comes.
    assert [event["bom_release"]["item"] for event in events][-3:] == ["FG-100", "FG-200", "FG-300"]
    assert seeded.get("/api/boms/FG-100/B")["state"] == "work"
    assert seeded.get("/api/change-orders/ECO-1001")["state"] == "work"


def test_revision_b_differs_from_a_by_one_component(seeded: BusinessClient) -> None:
    a, b = (seeded.get(f"/api/boms/FG-100/{revision}")["lines"] for revision in "AB")
    changed = [(one, other) for one, other in zip(a, b, strict=True) if one != other]
    assert [(one["item"], one["revision"], other["revision"]) for one, other in changed] == [
        ("SEAL-10", "A", "B")
    ]


def test_the_change_order_comes_after_the_revisions_it_names(seeded: BusinessClient) -> None:
    effective = "2026-11-25T00:00:00+08:00"
    seeded.post("/control/seed", {"change_effective_from": effective})
    seeded.post("/control/seed", {"change_effective_from": effective})
    events = seeded.get("/api/releases")["items"]
    bom, other, change = events[-3:]
    assert [bom["bom_release"]["item"], other["bom_release"]["item"]] == ["SEAL-10", "FG-100"]
    order = change["change_order"]
    assert (order["number"], order["effective_from"], order["disposition"]) == (
        "ECO-1001",
        effective,
        "scrap",
    )
    assert {(one["item"], one["old_revision"], one["new_revision"]) for one in order["affected"]} == {
        ("FG-100", "A", "B"),
        ("SEAL-10", "A", "B"),
    }
    assert [event["cursor"] for event in events] == sorted({event["cursor"] for event in events})


def test_a_release_is_told_once_and_stays_as_it_is(http: httpx.Client) -> None:
    component, item, at = part(http), part(http), cursor(http)
    save(http, component, "A")
    save(http, item, "A", (component, "A"))
    assert releases(http, at) == []
    for _ in range(2):
        assert release(http, item, "A", effective_from="2026-12-01T00:00:00Z").status_code == 200
    (event,) = releases(http, at)
    bom = event["bom_release"]
    assert (bom["item"], bom["revision"]) == (item, "A")
    assert bom["effective_from"] == "2026-12-01T00:00:00+00:00"
    assert [(line["item"], line["quantity"], line["unit"]) for line in bom["lines"]] == [
        (component, "2", "pcs")
    ]
    refused = save(http, item, "A")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_released")
    assert releases(http, event["cursor"]) == []


def test_pages_of_releases_meet_without_gap_or_overlap(http: httpx.Client) -> None:
    whole = http.get("/api/releases", params={"limit": 500}).json()["items"]
    read: list[dict[str, Any]] = []
    more, at = True, 0
    while more:
        page = http.get("/api/releases", params={"after": at, "limit": 3}).json()
        read, more, at = read + page["items"], page["more"], page["next_cursor"]
    assert read == whole


def test_a_drawing_in_work_is_not_given_out_and_a_released_one_is_the_one_announced(
    http: httpx.Client,
) -> None:
    item, at = part(http), cursor(http)
    save(http, item, "A")
    refused = http.get(f"/api/drawings/{item}/A")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_released")
    release(http, item, "A")
    announced = releases(http, at)[0]["bom_release"]["drawing"]
    drawing = http.get(announced["path"])
    assert drawing.headers["content-type"] == announced["media_type"] == "application/pdf"
    assert drawing.content.startswith(b"%PDF-1.4")
    assert drawing.content.endswith(b"%%EOF\n")
    assert sha256(drawing.content).hexdigest() == announced["sha256"]
    assert drawing.headers["etag"] == f'"{announced["sha256"]}"'


def test_drawings_of_two_revisions_differ(http: httpx.Client) -> None:
    item = part(http)
    shown = [save(http, item, revision).json()["drawing"]["sha256"] for revision in ("A", "B", "A")]
    assert shown[0] == shown[2] != shown[1]


def test_a_change_order_waits_for_its_new_revisions(http: httpx.Client) -> None:
    item, number = part(http), key("ECO")
    for revision in "AB":
        save(http, item, revision)
    release(http, item, "A")
    change = {"number": number, "title_zh": "改", "title_en": "Change"}
    change |= {"effective_from": "2026-12-01T00:00:00Z"}
    affected = [{"item": item, "old_revision": "A", "new_revision": "B"}]
    assert http.post("/control/change-orders", json=change | {"affected": affected}).status_code == 200
    early = http.post(f"/control/change-orders/{number}/release", json={})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_released")
    release(http, item, "B")
    at = cursor(http)
    for _ in range(2):
        assert http.post(f"/control/change-orders/{number}/release", json={}).status_code == 200
    assert [(event["kind"], event["change_order"]["number"]) for event in releases(http, at)] == [
        ("change_order", number)
    ]


def test_unknown_codes_are_refused_or_not_found(http: httpx.Client) -> None:
    item = part(http)
    assert save(http, item, "A", ("NO-SUCH", "A")).json()["error"]["code"] == "unknown_code"
    for path in (f"/api/boms/{item}/A", "/api/items/NO-SUCH", "/api/change-orders/ECO-0"):
        assert http.get(path).status_code == 404


def test_the_plm_lies_too(plm: BusinessProcess, http: httpx.Client) -> None:
    at = cursor(http) - 1
    before = business_truth.lies_told(plm.state_dir, "plm")

    def lie(kind: str, **wishes: Any) -> None:
        told = http.post("/control/lie", json={"kind": kind, "match": "releases"} | wishes)
        assert told.status_code == 200, told.text

    lie("http_503")
    assert http.get("/api/releases").status_code == 503
    lie("http_429", retry_after_s=3)
    assert http.get("/api/releases").headers["Retry-After"] == "3"
    lie("commit_and_lost_reply")
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/api/releases")
    lie("ok_and_dropped_field", field="effective_from")
    (event,) = releases(http, at)
    assert "effective_from" not in event[event["kind"]]
    (event,) = releases(http, at)
    assert "effective_from" in event[event["kind"]]
    assert http.post("/control/lie", json={"kind": "wizard_instead_of_done"}).status_code == 422
    after = business_truth.lies_told(plm.state_dir, "plm")
    told = {kind: after[kind] - before.get(kind, 0) for kind in after if after[kind] > before.get(kind, 0)}
    assert told == dict.fromkeys(("http_503", "http_429", "commit_and_lost_reply", "ok_and_dropped_field"), 1)


def test_without_a_token_nothing_is_told(http: httpx.Client) -> None:
    answer = httpx.get(f"{http.base_url}/api/releases", trust_env=False, timeout=DEADLINE_S)
    assert answer.status_code == 401


def test_a_killed_plm_keeps_what_it_released(tmp_path: Path) -> None:
    process = BusinessProcess("plm", tmp_path, "--seed-data")
    process.start()
    try:
        with process.http() as http:
            for revision_of in ("SEAL-10", "FG-100"):
                assert release(http, revision_of, "B").status_code == 200
            before = http.get("/api/releases").json()
        process.kill()
        process.start()
        with process.http() as http:
            assert http.get("/api/releases").json() == before
        told = [line["item"] for line in process.ledger() if line["event"] == "bom_release"]
        assert told == [event["bom_release"]["item"] for event in before["items"]]
    finally:
        process.kill()
