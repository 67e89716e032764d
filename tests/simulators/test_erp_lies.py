"""The simulated core lies as told, as often as told, and its ledger says so."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators import business_truth
from tests.simulators.business_process import (
    BusinessProcess,
    document,
    good,
    released_order,
    running,
)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusinessProcess]:
    with running("core", tmp_path_factory.mktemp("sim"), "--seed-data") as process:
        yield process


@pytest.fixture
def http(core: BusinessProcess) -> Iterator[httpx.Client]:
    with core.http() as client:
        yield client


@pytest.fixture(autouse=True)
def no_lie_is_left(http: httpx.Client, core: BusinessProcess) -> Iterator[None]:
    yield
    assert http.get("/control/lies").json()["items"] == []
    with core.client() as client:
        ledger = business_truth.posted(core.state_dir)
        assert business_truth.disagreements(ledger, business_truth.posted_by_api(client)) == {}


@pytest.fixture
def order(http: httpx.Client) -> str:
    return released_order(http)


def lie(http: httpx.Client, kind: str, **wishes: Any) -> None:
    answer = http.post("/control/lie", json={"kind": kind, "match": "completions"} | wishes)
    assert answer.status_code == 200, answer.text


def completed(http: httpx.Client, order: str) -> list[str]:
    rows = http.get(f"/api/balances/work-orders/{order}").json()["totals"]
    return [row["quantity"] for row in rows if row["kind"] == "completions"]


def look_up(http: httpx.Client, sent: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(
        "/api/completions", params={"external_id": sent["external_id"]}
    ).json()["items"]
    return found


def test_a_lost_reply_committed_and_a_look_up_finds_it(http: httpx.Client, order: str) -> None:
    lie(http, "commit_and_lost_reply", times=2)
    for quantity in ("1", "2"):
        sent = document(order, good(quantity))
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            http.post("/api/completions", json=sent)
        assert [one["state"] for one in look_up(http, sent)] == ["posted"]
    assert completed(http, order) == ["3"]


def test_a_refused_document_does_not_use_up_a_lost_reply(http: httpx.Client, order: str) -> None:
    lie(http, "commit_and_lost_reply")
    assert http.post("/api/completions", json=document(order, good("1000"))).status_code == 422
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/api/completions", json=document(order, good("1")))
    assert completed(http, order) == ["1"]


def test_an_acknowledgement_can_lose_its_reply_too(http: httpx.Client, order: str) -> None:
    lie(http, "commit_and_lost_reply", match="acknowledgements")
    said: dict[str, Any] = {"external_id": f"ack-{order}", "revision": 1, "status": "accepted"}
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(f"/api/work-orders/{order}/acknowledgements", json=said)
    found = http.get("/api/acknowledgements", params={"external_id": said["external_id"]}).json()["items"]
    assert [(one["work_order"], one["status"]) for one in found] == [(order, "accepted")]


def test_a_late_answer_comes_after_the_commit(http: httpx.Client, order: str) -> None:
    lie(http, "timeout_then_success", delay_s=600)
    sent = document(order, good("1"))
    with pytest.raises(httpx.ReadTimeout):
        http.post("/api/completions", json=sent, timeout=0.5)
    assert [one["state"] for one in look_up(http, sent)] == ["posted"]
    lie(http, "timeout_then_success", delay_s=0.3)
    began = time.monotonic()
    assert http.post("/api/completions", json=document(order, good("1"))).status_code == 201
    assert time.monotonic() - began >= 0.3
    assert completed(http, order) == ["2"]


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ("lot", {"lot": ""}),
        ("station", {"station": None}),
        ("reference", {"reference": None}),
        ("lines[-1]", {"lines": 1}),
    ],
)
def test_a_dropped_field_is_answered_as_success(
    http: httpx.Client, order: str, field: str, kept: dict[str, Any]
) -> None:
    lie(http, "ok_and_dropped_field", field=field)
    line = good("1", lot="L-7", station="press1")
    sent = document(order, line, line, reference="run 7")
    posted = http.post("/api/completions", json=sent)
    assert (posted.status_code, posted.json()["state"]) == (201, "posted")
    stored = http.get(f"/api/completions/{posted.json()['id']}").json()
    facts = stored["lines"][0] | {"reference": stored["reference"], "lines": len(stored["lines"])}
    whole = {"lot": "L-7", "station": "press1", "reference": "run 7", "lines": 2}
    assert {name: facts[name] for name in whole} == whole | kept


def test_a_dropped_event_time_is_replaced_by_the_time_of_posting(http: httpx.Client, order: str) -> None:
    lie(http, "ok_and_dropped_field", field="event_time")
    sent = document(order, good("1"))
    posted = http.post("/api/completions", json=sent).json()
    assert http.get(f"/api/completions/{posted['id']}").json()["event_time"] != sent["event_time"]


def test_a_document_without_the_field_leaves_the_lie_waiting(http: httpx.Client, order: str) -> None:
    lie(http, "ok_and_dropped_field", field="lot")
    assert http.post("/api/completions", json=document(order, good("1"))).status_code == 201
    assert [one["remaining"] for one in http.get("/control/lies").json()["items"]] == [1]
    lie(http, "ok_and_dropped_field", field="lot", times=0)


def test_a_field_that_nothing_can_do_without_cannot_be_dropped(http: httpx.Client) -> None:
    order = {"kind": "ok_and_dropped_field", "field": "quantity"}
    assert http.post("/control/lie", json=order).status_code == 422


def test_a_gateway_that_sent_twice_answers_with_the_document_of_the_first_time(
    http: httpx.Client, order: str
) -> None:
    lie(http, "duplicate_key")
    sent = document(order, good("1"))
    answer = http.post("/api/completions", json=sent)
    assert answer.status_code == 409
    (stored,) = look_up(http, sent)
    details = answer.json()["error"]["details"]
    assert details == {"existing_id": stored["id"], "existing_state": "posted", "same_content": True}
    assert completed(http, order) == ["1"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("closed_period", 422, "closed_period"),
        ("http_503", 503, "unavailable"),
        ("http_429", 429, "too_many_requests"),
    ],
)
def test_some_lies_answer_without_doing_anything(
    http: httpx.Client, order: str, kind: str, status: int, code: str
) -> None:
    lie(http, kind, retry_after_s=7)
    sent = document(order, good("1"))
    answer = http.post("/api/completions", json=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert look_up(http, sent) == []
    assert http.post("/api/completions", json=sent).status_code == 201


def test_an_expired_token_stays_expired_until_a_new_one(
    core: BusinessProcess, http: httpx.Client, order: str
) -> None:
    lie(http, "expired_token")
    sent = document(order, good("1"))
    for _ in range(2):
        assert http.post("/api/completions", json=sent).status_code == 401
    with core.http() as fresh:
        assert fresh.post("/api/completions", json=sent).status_code == 201
        http.headers = fresh.headers


def test_a_wizard_waits_for_the_second_call(http: httpx.Client, order: str) -> None:
    lie(http, "wizard_instead_of_done")
    sent = document(order, good("4"))
    answer = http.post("/api/completions", json=sent)
    assert (answer.status_code, answer.json()["state"]) == (200, "needs_confirmation")
    assert [one["state"] for one in look_up(http, sent)] == ["needs_confirmation"]
    assert completed(http, order) == []
    again = http.post("/api/completions", json=sent)
    assert again.json()["error"]["details"]["existing_state"] == "needs_confirmation"
    for _ in range(2):
        confirmed = http.post(answer.json()["confirm"]["path"])
        assert (confirmed.status_code, confirmed.json()["state"]) == (200, "posted")
    assert completed(http, order) == ["4"]


def test_a_look_up_can_be_lied_about_too(http: httpx.Client, order: str) -> None:
    sent = document(order, good("1"))
    http.post("/api/completions", json=sent)
    lie(http, "http_503", method="GET")
    assert http.get("/api/completions", params={"external_id": sent["external_id"]}).status_code == 503
    assert len(look_up(http, sent)) == 1


def test_every_lie_told_is_in_the_ledger(core: BusinessProcess, http: httpx.Client, order: str) -> None:
    before = business_truth.lies_told(core.state_dir)
    lie(http, "http_503", match="*")
    http.post("/api/scrap", json=document(order, good("1")))
    after = business_truth.lies_told(core.state_dir)
    assert after.get("http_503", 0) == before.get("http_503", 0) + 1
    told = core.ledger()[-1]
    assert (told["event"], told["kind"], told["resource"]) == ("lie", "http_503", "scrap")
