"""Machines that are not ours, as processes: node-opcua from npm, libmodbus from Debian. Both take commands and count."""

import json
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.other_decoders import NODE, install_node_packages

START_S = 60.0


class Machine:
    """A server on 127.0.0.1 that answers each command with a line."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._errors = (cwd / "machine.err").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.port = int(self._line())

    def tell(self, line: str) -> str:
        """Send one command; returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._line()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self._process.stdout], [], [], 1.0)
            if ready:
                line = self._process.stdout.readline().strip()
                assert line, f"it ended with {self._process.wait()}: {self._words()}"
                return line
        raise AssertionError(f"it said nothing within {START_S:g} s: {self._words()}")

    def _words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


class OpcUaMachine(Machine):
    """A press and a PackML filler, served by node-opcua."""

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    def order(self, **command: Any) -> None:
        assert self.tell(json.dumps(command)) == "done"


class ModbusMachine(Machine):
    """A meter (unit 1) and a PLC (unit 5), served by libmodbus."""

    @property
    def url(self) -> str:
        return f"modbus://127.0.0.1:{self.port}"

    def order(self, line: str) -> int:
        """Returns how many requests came so far that were not reads of registers."""
        done, _, writes = self.tell(line).partition(" ")
        assert done == "done"
        return int(writes)


@contextmanager
def opcua_machine(
    folder: Path, *, per_browse: int = 20, continuation_points: int = 2, extra: int = 0
) -> Iterator[OpcUaMachine]:
    """`extra`: variables in one folder of the press. Its certificates go below `folder`."""
    install_node_packages()
    command = ["node", str(NODE / "machine.js"), "0", str(per_browse), str(continuation_points), str(extra)]
    machine = OpcUaMachine(command, folder)
    try:
        yield machine
    finally:
        machine.stop()


@contextmanager
def modbus_machine(folder: Path) -> Iterator[ModbusMachine]:
    """Compiled here, from modbus_server.c beside this file."""
    program = folder / "modbus_server"
    source = Path(__file__).with_name("modbus_server.c")
    compiler = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source), "-lmodbus"]
    subprocess.run(compiler, check=True, timeout=60)
    machine = ModbusMachine([str(program)], folder)
    try:
        yield machine
    finally:
        machine.stop()
