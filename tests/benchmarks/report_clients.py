"""Clients of the row `report`, in a process of their own: HTTP/1.1 by hand over kept connections, so that the clients
take as little of the machine's processors as they can.

    python -m tests.benchmarks.report_clients < wanted.json > outcome.json
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from uuid import uuid4

ANSWER_S = 60.0  # Longer than any limit of the server: what it does in the end is part of the figure.


@dataclass(frozen=True, slots=True)
class Wanted:
    """One signed-in terminal per entry of `cookies`; each reports `good` parts again and again."""

    host: str
    port: int
    path: str
    cookies: Sequence[str]
    warm_up_s: float
    seconds: float


@dataclass(slots=True)
class Outcome:
    """`acknowledged` and `acknowledged_good` hold the warm-up too; the others only what was sent after it."""

    acknowledged: int = 0
    acknowledged_good: int = 0
    errors: int = 0
    problems: list[str] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    answered: int = 0
    cpu_s: float = 0.0


async def _client(wanted: Wanted, cookie: str, number: int, began: float, outcome: Outcome) -> None:
    """Taps as soon as the last tap was answered."""
    good = 1 + number % 5
    body = json.dumps({"good": good}).encode()
    head = (
        f"POST {wanted.path} HTTP/1.1\r\nHost: {wanted.host}:{wanted.port}\r\nCookie: {cookie}\r\n"
        f"Origin: http://{wanted.host}:{wanted.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nIdempotency-Key: "
    ).encode()
    reader, writer = await asyncio.open_connection(wanted.host, wanted.port)
    while (sent := time.monotonic()) < began + wanted.seconds:
        writer.write(b"%b%b\r\n\r\n%b" % (head, str(uuid4()).encode(), body))
        async with asyncio.timeout(ANSWER_S):
            status, answer = await _answer(reader)
        took_s = time.monotonic() - sent
        if status == 200:
            outcome.acknowledged += 1
            outcome.acknowledged_good += good
        else:
            outcome.errors += 1
            outcome.problems.append(f"{status} {answer[:200]!r}")
        if sent >= began:
            outcome.latencies_s.append(took_s)
            outcome.answered += sent + took_s < began + wanted.seconds and status == 200
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return int(head[9:12]), await reader.readexactly(int(length))


async def _clients(wanted: Wanted) -> Outcome:
    outcome = Outcome()
    began = time.monotonic() + wanted.warm_up_s
    ended = await asyncio.gather(
        *(_client(wanted, cookie, number, began, outcome) for number, cookie in enumerate(wanted.cookies)),
        return_exceptions=True,
    )
    for one in ended:
        if isinstance(one, OSError | TimeoutError | EOFError):  # Broken off, or never answered.
            outcome.errors += 1
            outcome.problems.append(repr(one))
        elif isinstance(one, BaseException):
            raise one
    outcome.cpu_s = time.process_time()
    outcome.problems = outcome.problems[:5]
    return outcome


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_clients(Wanted(**json.load(sys.stdin))))), sys.stdout)
