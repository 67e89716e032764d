"""The factory's end of a machine process: start it, command it, end it."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from simulators.machine_process import LINE_MAX_BYTES, MachineOrder

READY_WITHIN_S = 60.0
ANSWER_WITHIN_S = 8.0
END_WITHIN_S = 3.5


class MachineDied(RuntimeError):
    """A machine process ended by itself, or does not answer. Its own words are on stderr."""


class MachineLink:
    """A machine process. `ports` maps device names to ports once `launch` has returned."""

    def __init__(self, order: MachineOrder) -> None:
        self.name = order.machine.name
        self.ports: dict[str, int] = {}
        self._order = order
        self._process: Process | None = None
        self._asking = asyncio.Lock()  # One command at a time, so answers need no numbers.

    async def launch(self) -> None:
        """Start the process and wait until its servers listen. Raises MachineDied."""
        root = Path(
            __file__
        ).parent.parent  # `python -m simulators…` must find this package, wherever we run.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulators.machine_process"),
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE_MAX_BYTES,
            cwd=root,
        )
        ready = await self._exchange(self._order.model_dump_json(), READY_WITHIN_S)
        self.ports = {device["name"]: device["port"] for device in ready["devices"]}

    async def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send a command and return its answer. Raises MachineDied."""
        async with self._asking:
            return await self._exchange(json.dumps(command), ANSWER_WITHIN_S)

    async def wait(self) -> None:
        """Wait for the process to end, and raise MachineDied: it should not by itself."""
        code = await self._running().wait()
        raise MachineDied(f"machine {self.name} ended with exit code {code}")

    async def end(self) -> None:
        """End the process: cleanly, and after 3.5 s with a kill."""
        if self._process is None or self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _exchange(self, line: str, within_s: float) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 (a pipe)
        assert process.stdout is not None  # noqa: S101 (a pipe)
        try:
            async with asyncio.timeout(within_s):
                process.stdin.write(line.encode() + b"\n")
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except TimeoutError as silence:
            raise MachineDied(f"machine {self.name} did not answer within {within_s:g} s") from silence
        except ConnectionError as gone:
            raise MachineDied(f"machine {self.name} is gone") from gone
        if not answer:
            raise MachineDied(f"machine {self.name} ended instead of answering")
        decoded: dict[str, Any] = json.loads(answer)
        return decoded

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError(f"machine {self.name} was not launched")
        return self._process
