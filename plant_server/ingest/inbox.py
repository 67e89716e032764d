"""The bounded queue between the network thread and the batch loop: about two seconds of data.

When it is full, what comes is dropped and counted: the edge sends again what was not committed. Births and deaths are
few and cost more to get again, so they may still enter beyond the bound, up to twice.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from plant_server.ingest.message import RawMessage

MESSAGES_MAX = 8192
BYTES_MAX = 32 << 20
QUIET_S = 0.01


class Inbox:
    """`put` belongs to the network thread, `collect` to the batch loop."""

    def __init__(
        self,
        *,
        messages_max: int = MESSAGES_MAX,
        bytes_max: int = BYTES_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        self._monotonic = monotonic
        self._messages: deque[RawMessage] = deque()
        self._bytes = 0
        self._first_s = 0.0
        self._enough = 1
        self._changed = threading.Condition()
        self.dropped = 0
        self.is_full = False

    def put(self, message: RawMessage) -> bool:
        """False: dropped."""
        size = len(message.payload)
        with self._changed:
            factor = 1 if "DATA/" in message.topic else 2
            self.is_full = (
                len(self._messages) >= factor * self._messages_max
                or self._bytes + size > factor * self._bytes_max
            )
            if self.is_full:
                self.dropped += 1
                return False
            if not self._messages:
                self._first_s = self._monotonic()
            self._messages.append(message)
            self._bytes += size
            if len(self._messages) in (1, self._enough):
                self._changed.notify()
            return True

    def collect(self, *, wait_s: float, linger_s: float, messages: int, size: int) -> list[RawMessage]:
        """Wait for a first message at most `wait_s`, then for `messages` of them until `linger_s` after the first, or
        until none has come for QUIET_S: an edge whose window is full sends no more before it is answered.

        Returns what is there, at most `messages` and about `size` bytes; empty when nothing came.
        """
        with self._changed:
            self._enough = messages
            if not self._changed.wait_for(lambda: bool(self._messages), timeout=wait_s):
                return []
            there = 0
            while there < len(self._messages) < messages:
                there = len(self._messages)
                patience_s = min(QUIET_S, self._first_s + linger_s - self._monotonic())
                if patience_s > 0:
                    self._changed.wait_for(lambda: len(self._messages) >= messages, timeout=patience_s)
            return self._take(messages, size)

    def clear(self) -> None:
        with self._changed:
            self._messages.clear()
            self._bytes = 0

    def _take(self, messages: int, size: int) -> list[RawMessage]:
        taken: list[RawMessage] = []
        taken_bytes = 0
        while self._messages and len(taken) < messages and taken_bytes < size:
            message = self._messages.popleft()
            taken.append(message)
            taken_bytes += len(message.payload)
        self._bytes -= taken_bytes
        self._first_s = self._monotonic()
        return taken
