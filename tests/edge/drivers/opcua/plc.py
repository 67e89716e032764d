"""A PLC that is not ours: node-opcua in a process of its own, with every fault a PLC has."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.other_decoders import NODE, install_node_packages
from tests.edge.onboarding.foreign_machines import Machine


class Plc:
    """Options and commands are those of tests/node/plc.js."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.port = 0
        self._folder = folder
        self._options = options
        self._machine: Machine | None = None

    def start(self) -> None:
        command = ["node", str(NODE / "plc.js"), json.dumps({**self._options, "port": self.port})]
        self._machine = Machine(command, self._folder)
        self.port = self._machine.port

    def tell(self, **command: Any) -> None:
        assert self.ask(**command) == "done"

    def ask(self, **command: Any) -> str:
        assert self._machine is not None
        return self._machine.tell(json.dumps(command))

    def set(self, *pairs: tuple[str, Any], **more: Any) -> None:
        """One value after the other, faster than anybody publishes."""
        self.tell(set=pairs, **more)

    def wait_until_swallowed(self) -> None:
        self.tell(ask="swallowed")

    def freeze(self) -> None:
        assert self._machine is not None
        os.kill(self._machine.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._machine is not None
        os.kill(self._machine.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self._machine is not None:
            self._machine.stop()
            self._machine = None

    def revive(self) -> None:
        if self._machine is None:
            self.start()
        else:
            self.thaw()

    @property
    def certificate(self) -> bytes:
        """Its own, as it presents it."""
        (file,) = (self._folder / "pki" / "own" / "certs").glob("certificate.pem")
        return file.read_bytes()


@contextmanager
def plc(folder: Path, **options: Any) -> Iterator[Plc]:
    """A running one; killed in the end, whatever became of it."""
    install_node_packages()
    machine = Plc(folder, **options)
    try:
        machine.start()
        yield machine
    finally:
        machine.kill()
