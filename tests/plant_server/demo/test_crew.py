"""The planner of the demo: a core that is away is waited for, and what is missing then is released."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from plant_server.demo.crew import Crew


class Orders:
    """An order book whose core is away for a while."""

    def __init__(self, *answers: Exception | int) -> None:
        self._answers = list(answers)

    def top_up(self) -> int:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    database = SimpleNamespace(url=lambda role: "postgresql://127.0.0.1:1/nowhere")
    plant: Any = SimpleNamespace(database=database, api_url="http://127.0.0.1:1", home=tmp_path)
    business: Any = SimpleNamespace(state_dir=tmp_path)
    return Crew(plant, business, [], 1)


def test_a_core_that_is_away_is_asked_again(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = Orders(ConnectionRefusedError("core"), psycopg.OperationalError("database"), 4)
    monkeypatch.setattr(crew, "_orders", orders)
    assert [crew.tend(), crew.tend(), crew.tend()] == [False, False, True]


def test_a_mistake_of_ours_is_no_core_that_is_away(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_orders", Orders(ValueError("a number")))
    with pytest.raises(ValueError, match="a number"):
        crew.tend()
