"""Every code that master data, orders and runs refuse with has words in both languages."""

import re
from collections import Counter
from pathlib import Path

import pytest

import plant_server
from plant_server import api, problem_texts
from plant_server.domain.operation import OperationState
from plant_server.domain.work_order import WorkOrderState

SOURCES = [
    path
    for package in ("master_data", "work_orders", "runs")
    for path in (Path(plant_server.__file__).parent / package).glob("*.py")
]
RAISED = re.compile(r'(?:Refused|Problem)\(\s*(?:\d+,\s*)?"([a-z-]+)"')


def test_every_code_has_words() -> None:
    assert api.ROUTERS, "the routers have put their words into the table"
    codes = {code for path in SOURCES for code in RAISED.findall(path.read_text(encoding="utf-8"))}
    codes |= {f"order-is-{state}" for state in WorkOrderState}
    codes |= {f"operation-is-{state}" for state in OperationState}
    assert len(codes) > 40
    assert sorted(codes - problem_texts.TITLES.keys()) == []


def test_what_is_said_in_chinese_is_not_english() -> None:
    assert [code for code, words in problem_texts.TITLES.items() if words["en"] == words["zh-CN"]] == []


def test_a_code_has_one_title() -> None:
    known = dict(problem_texts.TITLES)
    with pytest.raises(ValueError, match="unknown-run"):
        problem_texts.add_titles({"unknown-run": {"en": "Who knows", "zh-CN": "谁知道"}, "new": {}})
    assert known == problem_texts.TITLES, "and nothing of it was taken"
    problem_texts.add_titles({"unknown-run": known["unknown-run"]})


def test_a_title_stands_once() -> None:
    files = Path(plant_server.__file__).parent.rglob("problem_texts.py")
    written = re.compile(r'^ +"([a-z-]+)": \{', re.MULTILINE)
    times = Counter(code for path in files for code in written.findall(path.read_text(encoding="utf-8")))
    assert len(times) > 100
    assert [code for code, count in times.items() if count > 1] == []
