"""A core that is killed in the middle of posts holds each document whole or not at all, and its ledger says the same."""

import asyncio
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators import business_truth
from simulators.business_amounts import total
from tests.simulators.business_process import (
    DEADLINE_S,
    BusinessProcess,
    document,
    good,
    key,
    released_order,
    running,
)

ROUNDS = 4
AT_ONCE = 8
SEED = 20261124


def documents_to_post(order: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    seal = {"item": "SEAL-10", "quantity": "2", "unit": "pcs", "warehouse": "LINE", "lot": "L-SEAL-A1"}
    grease = {"item": "GREASE-1", "quantity": "1.5", "unit": "g", "warehouse": "LINE"}
    energy = {"machine": "press1", "quantity": "33", "unit": "Wh"}
    kinds = [
        ("completions", [good("0.5", lot="KILL")]),
        ("consumptions", [seal, grease]),
        ("energy-costs", [energy]),
    ]
    return [(kinds[n % 3][0], document(order, *kinds[n % 3][1])) for n in range(count)]


async def post_until_killed(
    core: BusinessProcess, http: httpx.Client, posts: list[tuple[str, dict[str, Any]]], kill_after: int
) -> set[str]:
    """Post several at once and kill the core after so many answers. Returns the external ids that were answered."""
    answered: set[str] = set()
    waiting = iter(posts)

    async def poster(client: httpx.AsyncClient) -> None:
        for kind, sent in waiting:
            try:
                answer = await client.post(f"/api/{kind}", json=sent)
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            answered.add(sent["external_id"])
            if len(answered) == kill_after:
                core.kill()

    async with (
        httpx.AsyncClient(
            base_url=http.base_url, headers=http.headers, timeout=DEADLINE_S, trust_env=False
        ) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for number in range(AT_ONCE):
            tasks.create_task(poster(client), name=f"poster {number}")
    return answered


def assert_books_agree(core: BusinessProcess) -> None:
    with core.client() as client:
        ledger = business_truth.posted(core.state_dir)
        assert business_truth.disagreements(ledger, business_truth.posted_by_api(client)) == {}
        assert business_truth.stock(core.state_dir) == business_truth.stock_by_api(client)
        assert client.get("/api/balances/journal")["balanced"]
    for line in business_truth.documents(core.state_dir):
        debit, credit = (total([Decimal(e[side]) for e in line["journal"]]) for side in ("debit", "credit"))
        assert debit == credit
    assert business_truth.posted_more_than_once(core.state_dir) == []
    positions = [line["position"] for line in core.ledger()]
    assert positions == list(range(1, len(positions) + 1))


async def test_kills_in_the_middle_of_posts_leave_nothing_half(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    core = BusinessProcess("core", tmp_path, "--seed-data")
    core.start()
    posts: list[tuple[str, dict[str, Any]]] = []
    try:
        with core.http() as http:
            order = released_order(http, quantity="1000")
        for _ in range(ROUNDS):
            fresh = documents_to_post(order, 60)
            posts += fresh
            with core.http() as http:
                answered = await post_until_killed(core, http, fresh, chance.randint(3, 40))
            assert len(answered) < len(fresh)  # Killed with work in flight.
            core.start()
            assert_books_agree(core)
            stored = {line["external_id"] for line in business_truth.documents(tmp_path)}
            assert answered <= stored
        with core.http() as http:
            send_what_is_missing(http, posts)
        assert_books_agree(core)
        made = business_truth.posted(tmp_path)[order, "completions", "FG-100"]
        assert made * 2 == sum(kind == "completions" for kind, _ in posts)
    finally:
        core.kill()


def send_what_is_missing(http: httpx.Client, posts: list[tuple[str, dict[str, Any]]]) -> None:
    """What a bridge does after a lost answer: look up by key, then send."""
    for kind, sent in posts:
        found = http.get(f"/api/{kind}", params={"external_id": sent["external_id"]}).json()["items"]
        if not found:
            assert http.post(f"/api/{kind}", json=sent).status_code == 201


def test_lines_missing_from_the_ledger_file_are_written_at_the_next_start(tmp_path: Path) -> None:
    """As a kill between commit and append leaves it, and with a torn last line as well."""
    core = BusinessProcess("core", tmp_path, "--seed-data")
    core.start()
    try:
        with core.http() as http:
            order = released_order(http)
            for _ in range(3):
                http.post("/api/completions", json=document(order, good("1")))
        core.kill()
        ledger = tmp_path / "core" / "ledger.jsonl"
        whole = ledger.read_bytes()
        lines = whole.splitlines(keepends=True)
        ledger.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
        core.start()
        assert ledger.read_bytes() == whole
        assert_books_agree(core)
    finally:
        core.kill()


def test_lies_and_work_survive_a_kill_and_tokens_do_not(tmp_path: Path) -> None:
    core = BusinessProcess("core", tmp_path, "--seed-data")
    core.start()
    try:
        with core.http() as http:
            order = released_order(http)
            http.post("/control/lie", json={"kind": "http_503", "match": "completions", "times": 2})
            assert http.post("/api/completions", json=document(order, good("1"))).status_code == 503
            token = http.headers["Authorization"]
        core.kill()
        core.start()
        with core.http() as http:
            assert http.get("/api/items", headers={"Authorization": token}).status_code == 401
            assert http.post("/api/completions", json=document(order, good("1"))).status_code == 503
            assert http.post("/api/completions", json=document(order, good("1"))).status_code == 201
    finally:
        core.kill()


def test_a_second_process_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running("core", tmp_path) as core:
        second = BusinessProcess("core", tmp_path)
        with pytest.raises(AssertionError, match="served by another process"):
            second.start()
        with core.client() as client:
            assert client.get("/api/items")["items"] == []


def test_an_asked_for_end_removes_the_endpoint_and_exits_with_0(tmp_path: Path) -> None:
    core = BusinessProcess("core", tmp_path)
    core.start()
    assert core.endpoint.stat().st_mode & 0o777 == 0o600
    assert core.stop() == 0
    assert not core.endpoint.exists()


def test_a_taken_port_gives_way_to_the_next_free_one(tmp_path: Path) -> None:
    with running("core", tmp_path / key("a")) as first:
        port = json.loads(first.endpoint.read_text())["url"].rpartition(":")[2]
        with running("plm", tmp_path / key("b"), "--port", port) as second, second.client() as client:
            assert client.get("/healthz")["name"] == "plm"
