import os

import pytest
from typer.testing import CliRunner, Result

from edge.commands import app
from tests.edge.onboarding.foreign_machines import modbus_machine, opcua_machine

EXTRA = 1100


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LINESIDE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LINESIDE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lineside():
    """Run `lineside edge …` in this process; the result has `exit_code`, `stdout` and `stderr`."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), catch_exceptions=False)

    return run


@pytest.fixture(scope="session")
def press(tmp_path_factory):
    """An OPC UA server of others that gives little at a time: 20 nodes a request, one continuation point."""
    folder = tmp_path_factory.mktemp("press")
    with opcua_machine(folder, per_browse=20, continuation_points=1, extra=EXTRA) as machine:
        machine.order(run=20)
        yield machine


@pytest.fixture
def bus(tmp_path):
    with modbus_machine(tmp_path) as machine:
        yield machine
