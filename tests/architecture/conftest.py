"""What `lineside prepare` makes, as the service of docker-compose.yml calls it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import lineside
from tests.architecture.compose_file import EDGES, SERVICES


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`.lineside` as the service `prepare` makes it, for two edges."""
    home = tmp_path_factory.mktemp("installation") / ".lineside"
    edges = [word for edge in EDGES for word in ("--edge", edge)]
    words = [*SERVICES["prepare"]["entrypoint"][1:], *edges, "--server-name", "plant.local"]
    done = CliRunner().invoke(lineside.app, words, env={"LINESIDE_HOME": str(home)})
    assert done.exit_code == 0, done.output
    return home
