from pathlib import Path

import pytest

from simulators import truth


def write_two_parts(state_dir: Path) -> None:
    ledger = truth.Ledger(state_dir, "press1")
    ledger.parts("press1", shown=7, counters={"count": 7}, good=1, reject=0, cause=None)
    ledger.energy("press1-meter", made_wh=12, shown_wh=112)
    ledger.event("press1", "wrap", counter="count")
    ledger.parts("press1", shown=9, counters={"count": 9}, good=1, reject=1, cause="burr")
    ledger.close()


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_two_parts(tmp_path)
    lines = list(truth.read_all(tmp_path))
    assert [type(line).__name__ for line in lines] == ["Step", "Step", "Event", "Step"]
    last = lines[3]
    assert isinstance(last, truth.Step)
    assert (last.made, last.total, last.shown, last.good, last.reject, last.cause) == (2, 3, 9, 1, 1, "burr")
    assert last.counters == {"count": 9}


def test_made_is_summed_per_machine_and_unit(tmp_path: Path) -> None:
    write_two_parts(tmp_path)
    assert truth.made(tmp_path) == {("press1", "parts"): 3, ("press1", "Wh"): 12}


def test_a_window_excludes_its_begin_and_includes_its_end(tmp_path: Path) -> None:
    path = truth.ledger_path(tmp_path, "m")
    path.parent.mkdir(parents=True)
    line = (
        '{"time_ms": %d, "machine": "m", "device": "m", "unit": "parts", "made": 1, "total": 1, "shown": 1}\n'
    )
    path.write_text("".join(line % time_ms for time_ms in (10, 20, 30)))
    assert truth.made(tmp_path, after_ms=10, until_ms=20) == {("m", "parts"): 1}
    assert truth.made(tmp_path, until_ms=9) == {}


def test_events_are_counted(tmp_path: Path) -> None:
    write_two_parts(tmp_path)
    assert truth.event_counts(tmp_path) == {"wrap": 1}


def test_a_line_still_being_written_is_left_out(tmp_path: Path) -> None:
    write_two_parts(tmp_path)
    path = truth.ledger_path(tmp_path, "press1")
    with path.open("a") as file:
        file.write('{"time_ms": 1, "mach')
    assert len(list(truth.read(path))) == 4


def test_a_torn_line_is_cut_off_before_the_next_run_appends(tmp_path: Path) -> None:
    write_two_parts(tmp_path)
    path = truth.ledger_path(tmp_path, "press1")
    with path.open("a") as file:
        file.write('{"time_ms": 1, "mach')
    write_two_parts(tmp_path)
    assert truth.made(tmp_path)["press1", "parts"] == 6


@pytest.mark.parametrize("text", ["not json\n", '{"time_ms": 1, "event": "wrap"}\n', '{"made": 1}\n', "[]\n"])
def test_a_foreign_line_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(truth.LedgerError, match=r"x\.jsonl:1"):
        list(truth.read(path))
