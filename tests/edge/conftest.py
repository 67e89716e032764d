"""A broker and a plant for tests of a whole edge: those of its delivery. An edge whose file a test rewrites, and machines."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge import reconfiguration
from tests.edge.changeable_edge import Changeable, Machine, changeable
from tests.edge.delivery.conftest import Place, place, places, plant

__all__ = ["place", "places", "plant"]


@pytest.fixture
def edge(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changeable:
    """Looks at its file often."""
    monkeypatch.setattr(reconfiguration, "LOOK_EVERY_S", 0.05)
    return changeable(tmp_path, place.broker, place.edge, place.host)


@pytest.fixture
async def machines() -> AsyncIterator[list[Machine]]:
    async with AsyncExitStack() as stack:
        opened = [Machine(), Machine(2000)]
        for machine in opened:
            await machine.open()
            stack.push_async_callback(machine.close)
        yield opened
