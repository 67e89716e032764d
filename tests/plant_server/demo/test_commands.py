"""What `lineside demo` refuses before it starts anything."""

import pytest
from typer.testing import CliRunner

from plant_server.demo.commands import app


@pytest.mark.parametrize("edge", ["first", ":first", "demo:", "a:b:c"])
def test_an_edge_is_a_group_and_a_name(edge: str) -> None:
    result = CliRunner().invoke(app, ["--plant-only", "--edge", edge])
    assert result.exit_code == 2
    assert "group:name" in result.output


@pytest.mark.parametrize("words", [["--broker", "rabbit"], ["--postgres", "cloud"], ["--duration", "5"]])
def test_what_does_not_exist_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2
