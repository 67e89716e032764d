"""trytond as a process of its own on a free port: initialized, started, killed and started again by tests."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

from plant_server.embedded.child_process import log_tail, start_child, stop_child

PATIENCE_S = 60.0
INITIALIZE_S = 300.0


class TrytonServer:
    """One server for every database of one PostgreSQL. It keeps its port over kill and start."""

    def __init__(self, programs: Path, database_url: str, home: Path) -> None:
        self._programs = programs
        self._home = home
        self._log = home / "trytond.log"
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self._config = home / "trytond.conf"
        self._config.touch(0o600)
        self._config.write_text(
            f"[database]\nuri = {database_url}\n[web]\nlisten = 127.0.0.1:{self._port}\n"
            "[session]\nmax_attempt = 1000\n"
        )

    def initialize(self, database: str, modules: tuple[str, ...], password: str) -> None:
        """Tables and data of the modules in an empty database, and its administrator."""
        secret = self._home / "admin-password"
        secret.touch(0o600)
        secret.write_text(password + "\n")
        command = [str(self._programs / "trytond-admin"), "-c", str(self._config), "-d", database]
        command += ["-u", *modules, "--activate-dependencies", "--email", "admin@example.org"]
        done = subprocess.run(
            command,
            env={"TRYTONPASSFILE": str(secret)},
            capture_output=True,
            text=True,
            timeout=INITIALIZE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def start(self, database: str | None = None) -> None:
        """Start and wait until it answers. `database`: load its modules before it answers."""
        command = [str(self._programs / "trytond"), "-c", str(self._config)]
        command += ["-d", database] if database else []
        self._process = start_child(command, account=None, log=self._log, signal_with_parent=signal.SIGKILL)
        ends = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, log_tail(self._log)
            assert time.monotonic() < ends, log_tail(self._log)
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        if self._process is not None:
            stop_child(self._process, signal.SIGTERM, patience_s=10)

    def words(self) -> str:
        """The last lines of its log."""
        return log_tail(self._log)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/", timeout=5, trust_env=False).status_code < 500
        except httpx.TransportError:
            return False


def _free_port() -> int:
    """trytond binds the port it is told; one that is free now is taken by nobody else here before it does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
