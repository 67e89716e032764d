"""What holds for every test."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command that runs inside a test sets the log up for its process; the next test finds it as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
