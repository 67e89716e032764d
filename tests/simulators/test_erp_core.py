"""The simulated core over HTTP, in its own process: exact books, and refusals that store nothing."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from simulators import business_truth
from simulators.commands import app
from tests.simulators.business_process import (
    DEADLINE_S,
    EVENT_TIME,
    TODAY,
    BusinessProcess,
    document,
    good,
    key,
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
def ledger_and_books_agree(core: BusinessProcess) -> Iterator[None]:
    """After every test, whatever it did."""
    yield
    with core.client() as client:
        ledger = business_truth.posted(core.state_dir)
        assert business_truth.disagreements(ledger, business_truth.posted_by_api(client)) == {}
        assert business_truth.stock(core.state_dir) == business_truth.stock_by_api(client)
        assert client.get("/api/balances/journal")["balanced"]


def balances(http: httpx.Client, order: str) -> dict[str, Any]:
    answer: dict[str, Any] = http.get(f"/api/balances/work-orders/{order}").json()
    return answer


def totals(http: httpx.Client, order: str) -> dict[tuple[str, str], str]:
    return {(one["kind"], one["item"]): one["quantity"] for one in balances(http, order)["totals"]}


def in_stock(http: httpx.Client, item: str, lot: str) -> Decimal:
    rows = http.get("/api/balances/stock", params={"item": item, "lot": lot}).json()["items"]
    return sum((Decimal(row["quantity"]) for row in rows), Decimal(0))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_seeding_gives_three_finished_goods_six_components_lots_and_three_orders(http: httpx.Client) -> None:
    items = http.get("/api/items").json()["items"]
    assert sorted(item["kind"] for item in items) == ["component"] * 6 + ["finished"] * 3
    assert all(item["name_zh"] and item["name_en"] for item in items)
    assert len(http.get("/api/lots").json()["items"]) >= 6
    events = http.get("/api/work-orders").json()["items"]
    assert [one["work_order"]["number"] for one in events[:3]] == ["WO-1001", "WO-1002", "WO-1003"]


def test_seeding_twice_changes_nothing(http: httpx.Client) -> None:
    before = http.get("/api/balances/stock").json(), http.get("/api/work-orders").json()
    assert http.post("/control/seed", json={"orders": 3, "stock_quantity": "7"}).status_code == 200
    assert (http.get("/api/balances/stock").json(), http.get("/api/work-orders").json()) == before


def test_orders_are_read_by_cursor_and_a_change_is_a_new_revision(http: httpx.Client) -> None:
    cursor = http.get("/api/work-orders", params={"limit": 500}).json()["next_cursor"]
    number = released_order(http)
    released_order(http, number=number)  # The same again: no event.
    released_order(http, number=number, quantity="40", bom_revision="B")
    http.post(f"/control/work-orders/{number}/cancel")
    page = http.get("/api/work-orders", params={"changed_after": cursor, "limit": 2}).json()
    rest = http.get("/api/work-orders", params={"changed_after": page["next_cursor"]}).json()
    assert (page["more"], rest["more"]) == (True, False)
    events = page["items"] + rest["items"]
    assert [event["event"] for event in events] == ["released", "changed", "cancelled"]
    orders = [event["work_order"] for event in events]
    assert [(o["revision"], o["quantity"], o["bom_revision"]) for o in orders] == [
        (1, "100", "A"),
        (2, "40", "B"),
        (2, "40", "B"),
    ]


def test_an_accepted_order_is_accepted_and_an_older_revision_is_refused(http: httpx.Client) -> None:
    number = released_order(http)
    said = {"external_id": key(), "revision": 1, "status": "accepted"}
    path = f"/api/work-orders/{number}/acknowledgements"
    assert http.post(path, json=said).status_code == 201
    assert http.get(f"/api/work-orders/{number}").json()["state"] == "accepted"
    assert refusal(http.post(path, json=said)) == (409, "duplicate_external_id")
    released_order(http, number=number, quantity="40")
    assert http.get(f"/api/work-orders/{number}").json()["state"] == "released"
    late = http.post(path, json=said | {"external_id": key()})
    assert refusal(late) == (409, "superseded_revision")
    assert late.json()["error"]["details"] == {"current_revision": 2}


@pytest.mark.parametrize("how", ["rejected", "close", "cancel"])
def test_nothing_can_be_posted_to_an_order_that_is_not_open(http: httpx.Client, how: str) -> None:
    number = released_order(http)
    if how == "rejected":
        said = {"external_id": key(), "revision": 1, "status": how, "reason": "no tool"}
        assert http.post(f"/api/work-orders/{number}/acknowledgements", json=said).status_code == 201
        assert http.get(f"/api/work-orders/{number}").json()["reject_reason"] == "no tool"
    else:
        http.post(f"/control/work-orders/{number}/{how}")
    answer = http.post("/api/completions", json=document(number, good("1")))
    assert refusal(answer) == (422, "order_not_open")
    assert totals(http, number) == {}


def test_a_completion_raises_stock_and_credits_wip_exactly(http: httpx.Client) -> None:
    number, lot = released_order(http), key("LOT")
    posted = http.post("/api/completions", json=document(number, good("12.345678901", lot=lot)))
    assert posted.status_code == 201
    assert in_stock(http, "FG-100", lot) == Decimal("12.345678901")
    journal = http.get("/api/balances/journal", params={"document": posted.json()["id"]}).json()
    assert journal["balanced"]
    assert journal["debit"] == "595.0617230282"  # 12.345678901 × 48.20
    assert balances(http, number)["wip"] == "-595.0617230282"


def test_consumption_is_converted_exactly_and_debits_wip(http: httpx.Client) -> None:
    number = released_order(http)
    before = in_stock(http, "GREASE-1", "")
    grease = {"item": "GREASE-1", "quantity": "1.5", "unit": "g", "warehouse": "LINE"}
    bolts = {"item": "BOLT-M6", "quantity": "2", "unit": "box", "warehouse": "LINE"}
    assert http.post("/api/consumptions", json=document(number, grease, bolts)).status_code == 201
    assert in_stock(http, "GREASE-1", "") == before - Decimal("0.0015")
    assert totals(http, number) == {
        ("consumptions", "BOLT-M6"): "200",
        ("consumptions", "GREASE-1"): "0.0015",
    }
    assert balances(http, number)["wip"] == "23.0495"  # 0.0015 × 33 + 200 × 0.115


def test_times_and_energy_cost_what_the_cores_own_rates_say(http: httpx.Client) -> None:
    number = released_order(http)
    for kind, line in (
        ("labor-times", {"labor": "OPERATOR", "quantity": "1.5", "unit": "h"}),
        ("machine-times", {"machine": "press1", "quantity": "7", "unit": "min"}),
        ("energy-costs", {"machine": "press1", "quantity": "1234", "unit": "Wh", "tariff": "peak"}),
    ):
        assert http.post(f"/api/{kind}", json=document(number, line)).status_code == 201
    assert totals(http, number) == {
        ("labor-times", "OPERATOR"): "5400",
        ("machine-times", "press1"): "420",
        ("energy-costs", "press1"): "1.234",
    }
    assert balances(http, number)["wip"] == "61.68208"  # 54 + 6.3 + 1.234 × 1.12


def test_scrap_comes_out_of_wip_or_out_of_a_warehouse(http: httpx.Client) -> None:
    number = released_order(http)
    before = in_stock(http, "SEAL-10", "L-SEAL-A1")
    lost = {"item": "FG-100", "quantity": "2", "unit": "pcs", "reason": "burr"}
    seal = {"item": "SEAL-10", "quantity": "5", "unit": "pcs", "reason": "other"}
    seal |= {"warehouse": "LINE", "lot": "L-SEAL-A1"}
    assert http.post("/api/scrap", json=document(number, lost, seal)).status_code == 201
    assert in_stock(http, "SEAL-10", "L-SEAL-A1") == before - 5
    assert balances(http, number)["wip"] == "-96.4"
    loss = next(one for one in balances(http, number)["journal"] if one["account"] == "6602")
    assert (loss["debit"], loss["name_zh"]) == ("101", "废品损失")


def test_a_stock_move_keeps_the_sum(http: httpx.Client) -> None:
    before = in_stock(http, "STEM-10", "L-STEM-1")
    line = {"item": "STEM-10", "quantity": "40", "unit": "pcs", "lot": "L-STEM-1"}
    line |= {"from_warehouse": "RAW", "to_warehouse": "LINE", "to_location": "L1"}
    assert http.post("/api/stock-moves", json=document(None, line)).status_code == 201
    assert in_stock(http, "STEM-10", "L-STEM-1") == before
    rows = http.get("/api/balances/stock", params={"item": "STEM-10", "warehouse": "LINE"}).json()["items"]
    assert {(row["location"], row["lot"], row["quantity"]) for row in rows} >= {("L1", "L-STEM-1", "40")}


def test_a_reversal_takes_everything_back_once(http: httpx.Client) -> None:
    number, lot = released_order(http), key("LOT")
    posted = http.post("/api/completions", json=document(number, good("12.345678901", lot=lot))).json()
    path = f"/api/completions/{posted['id']}/reversals"
    taken = {"external_id": key(), "event_time": EVENT_TIME, "posting_date": TODAY}
    assert http.post(path, json=taken).status_code == 201
    assert in_stock(http, "FG-100", lot) == 0
    assert balances(http, number)["wip"] == "0"
    assert totals(http, number) == {("completions", "FG-100"): "0"}
    assert refusal(http.post(path, json=taken)) == (409, "duplicate_external_id")
    assert refusal(http.post(path, json=taken | {"external_id": key()})) == (409, "already_reversed")
    assert len(http.get("/api/completions", params={"work_order": number}).json()["items"]) == 2


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("replenishments", {"item": "BOLT-M6", "quantity": "10", "unit": "box", "warehouse": "LINE"}),
        ("order-progress", {"quantity": "60", "unit": "pcs", "state": "running"}),
        ("quality-feedback", {"item": "SEAL-10", "quantity": "3", "unit": "pcs", "reason": "crack"}),
    ],
)
def test_a_message_is_kept_and_moves_neither_stock_nor_money(
    http: httpx.Client, kind: str, line: dict[str, Any]
) -> None:
    number = released_order(http)
    before = http.get("/api/balances/stock").json(), http.get("/api/balances/journal").json()
    sent = document(number, line)
    posted = http.post(f"/api/{kind}", json=sent)
    assert posted.status_code == 201
    kept = http.get(f"/api/{kind}/{posted.json()['id']}").json()
    assert kept["lines"][0].items() >= line.items()
    assert (http.get("/api/balances/stock").json(), http.get("/api/balances/journal").json()) == before


def test_a_document_is_read_back_as_it_was_sent_by_id_and_by_external_id(http: httpx.Client) -> None:
    number = released_order(http)
    sent = document(number, good("3", lot="L-1", station="press1"), reference="run 7", actor="li")
    posted = http.post("/api/completions", json=sent).json()
    by_id = http.get(f"/api/completions/{posted['id']}").json()
    (by_key,) = http.get("/api/completions", params={"external_id": sent["external_id"]}).json()["items"]
    assert by_id == by_key
    assert by_id["lines"][0].items() >= sent["lines"][0].items()
    assert {name: by_id[name] for name in sent if name != "lines"} == {
        name: value for name, value in sent.items() if name != "lines"
    }
    assert http.get("/api/completions", params={"external_id": "never"}).json()["items"] == []
    assert refusal(http.get("/api/completions/CMP-999999")) == (404, "not_found")


def test_event_time_and_posting_date_are_two_fields(http: httpx.Client) -> None:
    sent = document(released_order(http), good("1"), posting_date="2026-12-01")
    posted = http.post("/api/completions", json=sent).json()
    kept = http.get(f"/api/completions/{posted['id']}").json()
    assert (kept["event_time"], kept["posting_date"]) == (EVENT_TIME, "2026-12-01")


def test_an_external_id_is_used_once_per_kind(http: httpx.Client) -> None:
    number = released_order(http)
    sent = document(number, good("1"))
    first = http.post("/api/completions", json=sent).json()
    again = http.post("/api/completions", json=sent)
    assert refusal(again) == (409, "duplicate_external_id")
    details = {"existing_id": first["id"], "existing_state": "posted", "same_content": True}
    assert again.json()["error"]["details"] == details
    other = http.post("/api/completions", json=sent | {"lines": [good("2")]})
    assert other.json()["error"]["details"] == details | {"same_content": False}
    assert totals(http, number) == {("completions", "FG-100"): "1"}
    lost = {"item": "FG-100", "quantity": "1", "unit": "pcs", "reason": "burr"}
    scrap = document(number, lost, external_id=sent["external_id"])
    assert http.post("/api/scrap", json=scrap).status_code == 201


async def test_concurrent_posts_with_one_external_id_make_one_document(
    core: BusinessProcess, http: httpx.Client
) -> None:
    number = released_order(http)
    sent = document(number, good("1"))
    async with httpx.AsyncClient(
        base_url=http.base_url, headers=http.headers, timeout=DEADLINE_S, trust_env=False
    ) as client:
        answers = await asyncio.gather(*(client.post("/api/completions", json=sent) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert totals(http, number) == {("completions", "FG-100"): "1"}
    lines = [line for line in core.ledger() if line.get("external_id") == sent["external_id"]]
    assert [line["event"] for line in lines] == ["document"]


async def test_concurrent_posts_with_many_external_ids_add_up(http: httpx.Client) -> None:
    number = released_order(http)
    async with httpx.AsyncClient(
        base_url=http.base_url, headers=http.headers, timeout=DEADLINE_S, trust_env=False
    ) as client:
        posts = [client.post("/api/completions", json=document(number, good("0.1"))) for _ in range(40)]
        answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {201}
    assert totals(http, number) == {("completions", "FG-100"): "4"}


SEAL = {"item": "SEAL-10", "quantity": "1", "unit": "pcs", "warehouse": "LINE", "lot": "L-SEAL-A1"}
REFUSALS = {
    "unknown item": ("consumptions", SEAL | {"item": "SEAL-99"}, "unknown_code"),
    "unknown unit": ("consumptions", SEAL | {"unit": "dozen"}, "unknown_code"),
    "unknown warehouse": ("consumptions", SEAL | {"warehouse": "ATTIC"}, "unknown_code"),
    "unknown location": ("consumptions", SEAL | {"location": "Z-99"}, "unknown_code"),
    "unknown lot": ("consumptions", SEAL | {"lot": "L-99"}, "unknown_code"),
    "no lot": ("consumptions", SEAL | {"lot": ""}, "lot_required"),
    "no conversion": ("consumptions", SEAL | {"unit": "kg"}, "no_conversion"),
    "more than there is": ("consumptions", SEAL | {"quantity": "5001"}, "negative_stock"),
    "nothing": ("consumptions", SEAL | {"quantity": "0.000"}, "quantity_not_positive"),
    "another item": ("completions", good("1") | {"item": "FG-200"}, "wrong_item"),
    "more than ordered": ("completions", good("105.000000001"), "over_receipt"),
    "unknown reason": ("scrap", SEAL | {"reason": "bad luck"}, "unknown_code"),
    "unknown machine": ("machine-times", {"machine": "m9", "quantity": "1", "unit": "s"}, "unknown_code"),
    "unknown labor": ("labor-times", {"labor": "KING", "quantity": "1", "unit": "s"}, "unknown_code"),
    "unknown tariff": (
        "energy-costs",
        {"machine": "press1", "quantity": "1", "unit": "Wh", "tariff": "free"},
        "unknown_code",
    ),
    "a number": ("consumptions", SEAL | {"quantity": 1.5}, "malformed"),
    "a negative quantity": ("consumptions", SEAL | {"quantity": "-1"}, "malformed"),
    "a field too much": ("consumptions", SEAL | {"colour": "red"}, "malformed"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_is_refused_stores_nothing_of_the_whole_document(http: httpx.Client, why: str) -> None:
    number = released_order(http)
    kind, line, code = REFUSALS[why]
    fine = {"completions": good("0.5"), "consumptions": SEAL, "scrap": SEAL | {"reason": "burr"}}
    lines = [fine[kind], line] if kind in fine else [line]
    before = http.get("/api/balances/stock").json(), http.get("/api/balances/journal").json()
    sent = document(number, *lines)
    answer = http.post(f"/api/{kind}", json=sent)
    assert refusal(answer) == (400 if code == "malformed" else 422, code)
    assert (http.get("/api/balances/stock").json(), http.get("/api/balances/journal").json()) == before
    assert totals(http, number) == {}
    assert http.get(f"/api/{kind}", params={"external_id": sent["external_id"]}).json()["items"] == []


def test_receipts_up_to_the_tolerance_are_taken_and_what_remains_is_told(http: httpx.Client) -> None:
    number = released_order(http)
    assert http.post("/api/completions", json=document(number, good("105"))).status_code == 201
    answer = http.post("/api/completions", json=document(number, good("0.000000001")))
    told = {"received": "105", "wanted": "0.000000001", "at_most": "105", "remaining": "0"}
    assert (refusal(answer), answer.json()["error"]["details"]) == ((422, "over_receipt"), told)


def test_a_closed_period_refuses_and_names_the_first_open_day(http: httpx.Client) -> None:
    for month in ("2025-11", "2025-12"):
        http.post("/control/period", json={"month": month})
    sent = document(released_order(http), good("1"), posting_date="2025-11-30")
    answer = http.post("/api/completions", json=sent)
    assert refusal(answer) == (422, "closed_period")
    assert answer.json()["error"]["details"]["first_open_date"] == "2026-01-01"
    http.post("/control/period", json={"month": "2025-11", "closed": False})
    assert http.post("/api/completions", json=sent).status_code == 201


def test_a_unit_that_cannot_be_converted_without_loss_is_refused(http: httpx.Client) -> None:
    """A third of a kilogram has no end in decimals: `pack` is set to one third by hand."""
    item = {"code": "OIL-1", "name_zh": "油", "name_en": "Oil", "unit": "kg"}
    assert http.post("/control/items", json=item).status_code == 200
    http.post(
        "/control/conversions",
        json={"item": "OIL-1", "from_unit": "box", "to_unit": "kg", "numerator": "1", "denominator": "3"},
    )
    line = {"item": "OIL-1", "unit": "box", "reason": "other"}
    number = released_order(http)
    lossy = http.post("/api/scrap", json=document(number, line | {"quantity": "1"}))
    assert refusal(lossy) == (422, "inexact_conversion")
    assert http.post("/api/scrap", json=document(number, line | {"quantity": "6"})).status_code == 201
    assert totals(http, number) == {("scrap", "OIL-1"): "2"}


def test_without_a_token_nothing_is_told(http: httpx.Client) -> None:
    bare = httpx.get(f"{http.base_url}/api/items", trust_env=False, timeout=DEADLINE_S)
    assert refusal(bare) == (401, "invalid_token")
    wrong = http.post("/oauth/token", json={"client_id": "lineside", "client_secret": "guess"})
    assert refusal(wrong) == (401, "invalid_client")
    assert http.get("/api/items", headers={"Authorization": "Bearer guess"}).status_code == 401


def test_a_token_ends_after_its_time(tmp_path: Path) -> None:
    with running("core", tmp_path, "--token-ttl-s", "0") as core, core.http() as http:
        assert refusal(http.get("/api/items")) == (401, "invalid_token")


def test_customer_orders_and_complaints_are_read_by_cursor(http: httpx.Client) -> None:
    sold = {"item": "FG-100", "quantity": "30", "unit": "pcs"}
    order = {"number": key("SO"), "customer": "C-1001", "due": "2026-12-01T00:00:00Z", "lines": [sold]}
    cursor = http.get("/api/customer-orders").json()["next_cursor"]
    for _ in range(2):
        assert http.post("/control/customer-orders", json=order | {"requirement": "REQ-7"}).status_code == 200
    (event,) = http.get("/api/customer-orders", params={"changed_after": cursor}).json()["items"]
    assert (event["event"], event["record"]["requirement"]) == ("new", "REQ-7")
    complaint = {"number": key("CP"), "customer": "C-1001", "item": "FG-100", "text": "漏水"}
    assert http.post("/control/complaints", json=complaint).status_code == 200
    assert http.get(f"/api/complaints/{complaint['number']}").json()["text"] == "漏水"
    unknown = http.post("/control/complaints", json=complaint | {"customer": "C-9"})
    assert refusal(unknown) == (422, "unknown_code")


def test_commands_reach_the_running_core(core: BusinessProcess, http: httpx.Client) -> None:
    state_dir = ["--state-dir", str(core.state_dir)]
    told = CliRunner().invoke(app, ["tell", "core", "/control/period", '{"month": "2020-01"}', *state_dir])
    assert told.exit_code == 0, told.output
    assert {"month": "2020-01"} in http.get("/api/closed-periods").json()["items"]
    refused = CliRunner().invoke(app, ["lie", "core", "white_lie", *state_dir])
    assert refused.exit_code == 1
    assert "commit_and_lost_reply" in refused.output


@pytest.mark.parametrize("command", ["core", "plm", "lie", "tell"])
def test_every_command_shows_an_example(command: str) -> None:
    assert f"Example: lineside sim {command}" in CliRunner().invoke(app, [command, "--help"]).output
