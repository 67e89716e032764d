"""Shifts from a file: the same from YAML and CSV, and every mistake at once with its place."""

from pathlib import Path

import pytest

from plant_server.errors import ConfigError
from plant_server.shifts.pattern_file import as_csv, as_yaml, read_pattern

YAML = """
shifts:
  - {code: early, name_en: Early, name_zh: 早班, start: 06:00, end: 14:00, days: [fri, mon], breaks: ["12:00-12:30", 09:00-09:15]}
  - {code: night, name_en: Night, name_zh: 夜班, start: 22:00, end: 06:00, breaks: ["23:50-00:10"]}
"""
CSV = """code,name_en,name_zh,start,end,days,breaks
early,Early,早班,06:00,14:00,mon fri,09:00-09:15 12:00-12:30
night,Night,夜班,22:00,06:00,,23:50-00:10
"""


def write(folder: Path, text: str, name: str = "shifts.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def mistakes(folder: Path, text: str, name: str = "shifts.yaml") -> list[str]:
    with pytest.raises(ConfigError) as told:
        read_pattern(write(folder, text, name))
    return [str(one).removeprefix(f"{folder}/") for one in told.value.mistakes]


def test_yaml_and_csv_say_the_same_with_or_without_quotes(tmp_path: Path) -> None:
    pattern = read_pattern(write(tmp_path, YAML))
    assert read_pattern(write(tmp_path, CSV, "shifts.csv")) == pattern
    assert (f"{pattern.shifts[0].end:%H:%M}", pattern.shifts[0].days) == ("14:00", ["mon", "fri"])
    assert read_pattern(write(tmp_path, as_yaml(pattern))) == pattern
    assert read_pattern(write(tmp_path, "\ufeff" + as_csv(pattern), "again.csv")) == pattern


def test_every_mistake_is_said_with_its_place(tmp_path: Path) -> None:
    text = """
shifts:
  - {code: Early, name_en: Early, name_zh: 早班, start: "6:00", end: "14:00"}
  - {code: late, name_en: Late, start: "14:00", end: "22:00", days: [today], colour: red}
  - {code: night, name_en: Night, name_zh: 夜班, start: "22:00", end: "06:00", breaks: ["21:00-21:15"]}
"""
    told = mistakes(tmp_path, text)
    assert [one.rsplit(": ", 1)[0].split(": ")[1] for one in told] == [
        "shifts[0].code",
        "shifts[0].start",
        "shifts[1].name_zh",
        "shifts[1].days[0]",
        "shifts[1].colour",
        "shifts[2]",
    ]
    assert told[1].endswith("must be a time of the clock like 06:00")
    assert told[5].endswith("the break 21:00-21:15 is not within the shift")


@pytest.mark.parametrize(
    ("shifts", "said"),
    [
        (
            [("a", "06:00", "14:00", "[mon]"), ("b", "13:00", "20:00", "[mon, tue]")],
            "a of mon is still on when b of mon starts",
        ),
        (
            [("a", "22:00", "06:00", "[sun]"), ("b", "05:00", "13:00", "[mon]")],
            "a of sun is still on when b of mon starts",
        ),
        (
            [("a", "06:00", "14:00", "[mon]"), ("a", "14:00", "22:00", "[mon]")],
            "the code a stands there twice",
        ),
    ],
)
def test_shifts_that_do_not_go_together_are_named(
    tmp_path: Path, shifts: list[tuple[str, str, str, str]], said: str
) -> None:
    rows = [
        f"  - {{code: {code}, name_en: n, name_zh: n, start: '{start}', end: '{end}', days: {days}}}"
        for code, start, end, days in shifts
    ]
    (told,) = mistakes(tmp_path, "\n".join(["shifts:", *rows]))
    assert told == f"shifts.yaml: shifts: {said}"


def test_breaks_that_overlap_or_take_no_time_are_refused(tmp_path: Path) -> None:
    for breaks in ("[09:00-09:30, 09:15-09:45]", "[09:00-09:00]", "[nine]"):
        row = f"  - {{code: a, name_en: n, name_zh: n, start: '06:00', end: '14:00', breaks: {breaks}}}"
        (told,) = mistakes(tmp_path, f"shifts:\n{row}")
        assert "break" in told or "span" in told


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shifts: [", "a.yaml"),
        ("", "b.yaml"),
        ("shifts: []", "c.yaml"),
        ("code,start\nearly,06:00,14:00\n", "d.csv"),
    ],
)
def test_what_is_no_pattern_is_refused(tmp_path: Path, text: str, name: str) -> None:
    assert mistakes(tmp_path, text, name)


def test_a_file_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_pattern(tmp_path / "nowhere.yaml")
