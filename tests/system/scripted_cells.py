"""Machines whose counters a test moves by hand: small PLCs with the registers of a `modbus_cell`.

    with ScriptedCells(state_dir) as cells:
        cell = cells.add("c1", shown=65530)
        cell.make(26)                # shows 20: a 16-bit counter
        cell.restart(then_make=5)    # shows 5, and nobody ever saw the 0
        cell.show(0)                 # a false reading; `make` or `show_truth` ends it

What is made goes into the truth ledger first, in the form of every other simulator.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulators.gate import Gate
from simulators.modbus_tcp import READ_HOLDING, ModbusServer, Table
from simulators.truth import Ledger
from tests.system.loop_thread import LoopThread

MODULUS = 1 << 16
PROFILE = Path(__file__).with_name("fast_cell.yaml")
RATE_MAX_PER_S = 500
STATE, PARTS = 2, 3
RUNNING = 2


class ScriptedCell:
    """One cell. Every command has taken effect when it returns, at once for whoever reads its registers."""

    def __init__(self, name: str, shown: int, ledger: Ledger, thread: LoopThread) -> None:
        self.name = name
        self.shown = shown
        self._ledger = ledger
        self._thread = thread
        self._table = Table({STATE: RUNNING})
        self._server = ModbusServer({READ_HOLDING: self._table})
        self._gate: Gate | None = None
        self._display(shown)

    def device(self, period_s: float = 0.2) -> dict[str, Any]:
        """Its block in the configuration of an edge."""
        port = self._gate.port if self._gate is not None else 0
        place = {"url": f"modbus://127.0.0.1:{port}", "path": f"test/plant1/area1/scripted/{self.name}"}
        return {"name": self.name, "profile": str(PROFILE), "period_s": period_s, **place}

    def make(self, parts: int) -> None:
        """Make so many at once; they are in the ledger before the counter shows them."""
        self._thread.run(self._make(parts))

    def restart(self, *, then_make: int = 0) -> None:
        """The counter begins at zero again, and makes the first parts before anybody can look."""
        self._thread.run(self._restart(then_make))

    def show(self, value: int) -> None:
        """Show a value that is not true."""
        self._thread.run(self._show(value))

    def show_truth(self) -> None:
        self._thread.run(self._show_truth())

    def out_of_reach(self) -> None:
        self._thread.run(self._away())

    def in_reach(self) -> None:
        self._thread.run(self._back())

    # -- in the event loop ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        await self._server.open()
        self._gate = Gate(self._server.port)
        await self._gate.open()

    async def close(self) -> None:
        if self._gate is not None:
            await self._gate.close()
        await self._server.close()
        self._ledger.close()

    async def _make(self, parts: int) -> None:
        self.shown = (self.shown + parts) % MODULUS
        self._ledger.parts(
            self.name, shown=self.shown, counters={"total": self.shown}, good=parts, reject=0, cause=None
        )
        self._display(self.shown)

    async def _restart(self, then_make: int) -> None:
        self._ledger.event(self.name, "restart")
        self.shown = 0
        self._display(0)
        if then_make:
            await self._make(then_make)

    async def _show(self, value: int) -> None:
        self._ledger.event(self.name, "glitch")
        self._display(value)

    async def _show_truth(self) -> None:
        self._display(self.shown)

    async def _away(self) -> None:
        assert self._gate is not None
        await self._gate.shut()

    async def _back(self) -> None:
        assert self._gate is not None
        await self._gate.reopen()

    def _display(self, value: int) -> None:
        self._table.words[PARTS] = value


class ScriptedCells:
    """Serves cells until it is left."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._thread = LoopThread("scripted cells")
        self._cells: dict[str, ScriptedCell] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cell in self._cells.values():
            self._thread.run(cell.close())
        self._open.close()

    @property
    def by_name(self) -> Mapping[str, ScriptedCell]:
        return self._cells

    def add(self, name: str, *, shown: int = 0) -> ScriptedCell:
        cell = ScriptedCell(name, shown, Ledger(self._state_dir, name), self._thread)
        self._thread.run(cell.open())
        self._cells[name] = cell
        return cell
