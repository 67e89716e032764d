"""One person and one machine, with nothing else in reach: a plant is started by its one command, a machine connected, an order
made and released, parts are counted and reported, and stand in the plant's books. No ERP, no network but loopback.

Run in a folder of its own: `python -m tests.scenarios.alone FOLDER` prints how long each step took, as JSON.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import yaml

WITHIN_S = 120.0
PIN = "739105"
EDGE = "demo:press-shop"
PRESS = "demo/plant1/area1/line1/press1"
ROLES = ["operator", "lead", "planner", "integrator"]
LINESIDE = (sys.executable, "-m", "lineside")


class Command:
    """`lineside WORDS…` in a terminal of its own, until the end."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        self._log = folder / f"{name}.txt"
        own = {key: value for key, value in os.environ.items() if not key.startswith("LINESIDE_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*LINESIDE, *words],
                cwd=folder,
                env=own | {"COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)

    def says(self, pattern: str) -> str | None:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        assert self._process.poll() is None, f"it ended:\n{text}"
        found = re.search(pattern, text)
        return found[1] if found else None


class Person:
    """Somebody at a screen: the API, signed in by PIN."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Origin": url}, timeout=15, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def is_served(self) -> bool:
        try:
            return self._client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def signs_in(self, person_id: int) -> None:
        self._checked(self._client.post("/api/v1/sign-in", json={"person_id": person_id, "pin": PIN}))

    def gets(self, path: str) -> Any:
        return self._checked(self._client.get(f"/api/v1/{path}")).json()

    def does(self, path: str, body: object, method: str = "POST") -> Any:
        key = {"Idempotency-Key": str(uuid4())}
        answer = self._checked(self._client.request(method, f"/api/v1/{path}", json=body, headers=key))
        return answer.json() if answer.content else None

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        assert answer.status_code < 300, f"{answer.request.url}: {answer.status_code} {answer.text}"
        return answer


def shift_alone(folder: Path, since: float) -> dict[str, Any]:
    """Seconds since `since` at each step, and what stands in the books. Raises AssertionError where something is not done."""
    steps: dict[str, Any] = {}

    def reached(step: str) -> None:
        steps[step] = round(time.monotonic() - since, 1)

    with ExitStack() as stack:
        plant = stack.enter_context(Command(folder, "plant", "demo", "--plant-only", "--edge", EDGE))
        url = until("the plant", lambda: plant.says(r"plant +(http://[0-9.:]+)"))
        broker = until("the broker", lambda: plant.says(r"broker +(mqtts?://[0-9.:]+)"))
        person = stack.enter_context(Person(url))
        until("an answer", person.is_served)
        first_people(person, folder / ".lineside")
        reached("started")
        machines = ("--scenario", "demo", "--speed", "10", "--state-dir", str(folder / "machines"))
        stack.enter_context(Command(folder, "machines", "sim", "run", *machines))
        (folder / "edge.yaml").write_text(yaml.safe_dump(edge_of(folder, broker)), encoding="utf-8")
        stack.enter_context(Command(folder, "edge", "edge", "run", "--config", "edge.yaml"))
        accept_the_press(person)
        reached("connected")
        order = released_order(person)
        start = {"operation_id": order["operations"][0]["operation_id"], "equipment": PRESS}
        run_id = person.does("runs", start)["run_id"]
        subprocess.run(
            [*LINESIDE, "sim", "start", "--state-dir", str(folder / "machines")], check=True, timeout=60
        )
        until("parts that are counted", lambda: person.gets(f"runs/{run_id}")["good"] not in ("0", 0))
        reached("counted")
        report = person.does(f"runs/{run_id}/reports", {})
        reached("booked")
        kept = person.gets(f"work-orders/{order['work_order_id']}")
        steps |= {"reported_good": report["good"], "order_good": report["order_good"], "kept": kept["good"]}
    return steps


def first_people(person: Person, home: Path) -> None:
    """The administrator, by the code that only this machine shows, and a person for the shift."""
    code = until("the code", lambda: person.gets("setup")["administrator_missing"] and code_in(home))
    person.does("setup/administrator", {"name": "Ada", "pin": PIN, "code": code})
    person.signs_in(1)
    worker = person.does("people", {"name": "Li", "roles": ROLES})["person_id"]
    person.does(f"people/{worker}/pin", {"pin": PIN}, "PUT")
    person.signs_in(worker)


def code_in(home: Path) -> str | None:
    file = home / "secrets/first-administrator-code"
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def edge_of(folder: Path, broker: str) -> dict[str, Any]:
    """Of the demo's press, read by the profile that comes with Lineside."""
    endpoints = folder / "machines/endpoints.json"
    until("the machines", endpoints.exists)
    devices = json.loads(endpoints.read_text(encoding="utf-8"))["devices"]
    (press,) = [one for one in devices if one["name"] == "press1"]
    device = {name: press[name] for name in ("name", "profile", "url", "path")}
    files = {"cert": "pem", "key": "key"}
    client = {key: f".lineside/ca/clients/demo%3Apress-shop.{end}" for key, end in files.items()}
    return {
        "edge": {"name": "press-shop", "group": "demo"},
        "broker": {"urls": [broker], "ca": ".lineside/ca/ca.pem", **client},
        "spool": {"path": "spool.db"},
        "devices": [device | {"insecure": True}],
    }


def accept_the_press(person: Person) -> None:
    proposals = "equipment/proposals?state=open"
    until("a proposal of the machine", lambda: person.gets(proposals)["items"])
    for one in person.gets(proposals)["items"]:
        person.does(f"equipment/proposals/{one['proposal_id']}/accept", {})


def released_order(person: Person) -> dict[str, Any]:
    head = {"external_revision": 1, "external_id": "own-1"}
    names = {"name_en": "Bracket", "name_zh": "支架"}
    person.does("items", head | {"code": "BRACKET", "unit": "C62", **names})
    order = {"number": "WO-1", "item": "BRACKET", "quantity": "500", "release": True}
    order_id = person.does("work-orders", head | order)["id"]
    found: dict[str, Any] = person.gets(f"work-orders/{order_id}")
    assert found["state"] == "released", found
    return found


def until(what: str, condition: Callable[[], Any]) -> Any:
    """Its first true value."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {WITHIN_S:g} s in vain for {what}"
        time.sleep(0.2)
    return found


if __name__ == "__main__":
    print(json.dumps(shift_alone(Path(sys.argv[1]), time.monotonic())))
