import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulators.commands import app

CELL = "name: cell\nmachines: [{name: cell1, kind: modbus_cell, cycle_time_s: 1}]\n"


@pytest.fixture(scope="module")
def factory(launch_factory: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("scenario") / "cell.yaml"
    path.write_text(CELL)
    return launch_factory("--scenario", str(path), "--ports", "any")


def test_scenarios_are_listed_with_their_titles() -> None:
    result = CliRunner().invoke(app, ["scenarios"])
    assert result.exit_code == 0
    assert "demo" in result.output
    assert "A press, an injection moulding machine and a machining cell" in result.output


def test_start_fault_status_and_stop_reach_the_factory(factory: Any) -> None:
    state_dir = ["--state-dir", str(factory.state_dir)]
    for words in (["start"], ["fault", "cell1", "glitch", "--duration", "60"], ["status"], ["stop"]):
        result = CliRunner().invoke(app, words + state_dir)
        assert result.exit_code == 0, result.output
        if words == ["status"]:
            machine = json.loads(result.output)["machines"][0]
            assert (machine["producing"], machine["faults"]) == (True, {"cell1": "glitch"})


def test_a_refused_fault_says_why(factory: Any) -> None:
    result = CliRunner().invoke(app, ["fault", "cell1", "fire", "--state-dir", str(factory.state_dir)])
    assert result.exit_code == 1
    assert "no fault 'fire'" in result.output


def test_without_a_factory_the_missing_file_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["status", "--state-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "endpoints.json" in result.output


@pytest.mark.parametrize("command", ["run", "fault", "start", "stop", "status", "shutdown", "scenarios"])
def test_every_command_shows_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert f"Example: lineside sim {command}" in result.output
