"""The crew's ledger: what each person meant to do, written before it is sent, and what the plant answered."""

import json
import secrets
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

FILE = "crew.jsonl"


def uuid7() -> str:
    """A UUIDv7 (RFC 9562): the time in ms, then random bits."""
    time_ms = time.time_ns() // 1_000_000
    return str(
        UUID(int=time_ms << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
    )


class CrewLedger:
    """Append-only, flushed line by line: what has been sent is in it. It is never read while the crew works."""

    def __init__(self, state_dir: Path) -> None:
        self._file = (state_dir / FILE).open("a", encoding="utf-8")

    def __enter__(self) -> "CrewLedger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, **facts: Any) -> None:
        line = {"time_ms": time.time_ns() // 1_000_000, **facts}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


def read(state_dir: Path) -> list[dict[str, Any]]:
    """All lines. `answer` is null in the line of an intention."""
    path = state_dir / FILE
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answers(state_dir: Path) -> dict[str, dict[str, Any] | None]:
    """Of each command, by its key: `{"status", "body"}`, or None for one that nobody has answered."""
    told: dict[str, dict[str, Any] | None] = {}
    for line in read(state_dir):
        if line["key"] is not None:
            told[line["key"]] = line["answer"] or told.get(line["key"])
    return told
