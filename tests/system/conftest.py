"""What the system tests share: a factory that one module's tests use one after another."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.system.workshop import Wiring, Workshop, workshop


class OpensWorkshop(Protocol):
    def __call__(self, wiring: Wiring = ..., name: str = ...) -> Workshop: ...


@pytest.fixture(scope="module")
def open_workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpensWorkshop]:
    """Start a factory; it ends after the module's last test."""
    with ExitStack() as open_:

        def start(wiring: Wiring = Wiring(), name: str = "factory") -> Workshop:  # noqa: B008  (frozen)
            home: Path = tmp_path_factory.mktemp(name)
            return open_.enter_context(workshop(home, wiring))

        yield start
