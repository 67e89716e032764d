"""An event loop on a thread of its own, for servers that must go on while a test blocks."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

COMMAND_WITHIN_S = 10.0
Answer = TypeVar("Answer")


class LoopThread:
    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(COMMAND_WITHIN_S)
        self._loop.close()

    def run(self, command: Coroutine[Any, Any, Answer]) -> Answer:
        """Run it there and wait for its answer. Raises TimeoutError after ten seconds."""
        return asyncio.run_coroutine_threadsafe(command, self._loop).result(COMMAND_WITHIN_S)
