"""The crew's ledger, read while it grows: which commands are sent and not answered."""

import json
from pathlib import Path
from types import TracebackType

from simulators.crew_ledger import FILE


class CommandsInFlight:
    """From where the ledger ends now; a line that is not whole yet is read the next time."""

    def __init__(self, state_dir: Path) -> None:
        self._file = (state_dir / FILE).open("rb")
        self._file.seek(0, 2)
        self._rest = b""
        self._open: set[str] = set()

    def __enter__(self) -> "CommandsInFlight":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def open(self) -> set[str]:
        """Keys of commands that nobody has answered so far."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            self._note(line)
        return set(self._open)

    def _note(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return  # The end of a line that had begun before we looked.
        if not isinstance(told, dict) or told["key"] is None:
            return
        if told["answer"] is None:
            self._open.add(told["key"])
        else:
            self._open.discard(told["key"])
