"""The api as a process of its own, as `lineside api` starts it, for rows that measure what it answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from plant_server.demo.child import Child
from plant_server.embedded.free_port import free_port

HOST = "127.0.0.1"
START_S = 30.0


@contextmanager
def running_api(home: Path, database_url: str) -> Iterator[tuple[Child, int]]:
    """The process and its port; it answers by then."""
    port = free_port(0)
    api = Child(
        "api",
        ["api", "--port", str(port)],
        log=home / "log" / "api.log",
        environment={"LINESIDE_HOME": str(home), "LINESIDE_DATABASE_URL": database_url},
        cwd=home,
    )
    api.start()
    try:
        _wait_until_served(api, port)
        yield api, port
    finally:
        api.stop()


def _wait_until_served(api: Child, port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and api.alive:
        try:
            if httpx.get(f"http://{HOST}:{port}/status", timeout=5).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # Nobody listens yet.
    raise AssertionError(f"the api did not come to life\n{api.last_words()}")
