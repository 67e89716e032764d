"""Simulated machines for the tests: one in this process, or a whole factory in processes of its own."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators.faults import FactoryControl
from simulators.machine import RunningMachine
from simulators.scenario import Machine, parse
from simulators.truth import Ledger

DEADLINE_S = 30.0
SIM_RUN = (sys.executable, "-c", "from simulators.commands import app; app()", "run")
ROOT = Path(__file__).parents[2]

RunsMachine = Callable[..., AbstractAsyncContextManager[RunningMachine]]


def machine_of(yaml_text: str) -> Machine:
    """A machine from the YAML of one machine."""
    indented = "\n    ".join(yaml_text.strip().splitlines())
    return parse(f"name: test\nmachines:\n  - {indented}\n", "test").machines[0]


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail after a deadline."""
    ends = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < ends, f"not within {DEADLINE_S:g} s: {what}"
        await asyncio.sleep(0.01)


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], str], Any]:
    return until


@pytest.fixture
def run_machine(tmp_path: Path) -> RunsMachine:
    """Open a machine from YAML in this process; its ledger lies below `tmp_path`."""

    @asynccontextmanager
    async def run(yaml_text: str, *, seed: int = 1, speed: float = 1.0) -> AsyncIterator[RunningMachine]:
        spec = machine_of(yaml_text)
        ledger = Ledger(tmp_path, spec.name)
        try:
            async with asyncio.TaskGroup() as tasks:
                machine = RunningMachine(spec, seed=seed, speed=speed, ledger=ledger, tasks=tasks)
                try:
                    await machine.open(0, 0)
                    yield machine
                finally:
                    await machine.close()
        finally:
            ledger.close()

    return run


@dataclass
class Factory:
    """A factory in its own processes."""

    process: subprocess.Popen[bytes]
    state_dir: Path
    endpoints: dict[str, Any]

    def device(self, name: str) -> dict[str, Any]:
        return next(device for device in self.endpoints["devices"] if device["name"] == name)

    def port(self, name: str) -> int:
        return int(self.device(name)["url"].rpartition(":")[2])

    def control(self) -> FactoryControl:
        return FactoryControl.of(self.state_dir, deadline_s=DEADLINE_S)


LaunchesFactory = Callable[..., Factory]


@pytest.fixture(scope="module")
def launch_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchesFactory]:
    """Start `lineside sim run` with these arguments and wait for its endpoints. Ended after the module."""
    factories: list[Factory] = []

    def launch(*arguments: str) -> Factory:
        state_dir = tmp_path_factory.mktemp("sim")
        words = state_dir / "stderr.txt"
        with words.open("wb") as stderr:
            process = subprocess.Popen(
                [*SIM_RUN, "--state-dir", str(state_dir), *arguments],
                cwd=ROOT,
                stderr=stderr,
            )
        endpoints = state_dir / "endpoints.json"
        ends = time.monotonic() + 2 * DEADLINE_S
        while not endpoints.exists():
            assert process.poll() is None, words.read_text()
            assert time.monotonic() < ends, f"no endpoints.json: {words.read_text()}"
            time.sleep(0.05)
        factories.append(Factory(process, state_dir, json.loads(endpoints.read_text())))
        return factories[-1]

    yield launch
    for factory in factories:
        if factory.process.poll() is None:
            factory.process.send_signal(signal.SIGTERM)
        factory.process.wait(DEADLINE_S)
