"""A simulated business system in a process of its own, for tests: started, killed, started again."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from simulators.business_client import BusinessClient

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[2]
SIM = (sys.executable, "-c", "from simulators.commands import app; app()")
TODAY = "2026-11-24"
EVENT_TIME = "2026-11-24T06:15:30.250000Z"
_keys = itertools.count(1)


class BusinessProcess:
    """`lineside sim core` or `lineside sim plm` with its state below `state_dir`."""

    def __init__(self, name: str, state_dir: Path, *options: str) -> None:
        self.name = name
        self.state_dir = state_dir
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> Path:
        return self.state_dir / self.name / "endpoint.json"

    def start(self) -> None:
        """Start, and wait until it serves."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        words = self.state_dir / f"{self.name}-stderr.txt"
        with words.open("ab") as stderr:
            # A later option wins: --port 0 gives way to a port in the options.
            command = [*SIM, self.name, "--state-dir", str(self.state_dir), "--port", "0", *self._options]
            self._process = subprocess.Popen(command, cwd=ROOT, stderr=stderr)
        ends = time.monotonic() + DEADLINE_S
        while not self._is_ready():
            assert self._process.poll() is None, words.read_text()
            assert time.monotonic() < ends, f"not ready: {words.read_text()}"
            time.sleep(0.02)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        return self._end(signal.SIGTERM)

    def client(self) -> BusinessClient:
        return BusinessClient.of(self.state_dir, self.name)

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """A plain HTTP client with a token."""
        facts = json.loads(self.endpoint.read_text())
        wanted = {"client_id": facts["client_id"], "client_secret": facts["client_secret"]}
        with httpx.Client(base_url=facts["url"], timeout=DEADLINE_S, trust_env=False) as client:
            token = client.post("/oauth/token", data={"grant_type": "client_credentials"} | wanted).json()
            client.headers["Authorization"] = f"Bearer {token['access_token']}"
            yield client

    def ledger(self) -> list[dict[str, Any]]:
        path = self.state_dir / self.name / "ledger.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def _is_ready(self) -> bool:
        """A killed process leaves its endpoint file; the new one has its own process id in it."""
        assert self._process is not None
        if not self.endpoint.exists():
            return False
        return bool(json.loads(self.endpoint.read_text())["pid"] == self._process.pid)

    def _end(self, signum: int) -> int:
        assert self._process is not None
        os.kill(self._process.pid, signum)
        return self._process.wait(DEADLINE_S)


@contextmanager
def running(name: str, state_dir: Path, *options: str) -> Iterator[BusinessProcess]:
    process = BusinessProcess(name, state_dir, *options)
    process.start()
    try:
        yield process
    finally:
        process.stop()


def key(word: str = "key") -> str:
    """A new external id."""
    return f"{word}-{next(_keys)}"


def released_order(http: httpx.Client, **wishes: Any) -> str:
    """Release an order of its own for a test: 100 FG-100."""
    order = {"number": key("WO-T"), "item": "FG-100", "quantity": "100", "due": "2026-12-01T00:00:00Z"}
    answer = http.post("/control/work-orders", json=order | wishes)
    assert answer.status_code == 200, answer.text
    return str(order["number"])


def document(work_order: str | None, *lines: dict[str, Any], **head: Any) -> dict[str, Any]:
    """A document with a key of its own."""
    told = {"external_id": key(), "event_time": EVENT_TIME, "posting_date": TODAY, "lines": list(lines)}
    return told | ({"work_order": work_order} if work_order else {}) | head


def good(quantity: str, **other: Any) -> dict[str, Any]:
    """A line of finished goods."""
    return {"item": "FG-100", "quantity": quantity, "unit": "pcs", "warehouse": "FG"} | other
