"""Faults on command, and the client that commands a running factory.

| fault | what a client sees | what really happens |
|---|---|---|
| `restart` | connection cut, refused for `duration_s`, then volatile counters at 0 | the controller has no power; no parts |
| `refused` | connection cut and refused for `duration_s` | the network is away; production goes on |
| `frozen` | connections accepted, no answer for `duration_s`, then the late answers | production goes on |
| `slow` | each answer `delay_s` later, for `duration_s` | production goes on |
| `glitch` | counters read 0 for `duration_s`, then go on | production goes on |
| `job_reset` | job counters back at 0, the connection stays | production goes on |

The ledger calls `refused` an `outage`.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

FaultName = Literal["restart", "refused", "frozen", "slow", "glitch", "job_reset"]
Target = Literal["machine", "meter"]

DURATION_S: dict[str, float] = {
    "restart": 3.0,
    "refused": 5.0,
    "frozen": 5.0,
    "slow": 10.0,
    "glitch": 1.5,
    "job_reset": 0.0,
}
EVENT: dict[str, str] = {
    "restart": "restart",
    "refused": "outage",
    "frozen": "frozen",
    "slow": "slow",
    "glitch": "glitch",
    "job_reset": "job_reset",
}
DELAY_S = 0.5


class FaultRefused(ValueError):
    """This fault cannot strike this device now. Says why."""


@dataclass(frozen=True)
class FaultOrder:
    """A fault to let strike: how long it lasts and, for `slow`, how late each answer comes."""

    fault: str
    duration_s: float
    delay_s: float = DELAY_S
    device: str = "machine"

    @classmethod
    def of(
        cls,
        fault: str,
        duration_s: float | None = None,
        delay_s: float | None = None,
        device: str = "machine",
    ) -> "FaultOrder":
        """Fill in the usual durations. Raises FaultRefused for an unknown fault or device."""
        if fault not in DURATION_S:
            raise FaultRefused(f"no fault {fault!r}; there are {', '.join(DURATION_S)}")
        if device not in ("machine", "meter"):
            raise FaultRefused(f"no device {device!r}; there are machine, meter")
        lasts_s = DURATION_S[fault] if duration_s is None else duration_s
        return cls(fault, lasts_s, DELAY_S if delay_s is None else delay_s, device)


class FactoryRefused(Exception):
    """The factory answered with an error. The text is its answer."""


class FactoryControl:
    """A connection to the control port of a running factory. Opened by `async with`.

    Each call waits at most `deadline_s` and raises TimeoutError after it, FactoryRefused if the factory says no, and
    ConnectionError if it is gone.
    """

    def __init__(self, host: str, port: int, *, deadline_s: float = 10.0) -> None:
        self._address = (host, port)
        self._deadline_s = deadline_s
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    def of(cls, state_dir: Path, *, deadline_s: float = 10.0) -> "FactoryControl":
        """The factory that wrote `endpoints.json` in this folder. Raises FileNotFoundError if none did."""
        control = json.loads((state_dir / "endpoints.json").read_text(encoding="utf-8"))["control"]
        return cls(control["host"], control["port"], deadline_s=deadline_s)

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(self._deadline_s):
            self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    async def start(self) -> dict[str, Any]:
        """Start production on every machine. Scripted faults count from here."""
        return await self._ask({"command": "start"})

    async def stop(self) -> dict[str, Any]:
        """Stop making parts and drawing energy. When this returns, no further step will be made."""
        return await self._ask({"command": "stop"})

    async def status(self) -> dict[str, Any]:
        return await self._ask({"command": "status"})

    async def shutdown(self) -> dict[str, Any]:
        """End the factory process, cleanly."""
        return await self._ask({"command": "shutdown"})

    async def fault(
        self,
        machine: str,
        fault: FaultName,
        *,
        duration_s: float | None = None,
        delay_s: float | None = None,
        device: Target = "machine",
    ) -> dict[str, Any]:
        """Let a fault strike. Returns when it has taken effect, with `until_ms`, its planned end."""
        order = {"machine": machine, "fault": fault, "device": device}
        optional = {"duration_s": duration_s, "delay_s": delay_s}
        return await self._ask(order | {key: value for key, value in optional.items() if value is not None})

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._reader is None or self._writer is None:
            raise RuntimeError("FactoryControl is used inside `async with`")
        async with asyncio.timeout(self._deadline_s):
            self._writer.write(json.dumps(request).encode() + b"\n")
            await self._writer.drain()
            line = await self._reader.readline()
        if not line:
            raise ConnectionResetError("the factory closed the control connection")
        answer: dict[str, Any] = json.loads(line)
        if not answer.get("ok"):
            raise FactoryRefused(answer.get("error", "refused without a reason"))
        return answer
