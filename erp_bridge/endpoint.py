"""Waits for a system that says where it listens in a file (`endpoint_file`) and has not started yet."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog

LOOK_EVERY_S = 1.0
log = structlog.get_logger("lineside.bridge")


class Endpoints:
    """Says once of each system that it is waited for, and once that it is there, however many tasks wait."""

    def __init__(self) -> None:
        self._missing: set[str] = set()

    async def wait_for(self, system: str, file: Path | None, stop: asyncio.Event) -> None:
        """Until the file is there, or `stop` is set. None: nothing to wait for."""
        while file is not None and not _is_there(file) and not stop.is_set():
            if system not in self._missing:
                self._missing.add(system)
                log.warning("endpoint_missing", system=system, file=str(file))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
        if system in self._missing and not stop.is_set():
            self._missing.discard(system)
            log.info("endpoint_found", system=system, file=str(file))


def _is_there(file: Path) -> bool:
    """A look at the disk; it is not worth a thread."""
    return file.is_file()
