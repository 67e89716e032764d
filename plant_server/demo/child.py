"""One of our own processes as a child: `python -m lineside …`, killed and restarted at will."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from plant_server.embedded.child_process import log_tail, start_child, stop_child


class Child:
    """Start it, kill it, start it again. It dies with the process that made it."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str], cwd: Path
    ) -> None:
        self.name = name
        self.log = log
        self.environment = dict(environment)
        self.program = ["-m", "lineside"]  # A test of the tests puts a sabotaged one here.
        self._arguments = list(arguments)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **extra_environment: str) -> None:
        """Start, or start again. `extra_environment` holds for this run alone (a failpoint, say)."""
        if self.alive:
            return
        self._process = start_child(
            [sys.executable, *self.program, *self._arguments],
            account=None,
            log=self.log,
            cwd=self._cwd,
            signal_with_parent=signal.SIGTERM,
            extra_environment=self.environment | extra_environment,
        )

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended by itself within the time."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, patience_s: float = 10) -> None:
        if self._process is not None:
            stop_child(self._process, signal.SIGTERM, patience_s=patience_s)

    def last_words(self) -> str:
        return log_tail(self.log) if self.log.exists() else ""
