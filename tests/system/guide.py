"""Carries a guide out: the commands of its `sh` blocks, as they stand there, in the order they stand there.

A block marked `keeps-running` is a terminal of its own that goes on until the end; every other must end with success.
The block of addresses is the only one that is changed, and it is put before each, as a reader's shell remembers it.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FENCE = re.compile(r"^```sh( keeps-running)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"^([A-Z]+)=.*$", re.MULTILINE)
BLOCK_S = 90.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Block:
    """Some commands of the guide."""

    text: str
    keeps_running: bool

    @property
    def is_addresses(self) -> bool:
        return all(ADDRESS.fullmatch(line) for line in self.text.splitlines())


def blocks_of(guide: Path) -> list[Block]:
    found = FENCE.findall(guide.read_text(encoding="utf-8"))
    return [Block(text, bool(mark)) for mark, text in found]


class Reader:
    """Somebody who follows the guide in a folder. Leaving ends what still runs, the newest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._addresses = ""
        self._running: list[tuple[subprocess.Popen[bytes], Path]] = []
        own = {name: value for name, value in os.environ.items() if not name.startswith("LINESIDE_")}
        self._environment = own | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, _ in reversed(self._running):
            process.send_signal(signal.SIGINT)  # Ctrl-C.
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)

    def knows(self, block: Block, addresses: dict[str, str]) -> None:
        """The block of addresses, with other values: every one of them, and no other."""
        assert set(ADDRESS.findall(block.text)) == set(addresses)
        self._addresses = ADDRESS.sub(lambda found: f"{found[1]}={addresses[found[1]]}", block.text)

    def does(self, block: Block) -> str:
        """What the commands print. AssertionError if one fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._addresses + block.text],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=BLOCK_S,
        )
        assert done.returncode == 0, (
            f"{block.text}\nended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def starts(self, block: Block) -> None:
        """In a terminal of its own. `exec`: Ctrl-C reaches the command, which is one."""
        log = self._folder / f"terminal-{len(self._running)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"{self._addresses}exec {block.text}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._running.append((process, log))

    def sees(self, pattern: str, within_s: float = BLOCK_S) -> str:
        """The first group of what the newest terminal shows, as soon as it shows it."""
        process, log = self._running[-1]
        deadline = time.monotonic() + within_s
        while True:
            text = log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(pattern, text):
                return found[1]
            assert process.poll() is None, f"it ended:\n{text}"
            assert time.monotonic() < deadline, f"waited {within_s:g} s in vain for {pattern}:\n{text}"
            time.sleep(0.1)
