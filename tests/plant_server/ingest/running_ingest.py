"""Ingest on a thread of the test's process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from plant_server.ingest.run import run_until
from plant_server.settings import Settings


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Until the block is left; then it must end within 30 s."""
    stop = threading.Event()
    thread = threading.Thread(target=run_until, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
