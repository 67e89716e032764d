"""The processes of a live session: a mosquitto, `lineside` commands, and a small machine to read."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from plant_server.embedded.free_port import free_port
from plant_server.embedded.mosquitto import find_mosquitto
from simulators.modbus_tcp import READ_HOLDING, ModbusServer, Table

LISTEN_S, STOP_S = 30.0, 15.0
# The device refuses the last register, so that one tag is always Bad.
PROFILE = """
name: cell
driver: modbus
document: tests/contract/live_session.py
revision: "1"
page: class Cell
verified: document
modbus: {table: holding}
tags:
  - {name: good, register: 0, type: uint16, role: counter, counts: good, unit: parts, width: 16, rate_max: 100}
  - {name: state, register: 2, type: uint16, role: state, vocabulary: cell}
  - {name: offset, register: 3, type: int16, role: measurement, unit: um}
  - {name: cycle_time, register: 4, type: uint16, role: measurement, scale: 0.001, unit: s}
  - {name: refused, register: 100, type: uint16, role: measurement}
"""


class Program:
    """`lineside …` as a process of its own, its output in a log file."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @staticmethod
    async def start(arguments: list[str], log: Path, environment: dict[str, str]) -> "Program":
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "lineside", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
            )
        return Program(process)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL for what is not gone in time: that would fail the capture's checks."""
        if self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Cell:
    """A small PLC whose registers move, so that there is something to report."""

    def __init__(self) -> None:
        self._table = Table(words=dict.fromkeys(range(8), 0))
        self._server = ModbusServer({READ_HOLDING: self._table})
        self._moving: asyncio.Task[None] | None = None
        self.port = 0

    async def __aenter__(self) -> "Cell":
        await self.open()
        self._moving = asyncio.create_task(self._move(), name="cell")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._moving is not None:
            self._moving.cancel()
        await self.close()

    async def open(self) -> None:
        """On the port it had before, if it had one."""
        await self._server.open(self.port)
        self.port = self._server.port

    async def close(self) -> None:
        await self._server.close()

    async def _move(self) -> None:
        while True:
            await asyncio.sleep(0.3)
            words = self._table.words
            for register in (0, 3, 4):
                words[register] = (words[register] + 1) & 0xFFFF


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[int]:
    port = free_port(0)
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n")
    with (folder / "mosquitto.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(str(find_mosquitto()), "-c", str(config)), stdout=output, stderr=output
        )
    try:
        await _until_it_listens(port)
        yield port
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def _until_it_listens(port: int) -> None:
    deadline_s = time.monotonic() + LISTEN_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < deadline_s, "mosquitto does not listen"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
