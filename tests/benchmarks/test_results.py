"""What `make bench` keeps, and when it fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.results import failures, keep


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_a_row_measured_again_replaces_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    keep(file, {"erp": {"p95_s": 2.0, "old": 1}, "start": {"first_s": 14.0}}, ["start", "erp"])
    keep(file, {"erp": {"p95_s": 1.5}}, ["start", "erp"])
    assert list(read(file)) == ["start", "erp"]
    assert read(file) == {"start": {"first_s": 14.0}, "erp": {"p95_s": 1.5}}


def test_a_row_that_is_no_longer_known_goes(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text('{"gone": {}, "start": {}}')
    keep(file, {}, ["start"])
    assert read(file) == {"start": {}}


def test_what_is_wrong_lost_or_duplicated_is_a_failure() -> None:
    assert failures({"erp": {"p95_s": 1.5, "wrong": 0}, "faults": {"lost": 0, "duplicated": 0}}) == []
    told = failures({"erp": {"wrong": 2}, "faults": {"lost": 1, "duplicated": 3}})
    assert told == ["erp: 2 wrong", "faults: 1 lost", "faults: 3 duplicated"]


def test_bounds_that_were_exceeded_are_a_failure() -> None:
    assert failures({"long_run": {"beyond": []}}) == []
    assert failures({"long_run": {"beyond": ["fds_more 2 > 0", "uncommitted 1 > 0"]}}) == [
        "long_run: beyond: fds_more 2 > 0; uncommitted 1 > 0"
    ]


@pytest.mark.parametrize(("wrong", "status"), [(0, 0), (1, 1)])
def test_some_rows_are_measured_dated_and_merged(
    wrong: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_: Path) -> dict[str, Any]:
        return {"p95_s": 1.5, "wrong": wrong}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "rows", lambda torture: {"start": measured, "erp": measured})
    before = {"first_s": 14.0, "measured": "2026-11-01T00:00:00+00:00"}
    (tmp_path / "bench.json").write_text(json.dumps({"start": before}))
    assert bench.main(["erp"]) == status
    kept = read(tmp_path / "bench.json")
    assert kept["start"] == before
    assert kept["erp"]["wrong"] == wrong
    assert kept["erp"]["measured"] > before["measured"]


def test_an_unknown_row_is_refused_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["nothing"]) == 2
    assert "no such row: nothing" in capsys.readouterr().out
