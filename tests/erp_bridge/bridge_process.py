"""`lineside bridge run` as a process of its own: started, killed, stopped and continued by tests."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from erp_bridge.commands import bridge_app; bridge_app()")


class BridgeProcess:
    """One bridge with the given connectors. `poll_s` None: the default."""

    def __init__(self, folder: Path, url: str, config: dict[str, Any], poll_s: str | None = "0.05") -> None:
        self._file = folder / "bridge.yaml"
        self._words = folder / "bridge-stderr.txt"
        self._file.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._environment = {
            "LINESIDE_BRIDGE_DATABASE_URL": url,
            "LINESIDE_BRIDGE_PULL_S": "0.1",
        }
        if poll_s is not None:
            self._environment["LINESIDE_BRIDGE_POLL_S"] = poll_s
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, failpoint: str | None = None) -> "BridgeProcess":
        """Start it. `failpoint`: where it kills itself."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LINESIDE_")}
        environment |= self._environment
        if failpoint is not None:
            environment["LINESIDE_FAILPOINT"] = failpoint
        with self._words.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*COMMAND, "run", "--config", str(self._file), "--port", "0"],
                cwd=ROOT,
                env=environment,
                stderr=stderr,
            )
        return self

    def wait_for_end(self) -> int:
        """Its exit code; negative: the signal that killed it."""
        assert self._process is not None
        return self._process.wait(DEADLINE_S)

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        if self._process is None or self._process.poll() is not None:
            return 0
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE_S)

    def words(self) -> str:
        return self._words.read_text(encoding="utf-8") if self._words.exists() else ""


def until(
    condition: Any, what: str, bridges: tuple[BridgeProcess, ...] = (), deadline_s: float = DEADLINE_S
) -> None:
    """Wait for a condition; fail after a deadline with what the bridges said."""
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, f"{what}\n" + "\n".join(one.words() for one in bridges)
        time.sleep(0.05)
