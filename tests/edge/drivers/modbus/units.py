"""Units that are not ours (libmodbus), on TCP or on a serial wire that can be disturbed.

The wire is made of pseudo terminals by socat: one pair for the edge, one for each unit, and this process between them.
What the master says the unit it speaks to hears; what a unit says the master hears, unless the wire is told otherwise.
"""

import asyncio
import os
import subprocess
import tty
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.edge.onboarding.foreign_machines import Machine

OPEN_S = 20.0


class Units(Machine):
    """A process of unit_server.c."""

    def order(self, line: str) -> str:
        done, _, rest = self.tell(line).partition(" ")
        assert done == "done"
        return rest

    def put(self, unit: int, table: str, start: int, words: str) -> None:
        self.order(f"put {unit} {table} {start} {words}")

    def look(self, unit: int, table: str, start: int, count: int = 1) -> list[int]:
        return [int(word, 16) for word in self.order(f"look {unit} {table} {start} {count}").split()]


def compiled(folder: Path) -> Path:
    program = folder / "unit_server"
    source = Path(__file__).with_name("unit_server.c")
    compiler = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source), "-lmodbus"]
    subprocess.run(compiler, check=True, timeout=60)
    return program


@contextmanager
def tcp_units(program: Path, folder: Path) -> Iterator[Units]:
    units = Units([str(program), "tcp"], folder)
    try:
        yield units
    finally:
        units.stop()


class Wire:
    """Between the edge's serial port (`path`) and the ports of the units. In the event loop of the test."""

    def __init__(self, folder: Path, units: tuple[int, ...]) -> None:
        self.path = str(folder / "master")
        self.unit_paths = {unit: str(folder / f"unit{unit}") for unit in units}
        self.mute: set[int] = set()  # Cut off: their word is not heard.
        self.held: set[int] = set()  # What they say waits for `release`, or for the next request if `late`.
        self.late = False
        self.noise: list[bytes] = []  # Heard by the master before the next word of a unit.
        self.spoil = 0  # So many words of units have a byte turned round.
        self.requests: list[bytes] = []
        self._kept: defaultdict[int, bytes] = defaultdict(bytes)
        pairs = [(self.path, self.path + ".wire")]
        pairs += [(path, path + ".wire") for path in self.unit_paths.values()]
        self._socats = [
            subprocess.Popen(["socat", f"pty,raw,echo=0,link={one}", f"pty,raw,echo=0,link={other}"])
            for one, other in pairs
        ]
        self._files: dict[int | None, int] = {}

    async def open(self) -> None:
        """Wait for the terminals and begin to carry."""
        ends = {None: self.path, **self.unit_paths}
        async with asyncio.timeout(OPEN_S):
            for path in ends.values():
                while not (os.path.exists(path) and os.path.exists(path + ".wire")):  # noqa: ASYNC110, ASYNC240
                    await asyncio.sleep(0.01)
        for unit, path in ends.items():
            file = os.open(path + ".wire", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(file)
            self._files[unit] = file
            asyncio.get_running_loop().add_reader(file, self._heard, unit)

    def close(self) -> None:
        for file in self._files.values():
            asyncio.get_event_loop().remove_reader(file)
            os.close(file)
        for socat in self._socats:
            socat.kill()
            socat.wait()

    def release(self) -> None:
        """What was held arrives now."""
        for unit in sorted(self._kept):
            self._say(self._kept.pop(unit))

    def _heard(self, speaker: int | None) -> None:
        data = os.read(self._files[speaker], 4096)
        if speaker is None:
            self.requests.append(data)
            if self.late:
                self.release()
            # libmodbus takes whatever follows a request to another unit for that one's answer, and would miss its own.
            if data[0] in self.unit_paths:
                os.write(self._files[data[0]], data)
        elif speaker in self.mute:
            return
        elif speaker in self.held:
            self._kept[speaker] += data
        else:
            self._say(data)

    def _say(self, data: bytes) -> None:
        while self.noise:
            os.write(self._files[None], self.noise.pop(0))
        if self.spoil:
            self.spoil -= 1
            data = data[:3] + bytes([data[3] ^ 0xFF]) + data[4:]
        os.write(self._files[None], data)
